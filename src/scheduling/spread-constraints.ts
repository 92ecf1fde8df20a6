/** Topology spread constraints as the scheduler reads them: those of a pod, and what counts for each. */
import {type LabelSelector, type Labels, matchesSelector, withLabelKeys} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import {nodeTable} from '../cluster/node-table.ts';
import {NodesMemo} from '../cluster/nodes-memo.ts';
import {isTerminating} from '../cluster/pod.ts';
import type {PodSpec, TopologySpreadConstraint} from '../cluster/pod-spec.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule} from './framework.ts';
import {requiredNodeAffinity} from './node-affinity.ts';
import {hasUntoleratedTaint} from './taint-toleration.ts';

export const HOSTNAME = 'kubernetes.io/hostname';

/** What pods without constraints of their own are scored by (defaultingType System). */
const SYSTEM_DEFAULTS: readonly TopologySpreadConstraint[] = [
  {topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3},
  {topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5},
];

/** A constraint with upstream's defaults filled in and matchLabelKeys merged into the selector. */
export interface Constraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly selector: LabelSelector | undefined;
  readonly minDomains: number;
  readonly honoursNodeAffinity: boolean;
  readonly honoursNodeTaints: boolean;
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

/** What counts for a constraint, whatever pods there are. */
interface Counting {
  /** By the number of the node, 1 where its pods count. */
  readonly nodes: Uint8Array;
  /** The domains of these. */
  readonly domains: Int32Array;
}

const known = new NodesMemo<Counting>();

/** @param among the constraints whose labels a node must have all of */
export function whatCounts(
  spec: PodSpec,
  constraint: Constraint,
  among: readonly Constraint[],
  snapshot: SchedulingSnapshot,
): Counting {
  const {topologyKey, honoursNodeAffinity, honoursNodeTaints} = constraint;
  const question = JSON.stringify([
    topologyKey,
    among.map((each) => each.topologyKey),
    honoursNodeAffinity ? [spec.nodeSelector, spec.nodeAffinity.required] : null,
    honoursNodeTaints ? spec.tolerations : null,
  ]);
  return known.get(snapshot.nodesVersion, question, () => {
    const includes = nodeInclusion(spec);
    const nodes = Uint8Array.from(snapshot.nodeInfos(), ({node}) =>
      Number(hasAllTopologies(node, among) && includes(node, constraint)),
    );
    const {ofNode} = nodeTable(snapshot).domains(topologyKey);
    const domains = new Set(ofNode.filter((domain, number) => domain >= 0 && nodes[number] === 1));
    return {nodes, domains: Int32Array.from(domains)};
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

/** How many pods of the namespace a constraint counts on each node, by its number; nodes with none are left out. */
export function matchingPodsByNode(
  {selector}: Constraint,
  namespace: string,
  snapshot: SchedulingSnapshot,
): Map<number, number> {
  const counts = new Map<number, number>();
  // Upstream counts nothing for a selector that selects everything.
  if (selector === undefined || isEmptySelector(selector)) {
    return counts;
  }
  const {numberOf} = nodeTable(snapshot);
  for (const group of snapshot.podGroupsMeantBy(namespace, selector)) {
    for (const pod of matchesSelector(selector, group.labels) ? group.pods : []) {
      const number = isTerminating(pod) ? undefined : numberOf.get(pod.nodeName ?? '');
      if (number !== undefined) {
        counts.set(number, (counts.get(number) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** Whether a constraint of the one pod counts the other one, as long as that is not terminating. */
export function counts(
  selector: Constraint['selector'],
  {namespace}: PodToSchedule,
  other: {readonly namespace: string; readonly labels: Labels},
): boolean {
  return (
    other.namespace === namespace &&
    selector !== undefined &&
    !isEmptySelector(selector) &&
    matchesSelector(selector, other.labels)
  );
}

function isEmptySelector(selector: LabelSelector): boolean {
  return (
    Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
  );
}
