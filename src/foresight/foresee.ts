/** Carries acts out on the simulation of a picture and tells what came of them. Pure. */
import {
  conditionOf,
  DEPLOYMENTS,
  isPodActive,
  isPodFinished,
  keyOf,
  type PodObject,
  SERVICES,
  type ServiceObject,
} from '../simulator/objects.ts';
import type {SimulatedCluster} from '../simulator/simulated-cluster.ts';
import type {TimelineEntry} from '../simulator/timeline.ts';
import {type Act, assertActable, carryOut, type Drained} from './acts.ts';
import type {ClusterPicture} from './cluster-picture.ts';
import {type CpuBasis, type CpuDemand, cpuDemandOf} from './cpu-demand.ts';
import type {
  Outcome,
  PendingPod,
  ReplicaMove,
  SaturatedNode,
  ServiceOutage,
  StrandedPod,
  WorkloadReference,
} from './outcome.ts';
import {ReadyReplicas} from './ready-replicas.ts';
import {lossRounds, secondsBetween} from './rounds.ts';
import {type SimulationOptions, simulationOf} from './simulation.ts';
import {recreateStatefulPods} from './stateful-pods.ts';
import {WorkloadNames} from './workload-names.ts';

export interface ForesightOptions extends SimulationOptions {
  /** How long to look ahead, an hour by default. */
  readonly horizonSeconds?: number;
}

const DEFAULT_HORIZON_SECONDS = 3600;
/** Longer than an eviction takes (50 s to notice, 300 s of toleration), or than a node that panicked takes to return. */
const QUIET_SECONDS = 660;

/** Throws a RangeError when an act names what the cluster does not have. */
export function foresee(
  picture: ClusterPicture,
  acts: readonly Act[],
  options: ForesightOptions = {},
): Outcome {
  const demand = cpuDemandOf(picture);
  return foreseeWith(picture, acts, options, demand);
}

/** The same for callers that ask many times about one picture. */
export function foreseeWith(
  picture: ClusterPicture,
  acts: readonly Act[],
  {horizonSeconds = DEFAULT_HORIZON_SECONDS, ...options}: ForesightOptions,
  known: CpuDemand,
): Outcome {
  // Who says what the load is has said more than the requests do.
  const demand = acts.some(({kind}) => kind === 'Load') ? stated(known) : known;
  const cluster = simulationOf(picture, options, demand);
  recreateStatefulPods(cluster);
  assertActable(cluster, acts);
  const names = new WorkloadNames(cluster.api);
  const replicas = new ReadyReplicas(cluster, names);
  const pendingBefore = new Set(unscheduled(cluster).map(({metadata}) => metadata.uid));
  const unservedBefore = unserved(cluster);
  const saturatedBefore = saturatedNodes(cluster);
  const start = cluster.now;
  const drained: Drained[] = [];
  for (const act of acts) {
    const drain = carryOut(cluster, act, horizonSeconds);
    if (drain !== undefined) {
      drained.push(drain);
    }
  }
  cluster.advance(Math.max(0, start + horizonSeconds * 1000 - cluster.now));
  const {entries} = cluster.timeline;
  const rounds = lossRounds(entries, {start, names, replicas, saturatedBefore});
  const saturated = saturatedNodes(cluster);
  return {
    basis: known.basis,
    horizonSeconds,
    lost: acts.flatMap((act) => (act.kind === 'Lose' ? act.nodes : [])),
    rounds,
    outages: cluster.timeline.outages().map(
      ({service, from, to}): ServiceOutage => ({
        service,
        fromSeconds: secondsBetween(start, from),
        ...(to === undefined ? {} : {toSeconds: secondsBetween(start, to)}),
      }),
    ),
    unservedBefore,
    pending: unscheduled(cluster).map((pod) => pendingPod(pod, names, pendingBefore)),
    workloads: replicas.readiness((workload) => wantedOf(cluster, workload)),
    stranded: strandedPods(cluster, names),
    drains: drained.map((drain) => ({...drain, moves: movesFrom(drain.node, entries, names)})),
    saturatedBefore,
    saturated,
    settles: isQuiet(cluster, saturated),
  };
}

function movesFrom(node: string, entries: readonly TimelineEntry[], names: WorkloadNames): ReplicaMove[] {
  return entries.flatMap((entry) =>
    entry.kind === 'PodMoved' && entry.from === node
      ? [
          {
            workload: names.ofOwner(entry.namespace, entry.owner, entry.pod),
            pod: entry.pod,
            from: node,
            to: entry.node,
          },
        ]
      : [],
  );
}

function stated(demand: CpuDemand): CpuDemand & {readonly basis: CpuBasis} {
  return demand.basis === 'requests' ? {...demand, basis: 'metrics'} : demand;
}

function unscheduled(cluster: SimulatedCluster): PodObject[] {
  return cluster.pods().filter((pod) => pod.spec.nodeName === undefined && isPodActive(pod));
}

function pendingPod(pod: PodObject, names: WorkloadNames, before: ReadonlySet<string>): PendingPod {
  return {
    namespace: pod.metadata.namespace ?? '',
    pod: pod.metadata.name,
    workload: names.ofPod(pod),
    message: conditionOf(pod.status, 'PodScheduled')?.message ?? 'not looked at by the scheduler yet',
    wasPending: before.has(pod.metadata.uid),
  };
}

function unserved(cluster: SimulatedCluster): string[] {
  return (cluster.api.list(SERVICES) as readonly ServiceObject[])
    .filter(({spec}) => Object.keys(spec?.selector ?? {}).length > 0)
    .map(({metadata}) => keyOf(metadata))
    .filter((key) => !cluster.services.endpoints(key).some(({spec}) => cluster.isUp(spec.nodeName)));
}

function wantedOf(cluster: SimulatedCluster, {kind, namespace, name}: WorkloadReference): number | undefined {
  const deployment = kind === 'Deployment' ? cluster.api.get(DEPLOYMENTS, namespace, name) : undefined;
  return (deployment?.['spec'] as {readonly replicas?: number} | undefined)?.replicas;
}

/** On nodes that are down, with nothing in the simulation that would make another one in their place. */
function strandedPods(cluster: SimulatedCluster, names: WorkloadNames): StrandedPod[] {
  return cluster
    .pods()
    .filter(
      (pod) => pod.spec.nodeName !== undefined && !cluster.isUp(pod.spec.nodeName) && !isPodFinished(pod),
    )
    .map((pod) => ({workload: names.ofPod(pod), pod: pod.metadata.name, node: pod.spec.nodeName ?? ''}))
    .filter(({workload}) => !['Deployment', 'ReplicaSet', 'DaemonSet', 'Node'].includes(workload.kind));
}

function saturatedNodes(cluster: SimulatedCluster): SaturatedNode[] {
  return cluster
    .usage()
    .filter(({isSaturated}) => isSaturated)
    .map(({node, demand, capacity}) => ({node, demand: Math.round(demand), capacity}));
}

function isQuiet(cluster: SimulatedCluster, saturated: readonly SaturatedNode[]): boolean {
  const {now, parameters, timeline} = cluster;
  const {entries} = timeline;
  const last = entries.findLast(({kind}) => kind !== 'NodeSaturated')?.at ?? Number.NEGATIVE_INFINITY;
  const isDying = saturated.length > 0 && parameters.panicAfterSeconds > 0;
  // A node that panicked comes back, and its pods with it.
  const isReturning = entries.some((entry) => entry.kind === 'NodePanicked' && !cluster.isUp(entry.node));
  return !isDying && !isReturning && now - last >= QUIET_SECONDS * 1000;
}
