/**
 * What the simulated cluster's own parts (scheduler, controllers, kubelets) see of its API: objects by resource, in
 * process and synchronous. The API server implements it (`apiserver/`); the HTTP face speaks to the same objects.
 */

/** Plural resource name with its API group, as in RBAC: `pods`, `deployments.apps`, `spreadpolicies.spread-operator.io`. */
export type ResourceName = string;

export interface ApiObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
    readonly blockOwnerDeletion?: boolean;
  }[];
  readonly finalizers?: readonly string[];
}

/** An object as the API server stores it. Never changed in place: a change makes a new one. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ApiObjectMeta;
  readonly [field: string]: unknown;
}

export interface ObjectChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: ResourceName;
  readonly object: ApiObject;
  /** Before the change; absent for ADDED. */
  readonly previous?: ApiObject;
}

export interface DeleteOptions {
  /** Only when the object still is this one. */
  readonly uid?: string;
  /** Pods: absent means the pod's own grace period; 0 removes it at once. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * Every method but `get` and `list` throws a StatusError, as the API server would answer.
 *
 * As in a real cluster, some things are left to controllers: a new node carries the taint
 * `node.kubernetes.io/not-ready`; a pod needs the service account that it names (`default`) in its namespace; a deleted
 * namespace is Terminating until an update with the subresource `finalize` empties spec.finalizers; dependents of a
 * deleted object stay until the garbage collector takes them.
 */
export interface ClusterApi {
  get(resource: ResourceName, namespace: string | undefined, name: string): ApiObject | undefined;
  /** All of a resource (of a namespace), ordered by namespace and name. */
  list(resource: ResourceName, namespace?: string): readonly ApiObject[];
  /** With defaults and validation, under an identity of the caller's choice such as `deployment-controller`. */
  create(resource: ResourceName, object: object, actor: string): ApiObject;
  /**
   * Replaces the object by what `change` makes of it (a shallow merge of the top-level fields is enough: `{status}`).
   * Nothing happens when the result is the same. Generation grows when the spec changes, unless a subresource is named.
   */
  update(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    change: (object: ApiObject) => ApiObject,
    options: {readonly actor: string; readonly subresource?: 'status' | 'finalize'},
  ): ApiObject;
  delete(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions & {readonly actor: string},
  ): void;
  /** Sets spec.nodeName, as the scheduler's binding does. */
  bind(namespace: string, pod: string, node: string): void;
  /** Called after each change, in order, outside of the change itself. The returned function ends it. */
  onChange(listener: (change: ObjectChange) => void): () => void;
}
