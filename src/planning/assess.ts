/**
 * Is a workload spread, and if not, how far from it? Counts replicas by domain and computes the fewest moves that
 * the nodes allow. May import `cluster/` and `scheduling/`; values in, values out.
 */
import {isTerminating, type Pod} from '../cluster/pod.ts';
import {compareText, type NodeInfo, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {nodePorts} from '../scheduling/node-ports.ts';
import {nodeResourcesFit} from '../scheduling/node-resources-fit.ts';
import {filterNodes} from '../scheduling/scheduler.ts';
import {type Cell, Distribution, type Level, type Objective} from './distribution.ts';
import {type Eligibility, eligibilityOf, type IneligibleNode, type TopologyRule} from './eligibility.ts';
import {type Room, roomOf} from './room.ts';

export interface AssessRequest {
  /** The replicas that are alive: not finished; terminating and Pending ones included. */
  readonly replicas: readonly Pod[];
  /** A replica as the workload's controller would create it now. */
  readonly replacement: PodToSchedule;
  readonly topologies: readonly TopologyRule[];
  readonly snapshot: SchedulingSnapshot;
}

export interface Assessment {
  readonly topologies: readonly TopologyAssessment[];
  /** The fewest moves to the best distribution that has room: what the operator would do. */
  readonly movesNeeded: number;
  /** The same if every eligible node had room; more than `movesNeeded` when full nodes stand in the way. */
  readonly movesWanted: number;
  readonly objective: Objective;
  /** Nodes that could take a replica if they had room: Ready, not cordoned, tolerated, matched by affinity. */
  readonly eligibleNodes: number;
  /** Why the other nodes are not eligible, by node. */
  readonly ineligible: readonly IneligibleNode[];
  /** Why an eligible node has no room for a replica. */
  readonly noRoom: readonly Refusal[];
  /** What planning goes on with. */
  readonly problem: Problem;
}

export interface TopologyAssessment {
  readonly topologyKey: string;
  readonly eligibleDomains: number;
  /** How many of them could hold a replica if the workload had none yet: a full node is eligible, but not here. */
  readonly domainsWithRoom: number;
  /** Eligible nodes that carry the key. */
  readonly eligibleNodes: number;
  readonly skew: number;
  /** All domains that are eligible or hold replicas; fullest first, then by name. */
  readonly domains: readonly {readonly name: string; readonly replicas: number; readonly eligible: boolean}[];
}

/** The workload's placement as the integer problem of distribution.ts, and the way back to nodes. */
export interface Problem {
  readonly levels: readonly Level[];
  /** With the room that there is. */
  readonly cells: readonly Cell[];
  readonly cellOfNode: ReadonlyMap<string, number>;
}

export function assess(request: AssessRequest): Assessment {
  const {replicas, replacement, topologies, snapshot} = request;
  const placed = replicas.filter((pod) => pod.nodeName !== undefined && !isTerminating(pod));
  const eligibility = eligibilityOf(replacement, topologies, snapshot);
  const room = roomOf(replacement, placed, snapshot, eligibility);
  const problem = problemOf(
    eligibility.active,
    placed,
    snapshot,
    eligibility,
    (info) => room.byNode.get(info.node.name) ?? 0,
  );
  const wanted = problemOf(eligibility.active, placed, snapshot, eligibility, (info) =>
    eligibility.eligible.has(info.node.name) ? Number.POSITIVE_INFINITY : 0,
  );
  const distribution = new Distribution(problem.levels, problem.cells);
  const movesNeeded = distribution.shortestWay().length;
  const movesWanted = new Distribution(wanted.levels, wanted.cells).shortestWay().length;
  const assessed = topologies.map((rule) => assessTopology(rule, placed, snapshot, eligibility, room));
  return {
    topologies: assessed,
    movesNeeded,
    movesWanted,
    objective: distribution.objective(),
    eligibleNodes: eligibility.eligible.size,
    ineligible: eligibility.ineligible,
    noRoom:
      movesWanted > movesNeeded
        ? [...room.refusals, ...filledByReplicas(request, placed, assessed, room)]
        : room.refusals,
    problem,
  };
}

// Nodes that have room only for the replicas that they hold. The fullest domains give replicas: they need no room.
function filledByReplicas(
  {replacement, snapshot}: AssessRequest,
  placed: readonly Pod[],
  topologies: readonly TopologyAssessment[],
  room: Room,
): Refusal[] {
  const held = countBy(placed, (pod) => pod.nodeName ?? '');
  const isFull = (name: string) =>
    (held.get(name) ?? 0) >= (room.byNode.get(name) ?? Number.POSITIVE_INFINITY);
  const isWanted = (name: string) =>
    topologies.some(({topologyKey, domains}) => {
      const own = snapshot.nodeInfo(name)?.node.labels[topologyKey];
      const replicas = domains.find((domain) => domain.name === own)?.replicas;
      return replicas !== undefined && replicas < (domains[0]?.replicas ?? 0);
    });
  const {refusals} = filterNodes(replacement, snapshot, [nodePorts, nodeResourcesFit]);
  return refusals.filter(({node}) => isFull(node) && isWanted(node));
}

function problemOf(
  topologies: readonly TopologyRule[],
  placed: readonly Pod[],
  snapshot: SchedulingSnapshot,
  eligibility: Eligibility,
  roomOfNode: (info: NodeInfo) => number,
): Problem {
  const counts = countBy(placed, (pod) => pod.nodeName ?? '');
  const cells: {domains: (string | undefined)[]; count: number; room: number}[] = [];
  const cellOfDomains = new Map<string, number>();
  const cellOfNode = new Map<string, number>();
  for (const info of snapshot.nodeInfos()) {
    const {name, labels} = info.node;
    const count = counts.get(name) ?? 0;
    if (count === 0 && !eligibility.eligible.has(name)) {
      continue;
    }
    const domains = topologies.map(({topologyKey}) => labels[topologyKey]);
    const roomHere = Math.max(0, roomOfNode(info));
    // Replicas that sit where no more may come (on a cordoned node) take no room from the others of their domain.
    const key = JSON.stringify([domains, count > roomHere]);
    let index = cellOfDomains.get(key);
    if (index === undefined) {
      index = cells.length;
      cells.push({domains, count: 0, room: 0});
      cellOfDomains.set(key, index);
    }
    cellOfNode.set(name, index);
    const cell = cells[index];
    if (cell !== undefined) {
      cell.count += count;
      cell.room += roomHere;
    }
  }
  return {levels: topologies.map(({maxSkew}) => ({maxSkew})), cells, cellOfNode};
}

function assessTopology(
  {topologyKey}: TopologyRule,
  placed: readonly Pod[],
  snapshot: SchedulingSnapshot,
  eligibility: Eligibility,
  room: Room,
): TopologyAssessment {
  const replicas = new Map<string, number>();
  const eligible = new Set<string>();
  const withRoom = new Set<string>();
  let eligibleNodes = 0;
  for (const {node} of eligibility.eligible.values()) {
    const domain = node.labels[topologyKey];
    if (domain !== undefined) {
      eligibleNodes += 1;
      eligible.add(domain);
      replicas.set(domain, 0);
      if ((room.byNode.get(node.name) ?? 0) > 0) {
        withRoom.add(domain);
      }
    }
  }
  for (const pod of placed) {
    const domain = snapshot.nodeInfo(pod.nodeName ?? '')?.node.labels[topologyKey];
    if (domain !== undefined) {
      replicas.set(domain, (replicas.get(domain) ?? 0) + 1);
    }
  }
  const domains = [...replicas]
    .map(([name, count]) => ({name, replicas: count, eligible: eligible.has(name)}))
    .sort((a, b) => b.replicas - a.replicas || compareText(a.name, b.name));
  const fullest = domains[0]?.replicas ?? 0;
  const emptiest = Math.min(...domains.filter((domain) => domain.eligible).map((domain) => domain.replicas));
  return {
    topologyKey,
    eligibleDomains: eligible.size,
    domainsWithRoom: withRoom.size,
    eligibleNodes,
    skew: Number.isFinite(emptiest) ? fullest - emptiest : 0,
    domains,
  };
}

function countBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) {
    const key = keyOf(value);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
