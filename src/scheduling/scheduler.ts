/**
 * Runs the plugins of kube-scheduler's default profile over a snapshot: which nodes take a pod, why the others do
 * not, and which of them the scheduler would choose.
 */

import {nodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';
import {compareText, type NodeInfo, type SchedulingSnapshot, withPods} from '../cluster/snapshot.ts';
import {
  type FilterPlugin,
  intersectionOf,
  type NodeFilter,
  type PluginName,
  type PodRefusal,
  type PodToSchedule,
  type Refusal,
  type ScorePlugin,
} from './framework.ts';
import {imageLocality} from './image-locality.ts';
import {interPodAffinity, interPodAffinityScore} from './inter-pod-affinity.ts';
import {nodeAffinity, nodeAffinityScore} from './node-affinity.ts';
import {nodeDeclaredFeatures} from './node-declared-features.ts';
import {nodeName} from './node-name.ts';
import {nodePorts} from './node-ports.ts';
import {nodeResourcesBalancedAllocation} from './node-resources-balanced-allocation.ts';
import {nodeResourcesFit, nodeResourcesFitScore} from './node-resources-fit.ts';
import {nodeUnschedulable} from './node-unschedulable.ts';
import {nodeVolumeLimits} from './node-volume-limits.ts';
import {podTopologySpread, podTopologySpreadScore} from './pod-topology-spread.ts';
import {taintToleration, taintTolerationScore} from './taint-toleration.ts';
import {volumeBinding} from './volume-binding.ts';
import {volumeRestrictions} from './volume-restrictions.ts';
import {volumeZone} from './volume-zone.ts';

/** In upstream's order, which decides whose reason is given (pkg/scheduler/apis/config/v1/default_plugins.go). */
export const DEFAULT_FILTERS: readonly FilterPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  volumeRestrictions,
  nodeVolumeLimits,
  volumeBinding,
  volumeZone,
  podTopologySpread,
  interPodAffinity,
  nodeDeclaredFeatures,
];

export const DEFAULT_SCORES: readonly ScorePlugin[] = [
  taintTolerationScore,
  nodeAffinityScore,
  nodeResourcesFitScore,
  podTopologySpreadScore,
  interPodAffinityScore,
  nodeResourcesBalancedAllocation,
  imageLocality,
];

export interface FilterResult {
  readonly feasible: NodeInfo[];
  /** One for each other node: that of the first plugin that refuses it. */
  readonly refusals: Refusal[];
}

/** Judges every node of the snapshot. */
export function filterNodes(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  plugins: readonly FilterPlugin[] = DEFAULT_FILTERS,
): FilterResult {
  const filter = nodeFilter(pod, snapshot, plugins);
  const feasible: NodeInfo[] = [];
  const refusals: Refusal[] = [];
  for (const info of snapshot.nodeInfos()) {
    const refusal = filter(info);
    if (refusal === undefined) {
      feasible.push(info);
    } else {
      refusals.push(refusal);
    }
  }
  return {feasible, refusals};
}

/** Judges one node; undefined when it takes the pod. For several nodes `nodeFilter` prepares only once. */
export function filterNode(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  name: string,
  plugins: readonly FilterPlugin[] = DEFAULT_FILTERS,
): Refusal | undefined {
  const info = snapshot.nodeInfo(name);
  if (info === undefined) {
    throw new RangeError(`Node ${name}: expected a node of the snapshot, found none of that name`);
  }
  return nodeFilter(pod, snapshot, plugins)(info);
}

/** All plugins as one filter, prepared for this pod; valid as long as the snapshot does not change. */
export function nodeFilter(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  plugins: readonly FilterPlugin[] = DEFAULT_FILTERS,
): NodeFilter {
  return prepareFilters(pod, snapshot, plugins).filter;
}

export interface PreparedFilters {
  readonly filter: NodeFilter;
  /** By the numbers of the nodes in the table of the snapshot, 1 where the filter refuses nothing. */
  readonly sweep: () => Uint8Array;
}

/** The same filter, and its answers for all nodes at once. */
export function prepareFilters(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  plugins: readonly FilterPlugin[] = DEFAULT_FILTERS,
): PreparedFilters {
  const filters: NodeFilter[] = [];
  const sweeps: ((takes: Uint8Array) => void)[] = [];
  const narrowedBy: PluginName[] = [];
  let candidates: ReadonlySet<string> | undefined;
  for (const plugin of plugins) {
    const prepared = plugin.prefilter(pod, snapshot);
    if (prepared === undefined) {
      continue;
    }
    if (typeof prepared === 'function') {
      filters.push(prepared);
    } else if ('sweep' in prepared) {
      filters.push(prepared.filter);
      sweeps.push(prepared.sweep);
    } else if ('candidates' in prepared) {
      candidates =
        candidates === undefined ? prepared.candidates : intersectionOf(candidates, prepared.candidates);
      narrowedBy.push(plugin.name);
      filters.push(prepared.filter);
    } else {
      const filter = refuseEverywhere(prepared);
      return {filter, sweep: () => new Uint8Array(nodeTable(snapshot).size)};
    }
  }
  const filter: NodeFilter = (info) => {
    if (candidates !== undefined && !candidates.has(info.node.name)) {
      return {
        plugin: narrowedBy[0] ?? 'NodeAffinity',
        node: info.node.name,
        reasons: [`node(s) didn't satisfy plugin(s) [${narrowedBy.join(' ')}]`],
        resolvable: false,
      };
    }
    // Both with the pods that the node is promised to and without them, as neither is sure to be so
    // (RunFilterPluginsWithNominatedPods in pkg/scheduler/framework/runtime/framework.go).
    const promised = snapshot.nominatedPods(info.node.name);
    const nominated = promised.length === 0 ? promised : rivals(pod, promised);
    const withThem =
      nominated.length === 0 ? undefined : firstRefusal(filters, withPods(info, nominated), nominated);
    return withThem ?? firstRefusal(filters, info);
  };
  const sweep = (): Uint8Array => {
    const {size, numberOf} = nodeTable(snapshot);
    const takes = new Uint8Array(size).fill(1);
    for (const each of sweeps) {
      each(takes);
    }
    if (sweeps.length < filters.length) {
      let number = 0;
      for (const info of snapshot.nodeInfos()) {
        if (takes[number] === 1 && filter(info) !== undefined) {
          takes[number] = 0;
        }
        number += 1;
      }
      return takes;
    }
    for (const name of snapshot.nominatedNodes()) {
      const info = snapshot.nodeInfo(name);
      if (info !== undefined && filter(info) !== undefined) {
        takes[numberOf.get(name) ?? -1] = 0;
      }
    }
    return takes;
  };
  return {filter, sweep};
}

