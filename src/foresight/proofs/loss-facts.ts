/**
 * What the proofs read of a picture: who sits where, what would be made anew after a loss, who answers for which Service.
 * Pure.
 */

import {type ApiPod, type Pod, toPod} from '../../cluster/pod.ts';
import {type ApiPodSpec, completeForLabels, toPodSpec} from '../../cluster/pod-spec.ts';
import {parseMilli} from '../../cluster/quantity.ts';
import {currentReplicaSet, type WorkloadReplicas} from '../../cluster/replicas.ts';
import type {ClusterState} from '../../cluster/snapshot.ts';
import type {PodToSchedule} from '../../scheduling/framework.ts';
import {zoneOf} from '../../simulator/controllers/node-zones.ts';
import {toleratedMilliseconds} from '../../simulator/controllers/taint-eviction-controller.ts';
import {type PodCpuSpec, podCpuSpec} from '../../simulator/load/pod-cpu.ts';
import {
  controllerOf,
  isPodFinished,
  keyOf,
  type NodeObject,
  type PodObject,
  type ReplicaSetObject,
} from '../../simulator/objects.ts';
import {type ClusterPicture, cachesOf} from '../cluster-picture.ts';
import {isEndpoint, isPod, isService, servicesByPod} from '../cpu-demand.ts';
import {nodesThatAnswer} from '../nodes-that-answer.ts';
import {describeWorkload} from '../outcome.ts';

/** The pods of one ReplicaSet: all of them are made anew alike. */
export interface ReplicaGroup {
  /** `Deployment shop/web` */
  readonly name: string;
  /** A replica as its ReplicaSet would create it. */
  readonly pod: PodToSchedule;
  readonly cpu: PodCpuSpec;
  /** Whether what decides about its node is what the scheduling filters say, and nothing else. */
  readonly isOrdinary: boolean;
}

export interface Resident {
  readonly object: PodObject;
  /** What makes it anew when it is evicted; absent of pods that nothing in the simulation makes anew. */
  readonly group?: ReplicaGroup;
  /** Whether it is evicted at all, and when: seconds after its node was found to be unreachable. */
  readonly toleratedSeconds: number;
  /** Keys of the Services that select it. */
  readonly services: readonly string[];
}

export interface LossFacts {
  readonly state: ClusterState;
  /** Names of the nodes that answer, ordered; the proofs know them by their position. */
  readonly nodes: readonly string[];
  readonly idOf: ReadonlyMap<string, number>;
  /** Pods by the position of their node. */
  readonly residents: readonly (readonly Resident[])[];
  /** Those on nodes that do not answer and are yet to be evicted: they are made anew whatever else is lost. */
  readonly onSilentNodes: readonly Resident[];
  /** Pods without a node, which may take room when something changes. */
  readonly waiting: readonly {readonly pod: Pod; readonly resident: Resident}[];
  /** milliCPU, by node id. */
  readonly capacities: readonly number[];
  /** Node ids of the endpoints that answer, once for each endpoint, by Service. */
  readonly endpoints: ReadonlyMap<string, readonly number[]>;
  /** By node id. */
  readonly zones: readonly string[];
  readonly silentInZone: ReadonlyMap<string, number>;
  /** Why nothing can be proven: something is on its way that no loss began. */
  readonly unrest: string | undefined;
}

const UNREACHABLE = [{key: 'node.kubernetes.io/unreachable', effect: 'NoExecute'}] as const;

