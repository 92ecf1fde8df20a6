/**
 * What the operator would do now, whether one runs or not: its own reconciler looks at every workload, and what it asks
 * of the API server is kept instead of done. Changes the caches that it is given.
 */
import type {PlannedMove, WorkloadStatus} from '../api/types.ts';
import type {Clock} from '../clock.ts';
import {type ClusterCache, type WorkloadKey, workloadKey} from '../cluster/cluster-cache.ts';
import type {Pod} from '../cluster/pod.ts';
import {currentReplicaSet} from '../cluster/replicas.ts';
import {compareText} from '../cluster/snapshot.ts';
import type {Workload} from '../cluster/workload.ts';
import type {ApplyRuleResult, ClusterActions} from '../controller/actions.ts';
import {Circuit} from '../controller/circuit.ts';
import {inProcessReconciler} from '../controller/in-process-reconciler.ts';
import type {StoredPolicy} from '../controller/policy-index.ts';
import type {PlacementRule} from '../injection/rule.ts';
import {receptionOf} from '../planning/reception.ts';
import {replacementOf} from '../planning/replacement.ts';
import {bestNodes, scoreNodes} from '../scheduling/scheduler.ts';
import type {ClusterCaches, ClusterPicture} from './cluster-picture.ts';

export interface OperatorPreview {
  /** Of every workload that a policy governs, by name. */
  readonly workloads: readonly WorkloadPreview[];
  /** Why nothing is moved or injected in the whole cluster. */
  readonly circuitOpen?: string;
  /** Whether there may be more moves than were followed. */
  readonly isCut: boolean;
}

export interface WorkloadPreview {
  readonly key: WorkloadKey;
  readonly workload: Workload;
  readonly policy: StoredPolicy;
  /** As the operator would write it to the policy's status now, with regard to the pod template as it is. */
  readonly entry: WorkloadStatus;
  /** Put into the pod template before anything is moved; its rollout replaces all replicas. Empty: what is there goes. */
  readonly edit?: PlacementRule;
  /** In order. Of a workload whose template is edited first: what would follow if it were not. */
  readonly moves: readonly ForeseenMove[];
  /** When these are done, if every replacement comes to where it is expected. */
  readonly afterwards: WorkloadStatus;
}

export interface ForeseenMove extends PlannedMove {
  /** 1 for those that begin now; the next ones when these are done. */
  readonly round: number;
}

export interface PreviewOptions {
  /** How many moves of each workload are followed one after the other. */
  readonly rounds?: number;
  /** Undefined for all. */
  readonly namespace?: string | undefined;
  readonly onProgress?: (done: number, all: number) => void;
}

const ROUNDS = 50;
/** A workload that asks for a look again and again is not listened to for ever. */
const LOOKS_A_ROUND = 5;

