/**
 * Runs the plugins of kube-scheduler's default profile over a snapshot: which nodes take a pod, why the others do
 * not, and which of them the scheduler would choose.
 */
import {compareText, type NodeInfo, type SchedulingSnapshot} from '../cluster/snapshot.ts';
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
import {nodeName} from './node-name.ts';
import {nodePorts} from './node-ports.ts';
import {nodeResourcesBalancedAllocation} from './node-resources-balanced-allocation.ts';
import {nodeResourcesFit, nodeResourcesFitScore} from './node-resources-fit.ts';
import {nodeUnschedulable} from './node-unschedulable.ts';
import {podTopologySpread, podTopologySpreadScore} from './pod-topology-spread.ts';
import {taintToleration, taintTolerationScore} from './taint-toleration.ts';

/** In upstream's order, which decides whose reason is given (pkg/scheduler/apis/config/v1/default_plugins.go). */
export const DEFAULT_FILTERS: readonly FilterPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  podTopologySpread,
  interPodAffinity,
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
  const filters: NodeFilter[] = [];
  const narrowedBy: PluginName[] = [];
  let candidates: ReadonlySet<string> | undefined;
  for (const plugin of plugins) {
    const prepared = plugin.prefilter(pod, snapshot);
    if (prepared === undefined) {
      continue;
    }
    if (typeof prepared === 'function') {
      filters.push(prepared);
    } else if ('candidates' in prepared) {
      candidates =
        candidates === undefined ? prepared.candidates : intersectionOf(candidates, prepared.candidates);
      narrowedBy.push(plugin.name);
      filters.push(prepared.filter);
    } else {
      return refuseEverywhere(prepared);
    }
  }
  return (info) => {
    if (candidates !== undefined && !candidates.has(info.node.name)) {
      return {
        plugin: narrowedBy[0] ?? 'NodeAffinity',
        node: info.node.name,
        reasons: [`node(s) didn't satisfy plugin(s) [${narrowedBy.join(' ')}]`],
        resolvable: false,
      };
    }
    for (const filter of filters) {
      const refusal = filter(info);
      if (refusal !== undefined) {
        return refusal;
      }
    }
    return undefined;
  };
}

function refuseEverywhere(refusal: PodRefusal): NodeFilter {
  return ({node}) => ({...refusal, node: node.name, wholePod: true});
}

export interface NodeScore {
  /** The node's name. */
  readonly node: string;
  readonly total: number;
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
  const scored = feasible.map(({node}) => ({node: node.name, total: 0, parts: [] as PluginScore[]}));
  if (feasible.length <= 1) {
    return scored;
  }
  for (const plugin of plugins) {
    const prepared = plugin.prescore(pod, snapshot, feasible);
    if (prepared === undefined) {
      continue;
    }
    const score = typeof prepared === 'function' ? prepared : prepared.score;
    const scores = feasible.map(score);
    if (typeof prepared !== 'function') {
      prepared.normalise(scores);
    }
    for (const [index, entry] of scored.entries()) {
      const weighted = (scores[index] ?? 0) * plugin.weight;
      entry.total += weighted;
      entry.parts.push({plugin: plugin.name, score: weighted});
    }
  }
  return scored.sort((a, b) => b.total - a.total || compareText(a.node, b.node));
}

/** Those with the highest total: the scheduler takes any one of them. */
export function bestNodes(scores: readonly NodeScore[]): NodeScore[] {
  const highest = Math.max(...scores.map(({total}) => total));
  return scores.filter(({total}) => total === highest);
}
