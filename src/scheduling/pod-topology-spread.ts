import {type LabelSelector, type Labels, matchesSelector, withLabelKeys} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import {isTerminating} from '../cluster/pod.ts';
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

    return ({node}) => {
      for (const {topologyKey, podsByDomain, mostPods} of limits) {
        const domain = node.labels[topologyKey];
        if (domain === undefined) {
          return {
            plugin: 'PodTopologySpread',
            node: node.name,
            reasons: [`${CONSTRAINTS_NOT_MATCHED} (missing required label)`],
            resolvable: false,
          };
        }
        if ((podsByDomain.get(domain) ?? 0) > mostPods) {
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
        for (const {constraint, weight, podsByDomain} of counts) {
          const domain = info.node.labels[constraint.topologyKey];
          if (domain !== undefined) {
            const count = podsByDomain?.get(domain) ?? countMatchingPods(info, constraint, pod.namespace);
            // maxSkew - 1 waters differences down: the wider the tolerance, the less they weigh.
            score += count * weight + (constraint.maxSkew - 1);
          }
        }
        return Math.round(score);
      },
      normalise: (scores) => normaliseFewest(scores, feasible.map(isIgnored)),
    };
  },
};

/** A constraint with upstream's defaults filled in and matchLabelKeys merged into the selector. */
interface Constraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly selector: LabelSelector | undefined;
  readonly minDomains: number;
  readonly honoursNodeAffinity: boolean;
  readonly honoursNodeTaints: boolean;
}

interface HardLimit {
  readonly topologyKey: string;
  readonly podsByDomain: ReadonlyMap<string, number>;
  /** How many matching pods a domain may hold and still take this one. */
  readonly mostPods: number;
}

function constraintsOf(
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
  const counted = constraints.map((constraint) => ({constraint, podsByDomain: new Map<string, number>()}));
  const includes = nodeInclusion(pod.spec);
  for (const info of snapshot.nodeInfos()) {
    if (!hasAllTopologies(info.node, constraints)) {
      continue;
    }
    for (const {constraint, podsByDomain} of counted) {
      if (includes(info.node, constraint)) {
        const domain = info.node.labels[constraint.topologyKey] ?? '';
        const count = countMatchingPods(info, constraint, pod.namespace);
        podsByDomain.set(domain, (podsByDomain.get(domain) ?? 0) + count);
      }
    }
  }
  return counted.map(({constraint, podsByDomain}) => {
    const {topologyKey, maxSkew, minDomains, selector} = constraint;
    let fewest = podsByDomain.size < minDomains ? 0 : Number.POSITIVE_INFINITY;
    for (const count of podsByDomain.values()) {
      fewest = Math.min(fewest, count);
    }
    const self = matchesSelector(selector, pod.labels) ? 1 : 0;
    return {topologyKey, podsByDomain, mostPods: maxSkew + fewest - self};
  });
}

interface SoftCount {
  readonly constraint: Constraint;
  /** The more domains there are, the more a pod in one of them weighs. */
  readonly weight: number;
  /** Absent for the hostname, where a domain is a node and is counted when it is scored. */
  readonly podsByDomain?: ReadonlyMap<string, number>;
}

function softCounts(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  constraints: readonly Constraint[],
  scored: readonly NodeInfo[],
  requireAllTopologies: boolean,
): SoftCount[] {
  const counts = constraints.map((constraint) => {
    if (constraint.topologyKey === HOSTNAME) {
      return {constraint, weight: normalisingWeight(scored.length)};
    }
    // A node without the label stands for a domain of its own here, as upstream.
    const domains = scored.map(({node}) => node.labels[constraint.topologyKey] ?? '');
    const podsByDomain = new Map(domains.map((domain) => [domain, 0]));
    return {constraint, weight: normalisingWeight(podsByDomain.size), podsByDomain};
  });
  if (counts.every(({podsByDomain}) => podsByDomain === undefined)) {
    return counts;
  }
  const includes = nodeInclusion(pod.spec);
  for (const info of snapshot.nodeInfos()) {
    if (requireAllTopologies && !hasAllTopologies(info.node, constraints)) {
      continue;
    }
    for (const {constraint, podsByDomain} of counts) {
      const domain = info.node.labels[constraint.topologyKey] ?? '';
      const count = podsByDomain?.get(domain);
      if (count !== undefined && includes(info.node, constraint)) {
        podsByDomain?.set(domain, count + countMatchingPods(info, constraint, pod.namespace));
      }
    }
  }
  return counts;
}

/** Whether a node counts for a constraint: nodeAffinityPolicy and nodeTaintsPolicy. */
function nodeInclusion(spec: PodSpec): (node: Node, constraint: Constraint) => boolean {
  const matchesAffinity = requiredNodeAffinity(spec);
  return (node, constraint) =>
    (!constraint.honoursNodeAffinity || matchesAffinity === undefined || matchesAffinity(node)) &&
    (!constraint.honoursNodeTaints || !hasUntoleratedTaint(node.taints, spec.tolerations));
}

function hasAllTopologies(node: Node, constraints: readonly Constraint[]): boolean {
  return constraints.every(({topologyKey}) => node.labels[topologyKey] !== undefined);
}

function countMatchingPods(info: NodeInfo, {selector}: Constraint, namespace: string): number {
  // Upstream counts nothing for a selector that selects everything.
  if (selector === undefined || isEmptySelector(selector)) {
    return 0;
  }
  let count = 0;
  for (const pod of info.pods.values()) {
    if (pod.namespace === namespace && !isTerminating(pod) && matchesSelector(selector, pod.labels)) {
      count++;
    }
  }
  return count;
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
