/** What goes on around the operators: which of the faults strikes when, and those of the operators themselves. */
import type {DeploymentObject} from '../../src/simulator/objects.ts';
import {Disturbances} from './disturbances.ts';
import {
  isClusterFault,
  isProcessFault,
  type ProcessFault,
  TIMED_FAULT_NAMES,
  type TimedFault,
} from './fault-plan.ts';
import type {Fleet} from './fleet.ts';
import {NodeFaults} from './node-faults.ts';
import {Strikes, type StrikesOptions} from './strikes.ts';
import {TargetFaults} from './target-faults.ts';

export interface TurmoilOptions extends StrikesOptions {
  readonly fleet: Fleet;
  readonly hasZones: boolean;
}

const MINUTE = 60_000;

export class Turmoil {
  readonly #options: TurmoilOptions;
  readonly #strikes: Strikes;
  readonly #nodes: NodeFaults;
  readonly #targets: TargetFaults;
  readonly #disturbances: Disturbances;

  constructor(options: TurmoilOptions) {
    this.#options = options;
    this.#strikes = new Strikes(options);
    this.#nodes = new NodeFaults(this.#strikes);
    this.#targets = new TargetFaults(this.#strikes, this.#nodes);
    this.#disturbances = new Disturbances(this.#strikes, options.hasZones);
  }

  start(): void {
    for (const fault of TIMED_FAULT_NAMES) {
      this.#scheduleNext(fault);
    }
  }

  /** Nodes are well again; what others have changed stays changed. */
  end(): void {
    this.#nodes.end();
  }

  /** A replica was evicted. */
  evicted(deployment: DeploymentObject): void {
    this.#targets.evicted(deployment);
  }

  #scheduleNext(fault: TimedFault): void {
    const {cluster, faults, random} = this.#options;
    const rate = faults.rate(fault);
    if (rate === 0) {
      return;
    }
    const wait = Math.round((-Math.log(1 - random.fraction()) / rate) * MINUTE);
    cluster.clock.after(wait, () => {
      if (faults.isOn) {
        this.#strike(fault);
        this.#scheduleNext(fault);
      }
    });
  }

  #strike(fault: TimedFault): void {
    if (isProcessFault(fault)) {
      this.#strikeProcess(fault);
    } else if (isClusterFault(fault)) {
      this.#nodes.strike(fault);
    } else {
      this.#disturbances.strike(fault);
    }
  }

  #strikeProcess(fault: ProcessFault): void {
    const {fleet, cluster, random} = this.#options;
    switch (fault) {
      case 'operator crash':
        this.#strikes.count(fault, fleet.crash());
        return;
      case 'operator crash at a request':
        fleet.crashAtRequest();
        return;
      case 'operator paused':
        this.#strikes.count(fault, fleet.pause(random.integer(150_000)));
        return;
      case 'clock jump':
        this.#strikes.count(
          fault,
          fleet.jump((random.fraction() - 0.5) * random.pick([2000, 60_000, 1_200_000])),
        );
        return;
      case 'API server restart':
        this.#strikes.count(fault);
        fleet.restartApiServer(random.integer(25_000));
        return;
      case 'history compacted':
        this.#strikes.count(fault);
        cluster.api.context.store.compact();
    }
  }
}
