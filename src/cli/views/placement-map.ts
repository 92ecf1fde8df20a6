/** The document of `kubectl spread map`: Deployments by nodes, or by the values of another topology key. */

import type {NodeInfo} from '../../cluster/node-info.ts';
import type {Pod} from '../../cluster/pod.ts';
import {isTerminating} from '../../cluster/pod.ts';
import {compareText} from '../../cluster/snapshot.ts';
import type {ClusterCaches, ClusterPicture} from '../../foresight/cluster-picture.ts';
import {cpuUsageOfNodes} from '../../foresight/cpu-usage.ts';
import type {OperatorPreview, WorkloadPreview} from '../../foresight/operator-preview.ts';

export const MAP_KIND = 'PlacementMap';

export interface PlacementMap {
  /** Of which namespaces of which cluster. */
  readonly scope: string;
  /** RFC 3339: of which moment. */
  readonly time: string;
  /** What the columns are the values of. */
  readonly topologyKey: string;
  readonly domains: readonly MappedDomain[];
  /** Worst first. */
  readonly workloads: readonly MappedWorkload[];
  /** What limits this answer. */
  readonly notes: readonly string[];
}

export interface MappedDomain {
  readonly name: string;
  readonly nodes: number;
  readonly notReady: number;
  readonly cordoned: number;
  /** Its nodes use more than 85 percent of their CPU, as in hotNodes.highPercent by default. */
  readonly isHot: boolean;
  /** Percent of what its nodes can allocate; absent where it is not known for all of them. */
  readonly cpuUsed?: number;
  readonly cpuRequested: number;
  /** Of other owners than the Deployments of the map. */
  readonly otherPods: number;
}

export interface MappedWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  /** Moves that would spread it over these domains. */
  readonly movesNeeded: number;
  /** Where replicas are, by the name of the domain. */
  readonly placement: Readonly<Record<string, number>>;
  /** Domains with at least two replicas more than another one that could take them. */
  readonly crowded: readonly string[];
  /** Without a node. */
  readonly pending: number;
}

export interface PlacementMapFacts {
  readonly caches: ClusterCaches;
  readonly picture: ClusterPicture;
  /** Of a policy on the topology key alone. */
  readonly preview: OperatorPreview;
  readonly topologyKey: string;
  readonly scope: string;
}

const HOSTNAME = 'kubernetes.io/hostname';
const HOT_PERCENT = 85;
/** Nodes without the label. */
const NOWHERE = '(none)';

export function placementMapOf(facts: PlacementMapFacts): PlacementMap {
  const {caches, picture, preview, topologyKey, scope} = facts;
  const {cache} = caches;
  const domainOf = ({node}: NodeInfo): string =>
    node.labels[topologyKey] ?? (topologyKey === HOSTNAME ? node.name : NOWHERE);
  const infos = [...cache.state.nodeInfos()];
  const domainOfNode = new Map(infos.map((info) => [info.node.name, domainOf(info)]));
  const mapped = new Set(
    preview.workloads.flatMap(({workload}) => cache.replicasOf(workload).pods.map(({uid}) => uid)),
  );
  const usage = cpuUsageOfNodes(picture);
  const domains = [...Map.groupBy(infos, domainOf)]
    .map(([name, of]) => mappedDomain(name, of, usage, mapped))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', {numeric: true}));
  return {
    scope,
    time: new Date(picture.takenAt).toISOString(),
    topologyKey,
    domains,
    workloads: preview.workloads
      .map((each) => mappedWorkload(each, cache.replicasOf(each.workload).pods, domainOfNode))
      .sort(
        (a, b) =>
          b.movesNeeded - a.movesNeeded ||
          compareText(a.namespace, b.namespace) ||
          compareText(a.name, b.name),
      ),
    notes: picture.missing
      .filter(({resource}) => resource === 'metrics.k8s.io/v1beta1 nodes')
      .map(({reason}) => `hot nodes are not marked: ${reason}`),
  };
}

function mappedDomain(
  name: string,
  infos: readonly NodeInfo[],
  usage: ReadonlyMap<string, number>,
  mapped: ReadonlySet<string>,
): MappedDomain {
  const sum = (of: (info: NodeInfo) => number) => infos.reduce((total, info) => total + of(info), 0);
  const allocatable = Math.max(
    1,
    sum(({node}) => node.allocatable.milliCPU),
  );
  const percent = (milliCPU: number) => Math.round((100 * milliCPU) / allocatable);
  const isKnown = infos.every(({node}) => usage.has(node.name));
  const used = percent(sum(({node}) => usage.get(node.name) ?? 0));
  return {
    name,
    nodes: infos.length,
    notReady: infos.filter(({node}) => node.ready !== 'True').length,
    cordoned: infos.filter(({node}) => node.unschedulable).length,
    isHot: isKnown && used > HOT_PERCENT,
    ...(isKnown ? {cpuUsed: used} : {}),
    cpuRequested: percent(sum(({requested}) => requested.milliCPU)),
    otherPods: sum(({pods}) => pods.filter(({uid}) => !mapped.has(uid)).length),
  };
}

function mappedWorkload(
  {workload, entry}: WorkloadPreview,
  pods: readonly Pod[],
  domainOfNode: ReadonlyMap<string, string>,
): MappedWorkload {
  const placement: Record<string, number> = {};
  const alive = pods.filter((pod) => !isTerminating(pod));
  for (const {nodeName} of alive) {
    const domain = nodeName === undefined ? undefined : domainOfNode.get(nodeName);
    if (domain !== undefined) {
      placement[domain] = (placement[domain] ?? 0) + 1;
    }
  }
  const [topology] = entry.topologies ?? [];
  const fullest = Math.max(0, ...Object.values(placement));
  const emptiest = fullest - (topology?.skew ?? 0);
  return {
    namespace: workload.namespace,
    name: workload.name,
    replicas: alive.length,
    movesNeeded: entry.movesNeeded,
    placement,
    crowded: Object.keys(placement).filter((domain) => (placement[domain] ?? 0) > emptiest + 1),
    pending: alive.filter(({nodeName}) => nodeName === undefined).length,
  };
}
