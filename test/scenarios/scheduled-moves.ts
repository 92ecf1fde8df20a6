/**
 * Carries out plans without a cluster: evicts what the plan says, and lets the scheduler's model choose the node of
 * the replacement.
 */
import type {Pod} from '../../src/cluster/pod.ts';
import {type SchedulingSnapshot, withChanges} from '../../src/cluster/snapshot.ts';
import type {Workload} from '../../src/cluster/workload.ts';
import type {TopologyRule} from '../../src/planning/eligibility.ts';
import {type Plan, type PlannedMove, type PlanRequest, plan} from '../../src/planning/plan.ts';
import {receptionOf} from '../../src/planning/reception.ts';
import {replacementOf} from '../../src/planning/replacement.ts';
import {bestNodes, scoreNodes} from '../../src/scheduling/scheduler.ts';
import {replicaSet} from './workloads.ts';

export const HOSTNAME: TopologyRule = {
  topologyKey: 'kubernetes.io/hostname',
  distribution: 'Separate',
  maxSkew: 1,
};
export const ZONE: TopologyRule = {
  topologyKey: 'topology.kubernetes.io/zone',
  distribution: 'Even',
  maxSkew: 1,
};

export function planRequest(
  {workload, pods}: {readonly workload: Workload; readonly pods: readonly Pod[]},
  snapshot: SchedulingSnapshot,
  options: {readonly topologies?: readonly TopologyRule[]; readonly detailedMoves?: number} = {},
): PlanRequest {
  return {
    replicas: pods,
    replacement: replacementOf(workload, replicaSet(workload)),
    topologies: options.topologies ?? [HOSTNAME],
    snapshot,
    detailedMoves: options.detailedMoves ?? 1,
  };
}

export interface Step {
  readonly move: PlannedMove;
  /** Where the scheduler's model put the replacement. */
  readonly landed: string;
}

export interface Outcome {
  readonly steps: readonly Step[];
  /** The plan after the last move: without moves. */
  readonly end: Plan;
  readonly request: PlanRequest;
}

/**
 * Plans and moves, one replica at a time, until nothing more is planned.
 * @param choose one of the nodes between which the scheduler chooses at random
 */
export function carryOut(
  start: PlanRequest,
  choose: (nodes: readonly string[]) => string = ([first = '']) => first,
): Outcome {
  const steps: Step[] = [];
  let request = start;
  for (;;) {
    const end = plan(request);
    const [move] = end.moves;
    if (move === undefined) {
      return {steps, end, request};
    }
    if (steps.length >= 50) {
      throw new Error(
        `no end after 50 moves: ${steps.map(({move: {from}, landed}) => `${from}>${landed}`).join(' ')}`,
      );
    }
    // The scheduler does not wait for the evicted replica to be gone.
    const [{snapshot, feasible}] = receptionOf(request.replacement, request.snapshot, move.pod).occasions;
    const landed = choose(
      bestNodes(scoreNodes(request.replacement, snapshot, feasible)).map(({node}) => node),
    );
    const newcomer: Pod = {
      ...move.pod,
      name: `moved-${steps.length + 1}`,
      uid: `moved-${steps.length + 1}`,
      labels: request.replacement.labels,
      spec: request.replacement.spec,
      createdAt: move.pod.createdAt + 60_000,
      nodeName: landed,
    };
    request = {
      ...request,
      replicas: [...request.replicas.filter(({uid}) => uid !== move.pod.uid), newcomer],
      snapshot: withChanges(request.snapshot, {remove: [move.pod], add: [newcomer]}),
    };
    steps.push({move, landed});
  }
}

/** How many replicas each node holds, terminating ones left out: `{a: 2, b: 1}`. */
export function placementOf({replicas}: Pick<PlanRequest, 'replicas'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const {nodeName, deletionTimestamp} of replicas) {
    if (nodeName !== undefined && deletionTimestamp === undefined) {
      counts[nodeName] = (counts[nodeName] ?? 0) + 1;
    }
  }
  return counts;
}
