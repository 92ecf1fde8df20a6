import {type LabelSelector, type Labels, matchesSelector, withLabelKeys} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import {NodesMemo} from '../cluster/nodes-memo.ts';
import {isTerminating, type Pod} from '../cluster/pod.ts';
import type {PodSpec, TopologySpreadConstraint} from '../cluster/pod-spec.ts';
import type {NodeInfo, SchedulingSnapshot} from '../cluster/snapshot.ts';
import {
  divide,
  type FilterPlugin,
  MAX_NODE_SCORE,
  type PodToSchedule,
  type ScorePlugin,
} from './framework.ts';
import {requiredNodeAffinity} from './node-affinity.ts';
import {hasUntoleratedTaint} from './taint-toleration.ts';

const HOSTNAME = 'kubernetes.io/hostname';

/** What pods without constraints of their own are scored by (defaultingType System). */
const SYSTEM_DEFAULTS: readonly TopologySpreadConstraint[] = [
  {topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3},
  {topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5},
];

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

    return ({node}, nominated = []) => {
      for (const {constraint, podsByDomain, fewest, slack} of limits) {
        const domain = node.labels[constraint.topologyKey];
        if (domain === undefined) {
          return {
            plugin: 'PodTopologySpread',
            node: node.name,
            reasons: [`${CONSTRAINTS_NOT_MATCHED} (missing required label)`],
            resolvable: false,
          };
        }
        const arrivals = nominated.length === 0 ? 0 : arrivalsAt(node, constraint, nominated);
        const base = arrivals === 0 ? fewest : fewestPods(constraint, podsByDomain, {domain, arrivals});
        if ((podsByDomain.get(domain) ?? 0) + arrivals > base + slack) {
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
  },
};

/** Prefers domains with fewer matching pods: by the ScheduleAnyway constraints, or the system's defaults. */
export const podTopologySpreadScore: ScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,

  prescore(pod, snapshot, feasible) {
    const constraints = constraintsOf(pod, 'ScheduleAnyway');
    if (constraints.length === 0) {
      return undefined;
    }
    // The system's defaults let nodes without a zone label still be spread by host.
    const requireAllTopologies = pod.spec.topologySpreadConstraints.length > 0;
    const isIgnored = ({node}: NodeInfo): boolean =>
      requireAllTopologies && !hasAllTopologies(node, constraints);
    const scored = feasible.filter((info) => !isIgnored(info));
    const counts = softCounts(pod, snapshot, constraints, scored, requireAllTopologies);

    return {
      score: (info) => {
        if (isIgnored(info)) {
          return 0;
        }
        let score = 0;
        for (const {constraint, weight, podsOn} of counts) {
          if (info.node.labels[constraint.topologyKey] !== undefined) {
            // maxSkew - 1 waters differences down: the wider the tolerance, the less they weigh.
            score += podsOn(info.node) * weight + (constraint.maxSkew - 1);
          }
        }
        return Math.round(score);
      },
      normalise: (scores) => normaliseFewest(scores, feasible.map(isIgnored)),
    };
  },
};

/** A constraint with upstream's defaults filled in and matchLabelKeys merged into the selector. */
export interface Constraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly selector: LabelSelector | undefined;
  readonly minDomains: number;
  readonly honoursNodeAffinity: boolean;
  readonly honoursNodeTaints: boolean;
}

interface HardLimit {
  readonly constraint: Constraint;
  readonly podsByDomain: ReadonlyMap<string, number>;
  /** The matching pods of the domain that has the fewest. */
  readonly fewest: number;
  /** By how many more a domain may hold and still take this one. */
  readonly slack: number;
}

export function constraintsOf(
  pod: PodToSchedule,
  action: TopologySpreadConstraint['whenUnsatisfiable'],
): Constraint[] {
  const own = pod.spec.topologySpreadConstraints;
  const {defaultSpreadSelector} = pod;
  if (own.length > 0) {
    return own
      .filter((constraint) => constraint.whenUnsatisfiable === action)
      .map((constraint) => toConstraint(constraint, constraint.labelSelector, pod.labels));
  }
  if (defaultSpreadSelector === undefined || isEmptySelector(defaultSpreadSelector)) {
    return [];
  }
  return SYSTEM_DEFAULTS.filter((constraint) => constraint.whenUnsatisfiable === action).map((constraint) =>
    toConstraint(constraint, defaultSpreadSelector, pod.labels),
  );
}

function toConstraint(
  constraint: TopologySpreadConstraint,
  labelSelector: LabelSelector | undefined,
  podLabels: Labels,
): Constraint {
  return {
    maxSkew: constraint.maxSkew,
    topologyKey: constraint.topologyKey,
    // Merged by the API server already where it is new enough; merging twice changes nothing.
    selector: withLabelKeys(labelSelector, podLabels, constraint.matchLabelKeys),
    minDomains: constraint.minDomains ?? 1,
    honoursNodeAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
    honoursNodeTaints: constraint.nodeTaintsPolicy === 'Honor',
  };
}

function hardLimits(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  constraints: readonly Constraint[],
): HardLimit[] {
  const includes = nodeInclusion(pod.spec);
  const counted = constraints.map((constraint) => {
    const podsByDomain = new Map(includedDomains(pod.spec, constraint, constraints, snapshot));
    for (const [node, count] of matchingPodsByNode(constraint, pod.namespace, snapshot)) {
      if (hasAllTopologies(node, constraints) && includes(node, constraint)) {
        const domain = node.labels[constraint.topologyKey] ?? '';
        podsByDomain.set(domain, (podsByDomain.get(domain) ?? 0) + count);
      }
    }
    return {constraint, podsByDomain};
  });
  return counted.map(({constraint, podsByDomain}) => {
    const self = matchesSelector(constraint.selector, pod.labels) ? 1 : 0;
    return {
      constraint,
      podsByDomain,
      fewest: fewestPods(constraint, podsByDomain),
      slack: constraint.maxSkew - self,
    };
  });
}

