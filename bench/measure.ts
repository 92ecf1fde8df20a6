/**
 * One measurement in a process of its own, with the flags that the operator runs with: `node measure.ts plan 150000`, or
 * `node measure.ts events 150000 4` with all workloads in so many namespaces. Prints its result as one line of JSON;
 * `main.ts` makes tables of them.
 */
import {setImmediate as nextTurn} from 'node:timers/promises';
import {systemClock} from '../src/clock.ts';
import {workloadKey} from '../src/cluster/cluster-cache.ts';
import type {Pod} from '../src/cluster/pod.ts';
import {currentReplicaSet} from '../src/cluster/replicas.ts';
import type {Workload} from '../src/cluster/workload.ts';
import {PolicyReports} from '../src/controller/policy-reports.ts';
import {SpreadController} from '../src/controller/spread-controller.ts';
import {Pace} from '../src/eviction/pace.ts';
import {capabilitiesOf} from '../src/injection/rule.ts';
import {SILENT} from '../src/log.ts';
import {Metrics} from '../src/observability/metrics.ts';
import {plan} from '../src/planning/plan.ts';
import {replacementOf} from '../src/planning/replacement.ts';
import {RecordedActions} from '../test/scenarios/recorded-actions.ts';
import {storedPolicy, workloadStatus} from '../test/scenarios/workloads.ts';
import {type FilledCluster, fill} from './cluster/fill.ts';
import {type ClusterLayout, clusterLayout} from './cluster/layout.ts';
import {InProcessOperator} from './in-process-operator.ts';
import {EVENT_KINDS, PodEvents} from './pod-events.ts';
import {cpuTime, type Summary, summarise} from './statistics.ts';

const EVENTS = 4000;
/** Of events that are not counted: what runs for the first time is compiled first. */
const WARM_UP = 300;
/** What would take longer is measured in part and said to be an estimate, milliseconds. */
const LONGEST = 30_000;
/** As many moves are worked out as the operator shows. */
const DETAILED_MOVES = 3;
/** So many of the slowest workloads are told one by one. */
const SLOWEST = 5;

export interface PlanMeasurement {
  readonly nodes: number;
  readonly pods: number;
  readonly workloads: number;
  readonly notSpread: number;
  readonly movesPlanned: number;
  readonly milliseconds: number;
  /** Of this many workloads; when fewer than all, `milliseconds` is projected. */
  readonly planned: number;
  readonly perWorkload: Summary;
  readonly fillMilliseconds: number;
  /** The ones that took longest, and what they are like. */
  readonly slowest: readonly SlowWorkload[];
}

export interface SlowWorkload {
  readonly name: string;
  readonly milliseconds: number;
  readonly replicas: number;
  readonly movesNeeded: number;
  readonly topologies: string;
}

/** Every workload once, from caches that were only just filled. */
function measurePlan(layout: ClusterLayout): PlanMeasurement {
  const started = cpuTime();
  const cluster = fill(layout);
  const fillMilliseconds = cpuTime() - started;
  const workloads = [...cluster.cache.workloads()];
  const times: number[] = [];
  const slowest: SlowWorkload[] = [];
  let notSpread = 0;
  let movesPlanned = 0;
  const begun = cpuTime();
  for (const workload of workloads) {
    const before = performance.now();
    const {assessment, moves} = planOf(cluster, workload);
    const time = performance.now() - before;
    times.push(time);
    slowest.push({
      name: workload.name,
      milliseconds: time,
      replicas: workload.replicas,
      movesNeeded: assessment.movesNeeded,
      topologies: assessment.topologies.map(({topologyKey}) => topologyKey).join(' + '),
    });
    slowest.sort((a, b) => b.milliseconds - a.milliseconds).splice(SLOWEST);
    notSpread += assessment.movesNeeded > 0 ? 1 : 0;
    movesPlanned += moves.length;
    if (cpuTime() - begun > LONGEST) {
      break;
    }
  }
  const milliseconds = cpuTime() - begun;
  return {
    nodes: layout.nodes.length,
    pods: layout.pods,
    workloads: workloads.length,
    notSpread,
    movesPlanned,
    milliseconds: (milliseconds * workloads.length) / times.length,
    planned: times.length,
    perWorkload: summarise(times),
    fillMilliseconds,
    slowest,
  };
}

function planOf({cache, policies}: FilledCluster, workload: Workload) {
  const replicas = cache.replicasOf(workload);
  return plan({
    replicas: replicas.pods,
    replacement: replacementOf(workload, currentReplicaSet(replicas)),
    topologies: policies.governing(workload)?.object.spec.topologies ?? [],
    snapshot: cache.state,
    detailedMoves: DETAILED_MOVES,
  });
}

export interface EventMeasurement extends Summary {
  /** CPU time of the thread, which does not count what else runs on the machine but is told in steps of up to 1 ms. */
  readonly cpu: Summary;
  readonly byKind: Readonly<Record<string, Summary>>;
  /** Of events of workloads that are not spread: their moves are planned each time. */
  readonly notSpread: Summary;
}

