/** What one random cluster shows: evictions against the minimum, predictions against what happened, and the rest. */
import type {WorkloadStatus} from '../../src/api/types.ts';
import {type Deployment, isPodReady} from '../controlplane/workloads.ts';
import {costOf, type FewestMoves, isLess, type MoveProblem} from '../scenarios/fewest-moves.ts';
import {bestReachable, type Reachable} from '../scenarios/legal-moves.ts';
import {type Change, podsAfter} from './cluster-history.ts';
import {isAlive, isReplicaOf, type LivePod, placementIn, problemOf} from './live-problem.ts';
import type {Observation, RandomClusterRun} from './random-cluster-run.ts';

export interface Prediction {
  readonly pod: string;
  readonly certainty: 'certain' | 'likely' | 'none';
  readonly to: readonly string[];
  readonly reason: string;
  /** Where the replacement was bound; undefined when it was not. */
  readonly landed: string | undefined;
}

export interface WorkloadVerdict {
  readonly name: string;
  readonly start: readonly number[];
  readonly end: readonly number[];
  readonly best: readonly number[];
  readonly isBest: boolean;
  readonly status: WorkloadStatus | undefined;
  /** Replicas missing at the worst moment after the first eviction. */
  readonly missing: number;
  /** Replicas that its disruption budget lets be missing, at most one. */
  readonly mayMiss: number;
}

export interface Verdict {
  readonly seed: number;
  readonly quiet: boolean;
  /** Evictions after the last rollout. */
  readonly moves: number;
  /** Those of them that were made for another workload's sake; what they cost it is not in the minimum. */
  readonly makingRoom: number;
  /** Evictions before a rollout, which placed everything anew. */
  readonly undone: number;
  /** The fewest moves from the start to the best placement. */
  readonly fewest: number;
  /** The fewest that are left at the end. */
  readonly left: number;
  /** Whether the best placement is still as good as it was at the start: no move went astray. */
  readonly isStillBest: boolean;
  readonly workloads: readonly WorkloadVerdict[];
  readonly predictions: readonly Prediction[];
}

export function verdictOf(observed: Observation, solver: FewestMoves): Verdict {
  const {random, deployments, quiet, evictions} = observed;
  const histories = deployments.map((deployment) => historyOf(observed, deployment));
  const parts = (isOneStory(histories) ? [histories] : histories.map((history) => [history])).map(
    (together) => judge(observed, together, solver),
  );
  const moves = sum(histories.map((history) => history.moves));
  return {
    seed: random.seed,
    quiet,
    moves,
    makingRoom: evictions.filter(({pod}) => isMakingRoom(observed, pod)).length,
    undone: evictions.length - moves,
    fewest: sum(parts.map(({fewest}) => fewest)),
    left: sum(parts.map(({left}) => left)),
    isStillBest: parts.every(({isStillBest}) => isStillBest),
    predictions: evictions.map(({pod}) => predictionOf(observed, pod)),
    workloads: parts.flatMap(({workloads}) => workloads),
  };
}

export function describeVerdict(verdict: Verdict, observed: Observation): string {
  const {seed, workloads, predictions, ...numbers} = verdict;
  const {random, nodes, policy, deployments} = observed;
  return [
    `RANDOM_SEED=${seed} RANDOM_CLUSTERS=1: ${JSON.stringify(numbers)}`,
    ...nodes.map(({metadata: {name, labels}, spec, status: {allocatable}}) => {
      return `  node ${name} ${JSON.stringify({...labels, ...allocatable, ...spec})}`;
    }),
    ...random.pods.map((pod) => `  other pod ${JSON.stringify(pod)}`),
    ...random.budgets.map((budget) => `  budget ${JSON.stringify(budget)}`),
    `  policy ${JSON.stringify(policy.spec)}`,
    ...workloads.flatMap(({name, start, end, best, isBest, status, missing, mayMiss: mayBe}, index) => [
      `  ${name}: [${start.join()}] came to [${end.join()}], best [${best.join()}]${isBest ? '' : ' NOT BEST'}; ` +
        `${missing} missing of ${mayBe} that may be; ${status?.state} ${status?.blocked?.reason ?? ''}: ${status?.message}`,
      `    ${JSON.stringify(deployments[index]?.spec.template.spec)}`,
    ]),
    ...predictions.map(
      ({pod, certainty, to, landed, reason}) =>
        `  ${pod}: ${certainty} to ${to.join(' or ')}, landed on ${landed ?? 'no node'}: ${reason}`,
    ),
  ].join('\n');
}

/** A refusal that a try has refuted: the replacement of a replica that was not evicted would have helped. */
export interface Refuted {
  readonly seed: number;
  readonly workload: string;
  readonly from: string;
  readonly landed: string;
  readonly said: string;
}

