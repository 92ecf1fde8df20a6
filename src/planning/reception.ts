import type {Pod} from '../cluster/pod.ts';
import {type NodeInfo, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {likelyTargets} from '../scheduling/sampling.ts';
import {filterNodes, type NodeTotal, nodeFilter, rankNodes} from '../scheduling/scheduler.ts';

/** With so little time to shut down, seconds, a pod can be gone before the scheduler looks. The kubelet gives two at least. */
const SHORT_GRACE = 2;

/** The cluster as the scheduler may find it when it places a replacement. */
export interface Occasion {
  readonly snapshot: SchedulingSnapshot;
  /** The nodes that take the replacement then. */
  readonly feasible: readonly NodeInfo[];
}

/** What awaits the replacement of an evicted replica. */
export interface Reception {
  /** As it will be; of two, either may come to pass. */
  readonly occasions: readonly [Occasion, ...Occasion[]];
  /** Every node that takes the replacement, whether the replica is still there or has gone. */
  readonly possible: readonly NodeInfo[];
  /** Why other nodes take none even when the replica has gone. */
  readonly refusals: readonly Refusal[];
}

/**
 * An evicted replica shuts down first, and until it is gone it keeps its room, its ports and its part in affinity. The
 * scheduler does not wait for that: the ReplicaSet controller creates the replacement as soon as the deletion has begun,
 * and it is placed within milliseconds, while a container takes seconds to stop. Only a replacement that no node takes
 * meanwhile is tried again when the replica has gone.
 *
 * Where the two moments lead to different nodes, the first one counts alone. A scheduler that is later than a container
 * takes to stop would choose otherwise; but that it must be right at both moments would rule out most moves from full
 * nodes, as the room that comes free there makes the replica's own node the best one, and a lost race costs one eviction,
 * after which the workload backs off. Where the pod is given next to no time, either may be first, so both count; where it
 * is given none, it is gone at once.
 */
export function receptionOf(
  replacement: PodToSchedule,
  snapshot: SchedulingSnapshot,
  victim: Pod,
): Reception {
  const grace = victim.terminationGracePeriodSeconds ?? Number.POSITIVE_INFINITY;
  const gone = withChanges(snapshot, {remove: [victim]});
  const {feasible, refusals} = filterNodes(replacement, gone);
  const after: Occasion = {snapshot: gone, feasible};
  if (grace === 0) {
    return {occasions: [after], possible: feasible, refusals};
  }
  const ending = endingOf(replacement, snapshot, victim, feasible);
  const known = new Set(feasible.map(({node}) => node.name));
  const possible = [...feasible, ...ending.feasible.filter(({node}) => !known.has(node.name))];
  if (ending.feasible.length === 0) {
    return {occasions: [after], possible, refusals};
  }
  return {occasions: grace <= SHORT_GRACE ? [ending, after] : [ending], possible, refusals};
}

export interface Outlook {
  /** Where the scheduler has to be expected to put the replacement: one of these. */
  readonly targets: readonly string[];
  /** All nodes that take it then, best first. */
  readonly scores: readonly NodeTotal[];
}

/** One for each occasion. */
export function outlooksOf(replacement: PodToSchedule, {occasions}: Reception): Outlook[] {
  return occasions.map(({snapshot, feasible}) => {
    const scores = rankNodes(replacement, snapshot, feasible);
    return {scores, targets: likelyTargets(scores, snapshot).map(({node}) => node)};
  });
}

/** @param feasible the nodes that take the replacement when the replica has gone */
function endingOf(
  replacement: PodToSchedule,
  snapshot: SchedulingSnapshot,
  victim: Pod,
  feasible: readonly NodeInfo[],
): Occasion {
  const terminating = {...victim, deletionTimestamp: victim.deletionTimestamp ?? victim.createdAt};
  const ending = withChanges(snapshot, {remove: [victim], add: [terminating]});
  if (replacement.spec.podAffinity.required.length > 0) {
    // The replica may be what the replacement is drawn to, and the only one.
    return {snapshot: ending, feasible: filterNodes(replacement, ending).feasible};
  }
  // One pod more takes room and keeps away; no other node takes the replacement because of it.
  const filter = nodeFilter(replacement, ending);
  const isLocal = keepsAwayOnItsNodeAlone(victim, replacement);
  const infos = feasible.map(({node}) => ending.nodeInfo(node.name)).filter((info) => info !== undefined);
  return {
    snapshot: ending,
    feasible: infos.filter(
      (info) => (isLocal && info.node.name !== victim.nodeName) || filter(info) === undefined,
    ),
  };
}

// Room and ports are a matter of one node. On thousands of them it saves as many judgements to know that.
function keepsAwayOnItsNodeAlone({spec}: Pod, replacement: PodToSchedule): boolean {
  return [spec, replacement.spec].every(
    ({podAntiAffinity, volumes}) => podAntiAffinity.required.length === 0 && volumes.length === 0,
  );
}
