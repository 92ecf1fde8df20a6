/** One seed: a cluster, operators in it, a time full of faults, a quiet time, and what must have held all along. */
import {Metrics} from '../../src/observability/metrics.ts';
import type {OperatorSettings} from '../../src/operator.ts';
import {hash32, Random} from '../../src/simulator/engine/random.ts';
import {Driver} from './driver.ts';
import {type Fault, FaultPlan} from './fault-plan.ts';
import {checkEnd, isUnderWay} from './final-checks.ts';
import {Fleet} from './fleet.ts';
import {type InvariantName, Invariants, type Violation} from './invariants.ts';
import {FIRST_BACK_OFF} from './moves.ts';
import type {Mutation} from './mutations.ts';
import {drawScenario, type Scenario} from './scenario.ts';
import {Supervisor} from './supervisor.ts';
import {Trace} from './trace.ts';
import {Turmoil} from './turmoil.ts';
import {createWorld, OPERATOR_NAMESPACE} from './world.ts';

export interface RunOptions {
  /** Hears every line of the trace. */
  readonly tell?: (line: string) => void;
  /** A bug to be found. */
  readonly mutation?: Mutation;
}

export interface RunResult {
  readonly seed: number;
  readonly simulatedMilliseconds: number;
  /** Of the whole trace: equal for equal runs. */
  readonly digest: string;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly checked: ReadonlyMap<InvariantName, number>;
  readonly evictions: number;
  /** Evictions that were held against a minimum, and that minimum. */
  readonly measured: number;
  readonly fewest: number;
  readonly violation: Violation | undefined;
  readonly lastLines: readonly string[];
}

/** One for the whole process: its registry keeps what is measured, and nobody reads it. */
const metrics = new Metrics({version: 'simulated'});
/** What everything gets at least to come to rest when the faults have ceased, milliseconds. */
const CALM = 9 * 60_000;
const STEP = 3 * 60_000;
const MORE_STEPS = 40;
/** After that, a time in which the operators have nothing to do. */
const QUIET = 7 * 60_000;
/** Calls besides leases and watches in that time, for each operator: lists of watches that have expired. */
const QUIET_CALLS = 20;
const SHARE_OF_FAULTS = 0.6;

/** Thrown out of the run by the first violation. */
class Violated extends Error {}

export async function run(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const restore = options.mutation?.plant?.();
  try {
    return await runWith(seed, options);
  } finally {
    restore?.();
  }
}

async function runWith(seed: number, {tell, mutation}: RunOptions): Promise<RunResult> {
  const random = new Random(hash32(`faults ${seed}`));
  const scenario = drawScenario(random.fork('scenario'));
  const {cluster, handler, token} = createWorld(seed, scenario, random.fork('world'));
  const {clock, api} = cluster;
  const start = clock.now();
  const trace = new Trace(() => clock.now(), tell);
  let violation: Violation | undefined;
  const invariants = new Invariants((found) => {
    if (violation === undefined) {
      violation = found;
      trace.add(`VIOLATED: ${found.invariant}: ${found.message}`);
    }
  });
  const driver = new Driver(clock, () => {
    if (violation !== undefined) {
      throw new Violated();
    }
  });
  const faults = new FaultPlan(random.fork('faults'), SHARE_OF_FAULTS, scenario.isStubborn);
  api.onChange(({type, resource, object}) => {
    const {namespace = '', name, resourceVersion} = object.metadata;
    trace.add(`${type} ${resource} ${namespace}/${name} ${resourceVersion}`);
  });
  const supervisor = new Supervisor({
    cluster,
    invariants,
    leaderElect: scenario.leaderElect,
    controllersTake: scenario.controllersTake,
    isTimeKnown: () => !faults.counts.has('clock jump'),
    onEviction: (deployment) => turmoil.evicted(deployment),
  });
  const fleet = new Fleet({
    size: scenario.operators,
    handler,
    token,
    clock,
    faults,
    trace,
    random,
    metrics,
    onlooker: supervisor,
    onWake: () => driver.woken(),
    settings: mutation?.settings?.(settingsOf(scenario)) ?? settingsOf(scenario),
    mutation,
    onEnd: (reason) => invariants.check('the operator goes on until it is stopped', reason),
  });
  const turmoil: Turmoil = new Turmoil({
    cluster,
    fleet,
    faults,
    random: random.fork('turmoil'),
    trace,
    hasZones: scenario.nodes.some(({zone}) => zone !== undefined),
    onDisturbance: (workload) => supervisor.moves.disturbed(workload),
    onPausesEnd: (workload) => supervisor.moves.pausesEnd(workload),
    onOtherNodes: () => supervisor.moves.otherNodes(),
  });
  fleet.start();
  for (const policy of scenario.policies) {
    api.create('spreadpolicies.spread-operator.io', policy, 'kubectl');
  }
  faults.start();
  turmoil.start();
  try {
    await driver.runUntil(clock.now() + scenario.faultsLast);
    faults.stop();
    turmoil.end();
    fleet.end();
    if (faults.counts.has('clock jump')) {
      supervisor.moves.pausesEnd();
    }
    trace.add('the faults cease');
    await driver.runUntil(clock.now() + CALM);
    // Moves that are needed may come one after the other, each with its time to settle and pauses that double.
    for (let step = 0; step < MORE_STEPS && isUnderWay(supervisor.history, clock.now()); step++) {
      await driver.runUntil(clock.now() + STEP);
    }
    const before = supervisor.calls;
    await driver.runUntil(clock.now() + QUIET);
    invariants.check('the operator goes on until it is stopped', undefined);
    checkQuiet(invariants, supervisor.calls - before, scenario);
    checkEnd(supervisor.history, supervisor.moves, invariants);
  } catch (error) {
    if (!(error instanceof Violated)) {
      throw error;
    }
  }
  return {
    seed,
    simulatedMilliseconds: clock.now() - start,
    lastLines: trace.last(LINES),
    digest: trace.digest(),
    faults: faults.counts,
    checked: invariants.checked,
    evictions: supervisor.moves.accepted,
    measured: supervisor.moves.measured,
    fewest: supervisor.moves.fewest,
    violation,
  };
}

const LINES = 60;

function checkQuiet(invariants: Invariants, calls: number, {operators}: Scenario): void {
  invariants.check(
    'in the end the operator is quiet',
    calls > QUIET_CALLS * operators
      ? `${calls} calls in the last ${QUIET / 60_000} minutes, in which nothing has happened; expected at most ${QUIET_CALLS * operators}`
      : undefined,
  );
}

function settingsOf({leaderElect, leaseDuration}: Scenario): OperatorSettings {
  return {
    leaderElect,
    leaseNamespace: OPERATOR_NAMESPACE,
    leaseName: 'spread-operator',
    leaseDuration,
    includeKubeSystem: false,
    excludeNamespace: [],
    movesPerMinute: 60,
    movesBurst: 10,
    initialBackoff: FIRST_BACK_OFF,
    maxBackoff: 21_600,
    qps: 50,
    burst: 100,
    requestTimeout: 15,
  };
}