/** The caches are to be made for this call: what is foreseen is done to them. */
export async function previewOperator(
  {cache, policies}: ClusterCaches,
  {server, takenAt}: Pick<ClusterPicture, 'server' | 'takenAt'>,
  {rounds = ROUNDS, namespace, onProgress = () => {}}: PreviewOptions = {},
): Promise<OperatorPreview> {
  const clock = new PreviewClock(takenAt);
  const actions = new KeptActions();
  const circuit = new Circuit({state: cache.state, clock, onChange: () => {}});
  circuit.evaluate();
  const entries = new Map<WorkloadKey, WorkloadStatus>();
  const due = new Set<WorkloadKey>();
  const {reconciler} = inProcessReconciler({
    cache,
    policies,
    actions,
    clock,
    server,
    circuitOpen: () => circuit.open,
    onEntry: (key, entry) => {
      if (entry !== undefined) {
        entries.set(key, entry);
      }
    },
    enqueue: (key) => due.add(key),
  });
  reconciler.resume();
  const governed = [...(namespace === undefined ? cache.workloads() : cache.workloadsOf(namespace))]
    .flatMap((workload) => {
      const policy = policies.governing(workload);
      return policy === undefined ? [] : [{key: workloadKey(workload), workload, policy}];
    })
    .sort((a, b) => compareText(a.key, b.key));

  const lookAt = async (keys: readonly WorkloadKey[]): Promise<void> => {
    for (const [index, key] of keys.entries()) {
      onProgress(index, keys.length);
      await reconciler.reconcile(key, NEVER);
    }
    let looks = keys.length * (LOOKS_A_ROUND - 1);
    for (const key of due) {
      due.delete(key);
      if (looks-- > 0) {
        await reconciler.reconcile(key, NEVER);
      }
    }
  };

  await lookAt(governed.map(({key}) => key));
  const now = new Map(entries);
  const edits = new Map(actions.edits);
  const moves = new Map<WorkloadKey, ForeseenMove[]>();
  let isCut = false;
  for (let round = 1; actions.evicted.length > 0; round++) {
    const evicted = actions.evicted.splice(0);
    for (const pod of evicted) {
      const key = cache.workloadOfPod(pod) ?? '';
      const move = entries.get(key)?.moves?.find((each) => each.pod === pod.name);
      if (move !== undefined) {
        moves.set(key, [...(moves.get(key) ?? []), {...move, round}]);
      }
    }
    if (round >= rounds) {
      isCut = true;
      break;
    }
    for (const pod of evicted) {
      land(cache, pod, clock.now());
    }
    const unfinished = governed.filter(({key}) => !isSettledAs(entries.get(key)));
    clock.advance(1000 * (1 + Math.max(0, ...unfinished.map(({policy}) => settleSeconds(policy)))));
    await lookAt(unfinished.map(({key}) => key));
  }
  return {
    workloads: governed.flatMap(({key, workload, policy}) => {
      const entry = now.get(key);
      const edit = edits.get(key);
      return entry === undefined
        ? []
        : {
            key,
            workload,
            policy,
            entry,
            ...(edit === undefined ? {} : {edit}),
            moves: moves.get(key) ?? [],
            afterwards: entries.get(key) ?? entry,
          };
    }),
    ...(circuit.open === undefined ? {} : {circuitOpen: circuit.open}),
    isCut,
  };
}

/** Says yes to everything, and does nothing. */
class KeptActions implements ClusterActions {
  readonly evicted: Pod[] = [];
  readonly edits = new Map<WorkloadKey, PlacementRule>();

  applyRule(workload: Workload, rule: PlacementRule): Promise<ApplyRuleResult> {
    this.edits.set(workloadKey(workload), rule);
    // As of a rule that was there already: so the look goes on to the moves, on the template as it is.
    return Promise.resolve({kind: 'applied', generation: workload.generation});
  }

  evict: ClusterActions['evict'] = (pod) => {
    this.evicted.push(pod);
    return Promise.resolve({kind: 'evicted'});
  };

  /** What is asked about is in the caches, and they were filled just now. */
  isAlive(): Promise<boolean> {
    return Promise.resolve(true);
  }

  writeStatus(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  event(): void {}
}

class PreviewClock implements Clock {
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Nothing that is previewed waits. */
  sleep(): Promise<void> {
    return Promise.resolve();
  }

  after(): () => void {
    return () => {};
  }
}

const NEVER = new AbortController().signal;

function isSettledAs(entry: WorkloadStatus | undefined): boolean {
  return entry === undefined || entry.state === 'Spread' || entry.state === 'Excluded';
}

function settleSeconds({object}: StoredPolicy): number {
  return object.spec.eviction.settleSeconds;
}

/** The replica is gone, and its replacement Ready on the node that the scheduler is expected to choose. */
function land(cache: ClusterCache, evicted: Pod, now: number): void {
  const workload = cache.workload(cache.workloadOfPod(evicted) ?? '');
  if (workload === undefined) {
    return;
  }
  const replicas = cache.replicasOf(workload);
  const replacement = replacementOf(workload, currentReplicaSet(replicas), replicas.pods);
  const [{snapshot, feasible}] = receptionOf(replacement, cache.state, evicted).occasions;
  const [best] = bestNodes(scoreNodes(replacement, snapshot, feasible));
  cache.deletePod(evicted);
  for (const budget of cache.budgetsOf(evicted.namespace)) {
    // All are healthy again: the budget allows as many disruptions as before.
    cache.setBudget({...budget, resourceVersion: `${budget.resourceVersion}-`});
  }
  const {nodeName: _, deletionTimestamp: __, ...rest} = evicted;
  cache.setPod({
    ...rest,
    uid: `${evicted.uid}-replacement`,
    name: `${evicted.name}-replacement`,
    labels: replacement.labels,
    spec: replacement.spec,
    createdAt: now,
    readyChangedAt: now,
    ...(best === undefined
      ? {ready: false, phase: 'Pending', unschedulable: {since: now, message: 'no node takes it'}}
      : {nodeName: best.node}),
  });
}
