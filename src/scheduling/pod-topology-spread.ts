import {matchesSelector} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import {nodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import {
  divide,
  type FilterPlugin,
  MAX_NODE_SCORE,
  type NodeFilter,
  type OverallScorePlugin,
  type PodToSchedule,
} from './framework.ts';
import {
  type Constraint,
  constraintsOf,
  counts,
  HOSTNAME,
  hasAllTopologies,
  matchingPodsByNode,
  nodeInclusion,
  whatCounts,
} from './spread-constraints.ts';

const CONSTRAINTS_NOT_MATCHED = "node(s) didn't match pod topology spread constraints";

/** Refuses nodes where the pod would break one of its DoNotSchedule constraints. */
export const podTopologySpread: FilterPlugin = {
  name: 'PodTopologySpread',

  prefilter(pod, snapshot) {
    const constraints = constraintsOf(pod, 'DoNotSchedule');
    if (constraints.length === 0) {
      return undefined;
    }
    const limits = hardLimits(pod, snapshot, constraints);
    const arrivalsAt = arrivalCounter(pod, constraints);
    const {numberOf} = nodeTable(snapshot);

    const filter: NodeFilter = ({node}, nominated = []) => {
      const number = numberOf.get(node.name) ?? -1;
      for (const limit of limits) {
        const {constraint, ofNode, podsIn, fewest, slack} = limit;
        const domain = ofNode[number] ?? -1;
        if (domain < 0) {
          return {
            plugin: 'PodTopologySpread',
            node: node.name,
            reasons: [`${CONSTRAINTS_NOT_MATCHED} (missing required label)`],
            resolvable: false,
          };
        }
        const arrivals = nominated.length === 0 ? 0 : arrivalsAt(node, constraint, nominated);
        const base = arrivals === 0 ? fewest : fewestPods(limit, {domain, arrivals});
        if ((podsIn[domain] ?? 0) + arrivals > base + slack) {
          return {
            plugin: 'PodTopologySpread',
            node: node.name,
            reasons: [CONSTRAINTS_NOT_MATCHED],
            resolvable: true,
          };
        }
      }
      return undefined;
    };
    return {filter, sweep: (takes) => sweepLimits(limits, takes)};
  },

  reach(pod, other, {before, after}) {
    const constraints = constraintsOf(pod, 'DoNotSchedule');
    const counting = constraints.filter(({selector}) => counts(selector, pod, other));
    if (counting.length === 0) {
      return [];
    }
    const fewestOf = (snapshot: SchedulingSnapshot) =>
      hardLimits(pod, snapshot, constraints).map(({fewest}) => fewest);
    // The limit is the same for all domains.
    return fewestOf(before).join() === fewestOf(after).join()
      ? counting.map(({topologyKey}) => topologyKey)
      : 'everywhere';
  },
};

/** Prefers domains with fewer matching pods: by the ScheduleAnyway constraints, or the system's defaults. */
export const podTopologySpreadScore: OverallScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  isLocal: false,

  prescore(pod, snapshot, feasible) {
    const constraints = constraintsOf(pod, 'ScheduleAnyway');
    if (constraints.length === 0) {
      return undefined;
    }
    // The system's defaults let nodes without a zone label still be spread by host.
    const requireAllTopologies = pod.spec.topologySpreadConstraints.length > 0;
    const columns = requireAllTopologies
      ? constraints.map(({topologyKey}) => nodeTable(snapshot).domains(topologyKey))
      : [];
    const ignored = new Uint8Array(feasible.length);
    for (const {ofNode} of columns) {
      for (let index = 0; index < feasible.length; index++) {
        if ((ofNode[feasible[index] ?? -1] ?? -1) < 0) {
          ignored[index] = 1;
        }
      }
    }
    const scored = ignored.includes(1) ? feasible.filter((_, index) => ignored[index] === 0) : feasible;
    const counted = softCounts(pod, snapshot, constraints, scored, requireAllTopologies);

    return {
      score: (number) => {
        let score = 0;
        for (const {constraint, weight, labelled, domainOf, podsIn} of counted) {
          if ((labelled[number] ?? -1) >= 0) {
            // maxSkew - 1 waters differences down: the wider the tolerance, the less they weigh.
            score += (podsIn[domainOf[number] ?? 0] ?? 0) * weight + (constraint.maxSkew - 1);
          }
        }
        return Math.round(score);
      },
      normalise: (scores) => normaliseFewest(scores, ignored),
    };
  },
};

interface HardLimit {
  readonly constraint: Constraint;
  /** The domain of each node, by numbers; -1 without the label. */
  readonly ofNode: Int32Array;
  /** The matching pods of each domain. */
  readonly podsIn: Int32Array;
  /** The domains with a node that counts. */
  readonly counted: Int32Array;
  /** The matching pods of the domain that has the fewest. */
  readonly fewest: number;
  /** By how many more a domain may hold and still take this one. */
  readonly slack: number;
}

