/**
 * Is a workload spread, and if not, how far from it? Counts replicas by domain and computes the fewest moves that
 * the nodes allow. May import `cluster/` and `scheduling/`; values in, values out.
 */
import type {Node} from '../cluster/node.ts';
import {type NodeTable, nodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';
import {summaryOf} from '../cluster/replica-summary.ts';
import {compareText, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {nodePorts} from '../scheduling/node-ports.ts';
import {nodeResourcesFit} from '../scheduling/node-resources-fit.ts';
import {filterNodes} from '../scheduling/scheduler.ts';
import {Distribution, isLess, type Objective, type Optimum} from './distribution.ts';
import {eligibilityOf, type IneligibleNode, type TopologyRule} from './eligibility.ts';
import {lazy} from './lazy.ts';
import {isTolerant} from './levels.ts';
import {isPlentifulFor, nodesThatMatter, problemNear} from './matter.ts';
import {
  type ClosedDomains,
  closedDomains,
  describeConflict,
  isRuledOut,
  type SeparationRule,
} from './neighbours.ts';
import {countsByNumber, type DomainTally, occupancyOf, tallyOf} from './occupancy.ts';
import {brokenRules} from './own-rules.ts';
import {allSites, countByNode, liesEvenly, type Problem, type ProblemRequest, problemOf} from './problem.ts';
import {type Room, roomOf, roomSurvey} from './room.ts';
import {assessTopology, type TopologyAssessment} from './topology-assessment.ts';

export type {Problem} from './problem.ts';
export type {TopologyAssessment} from './topology-assessment.ts';

export interface AssessRequest {
  /** The replicas that are alive: not finished; terminating and Pending ones included. */
  readonly replicas: readonly Pod[];
  /** A replica as the workload's controller would create it now. */
  readonly replacement: PodToSchedule;
  readonly topologies: readonly TopologyRule[];
  /** Other pods that the policy keeps the replicas away from. */
  readonly separateFrom?: readonly SeparationRule[];
  readonly snapshot: SchedulingSnapshot;
}

export interface Violation {
  /** The name of the replica; absent where the rule is about several of them. */
  readonly pod?: string;
  /** For people: which replica, which rule, which neighbour. */
  readonly message: string;
}

/** What most callers need is computed at once; the rest, which asks every node for its room, when it is read. */
export interface Assessment {
  readonly topologies: readonly TopologyAssessment[];
  /** The fewest moves to the best distribution that has room: what the operator would do. */
  readonly movesNeeded: number;
  /** The same if every eligible node had room; more than `movesNeeded` when full nodes stand in the way. */
  readonly movesWanted: number;
  /** Whether the workload comes nearer to its best with more room than there is, in as many moves or in more. */
  readonly lacksRoom: boolean;
  /** Whether `movesNeeded` is known to be the least; otherwise it takes at least `movesAtLeast`. */
  readonly exact: boolean;
  readonly movesAtLeast: number;
  /** The hard rules that are broken: the objective's first entry. */
  readonly violations: readonly Violation[];
  /** Replicas beside pods that the policy would rather keep them away from: its last entry. */
  readonly unwantedNeighbours: readonly Violation[];
  readonly objective: Objective;
  /** Nodes that could take a replica if they had room: Ready, not cordoned, tolerated, matched by affinity. */
  readonly eligibleNodes: number;
  /** Why the other nodes are not eligible, by node. */
  readonly ineligible: readonly IneligibleNode[];
  /** Why an eligible node has no room for a replica. */
  readonly noRoom: readonly Refusal[];
  /** The nodes that all this is about: as soon as one has changed, come or gone, it is of no use any more. */
  readonly table: NodeTable;
  /** What planning goes on with. */
  readonly problem: Problem;
  /**
   * The same for the replicas as they are by then, and for ways of fewer moves than this: what could not matter for these
   * is left out, but for the nodes that are to be shown.
   */
  readonly problemNear: (replicas: readonly Pod[], moves: number, shown?: readonly string[]) => Problem;
}

export function assess(request: AssessRequest): Assessment {
  const {replicas, replacement, topologies, snapshot} = request;
  const {placed} = summaryOf(replicas);
  const eligibility = eligibilityOf(replacement, topologies, snapshot);
  const closed = closedDomains(request);
  const broken = brokenRules({placed, replacement, topologies, snapshot});
  const table = nodeTable(snapshot);
  const occupancy = occupancyOf(placed, table);
  const tallies = new Map<string, DomainTally>();
  const tally = (topologyKey: string): DomainTally => {
    const known = tallies.get(topologyKey) ?? tallyOf(occupancy, topologyKey);
    tallies.set(topologyKey, known);
    return known;
  };
  const rules: ProblemRequest = {placed, occupancy, snapshot, closed, broken, eligibility};
  const survey = lazy(() => {
    const held = countsByNumber(occupancy);
    return roomSurvey(
      replacement,
      placed,
      snapshot,
      (name) => (held[table.numberOf.get(name) ?? -1] ?? 0) > 0,
    );
  });
  const room = lazy(() => roomOf(survey(), eligibility));

  const violators = conflictsOf(rules, 'hard');
  const violations = [...violators, ...broken.map(({message}) => ({message}))];

  const unlimited = (name: string) => (eligibility.eligible.has(name) ? Number.POSITIVE_INFINITY : 0);
  const wanted = lazy(() =>
    optimumOf(placed.length, (moves) => {
      const matter = nodesThatMatter(rules, ({name}) => unlimited(name), moves);
      return problemOf(rules, matter ?? allSites(rules), ({name}) => unlimited(name));
    }),
  );
  const unwantedNeighbours = conflictsOf(rules, 'soft');
  // What most workloads are most of the time is seen at a glance.
  const isEven = violations.length + unwantedNeighbours.length === 0 && liesEvenly(eligibility, tally);
  const wantedWay = isEven ? [] : wanted().optimum.way;
  const roomOfNode = (node: Node): number => {
    // What the policy forbids the scheduler may not know (yet).
    const isAsked = eligibility.eligible.has(node.name) && !isRuledOut(node, closed);
    const answer = isAsked ? survey()(node.name) : 0;
    return typeof answer === 'number' ? answer : 0;
  };
  const problem = lazy(() => problemOf(rules, allSites(rules), roomOfNode));
  // The tolerance for a domain depends on those that stay empty, too.
  const isTolerated = lazy(() => wanted().distribution.levels.some(isTolerant));
  const possible = lazy(() =>
    optimumOf(placed.length, (moves) => {
      const matter = isTolerated() ? undefined : nodesThatMatter(rules, roomOfNode, moves);
      return matter === undefined ? problem() : problemOf(rules, matter, roomOfNode);
    }),
  );
  // Where nothing would get better with all the room in the world, nothing gets better with less.
  const isBest =
    isEven ||
    (wantedWay.length === 0 && violations.length === 0 && boundsHold(wanted().distribution, closed));
  const isOpen = isBest || isWayOpen(rules, wanted(), roomOfNode);
  const {way, exact, atLeast} = isBest
    ? {way: [], exact: true, atLeast: 0}
    : (isOpen ? wanted() : possible()).optimum;
  const movesWanted = Math.max(wantedWay.length, violators.length, Math.min(1, violations.length));

  // What is tolerated depends on the room, so that the two objectives are not of one kind then.
  const fallsShort = lazy(
    () => !isOpen && !isTolerated() && isLess(wanted().optimum.objective, possible().optimum.objective),
  );
  const lacksRoom = () => movesWanted > way.length || fallsShort();

  const assessed = topologies.map(({topologyKey}) =>
    assessTopology(topologyKey, tally(topologyKey), eligibility, room),
  );
  const noRoom = lazy(() => {
    const filled = lacksRoom() ? filledByReplicas(request, placed, assessed, room()) : [];
    return [...room().refusals, ...filled, ...keptAway(rules, room())];
  });
  const objective = lazy(() => (isTolerated() ? possible() : wanted()).distribution.objective());
  return {
    topologies: assessed,
    movesNeeded: way.length,
    movesWanted,
    get lacksRoom() {
      return lacksRoom();
    },
    exact,
    movesAtLeast: atLeast,
    violations,
    unwantedNeighbours,
    get objective() {
      return objective();
    },
    eligibleNodes: eligibility.eligible.size,
    ineligible: eligibility.ineligible,
    get noRoom() {
      return noRoom();
    },
    table,
    get problem() {
      return problem();
    },
    problemNear: (replicas, moves, shown) => {
      const then = summaryOf(replicas).placed;
      const request = {...rules, placed: then, occupancy: occupancyOf(then, table)};
      return (
        problemNear(request, roomOfNode, moves, shown) ?? problemOf(request, allSites(request), roomOfNode)
      );
    },
  };
}

/** So many moves are enough for most workloads that a pod has just left, and for most that are not spread. */
const FEW_MOVES = [4, 32];

/**
 * With empty nodes for a few moves first. Where the way takes fewer, one node of each kind is left at each of its steps,
 * so that more of them would offer nothing that is not there already.
 */
function optimumOf(
  replicas: number,
  problemFor: (moves: number) => Pick<Problem, 'levels' | 'cells'>,
): {readonly distribution: Distribution; readonly optimum: Optimum} {
  for (const moves of FEW_MOVES) {
    const {levels, cells} = problemFor(replicas > moves ? moves : Number.POSITIVE_INFINITY);
    const distribution = new Distribution(levels, cells);
    if (replicas <= moves) {
      return {distribution, optimum: distribution.optimum()};
    }
    if (!distribution.isNested || levels.some(isTolerant)) {
      break;
    }
    const optimum = distribution.optimum();
    if (optimum.way.length < moves) {
      return {distribution, optimum};
    }
  }
  const {levels, cells} = problemFor(Number.POSITIVE_INFINITY);
  const distribution = new Distribution(levels, cells);
  return {distribution, optimum: distribution.optimum()};
}

/**
 * Whether the way to what would be best with all the room in the world has the room that it takes: then there is no
 * better one, and none that is shorter. Asks fewer nodes for their room than it takes to work the way out anew.
 */
function isWayOpen(
  rules: ProblemRequest,
  {distribution, optimum}: {readonly distribution: Distribution; readonly optimum: Optimum},
  roomOfNode: (node: Node) => number,
): boolean {
  const {levels} = distribution;
  return (
    rules.closed.length + rules.broken.length === 0 &&
    optimum.way.length > 0 &&
    !levels.some(isTolerant) &&
    distribution.isNested &&
    isPlentifulFor(optimum.way.length, rules, roomOfNode)
  );
}

function conflictsOf({placed, snapshot, closed}: ProblemRequest, hardness: 'hard' | 'soft'): Violation[] {
  if (closed.length === 0) {
    return [];
  }
  return placed
    .flatMap((pod) => {
      const info = snapshot.nodeInfo(pod.nodeName ?? '');
      const message = info === undefined ? undefined : describeConflict(pod, info.node, closed, hardness);
      return message === undefined ? [] : [{pod: pod.name, message}];
    })
    .sort((a, b) => compareText(a.message, b.message));
}

// Tolerance for a domain depends on its room. With one topology, less room only makes more differences tolerable; with
// several, that may free a way for the ones that come after it.
function boundsHold({levels}: Distribution, closed: readonly ClosedDomains[]): boolean {
  const topologies = levels.filter(({kind}) => kind !== 'cost');
  return !topologies.some(isTolerant) || (topologies.length === 1 && closed.every(({hard}) => hard));
}

// Nodes that the scheduler would choose and the policy forbids: its rule is not in the template (yet).
function keptAway({closed, eligibility}: ProblemRequest, room: Room): Refusal[] {
  return [...eligibility.eligible.values()].flatMap(({node: {name}, node}) =>
    (room.byNode.get(name) ?? 0) > 0 && isRuledOut(node, closed)
      ? [
          {
            plugin: 'InterPodAffinity',
            node: name,
            reasons: ['pods that separateFrom names'],
            resolvable: true,
          },
        ]
      : [],
  );
}

// Nodes that have room only for the replicas that they hold. The fullest domains give replicas: they need no room.
function filledByReplicas(
  {replacement, snapshot}: AssessRequest,
  placed: readonly Pod[],
  topologies: readonly TopologyAssessment[],
  room: Room,
): Refusal[] {
  const held = countByNode(placed);
  const isFull = (name: string) =>
    (held.get(name) ?? 0) >= (room.byNode.get(name) ?? Number.POSITIVE_INFINITY);
  const counts = topologies.map(({topologyKey, domains}) => ({
    topologyKey,
    fullest: domains[0]?.replicas ?? 0,
    replicas: new Map(domains.map((domain) => [domain.name, domain.replicas])),
  }));
  const isWanted = (name: string) =>
    counts.some(({topologyKey, fullest, replicas}) => {
      const own = replicas.get(snapshot.nodeInfo(name)?.node.labels[topologyKey] ?? '');
      return own !== undefined && own < fullest;
    });
  const {refusals} = filterNodes(replacement, snapshot, [nodePorts, nodeResourcesFit]);
  return refusals.filter(({node}) => isFull(node) && isWanted(node));
}