/**
 * Is it true that no eviction would help? Replaces one replica on each node of the workloads that are `NoFeasibleNode`,
 * without the operator, and looks where the scheduler puts it.
 */
export async function refutedRefusals(
  run: RandomClusterRun,
  observed: Observation,
  verdict: Verdict,
): Promise<Refuted[]> {
  const {random, nodes, policy} = observed;
  const refused = verdict.workloads.filter(
    ({isBest, status}) => !isBest && status?.blocked?.reason === 'NoFeasibleNode',
  );
  const refuted: Refuted[] = [];
  for (const {name, end, status} of refused) {
    const deployments = observed.deployments.filter(({metadata}) => metadata.name === name);
    const separateFrom = policy.spec.separateFrom ?? [];
    const cluster = {nodes, deployments, topologies: policy.spec.topologies, separateFrom};
    const problem = problemOf({...cluster, pods: podsAfter(observed.podChanges)});
    const now = costOf(problem, [end]);
    const after = (from: number, to: number) =>
      costOf(problem, [end.map((held, node) => held - Number(node === from) + Number(node === to))]);
    for (const [from, {metadata}] of nodes.entries()) {
      const mayHelp = nodes.some(
        (_, to) => problem.workloads[0]?.mayReceive[to] === true && isLess(after(from, to), now),
      );
      if ((end[from] ?? 0) === 0 || !mayHelp) {
        continue;
      }
      const landed = await run.tryReplacing(random.namespace, name, metadata.name);
      const to = nodes.findIndex((node) => node.metadata.name === landed);
      const said = status?.message ?? '';
      // What the refusal names as possible is no surprise: between equals the scheduler throws a die.
      const [possible = ''] = said.split('rather than');
      if (
        landed !== undefined &&
        isLess(after(from, to), now) &&
        !new RegExp(`\\b${landed}\\b`).test(possible)
      ) {
        refuted.push({seed: random.seed, workload: name, from: metadata.name, landed, said});
      }
      // From another placement than the one that the operator has judged, nothing can be learnt.
      if (to !== from) {
        break;
      }
    }
  }
  return refuted;
}

interface WorkloadHistory {
  readonly deployment: Deployment;
  /** Index of the last change of a pod of an older template; 0 when there was no rollout. */
  readonly lastRollout: number;
  /** Index of the first eviction after it; the end when there is none. */
  readonly begin: number;
  readonly moves: number;
}

function historyOf({podChanges, evictions}: Observation, deployment: Deployment): WorkloadHistory {
  const evicted = new Set(evictions.map(({pod}) => pod));
  const own = podChanges.flatMap((change, index) =>
    isReplicaOf(deployment, change.object) ? [{change, index, name: change.object.metadata.name}] : [],
  );
  const newest = own.findLast(({change, name}) => !change.deleted && !evicted.has(name));
  const template = newest === undefined ? undefined : templateOf(newest.change);
  // A rollout begins with a pod of the new template and ends with the last pod of the old one.
  const lastRollout = Math.max(
    0,
    ...own
      .filter(({change, name}) => templateOf(change) !== template && !evicted.has(name))
      .map(({index}) => index),
  );
  const ends = new Map<string, number>();
  for (const {change, index, name} of own) {
    if (evicted.has(name) && isEnding(change) && !ends.has(name)) {
      ends.set(name, index);
    }
  }
  const moves = [...ends.values()].filter((index) => index > lastRollout);
  return {deployment, lastRollout, begin: Math.min(podChanges.length, ...moves), moves: moves.length};
}

/** Whether nothing was rolled out after the first eviction, so that all workloads have one common start. */
function isOneStory(histories: readonly WorkloadHistory[]): boolean {
  const begin = Math.min(...histories.map((history) => history.begin));
  return histories.every(({lastRollout}) => lastRollout < begin);
}

interface Judgement extends Minimum {
  readonly workloads: readonly WorkloadVerdict[];
}

function judge(observed: Observation, histories: readonly WorkloadHistory[], solver: FewestMoves): Judgement {
  const {podChanges, policy} = observed;
  const deployments = histories.map(({deployment}) => deployment);
  const begin = Math.min(...histories.map((history) => history.begin));
  const moves = sum(histories.map((history) => history.moves));
  const start = podsAfter(podChanges.slice(0, begin));
  const end = podsAfter(podChanges);
  const isOwn = (pod: LivePod) => deployments.some((deployment) => isReplicaOf(deployment, pod));
  const cluster = {
    nodes: observed.nodes,
    deployments,
    topologies: policy.spec.topologies,
    separateFrom: policy.spec.separateFrom ?? [],
  };
  const own = (pods: readonly LivePod[]) => pods.filter(isOwn);
  // Other workloads may have been rolled out meanwhile: what they left in the end is the room.
  const among = (pods: readonly LivePod[]) =>
    problemOf({...cluster, pods: [...pods, ...end.filter((pod) => !isOwn(pod))]});
  const atStart = among(own(start));
  const atEnd = among(own(end));
  const bestLeft = solver.toBest(atEnd);
  const startPlacement = placementIn(cluster, start);
  const endPlacement = placementIn(cluster, end);
  return {
    ...minimumOf(moves, atStart, atEnd, solver),
    workloads: deployments.map((deployment, index): WorkloadVerdict => {
      const {name} = deployment.metadata;
      return {
        name,
        start: startPlacement[index] ?? [],
        end: endPlacement[index] ?? [],
        best: bestLeft.placement[index] ?? [],
        isBest: (endPlacement[index] ?? []).join() === (bestLeft.placement[index] ?? []).join(),
        status: policy.status?.workloads?.find((entry) => entry.name === name),
        missing: missingReplicas(observed, deployment, begin),
        mayMiss: mayMiss(observed, name),
      };
    }),
  };
}