async function measureEvents(layout: ClusterLayout): Promise<EventMeasurement> {
  const cluster = fill(layout);
  const operator = new InProcessOperator(cluster);
  const events = new PodEvents(layout, layout.seed + 1);
  const known = new Map<string, Pod>();
  const times: number[] = [];
  const cpuTimes: number[] = [];
  const notSpread: number[] = [];
  const byKind = new Map<string, number[]>(EVENT_KINDS.map((kind) => [kind, []]));
  const begun = performance.now();
  for (let count = 0; count < EVENTS + WARM_UP; count += 1) {
    const {kind, workload, pod, deleted} = events.next();
    const uid = pod.metadata.uid;
    // The first event of a pod is about one that was listed at the start.
    const before = known.get(uid) ?? podOf(cluster, workload.namespace.name, workload.name, uid);
    const started = performance.now();
    const cpuStarted = cpuTime();
    const after = cluster.trim(pod);
    await operator.podChanged(deleted ? after : before, deleted ? undefined : after);
    const cpu = cpuTime() - cpuStarted;
    const time = performance.now() - started;
    if (deleted) {
      known.delete(uid);
    } else {
      known.set(uid, after);
    }
    if (count >= WARM_UP) {
      times.push(time);
      cpuTimes.push(cpu);
      byKind.get(kind)?.push(time);
      if (workload.coLocated) {
        notSpread.push(time);
      }
    }
    // The garbage of the events is collected when the operator waits for the next one, as it does most of the time.
    if (count % 50 === 0) {
      await nextTurn();
    }
    if (performance.now() - begun > LONGEST && times.length > 0) {
      break;
    }
  }
  return {
    ...summarise(times),
    cpu: summarise(cpuTimes),
    byKind: Object.fromEntries([...byKind].map(([kind, of]) => [kind, summarise(of)])),
    notSpread: summarise(notSpread),
  };
}

function podOf({cache}: FilledCluster, namespace: string, name: string, uid: string): Pod | undefined {
  const workload = cache.workload(workloadKey({namespace, name}));
  return workload === undefined
    ? undefined
    : cache.replicasOf(workload).pods.find((replica) => replica.uid === uid);
}

export interface ControllerMeasurement {
  /** CPU time until the queue was empty for the first time. */
  readonly milliseconds: number;
  readonly longestBlock: number;
  readonly looks: number;
  readonly statuses: number;
  readonly finished: boolean;
  /** Of one policy that has all the workloads. */
  readonly flush: {readonly workloads: number; readonly milliseconds: number};
}

/** The first pass of the controller over all workloads, with its queues and workers. */
async function measureController(layout: ClusterLayout): Promise<ControllerMeasurement> {
  const metrics = new CountingMetrics();
  const actions = new RecordedActions();
  const controller = new SpreadController({
    actions,
    finalize: () => Promise.resolve('go-on'),
    capabilities: () => capabilitiesOf({major: 1, minor: 36}),
    readPolicies: () => Promise.resolve([]),
    pace: new Pace({perMinute: 30, burst: 10}, systemClock.now()),
    cachesBehind: () => undefined,
    backOff: {firstSeconds: 300, longestSeconds: 21_600},
    excludedNamespaces: new Set(['kube-system']),
    clock: systemClock,
    log: SILENT,
    metrics,
  });
  fill(layout, controller);
  collectGarbage();
  await nextTurn();
  const stop = new AbortController();
  const started = cpuTime();
  const wallStarted = performance.now();
  const running = controller.run(stop.signal);
  let longestBlock = cpuTime() - started;
  let finishedAt: number | undefined;
  let busy: number | undefined;
  for (let last = cpuTime(); ; ) {
    await nextTurn();
    const now = cpuTime();
    longestBlock = Math.max(longestBlock, now - last);
    last = now;
    const wall = performance.now();
    if (metrics.depth === 0 && metrics.looks >= layout.workloads.length && finishedAt === undefined) {
      finishedAt = wall;
      busy = now - started;
    }
    // Statuses follow a second after the last look.
    if (wall - wallStarted > LONGEST || (finishedAt !== undefined && wall - finishedAt > 2500)) {
      break;
    }
  }
  stop.abort();
  await running;
  return {
    milliseconds: busy ?? cpuTime() - started,
    longestBlock,
    looks: metrics.looks,
    statuses: actions.statuses.length,
    finished: finishedAt !== undefined,
    flush: await measureFlush(layout.workloads.length),
  };
}

class CountingMetrics extends Metrics {
  depth = 0;
  looks = 0;

  constructor() {
    super({version: 'bench'});
  }

  override setWorkQueueDepth(depth: number): void {
    this.depth = depth;
    super.setWorkQueueDepth(depth);
  }

  override observeReconcile(controller: string, seconds: number): void {
    this.looks += controller === 'workload' ? 1 : 0;
    super.observeReconcile(controller, seconds);
  }
}

async function measureFlush(workloads: number): Promise<ControllerMeasurement['flush']> {
  const policy = storedPolicy();
  const {cache, policies} = fill(clusterLayout({pods: 300}));
  policies.set(policy);
  const reports = new PolicyReports({
    cache,
    policies,
    actions: new RecordedActions(),
    circuitOpen: () => undefined,
    clock: systemClock,
    schedule: () => {},
    onEntry: () => {},
  });
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (let index = 0; index < workloads; index += 1) {
      const state = (index + round) % 7 === 0 ? 'Waiting' : 'Spread';
      reports.set('default/apart', `default/app-${index}`, workloadStatus(`app-${index}`, {state}));
    }
    const started = cpuTime();
    await reports.flush('default/apart', new AbortController().signal);
    times.push(cpuTime() - started);
  }
  return {workloads, milliseconds: summarise(times).p50};
}

function collectGarbage(): void {
  (globalThis as {gc?: () => void}).gc?.();
}

const MEASUREMENTS = {plan: measurePlan, events: measureEvents, controller: measureController};

export type Measurement = keyof typeof MEASUREMENTS;

if (import.meta.main) {
  const [what = '', pods = '', namespaces] = process.argv.slice(2);
  const measure = MEASUREMENTS[what as Measurement];
  const layout = clusterLayout({
    pods: Number(pods),
    ...(namespaces === undefined ? {} : {namespaces: Number(namespaces)}),
  });
  console.log(JSON.stringify(await measure(layout)));
  process.exit();
}
