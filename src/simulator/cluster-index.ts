/** Who belongs to whom, kept up to date from the changes, so that no controller has to search all objects. */
import {type NestedIndex, putInto, takeFrom} from '../cluster/nested-index.ts';
import type {ApiObject, ClusterApi, ObjectChange, ResourceName} from './cluster-api.ts';
import {
  controllerOf,
  type DeploymentObject,
  keyOf,
  NODES,
  type NodeObject,
  PODS,
  type PodObject,
  REPLICA_SETS,
  type ReplicaSetObject,
} from './objects.ts';

export interface Dependent {
  readonly resource: ResourceName;
  readonly object: ApiObject;
}

export class ClusterIndex {
  readonly api: ClusterApi;
  readonly #podsByNode: NestedIndex<PodObject> = new Map();
  readonly #podsByNamespace: NestedIndex<PodObject> = new Map();
  /** Objects of any resource by the uid of each of their owners. */
  readonly #dependents: NestedIndex<Dependent> = new Map();
  readonly #nodes = new Map<string, NodeObject>();
  /** Pods and ReplicaSets without a controller, by resource and namespace: a controller may adopt them. */
  readonly #orphans: NestedIndex<ApiObject> = new Map();

  constructor(api: ClusterApi) {
    this.api = api;
  }

  apply({type, resource, object, previous}: ObjectChange): void {
    if (type === 'DELETED') {
      this.#remove(resource, previous ?? object);
    } else if (previous !== undefined && !belongsToTheSame(previous, object)) {
      this.#remove(resource, previous);
    }
    if (type !== 'DELETED') {
      this.#insert(resource, object);
    }
  }

  /** Ordered by when they became known; the order is part of what makes two runs the same. */
  podsOnNode(node: string): PodObject[] {
    return [...(this.#podsByNode.get(node)?.values() ?? [])];
  }

  /** Nodes that pods are bound to, known or not. */
  nodesWithPods(): string[] {
    return [...this.#podsByNode.keys()];
  }

  podsOfNamespace(namespace: string): Iterable<PodObject> {
    return this.#podsByNamespace.get(namespace)?.values() ?? [];
  }

  nodes(): Iterable<NodeObject> {
    return this.#nodes.values();
  }

  node(name: string): NodeObject | undefined {
    return this.#nodes.get(name);
  }

  dependentsOf(uid: string): Dependent[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** Pods that the object controls. */
  podsControlledBy(uid: string): PodObject[] {
    return this.#controlledBy(uid, PODS) as PodObject[];
  }

  replicaSetsOf({metadata}: DeploymentObject): ReplicaSetObject[] {
    return this.#controlledBy(metadata.uid, REPLICA_SETS) as ReplicaSetObject[];
  }

  orphans(resource: ResourceName, namespace: string | undefined): ApiObject[] {
    return [...(this.#orphans.get(`${resource}/${namespace}`)?.values() ?? [])];
  }

  #controlledBy(uid: string, wanted: ResourceName): ApiObject[] {
    const found: ApiObject[] = [];
    for (const {resource, object} of this.#dependents.get(uid)?.values() ?? []) {
      if (
        resource === wanted &&
        object.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid)
      ) {
        found.push(object);
      }
    }
    return found;
  }

  #insert(resource: ResourceName, object: ApiObject): void {
    const {metadata} = object;
    for (const {uid} of metadata.ownerReferences ?? []) {
      putInto(this.#dependents, uid, metadata.uid, {resource, object});
    }
    if ((resource === PODS || resource === REPLICA_SETS) && controllerOf(object) === undefined) {
      putInto(this.#orphans, `${resource}/${metadata.namespace}`, metadata.name, object);
    }
    if (resource === PODS) {
      const pod = object as PodObject;
      putInto(this.#podsByNamespace, metadata.namespace ?? '', metadata.name, pod);
      if (pod.spec.nodeName !== undefined) {
        putInto(this.#podsByNode, pod.spec.nodeName, keyOf(metadata), pod);
      }
    } else if (resource === NODES) {
      this.#nodes.set(metadata.name, object);
    }
  }

  #remove(resource: ResourceName, object: ApiObject): void {
    const {metadata} = object;
    for (const {uid} of metadata.ownerReferences ?? []) {
      takeFrom(this.#dependents, uid, metadata.uid);
    }
    takeFrom(this.#orphans, `${resource}/${metadata.namespace}`, metadata.name);
    if (resource === PODS) {
      const pod = object as PodObject;
      takeFrom(this.#podsByNamespace, metadata.namespace ?? '', metadata.name);
      if (pod.spec.nodeName !== undefined) {
        takeFrom(this.#podsByNode, pod.spec.nodeName, keyOf(metadata));
      }
    } else if (resource === NODES) {
      this.#nodes.delete(metadata.name);
    }
  }
}

// Then the new one takes the old one's place in every index, and keeps its position in their order.
function belongsToTheSame(previous: ApiObject, object: ApiObject): boolean {
  const nodeOf = ({spec}: ApiObject) => (spec as PodObject['spec'] | undefined)?.nodeName;
  const owners = object.metadata.ownerReferences ?? [];
  const before = previous.metadata.ownerReferences ?? [];
  return (
    previous.metadata.uid === object.metadata.uid &&
    nodeOf(previous) === nodeOf(object) &&
    owners.length === before.length &&
    owners.every(
      ({uid, controller}, index) => uid === before[index]?.uid && controller === before[index]?.controller,
    )
  );
}
