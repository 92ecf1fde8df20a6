/** The operators of a run: as many as it has, each started again some time after it has died. */
import type {Metrics} from '../../src/observability/metrics.ts';
import type {OperatorSettings} from '../../src/operator.ts';
import type {Random} from '../../src/simulator/engine/random.ts';
import {Instance, type InstanceOptions} from './instance.ts';

export interface FleetOptions
  extends Omit<
    InstanceOptions,
    'name' | 'skew' | 'onDeath' | 'isServerDown' | 'settings' | 'random' | 'metrics'
  > {
  readonly size: number;
  readonly settings: OperatorSettings;
  readonly metrics: Metrics;
  readonly random: Random;
}

const LONGEST_RESTART = 30_000;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #random: Random;
  readonly #instances: Instance[] = [];
  #started = 0;
  #isDown = false;
  #isOver = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#random = options.random.fork('fleet');
  }

  start(): void {
    for (let index = 0; index < this.#options.size; index++) {
      this.#start(index, 0);
    }
  }

  /** The name of what has died. */
  crash(): string | undefined {
    const instance = this.#pick();
    instance?.crash();
    return instance?.name;
  }

  crashAtRequest(): void {
    this.#pick()?.network.crashAtRequest();
  }

  pause(milliseconds: number): string | undefined {
    const instance = this.#pick();
    if (instance === undefined || instance.host.isPaused) {
      return undefined;
    }
    instance.host.pause();
    this.#options.clock.after(milliseconds, () => {
      this.#options.trace.add(`${instance.name} goes on`);
      instance.host.resume();
    });
    return `${instance.name}, ${milliseconds} ms`;
  }

  jump(milliseconds: number): string | undefined {
    const instance = this.#pick();
    instance?.host.jump(Math.round(milliseconds));
    return instance === undefined ? undefined : `${instance.name}, ${Math.round(milliseconds)} ms`;
  }

  /** Every connection breaks, and none is accepted for a while. */
  restartApiServer(milliseconds: number): void {
    this.#isDown = true;
    for (const {network} of this.#instances) {
      network.cut('read ECONNRESET');
    }
    this.#options.clock.after(milliseconds, () => {
      this.#isDown = false;
    });
  }

  /** From now on clocks are right. */
  end(): void {
    this.#isOver = true;
    for (const {host} of this.#instances) {
      host.setRight();
    }
  }

  #start(index: number, skew: number): void {
    this.#started += 1;
    this.#instances[index] = new Instance({
      ...this.#options,
      name: `operator-${this.#started}`,
      skew,
      isServerDown: () => this.#isDown,
      onDeath: () => {
        const wait = this.#random.integer(LONGEST_RESTART);
        this.#options.clock.after(wait, () => this.#start(index, this.#isOver ? 0 : skewOf(this.#random)));
      },
    });
  }

  #pick(): Instance | undefined {
    const alive = this.#instances.filter(({host}) => !host.isDead);
    return alive.length === 0 ? undefined : this.#random.pick(alive);
  }
}

/** Each start may be on another machine. */
function skewOf(random: Random): number {
  return random.pick([0, 0, 0, random.integer(2000) - 1000]);
}