export function lossFactsOf(picture: ClusterPicture): LossFacts {
  const {cache} = cachesOf(picture);
  const nodes = nodesThatAnswer(picture);
  const idOf = new Map(nodes.map((name, id) => [name, id]));
  const servicesOf = servicesByPod(picture.objects.filter(isService));
  const groups = replicaGroups(picture);
  const residents: Resident[][] = nodes.map(() => []);
  const onSilentNodes: Resident[] = [];
  const waiting: {pod: Pod; resident: Resident}[] = [];
  const endpoints = new Map<string, number[]>();
  let unrest: string | undefined;
  for (const object of picture.objects.filter(isPod)) {
    const {nodeName} = object.spec;
    if (isPodFinished(object)) {
      continue;
    }
    const services = servicesOf(object);
    const group = groups.get(controllerOf(object)?.uid ?? '');
    const resident: Resident = {
      object,
      services,
      toleratedSeconds: toleratedMilliseconds(object, [...UNREACHABLE]) / 1000,
      ...(group === undefined ? {} : {group}),
    };
    if (nodeName === undefined) {
      waiting.push({pod: toPod(object as unknown as ApiPod), resident});
      continue;
    }
    const id = idOf.get(nodeName);
    if (id === undefined) {
      // What is on its way out there was made anew already.
      if (object.metadata.deletionTimestamp === undefined) {
        onSilentNodes.push(resident);
      }
      continue;
    }
    residents[id]?.push(resident);
    unrest ??= unrestOf(object);
    for (const key of isEndpoint(object) ? services : []) {
      const known = endpoints.get(key);
      if (known === undefined) {
        endpoints.set(key, [id]);
      } else {
        known.push(id);
      }
    }
  }
  for (const workload of cache.workloads()) {
    unrest ??= rolloutOf(cache.replicasOf(workload));
  }
  const zones = zonesOf(picture);
  const capacities = capacitiesOf(picture);
  const silentInZone = new Map<string, number>();
  for (const [name, zone] of zones) {
    if (!idOf.has(name)) {
      silentInZone.set(zone, (silentInZone.get(zone) ?? 0) + 1);
    }
  }
  return {
    state: cache.state,
    nodes,
    idOf,
    residents,
    onSilentNodes,
    waiting,
    endpoints,
    capacities: nodes.map((name) => capacities.get(name) ?? 0),
    zones: nodes.map((name) => zones.get(name) ?? ''),
    silentInZone,
    unrest,
  };
}

/** Whether the Deployment or its ReplicaSet would make or take away pods without any loss. */
function rolloutOf(replicas: WorkloadReplicas): string | undefined {
  const {workload, pods, replicaSets} = replicas;
  const name = `Deployment ${workload.namespace}/${workload.name}`;
  const current = currentReplicaSet(replicas);
  if (current === undefined && workload.replicas > 0) {
    return `${name} has not acted on its newest spec yet`;
  }
  if (pods.some(({controller}) => controller?.uid !== current?.uid)) {
    return `${name} is rolling out`;
  }
  const wanted = replicaSets.reduce((sum, each) => sum + each.replicas, 0);
  return pods.length === workload.replicas && wanted === workload.replicas
    ? undefined
    : `${name} has ${pods.length} replicas of ${workload.replicas}`;
}

function unrestOf({metadata, status}: PodObject): string | undefined {
  if (metadata.deletionTimestamp !== undefined) {
    return `Pod ${keyOf(metadata)} is terminating`;
  }
  return status?.phase === 'Running' ? undefined : `Pod ${keyOf(metadata)} is starting`;
}

function zonesOf({objects}: ClusterPicture): Map<string, string> {
  return new Map(
    objects.flatMap((object) =>
      object.kind === 'Node' ? [[object.metadata.name, zoneOf(object as NodeObject)] as const] : [],
    ),
  );
}

function capacitiesOf({objects}: ClusterPicture): Map<string, number> {
  return new Map(
    objects.flatMap((object) =>
      object.kind === 'Node'
        ? [[object.metadata.name, parseMilli((object as NodeObject).status?.capacity?.['cpu'] ?? 0)] as const]
        : [],
    ),
  );
}

function replicaGroups({objects}: ClusterPicture): ReadonlyMap<string, ReplicaGroup> {
  const groups = new Map<string, ReplicaGroup>();
  for (const object of objects) {
    if (object.kind !== 'ReplicaSet' || object.metadata.deletionTimestamp !== undefined) {
      continue;
    }
    const {metadata, spec} = object as ReplicaSetObject;
    const owner = controllerOf(object);
    const namespace = metadata.namespace ?? '';
    const labels = spec.template.metadata?.labels ?? {};
    const template = (spec.template.spec ?? {}) as ApiPodSpec & {
      readonly schedulingGates?: readonly unknown[];
      readonly nodeName?: string;
    };
    const podSpec = completeForLabels(toPodSpec(template), labels);
    groups.set(metadata.uid, {
      name: describeWorkload({
        kind: owner?.kind ?? 'ReplicaSet',
        namespace,
        name: owner?.name ?? metadata.name,
      }),
      pod: {namespace, labels, spec: podSpec},
      cpu: podCpuSpec({...object, metadata: {...metadata, ...spec.template.metadata}, spec: template}),
      isOrdinary:
        podSpec.schedulerName === 'default-scheduler' &&
        (template.schedulingGates ?? []).length === 0 &&
        podSpec.resourceClaims.length === 0 &&
        template.nodeName === undefined &&
        (owner === undefined || owner.kind === 'Deployment'),
    });
  }
  return groups;
}
