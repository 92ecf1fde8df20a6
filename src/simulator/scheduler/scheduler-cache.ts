/** The cluster as the scheduling plugins see it, fed from the changes. */
import type {LabelSelector, Labels} from '../../cluster/label-selector.ts';
import {type ApiNode, toNode} from '../../cluster/node.ts';
import {type ApiPod, type Pod, toPod} from '../../cluster/pod.ts';
import {createPodSpecInterner} from '../../cluster/pod-spec.ts';
import {createInterner} from '../../cluster/pod-trimmer.ts';
import {ClusterState} from '../../cluster/snapshot.ts';
import {
  type ApiCsiNode,
  type ApiPersistentVolume,
  type ApiPersistentVolumeClaim,
  type ApiStorageClass,
  toCsiNode,
  toPersistentVolume,
  toPersistentVolumeClaim,
  toStorageClass,
} from '../../cluster/volumes.ts';
import type {PodToSchedule} from '../../scheduling/framework.ts';
import type {ApiObject, ClusterApi, ObjectChange} from '../cluster-api.ts';
import {
  controllerOf,
  NAMESPACES,
  NODES,
  PODS,
  type PodObject,
  REPLICA_SETS,
  type ReplicaSetObject,
  SERVICES,
  type ServiceObject,
} from '../objects.ts';

interface KnownPod {
  readonly object: PodObject;
  /** The spec that its requests are counted by. */
  readonly counted: object;
  readonly pod: Pod;
}

export class SchedulerCache {
  readonly state = new ClusterState();
  readonly #api: ClusterApi;
  readonly #internSpec = createPodSpecInterner();
  /** Pods with the very same labels and spec are one group to the plugins. */
  readonly #internLabels = createInterner<Labels>((labels) => labels);
  readonly #pods = new Map<string, KnownPod>();
  readonly #nodesWithImages = new Set<string>();

  constructor(api: ClusterApi) {
    this.#api = api;
  }

  /** Whether any node tells which images it holds. */
  get knowsImages(): boolean {
    return this.#nodesWithImages.size > 0;
  }

  pod(uid: string): Pod | undefined {
    return this.#pods.get(uid)?.pod;
  }

  apply({type, resource, object}: ObjectChange): void {
    const isGone = type === 'DELETED';
    switch (resource) {
      case PODS:
        this.#applyPod(isGone, object as PodObject);
        break;
      case NODES:
        this.#applyNode(isGone, object as unknown as ApiNode);
        break;
      case NAMESPACES:
        if (isGone) {
          this.state.deleteNamespace(object.metadata.name);
        } else {
          this.state.setNamespace(object.metadata.name, object.metadata.labels ?? {});
        }
        break;
      default:
        this.#applyStorage(isGone, resource, object);
    }
  }

  /** The pod as the plugins ask about it; undefined when it does not wait for this scheduler. */
  toSchedule({uid}: {readonly uid: string}): PodToSchedule | undefined {
    const known = this.#pods.get(uid);
    if (known === undefined || known.pod.nodeName !== undefined) {
      return undefined;
    }
    const defaultSpreadSelector = this.#defaultSpreadSelector(known.object);
    return {
      ...known.pod,
      ...(defaultSpreadSelector === undefined ? {} : {defaultSpreadSelector}),
    };
  }

  #applyNode(isGone: boolean, object: ApiNode): void {
    const {name} = object.metadata;
    if (isGone) {
      this.#nodesWithImages.delete(name);
      this.state.deleteNode(name);
      return;
    }
    if ((object.status?.images ?? []).length > 0) {
      this.#nodesWithImages.add(name);
    }
    this.state.setNode(toNode(object));
  }

  #applyPod(isGone: boolean, object: PodObject): void {
    const {uid} = object.metadata;
    const known = this.#pods.get(uid);
    if (isGone) {
      this.#pods.delete(uid);
      if (known !== undefined) {
        this.state.deletePod(known.pod);
      }
      return;
    }
    let counted: object = object.spec;
    const {labels = {}} = object.metadata;
    // Nine of ten changes are status updates, which leave labels and spec the very same objects unless the pod is resized.
    const shared = known?.object.metadata.labels === labels ? known.pod.labels : this.#internLabels(labels);
    const raw = {...object, metadata: {...object.metadata, labels: shared}};
    const pod = toPod(raw as unknown as ApiPod, (spec) => {
      counted = spec;
      return known !== undefined && isSameButForNode(known.counted, spec)
        ? known.pod.spec
        : this.#internSpec(spec);
    });
    this.#pods.set(uid, {object, counted, pod});
    this.state.setPod(pod, known?.pod);
  }

  #applyStorage(isGone: boolean, resource: string, object: ApiObject): void {
    const {storage} = this.state;
    switch (resource) {
      case 'persistentvolumes': {
        const volume = toPersistentVolume(object as unknown as ApiPersistentVolume);
        return isGone ? storage.deletePersistentVolume(volume) : storage.setPersistentVolume(volume);
      }
      case 'persistentvolumeclaims': {
        const claim = toPersistentVolumeClaim(object as unknown as ApiPersistentVolumeClaim);
        return isGone ? storage.deletePersistentVolumeClaim(claim) : storage.setPersistentVolumeClaim(claim);
      }
      case 'storageclasses.storage.k8s.io': {
        const storageClass = toStorageClass(object as unknown as ApiStorageClass);
        return isGone ? storage.deleteStorageClass(storageClass) : storage.setStorageClass(storageClass);
      }
      case 'csinodes.storage.k8s.io': {
        const csiNode = toCsiNode(object as unknown as ApiCsiNode);
        return isGone ? storage.deleteCsiNode(csiNode) : storage.setCsiNode(csiNode);
      }
      default:
    }
  }

  /** DefaultSelector in pkg/scheduler/framework/plugins/helper/spread.go: of the pod's services and its owner. */
  #defaultSpreadSelector(pod: PodObject): LabelSelector | undefined {
    const {namespace, labels = {}} = pod.metadata;
    const matchLabels: Record<string, string> = {};
    for (const service of this.#api.list(SERVICES, namespace)) {
      const {selector} = (service as ServiceObject).spec ?? {};
      const entries = Object.entries(selector ?? {});
      if (entries.length > 0 && entries.every(([key, value]) => labels[key] === value)) {
        Object.assign(matchLabels, selector);
      }
    }
    const owner = controllerOf(pod);
    const resource = owner === undefined ? undefined : OWNERS[owner.kind];
    const found = resource === undefined ? undefined : this.#api.get(resource, namespace, owner?.name ?? '');
    const {selector} = (found as ReplicaSetObject | undefined)?.spec ?? {};
    Object.assign(matchLabels, selector?.matchLabels);
    const matchExpressions = selector?.matchExpressions ?? [];
    return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
      ? undefined
      : {matchLabels, matchExpressions};
  }
}

/** Shallow: binding leaves all but the node the very same. The node is none of what specs are told apart by. */
function isSameButForNode(before: object, after: object): boolean {
  return before === after || (hasAllOf(before, after) && hasAllOf(after, before));
}

function hasAllOf(one: object, other: object): boolean {
  const values = other as Readonly<Record<string, unknown>>;
  return Object.entries(one).every(([field, value]) => field === 'nodeName' || values[field] === value);
}

const OWNERS: Readonly<Record<string, string>> = {ReplicaSet: REPLICA_SETS, StatefulSet: 'statefulsets.apps'};
