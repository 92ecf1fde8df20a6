import type {Pod} from '../cluster/pod.ts';
import {type NodeInfo, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {filterNodes} from '../scheduling/scheduler.ts';
import type {Eligibility} from './eligibility.ts';

export interface Room {
  /** How many replicas of the workload the node could hold, those that it holds now included. */
  readonly byNode: ReadonlyMap<string, number>;
  readonly refusals: readonly Refusal[];
}

/**
 * Asked of the cluster without the workload's own replicas, so that they do not stand in their own way; what they
 * mean to each other (anti-affinity, skew) is checked for the one move that is about to be made.
 */
export function roomOf(
  replacement: PodToSchedule,
  placed: readonly Pod[],
  snapshot: SchedulingSnapshot,
  eligibility: Eligibility,
): Room {
  const without = withChanges(snapshot, {remove: placed});
  const {feasible, refusals} = filterNodes(replacement, without);
  const byNode = new Map<string, number>();
  for (const info of feasible) {
    if (eligibility.eligible.has(info.node.name)) {
      byNode.set(info.node.name, copiesThatFit(replacement, info));
    }
  }
  return {byNode, refusals: refusals.filter((refusal) => eligibility.eligible.has(refusal.node))};
}

function copiesThatFit({spec}: PodToSchedule, info: NodeInfo): number {
  const {allocatable, allocatablePods} = info.node;
  const {requests} = spec;
  const fits = (free: number, request: number) =>
    request > 0 ? Math.floor(free / request) : Number.POSITIVE_INFINITY;
  return Math.min(
    allocatablePods - info.pods.size,
    spec.hostPorts.length > 0 ? 1 : Number.POSITIVE_INFINITY,
    fits(allocatable.milliCPU - info.requested.milliCPU, requests.milliCPU),
    fits(allocatable.memory - info.requested.memory, requests.memory),
    fits(allocatable.ephemeralStorage - info.requested.ephemeralStorage, requests.ephemeralStorage),
    ...Object.entries(requests.scalar).map(([name, request]) =>
      fits((allocatable.scalar[name] ?? 0) - (info.requested.scalar[name] ?? 0), request),
    ),
  );
}