const domainsOfNodes = new NodesMemo<ReadonlyMap<string, number>>();

/** Each domain with a node that counts for the constraint, at 0 pods. */
function includedDomains(
  spec: PodSpec,
  constraint: Constraint,
  constraints: readonly Constraint[],
  snapshot: SchedulingSnapshot,
): ReadonlyMap<string, number> {
  const {topologyKey, honoursNodeAffinity, honoursNodeTaints} = constraint;
  const question = JSON.stringify([
    topologyKey,
    constraints.map((each) => each.topologyKey),
    honoursNodeAffinity ? [spec.nodeSelector, spec.nodeAffinity.required] : null,
    honoursNodeTaints ? spec.tolerations : null,
  ]);
  return domainsOfNodes.get(snapshot, question, () => {
    const includes = nodeInclusion(spec);
    const domains = new Map<string, number>();
    for (const {node} of snapshot.nodeInfos()) {
      if (hasAllTopologies(node, constraints) && includes(node, constraint)) {
        domains.set(node.labels[topologyKey] ?? '', 0);
      }
    }
    return domains;
  });
}

function fewestPods(
  {minDomains}: Constraint,
  podsByDomain: ReadonlyMap<string, number>,
  expected?: {readonly domain: string; readonly arrivals: number},
): number {
  let fewest = podsByDomain.size < minDomains ? 0 : Number.POSITIVE_INFINITY;
  for (const [domain, count] of podsByDomain) {
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
  /** Matching pods in the node's domain. */
  readonly podsOn: (node: Node) => number;
}

function softCounts(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  constraints: readonly Constraint[],
  scored: readonly NodeInfo[],
  requireAllTopologies: boolean,
): SoftCount[] {
  const includes = nodeInclusion(pod.spec);
  return constraints.map((constraint) => {
    const {topologyKey} = constraint;
    const matching = matchingPodsByNode(constraint, pod.namespace, snapshot);
    if (topologyKey === HOSTNAME) {
      const byName = new Map([...matching].map(([node, count]) => [node.name, count]));
      return {
        constraint,
        weight: normalisingWeight(scored.length),
        podsOn: ({name}) => byName.get(name) ?? 0,
      };
    }
    // A node without the label stands for a domain of its own here, as upstream.
    const domainOf = (node: Node): string => node.labels[topologyKey] ?? '';
    const podsByDomain = new Map<string, number>();
    for (const {node} of scored) {
      podsByDomain.set(domainOf(node), 0);
    }
    for (const [node, count] of matching) {
      const known = podsByDomain.get(domainOf(node));
      const counts = !requireAllTopologies || hasAllTopologies(node, constraints);
      if (known !== undefined && counts && includes(node, constraint)) {
        podsByDomain.set(domainOf(node), known + count);
      }
    }
    return {
      constraint,
      weight: normalisingWeight(podsByDomain.size),
      podsOn: (node) => podsByDomain.get(domainOf(node)) ?? 0,
    };
  });
}

/** Whether a node counts for a constraint: nodeAffinityPolicy and nodeTaintsPolicy. */
export function nodeInclusion(spec: PodSpec): (node: Node, constraint: Constraint) => boolean {
  const matchesAffinity = requiredNodeAffinity(spec);
  return (node, constraint) =>
    (!constraint.honoursNodeAffinity || matchesAffinity === undefined || matchesAffinity(node)) &&
    (!constraint.honoursNodeTaints || !hasUntoleratedTaint(node.taints, spec.tolerations));
}

export function hasAllTopologies(node: Node, constraints: readonly Constraint[]): boolean {
  return constraints.every(({topologyKey}) => node.labels[topologyKey] !== undefined);
}

/** How many pods of the namespace a constraint counts on each node; nodes with none are left out. */
function matchingPodsByNode(
  {selector}: Constraint,
  namespace: string,
  snapshot: SchedulingSnapshot,
): Map<Node, number> {
  const counts = new Map<Node, number>();
  // Upstream counts nothing for a selector that selects everything.
  if (selector === undefined || isEmptySelector(selector)) {
    return counts;
  }
  for (const group of snapshot.podGroups(namespace)) {
    for (const pod of matchesSelector(selector, group.labels) ? group.pods : []) {
      const node = snapshot.nodeInfo(pod.nodeName ?? '')?.node;
      if (node !== undefined && !isTerminating(pod)) {
        counts.set(node, (counts.get(node) ?? 0) + 1);
      }
    }
  }
  return counts;
}

function isEmptySelector(selector: LabelSelector): boolean {
  return (
    Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
  );
}

function normalisingWeight(domains: number): number {
  return Math.log(domains + 2);
}

function normaliseFewest(scores: number[], ignored: readonly boolean[]): void {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (const [index, score] of scores.entries()) {
    if (ignored[index] !== true) {
      lowest = Math.min(lowest, score);
      highest = Math.max(highest, score);
    }
  }
  for (const [index, score] of scores.entries()) {
    if (ignored[index] === true) {
      scores[index] = 0;
    } else if (highest === 0) {
      scores[index] = MAX_NODE_SCORE;
    } else {
      scores[index] = divide(MAX_NODE_SCORE * (highest + lowest - score), highest);
    }
  }
}
