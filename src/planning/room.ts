import {matchesSelector} from '../cluster/label-selector.ts';
import {membershipIn} from '../cluster/membership.ts';
import type {Pod} from '../cluster/pod.ts';
import {type NodeInfo, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {nodeFilter} from '../scheduling/scheduler.ts';
import {constraintsOf} from '../scheduling/spread-constraints.ts';
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

/**
 * Whether the replicas only stand in the way of another one, so that a node without any that takes one has room in the
 * survey, too. They open a node where the pod wants to be near its own kind; and where other pods count in its spread
 * constraints, without the replicas these lie less evenly.
 */
export function isRoomierWithout(
  replicas: readonly Pod[],
  replacement: PodToSchedule,
  snapshot: SchedulingSnapshot,
): boolean {
  if (replacement.spec.podAffinity.required.length > 0) {
    return false;
  }
  const constraints = constraintsOf(replacement, 'DoNotSchedule');
  if (constraints.length === 0) {
    return true;
  }
  // A pod that a node is promised to is in no group, and counts there.
  for (const _ of snapshot.nominatedNodes()) {
    return false;
  }
  const isOwn = membershipIn(replicas);
  return !constraints.some(({selector}) => {
    const groups = selector === undefined ? [] : snapshot.podGroupsMeantBy(replacement.namespace, selector);
    return [...groups].some(
      ({labels, pods}) => matchesSelector(selector, labels) && pods.some((pod) => !isOwn(pod)),
    );
  });
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
  const {requested} = info;
  const {requests} = spec;
  let copies = Math.min(
    allocatablePods - info.podCount,
    spec.hostPorts.length > 0 ? 1 : Number.POSITIVE_INFINITY,
    copiesIn(allocatable.milliCPU - requested.milliCPU, requests.milliCPU),
    copiesIn(allocatable.memory - requested.memory, requests.memory),
    copiesIn(allocatable.ephemeralStorage - requested.ephemeralStorage, requests.ephemeralStorage),
  );
  for (const name in requests.scalar) {
    const free = (allocatable.scalar[name] ?? 0) - (requested.scalar[name] ?? 0);
    copies = Math.min(copies, copiesIn(free, requests.scalar[name] ?? 0));
  }
  return copies;
}

function copiesIn(free: number, request: number): number {
  return request > 0 ? Math.floor(free / request) : Number.POSITIVE_INFINITY;
}
