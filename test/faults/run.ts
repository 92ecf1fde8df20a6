/** One seed: a cluster, an operator in it, a time full of faults, a quiet time, and what must have held all along. */
import {Metrics} from '../../src/observability/metrics.ts';
import {hash32, Random} from '../../src/simulator/engine/random.ts';
import {Driver} from './driver.ts';
import {type Fault, FaultPlan} from './fault-plan.ts';
import {Instance} from './instance.ts';
import {drawScenario} from './scenario.ts';
import {Trace} from './trace.ts';
import {createWorld, OPERATOR_NAMESPACE} from './world.ts';

export interface RunOptions {
  /** Without faults when false. */
  readonly faults?: boolean;
  readonly tell?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  readonly simulatedMilliseconds: number;
  readonly digest: string;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly violations: readonly string[];
  readonly lastLines: readonly string[];
}

/** One for the whole process: its registry keeps what is measured, and nobody reads it. */
const metrics = new Metrics({version: 'simulated'});
const QUIET = 30 * 60_000;

export async function run(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const random = new Random(hash32(`faults ${seed}`));
  const scenario = drawScenario(random.fork('scenario'));
  const {cluster, handler, token} = createWorld(seed, scenario, random.fork('world'));
  const {clock, api} = cluster;
  const start = clock.now();
  const trace = new Trace(() => clock.now(), options.tell);
  const driver = new Driver(clock, () => {});
  const faults = new FaultPlan(random.fork('faults'), 0.6);
  const violations: string[] = [];
  api.onChange(({type, resource, object}) => {
    const {namespace = '', name, resourceVersion} = object.metadata;
    trace.add(`${type} ${resource} ${namespace}/${name} ${resourceVersion}`);
  });
  let count = 0;
  const startInstance = () => {
    count += 1;
    const instance = new Instance({
      name: `operator-${count}`,
      handler,
      token,
      clock,
      faults,
      trace,
      random,
      metrics,
      skew: 0,
      onlooker: {sent() {}, arrives() {}, served() {}, told() {}},
      onWake: () => driver.woken(),
      settings: {
        leaderElect: scenario.leaderElect,
        leaseNamespace: OPERATOR_NAMESPACE,
        leaseName: 'spread-operator',
        leaseDuration: scenario.leaseDuration,
        includeKubeSystem: false,
        excludeNamespace: [],
        movesPerMinute: 60,
        movesBurst: 10,
        initialBackoff: 300,
        maxBackoff: 21_600,
        qps: 50,
        burst: 100,
        requestTimeout: 15,
      },
      onDeath: () => {},
      onEnd: (reason) => violations.push(reason),
    });
    return instance;
  };
  startInstance();
  for (const policy of scenario.policies) {
    api.create('spreadpolicies.spread-operator.io', policy, 'kubectl');
  }
  if (options.faults !== false) faults.start();
  await driver.runUntil(clock.now() + scenario.faultsLast);
  faults.stop();
  await driver.runUntil(clock.now() + QUIET);
  return {
    seed,
    simulatedMilliseconds: clock.now() - start,
    digest: trace.digest(),
    faults: faults.counts,
    violations,
    lastLines: trace.last(100),
  };
}