function firstRefusal(
  filters: readonly NodeFilter[],
  info: NodeInfo,
  nominated?: readonly Pod[],
): Refusal | undefined {
  for (const filter of filters) {
    const refusal = filter(info, nominated);
    if (refusal !== undefined) {
      return refusal;
    }
  }
  return undefined;
}

/** The pods that this one must leave room for: of the same scheduler's, those that are no less important. */
function rivals({uid, spec}: PodToSchedule, nominated: readonly Pod[]): readonly Pod[] {
  return nominated.filter(
    (other) =>
      other.spec.priority >= spec.priority &&
      other.spec.schedulerName === spec.schedulerName &&
      (uid === undefined || other.uid !== uid),
  );
}

function refuseEverywhere(refusal: PodRefusal): NodeFilter {
  return ({node}) => ({...refusal, node: node.name, wholePod: true});
}

export interface NodeTotal {
  /** The node's name. */
  readonly node: string;
  readonly total: number;
}

export interface NodeScore extends NodeTotal {
  /** What each plugin contributes, weighted; empty when there was nothing to choose. */
  readonly parts: readonly PluginScore[];
}

export interface PluginScore {
  readonly plugin: PluginName;
  readonly score: number;
}

/**
 * The feasible nodes, best first, equal ones by name. As upstream, a single feasible node is not scored. The
 * scheduler itself scores only a sample when more than 100 nodes are feasible, and chooses among the best at random.
 */
export function scoreNodes(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  feasible: readonly NodeInfo[],
  plugins: readonly ScorePlugin[] = DEFAULT_SCORES,
): NodeScore[] {
  const columns = scoreColumns(pod, snapshot, feasible, plugins);
  return feasible
    .map(({node}, index) => {
      const parts = columns.map(({plugin, scores}) => ({plugin, score: scores[index] ?? 0}));
      return {node: node.name, total: parts.reduce((total, {score}) => total + score, 0), parts};
    })
    .sort((a, b) => b.total - a.total || compareText(a.node, b.node));
}

/** The totals of `scoreNodes` alone, in the order of the nodes: a scheduler that explains nothing asks often. */
export function scoreTotals(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  feasible: readonly NodeInfo[],
  plugins: readonly ScorePlugin[] = DEFAULT_SCORES,
): NodeTotal[] {
  const columns = scoreColumns(pod, snapshot, feasible, plugins);
  return feasible.map(({node}, index) => ({
    node: node.name,
    total: columns.reduce((total, {scores}) => total + (scores[index] ?? 0), 0),
  }));
}

interface ScoreColumn {
  readonly plugin: PluginName;
  /** Weighted, in the order of the nodes. */
  readonly scores: Float64Array;
}

function scoreColumns(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  feasible: readonly NodeInfo[],
  plugins: readonly ScorePlugin[],
): ScoreColumn[] {
  if (feasible.length <= 1) {
    return [];
  }
  const {numberOf} = nodeTable(snapshot);
  const numbers = Int32Array.from(feasible, ({node}) => numberOf.get(node.name) ?? 0);
  const columns: ScoreColumn[] = [];
  for (const plugin of plugins) {
    const local = plugin.isLocal ? plugin.prescore(pod, snapshot) : undefined;
    const overall = plugin.isLocal ? undefined : plugin.prescore(pod, snapshot, numbers);
    const prepared = local ?? overall;
    if (prepared === undefined) {
      continue;
    }
    const scores = Float64Array.from(
      feasible,
      (info, index) => local?.score(info) ?? overall?.score(numbers[index] ?? 0) ?? 0,
    );
    prepared.normalise?.(scores);
    columns.push({plugin: plugin.name, scores: scores.map((each) => each * plugin.weight)});
  }
  return columns;
}

/** Those with the highest total: the scheduler takes any one of them. */
export function bestNodes<T extends NodeTotal>(scores: readonly T[]): T[] {
  const highest = Math.max(...scores.map(({total}) => total));
  return scores.filter(({total}) => total === highest);
}
