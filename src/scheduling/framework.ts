/**
 * kube-scheduler's filters and scores, as pure functions over a snapshot. May import `cluster/` only.
 *
 * Each plugin of the scheduler's default profile is a file under its upstream name
 * (k8s.io/kubernetes/pkg/scheduler/framework/plugins, version 1.36), so that the two can be held side by side;
 * this file holds what they share, `scheduler.ts` runs them.
 */
import type {LabelSelector, Labels} from '../cluster/label-selector.ts';
import type {Pod} from '../cluster/pod.ts';
import type {PodSpec} from '../cluster/pod-spec.ts';
import type {NodeInfo, SchedulingSnapshot} from '../cluster/snapshot.ts';

/** The scheduler's names, as they appear in its events and metrics. */
export type PluginName =
  | 'NodeUnschedulable'
  | 'NodeName'
  | 'TaintToleration'
  | 'NodeAffinity'
  | 'NodePorts'
  | 'NodeResourcesFit'
  | 'VolumeRestrictions'
  | 'NodeVolumeLimits'
  | 'VolumeBinding'
  | 'VolumeZone'
  | 'PodTopologySpread'
  | 'InterPodAffinity'
  | 'NodeDeclaredFeatures'
  | 'NodeResourcesBalancedAllocation'
  | 'ImageLocality';

/**
 * A pod that waits for a node, real or hypothetical; a `Pod` fits. Its terms are complete: matchLabelKeys already
 * merged into the selectors, as the API server does on creation (`completeForLabels`).
 */
export interface PodToSchedule {
  /** Of a real pod: what is promised to itself does not stand in its way. */
  readonly uid?: string;
  readonly namespace: string;
  /** Absent for a hypothetical pod: its generic ephemeral volumes have no claims yet. */
  readonly name?: string;
  readonly labels: Labels;
  readonly spec: PodSpec;
  /** spec.nodeName of a pod that asks for one node before it is scheduled. A bound pod's node is not this. */
  readonly requestedNodeName?: string;
  /**
   * What the system's default spread constraints count: the merged selectors of the services and the ReplicaSet
   * (or StatefulSet, ReplicationController) of the pod. Without one the defaults have no say.
   */
  readonly defaultSpreadSelector?: LabelSelector;
}

/** Why a node does not take the pod. */
export interface Refusal {
  readonly plugin: PluginName;
  /** The node's name. */
  readonly node: string;
  /** In the scheduler's own wording, such as `Insufficient cpu`. */
  readonly reasons: readonly string[];
  /**
   * Whether taking other pods off the node could help: upstream's Unschedulable (true) against
   * UnschedulableAndUnresolvable (false).
   */
  readonly resolvable: boolean;
  /** Said of the pod before any node was looked at; the scheduler's summary then counts no nodes. */
  readonly wholePod?: true;
}

/**
 * Undefined when the node takes the pod. `nominated` are pods of `info` that the snapshot does not have on that node:
 * what was computed from the snapshot does not know of them (upstream's PreFilterExtensions, AddPod).
 */
export type NodeFilter = (info: NodeInfo, nominated?: readonly Pod[]) => Refusal | undefined;

/** A filter that can also judge all nodes at once, which on thousands of them takes a small part of the time. */
export interface SweepingFilter {
  readonly filter: NodeFilter;
  /** Sets to 0, by the numbers of the nodes in the table of the snapshot, what the filter refuses; the rest is 1. */
  readonly sweep: (takes: Uint8Array) => void;
}

/** No node takes the pod, whatever it looks like. */
export type PodRefusal = Pick<Refusal, 'plugin' | 'reasons' | 'resolvable'>;

/** A filter that rules most nodes out by name (upstream's PreFilterResult). */
export interface NarrowedFilter {
  /** The names of the only nodes that are worth a look. */
  readonly candidates: ReadonlySet<string>;
  readonly filter: NodeFilter;
}

export interface FilterPlugin {
  readonly name: PluginName;
  /**
   * Computes once what the filter of all nodes needs. Undefined when the plugin has nothing to say about this pod
   * (upstream's Skip). The filter is valid as long as the snapshot does not change.
   */
  prefilter(
    pod: PodToSchedule,
    snapshot: SchedulingSnapshot,
  ): NodeFilter | SweepingFilter | NarrowedFilter | PodRefusal | undefined;
  /**
   * On which other nodes than its own the coming, going or change of another pod may change the answer. Absent where it
   * is on none.
   */
  reach?(pod: PodToSchedule, other: Pod, change: Change): Reach;
}

/** Two snapshots that differ in some pods. */
export interface Change {
  readonly before: SchedulingSnapshot;
  readonly after: SchedulingSnapshot;
}

/** Those in the same domain of one of these topologies, or all. */
export type Reach = readonly string[] | 'everywhere';

export type ScorePlugin = LocalScorePlugin | OverallScorePlugin;

interface NamedScore {
  readonly name: PluginName;
  /** The default profile's. */
  readonly weight: number;
}

/**
 * A node's raw score depends on nothing but the pod, the nodes and the pods on that node: it stays as it is while pods
 * elsewhere come and go, and whichever nodes take the pod.
 */
export interface LocalScorePlugin extends NamedScore {
  readonly isLocal: true;
  /** Undefined when the plugin has nothing to say about this pod (upstream's Skip). */
  prescore(pod: PodToSchedule, snapshot: SchedulingSnapshot): LocalScore | undefined;
}

export interface OverallScorePlugin extends NamedScore {
  readonly isLocal: false;
  /**
   * Undefined when the plugin does not tell these nodes apart.
   *
   * @param feasible the numbers of the nodes that take the pod, in the table of the snapshot
   */
  prescore(pod: PodToSchedule, snapshot: SchedulingSnapshot, feasible: Int32Array): OverallScore | undefined;
}

interface PreparedScore {
  /** Brings the raw scores, in the order of `feasible`, to 0..MAX_NODE_SCORE in place; absent where they are there. */
  readonly normalise?: (scores: Float64Array) => void;
}

/** A node's score from one plugin; higher is better. */
export interface LocalScore extends PreparedScore {
  readonly score: (info: NodeInfo) => number;
  /**
   * Writes the scores of all nodes of the snapshot, by their numbers, as they are in `resources`: the same at a small
   * part of the cost. What it does not write stays 0.
   */
  readonly sweep?: (into: Float64Array) => void;
}

export interface OverallScore extends PreparedScore {
  /** @param number the node's, in the table of the snapshot */
  readonly score: (number: number) => number;
}

/** fwk.MaxNodeScore */
export const MAX_NODE_SCORE = 100;

/**
 * Upstream's DefaultNormalizeScore (plugins/helper/normalize_score.go), in place: in proportion to the highest
 * score, and turned around when fewer is better.
 */
export function normaliseByHighest(
  scores: Float64Array,
  direction: 'more is better' | 'fewer is better',
): void {
  const fewer = direction === 'fewer is better';
  let highest = 0;
  for (let index = 0; index < scores.length; index++) {
    highest = Math.max(highest, scores[index] ?? 0);
  }
  for (let index = 0; index < scores.length; index++) {
    const share = highest === 0 ? 0 : divide(MAX_NODE_SCORE * (scores[index] ?? 0), highest);
    scores[index] = fewer ? MAX_NODE_SCORE - share : share;
  }
}

/** Go's division of integers: towards zero. */
export function divide(dividend: number, divisor: number): number {
  return Math.trunc(dividend / divisor);
}

export function intersectionOf(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  return new Set([...a].filter((name) => b.has(name)));
}
