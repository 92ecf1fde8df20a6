import type {Pod} from '../cluster/pod.ts';
import {type NodeInfo, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {nodeFilter} from '../scheduling/scheduler.ts';
import type {Eligibility} from './eligibility.ts';

export interface Room {
  /** How many replicas of the workload the node could hold, those that it holds now included. */
  readonly byNode: ReadonlyMap<string, number>;
  readonly refusals: readonly Refusal[];
}

/** How many replicas a node could hold, those that it holds now included; or why it takes none. */
export type RoomOfNode = (name: string) => number | Refusal;

/**
 * Asked of the cluster without the workload's own replicas, so that they do not stand in their own way; what they
 * mean to each other (anti-affinity, skew) is checked for the one move that is about to be made.
 */
export function roomSurvey(
  replacement: PodToSchedule,
  placed: readonly Pod[],
  snapshot: SchedulingSnapshot,
  isOccupied: (name: string) => boolean,
): RoomOfNode {
  const without = withChanges(snapshot, {remove: placed});
  const filter = nodeFilter(replacement, without);
  const known = new Map<string, number | Refusal>();
  return (name) => {
    let room = known.get(name);
    if (room === undefined) {
      const info = (isOccupied(name) ? without : snapshot).nodeInfo(name);
      room = info === undefined ? 0 : (filter(info) ?? copiesThatFit(replacement, info));
      known.set(name, room);
    }
    return room;
  };
}

/** The nodes that are not eligible are not asked: none of them may receive a replica, whatever room it has. */
export function roomOf(survey: RoomOfNode, eligibility: Eligibility): Room {
  const byNode = new Map<string, number>();
  const refusals: Refusal[] = [];
  for (const name of eligibility.eligible.keys()) {
    const room = survey(name);
    if (typeof room === 'number') {
      byNode.set(name, room);
    } else {
      refusals.push(room);
    }
  }
  return {byNode, refusals};
}

function copiesThatFit({spec}: PodToSchedule, info: NodeInfo): number {
  const {allocatable, allocatablePods} = info.node;
  const {requests} = spec;
  const fits = (free: number, request: number) =>
    request > 0 ? Math.floor(free / request) : Number.POSITIVE_INFINITY;
  return Math.min(
    allocatablePods - info.podCount,
    spec.hostPorts.length > 0 ? 1 : Number.POSITIVE_INFINITY,
    fits(allocatable.milliCPU - info.requested.milliCPU, requests.milliCPU),
    fits(allocatable.memory - info.requested.memory, requests.memory),
    fits(allocatable.ephemeralStorage - info.requested.ephemeralStorage, requests.ephemeralStorage),
    ...Object.entries(requests.scalar).map(([name, request]) =>
      fits((allocatable.scalar[name] ?? 0) - (info.requested.scalar[name] ?? 0), request),
    ),
  );
}
