/**
 * The operator in the simulation's own process and on its clock, so that at any speed its settle times, pauses and
 * back-offs are as long as the cluster's. It speaks to the cluster over HTTP, with the rights of config/.
 */
import type {Clock} from '../clock.ts';
import {electionIdentity} from '../controller/leader-election.ts';
import type {Log} from '../log.ts';
import {Metrics} from '../observability/metrics.ts';
import {Operator} from '../operator.ts';
import {parseOptions} from '../options.ts';
import {readPackageFile} from '../package-files.ts';
import {type OperatorSurroundings, operatorKubeconfig} from './installation.ts';

const {version} = JSON.parse(readPackageFile('package.json')) as {version: string};

export class OperatorOnClock {
  readonly #operator: Operator;
  readonly #ended: Promise<void>;

  private constructor(operator: Operator) {
    this.#operator = operator;
    this.#ended = operator.run();
  }

  /**
   * With the flags of its command line at their defaults, alone, so without a lease. Its installation must be in the
   * cluster, and the clock run, at `speed` times real time.
   */
  static async start(surroundings: OperatorSurroundings, speed: number, log: Log): Promise<OperatorOnClock> {
    const kubeconfig = await operatorKubeconfig(surroundings);
    // Not above: Jest cannot load the client library as a module while the operator's shell requires it.
    const {loadKubeConfig} = await import('../kube/kube-config.ts');
    const options = parseOptions(version, ['--no-leader-elect']);
    // Answers take real time, however fast the simulation runs.
    const settings = {...options, requestTimeout: options.requestTimeout * Math.max(1, speed)};
    const operator = new Operator(settings, {
      access: {load: () => loadKubeConfig({path: kubeconfig})},
      clock: wholeMilliseconds(surroundings.cluster.clock),
      random: Math.random,
      log,
      metrics: new Metrics({version}),
      version,
      name: 'simulator',
      identity: electionIdentity(),
    });
    return new OperatorOnClock(operator);
  }

  /** Resolves when it has been stopped; rejects when it has failed. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The clock must still run, as its last requests wait on it. */
  async stop(): Promise<void> {
    this.#operator.stop();
    await this.#ended;
  }
}

/** As the clock of a machine, which the operator is written for; a simulation's also stops between two. */
function wholeMilliseconds(clock: Clock): Clock {
  return {
    now: () => Math.floor(clock.now()),
    sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
    after: (milliseconds, callback) => clock.after(milliseconds, callback),
  };
}