function hardLimits(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  constraints: readonly Constraint[],
): HardLimit[] {
  const table = nodeTable(snapshot);
  return constraints.map((constraint) => {
    const {nodes, domains: counted} = whatCounts(pod.spec, constraint, constraints, snapshot);
    const {ofNode, names} = table.domains(constraint.topologyKey);
    const podsIn = new Int32Array(names.length);
    for (const [number, count] of matchingPodsByNode(constraint, pod.namespace, snapshot)) {
      const domain = nodes[number] === 1 ? (ofNode[number] ?? -1) : -1;
      if (domain >= 0) {
        podsIn[domain] = (podsIn[domain] ?? 0) + count;
      }
    }
    const self = matchesSelector(constraint.selector, pod.labels) ? 1 : 0;
    const limit = {constraint, ofNode, podsIn, counted, slack: constraint.maxSkew - self};
    return {...limit, fewest: fewestPods(limit)};
  });
}

function sweepLimits(limits: readonly HardLimit[], takes: Uint8Array): void {
  for (const {ofNode, podsIn, fewest, slack} of limits) {
    for (let number = 0; number < takes.length; number++) {
      const domain = ofNode[number] ?? -1;
      if (domain < 0 || (podsIn[domain] ?? 0) > fewest + slack) {
        takes[number] = 0;
      }
    }
  }
}

function fewestPods(
  {constraint: {minDomains}, podsIn, counted}: Omit<HardLimit, 'fewest'>,
  expected?: {readonly domain: number; readonly arrivals: number},
): number {
  let fewest = counted.length < minDomains ? 0 : Number.POSITIVE_INFINITY;
  for (let index = 0; index < counted.length; index++) {
    const domain = counted[index] ?? -1;
    const count = podsIn[domain] ?? 0;
    fewest = Math.min(fewest, domain === expected?.domain ? count + expected.arrivals : count);
  }
  return fewest;
}

/**
 * How many of the pods that a node is promised to count for a constraint. Unlike those that are there already, for a
 * selector that selects everything they all do, and terminating ones too (updateWithPod in filtering.go).
 */
function arrivalCounter(
  {namespace, spec}: PodToSchedule,
  constraints: readonly Constraint[],
): (node: Node, constraint: Constraint, nominated: readonly Pod[]) => number {
  const includes = nodeInclusion(spec);
  return (node, constraint, nominated) =>
    hasAllTopologies(node, constraints) && includes(node, constraint)
      ? nominated.filter(
          (other) => other.namespace === namespace && matchesSelector(constraint.selector, other.labels),
        ).length
      : 0;
}

interface SoftCount {
  readonly constraint: Constraint;
  /** The more domains there are, the more a pod in one of them weighs. */
  readonly weight: number;
  /** For each node, by its number, -1 where it lacks the label. */
  readonly labelled: Int32Array;
  /** The domain of each node, by numbers. */
  readonly domainOf: Int32Array;
  /** Matching pods of each domain. */
  readonly podsIn: Int32Array;
}

function softCounts(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  constraints: readonly Constraint[],
  scored: Int32Array,
  requireAllTopologies: boolean,
): SoftCount[] {
  const table = nodeTable(snapshot);
  const [first] = constraints;
  const ofFirst =
    first === undefined ? new Map<number, number>() : matchingPodsByNode(first, pod.namespace, snapshot);
  return constraints.map((constraint) => {
    const {topologyKey, selector} = constraint;
    const {ofNode: labelled} = table.domains(topologyKey);
    const matching =
      selector === first?.selector ? ofFirst : matchingPodsByNode(constraint, pod.namespace, snapshot);
    if (topologyKey === HOSTNAME) {
      const podsIn = new Int32Array(table.size);
      for (const [number, count] of matching) {
        podsIn[number] = count;
      }
      return {
        constraint,
        weight: normalisingWeight(scored.length),
        labelled,
        domainOf: table.everyNode,
        podsIn,
      };
    }
    const {ofNode, count: domains} = table.domainsOrNone(topologyKey);
    const isScored = new Uint8Array(domains);
    let scoredDomains = 0;
    for (let index = 0; index < scored.length; index++) {
      const domain = ofNode[scored[index] ?? 0] ?? 0;
      scoredDomains += isScored[domain] === 0 ? 1 : 0;
      isScored[domain] = 1;
    }
    const {nodes} = whatCounts(pod.spec, constraint, requireAllTopologies ? constraints : [], snapshot);
    const podsIn = new Int32Array(domains);
    for (const [number, count] of matching) {
      const domain = ofNode[number] ?? 0;
      if (isScored[domain] === 1 && nodes[number] === 1) {
        podsIn[domain] = (podsIn[domain] ?? 0) + count;
      }
    }
    return {constraint, weight: normalisingWeight(scoredDomains), labelled, domainOf: ofNode, podsIn};
  });
}

function normalisingWeight(domains: number): number {
  return Math.log(domains + 2);
}

function normaliseFewest(scores: Float64Array, ignored: Uint8Array): void {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let index = 0; index < scores.length; index++) {
    if (ignored[index] === 0) {
      lowest = Math.min(lowest, scores[index] ?? 0);
      highest = Math.max(highest, scores[index] ?? 0);
    }
  }
  for (let index = 0; index < scores.length; index++) {
    if (ignored[index] === 1) {
      scores[index] = 0;
    } else if (highest === 0) {
      scores[index] = MAX_NODE_SCORE;
    } else {
      scores[index] = divide(MAX_NODE_SCORE * (highest + lowest - (scores[index] ?? 0)), highest);
    }
  }
}
