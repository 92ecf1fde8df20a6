/**
 * A cluster at one moment, as the objects that its API server tells: live, saved or assumed. What foresight is asked
 * about. Pure: values in, values out; this folder may import everything but `kube/`, `cli/` and `observability/`.
 */
import {API_VERSION, KIND} from '../api/names.ts';
import type {SpreadPolicy} from '../api/types.ts';
import {ClusterCache} from '../cluster/cluster-cache.ts';
import {type ApiDisruptionBudget, toDisruptionBudget} from '../cluster/disruption-budget.ts';
import {type ApiNode, toNode} from '../cluster/node.ts';
import type {ApiPod} from '../cluster/pod.ts';
import {createPodTrimmer} from '../cluster/pod-trimmer.ts';
import {
  type ApiCsiDriver,
  type ApiCsiNode,
  type ApiPersistentVolume,
  type ApiPersistentVolumeClaim,
  type ApiStorageClass,
  type ApiVolumeAttachment,
  toCsiDriver,
  toCsiNode,
  toPersistentVolume,
  toPersistentVolumeClaim,
  toStorageClass,
  toVolumeAttachment,
} from '../cluster/volumes.ts';
import {
  type ApiDeployment,
  type ApiHorizontalPodAutoscaler,
  type ApiNamespace,
  type ApiReplicaSet,
  toHorizontalPodAutoscaler,
  toNamespace,
  toReplicaSet,
  toWorkload,
} from '../cluster/workload.ts';
import {PolicyIndex, toStoredPolicy} from '../controller/policy-index.ts';
import type {ApiObject} from '../simulator/cluster-api.ts';

export interface ClusterPicture {
  /** For people: `context "staging"`, `snapshot.json of 2026-11-28 13:10 UTC`, `an assumed cluster of 3 nodes`. */
  readonly origin: string;
  /** Of the context; absent where there is none: then questions are about all namespaces. */
  readonly namespace?: string;
  /** Milliseconds since the epoch: when the objects were read. */
  readonly takenAt: number;
  readonly server: {readonly major: number; readonly minor: number};
  readonly objects: readonly ApiObject[];
  /** Resources that could not be read, and why: answers that would need them must say so. */
  readonly missing: readonly MissingResource[];
}

export interface MissingResource {
  /** `metrics.k8s.io/v1beta1 pods` */
  readonly resource: string;
  readonly reason: string;
}

/** The operator's caches, as its watches would have filled them. */
export interface ClusterCaches {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
}

export function cachesOf({objects}: Pick<ClusterPicture, 'objects'>): ClusterCaches {
  const caches = {cache: new ClusterCache(), policies: new PolicyIndex()};
  const putters = puttersInto(caches);
  for (const object of objects) {
    // Objects were told by an API server or made by this program: their kind says their type.
    putters[`${object.apiVersion} ${object.kind}`]?.(object as never);
  }
  return caches;
}

function puttersInto({cache, policies}: ClusterCaches): Readonly<Record<string, (object: never) => void>> {
  const {storage} = cache.state;
  const trimPod = createPodTrimmer();
  return {
    'v1 Namespace': (object: ApiNamespace) => cache.setNamespace(toNamespace(object)),
    'v1 Node': (object: ApiNode) => cache.setNode(toNode(object)),
    'v1 Pod': (object: ApiPod) => cache.setPod(trimPod(object)),
    'v1 PersistentVolume': (object: ApiPersistentVolume) =>
      storage.setPersistentVolume(toPersistentVolume(object)),
    'v1 PersistentVolumeClaim': (object: ApiPersistentVolumeClaim) =>
      storage.setPersistentVolumeClaim(toPersistentVolumeClaim(object)),
    'apps/v1 Deployment': (object: ApiDeployment) => cache.setWorkload(toWorkload(object)),
    'apps/v1 ReplicaSet': (object: ApiReplicaSet) => cache.setReplicaSet(toReplicaSet(object)),
    'storage.k8s.io/v1 StorageClass': (object: ApiStorageClass) =>
      storage.setStorageClass(toStorageClass(object)),
    'storage.k8s.io/v1 CSINode': (object: ApiCsiNode) => storage.setCsiNode(toCsiNode(object)),
    'storage.k8s.io/v1 CSIDriver': (object: ApiCsiDriver) => storage.setCsiDriver(toCsiDriver(object)),
    'storage.k8s.io/v1 VolumeAttachment': (object: ApiVolumeAttachment) =>
      storage.setVolumeAttachment(toVolumeAttachment(object)),
    'policy/v1 PodDisruptionBudget': (object: ApiDisruptionBudget) =>
      cache.setBudget(toDisruptionBudget(object)),
    'autoscaling/v2 HorizontalPodAutoscaler': (object: ApiHorizontalPodAutoscaler) =>
      cache.setAutoscaler(toHorizontalPodAutoscaler(object)),
    [`${API_VERSION} ${KIND}`]: (object: SpreadPolicy) => policies.set(toStoredPolicy(object)),
  };
}