interface Minimum {
  readonly fewest: number;
  readonly left: number;
  readonly isStillBest: boolean;
}

function minimumOf(moves: number, start: MoveProblem, end: MoveProblem, solver: FewestMoves): Minimum {
  const exact = compare(solver.toBest(start), solver.toBest(end));
  if (exact.isStillBest && moves + exact.left === exact.fewest) {
    return exact;
  }
  // The solver knows of no order. What is possible only by two moves at the same moment is no measure.
  const [fromStart, fromEnd] = [bestReachable(start), bestReachable(end)];
  return fromStart === undefined || fromEnd === undefined ? exact : compare(fromStart, fromEnd);
}

function compare(start: Reachable, end: Reachable): Minimum {
  return {fewest: start.moves, left: end.moves, isStillBest: start.cost.join() === end.cost.join()};
}

function templateOf({object}: Change<LivePod>): string | undefined {
  return object.metadata.labels?.['pod-template-hash'];
}

function isEnding({object, deleted}: Change<LivePod>): boolean {
  return deleted || object.metadata.deletionTimestamp !== undefined;
}

/** What was foreseen of an eviction, and what came of it. */
export function predictionOf(
  {podChanges, policyChanges, deployments}: Observation,
  name: string,
): Prediction {
  const evictedAt = podChanges.findIndex(
    (change) => change.object.metadata.name === name && isEnding(change),
  );
  const victim = podChanges[evictedAt]?.object;
  const deployment = deployments.find((each) => victim !== undefined && isReplicaOf(each, victim));
  const known = new Set(podChanges.slice(0, evictedAt).map(({object}) => object.metadata.name));
  const replacement = podChanges
    .slice(evictedAt)
    .map(({object}) => object)
    .find((pod) => deployment !== undefined && isReplicaOf(deployment, pod) && !known.has(pod.metadata.name));
  const landed = podChanges.findLast(({object}) => object.metadata.uid === replacement?.metadata.uid);
  const {move} = announcementOf(policyChanges, name);
  return {
    pod: name,
    certainty: move?.certainty ?? 'none',
    to: move?.to ?? [],
    reason: move?.reason ?? '',
    landed: landed?.object.spec.nodeName,
  };
}

/** What the status said when the pod was evicted. */
function announcementOf(
  policyChanges: Observation['policyChanges'],
  name: string,
): {move?: NonNullable<WorkloadStatus['moves']>[number]; message?: string} {
  const entry = policyChanges
    .flatMap(({object}) => object.status?.workloads ?? [])
    .findLast(({state, moves = []}) => state === 'Moving' && moves.some(({pod}) => pod === name));
  const move = entry?.moves?.find(({pod}) => pod === name);
  return entry === undefined || move === undefined ? {} : {move, message: entry.message};
}

function isMakingRoom({policyChanges}: Observation, name: string): boolean {
  return /makes room for/.test(announcementOf(policyChanges, name).message ?? '');
}

function missingReplicas({podChanges}: Observation, deployment: Deployment, begin: number): number {
  const wanted = deployment.spec.replicas ?? 1;
  const ready = new Set<string>();
  let missing = 0;
  for (const [index, {object, deleted}] of podChanges.entries()) {
    if (!isReplicaOf(deployment, object)) {
      continue;
    }
    if (!deleted && isAlive(object) && isPodReady(object)) {
      ready.add(object.metadata.name);
    } else {
      ready.delete(object.metadata.name);
    }
    if (index >= begin) {
      missing = Math.max(missing, wanted - ready.size);
    }
  }
  return missing;
}

function mayMiss({random, deployments}: Observation, app: string): number {
  const {maxUnavailable, minAvailable} =
    random.budgets.find(({metadata}) => metadata.name === app)?.spec ?? {};
  const replicas = deployments.find(({metadata}) => metadata.name === app)?.spec.replicas ?? 1;
  return Math.min(1, maxUnavailable ?? replicas - (minAvailable ?? replicas - 1));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
