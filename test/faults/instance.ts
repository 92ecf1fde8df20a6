/** One process of the operator in the simulation, from its start to its death. */
import type {Metrics} from '../../src/observability/metrics.ts';
import {Operator, type OperatorSettings} from '../../src/operator.ts';
import type {Random} from '../../src/simulator/engine/random.ts';
import {Host} from './host.ts';
import {Network, type NetworkOptions} from './network.ts';
import type {Trace} from './trace.ts';

export interface InstanceOptions
  extends Pick<
    NetworkOptions,
    'handler' | 'token' | 'clock' | 'faults' | 'trace' | 'onlooker' | 'onWake' | 'isServerDown' | 'mutation'
  > {
  readonly name: string;
  readonly random: Random;
  readonly settings: OperatorSettings;
  readonly metrics: Metrics;
  readonly skew: number;
  /** It has died; somebody may start another one. */
  readonly onDeath: () => void;
  /** It has come to its end although nobody has stopped it. */
  readonly onEnd: (reason: string) => void;
}

export class Instance {
  readonly name: string;
  readonly host: Host;
  readonly network: Network;
  readonly #options: InstanceOptions;

  constructor(options: InstanceOptions) {
    const {name, random, clock, trace, onWake, settings, metrics, skew} = options;
    this.#options = options;
    this.name = name;
    this.host = new Host(clock, onWake);
    this.host.jump(skew);
    const own = random.fork(`operator ${name}`);
    this.network = new Network({
      ...options,
      instance: name,
      host: this.host,
      random: random.fork(`network ${name}`),
      crash: () => this.crash(),
    });
    const operator = new Operator(settings, {
      access: {connections: this.network},
      clock: this.host,
      random: () => own.fraction(),
      log: logTo(trace, name),
      metrics,
      version: 'simulated',
      name,
      identity: name,
    });
    onWake();
    operator.run().then(
      () => this.#ended('it returned'),
      (error: unknown) =>
        this.#ended(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
  }

  /** The process is gone from one instruction to the next. What it has sent may still take effect. */
  crash(): void {
    if (this.host.isDead) {
      return;
    }
    this.#options.trace.add(`${this.name} is dead`);
    this.host.kill();
    this.network.abandon();
    this.#options.onDeath();
  }

  #ended(reason: string): void {
    if (!this.host.isDead) {
      this.#options.onEnd(`operator ${this.name} has ended by itself: ${reason}`);
    }
  }
}

function logTo(trace: Trace, name: string) {
  const write =
    (level: string) =>
    (message: string, meta: Record<string, unknown> = {}): void => {
      trace.add(`${name} ${level} ${message} ${JSON.stringify(meta)}`);
    };
  return {debug: () => {}, info: write('info'), warn: write('warn'), error: write('error')};
}
