/** The API objects as the simulated cluster's own parts read and write them; structural, over `ApiObject`. */
import type {LabelSelector} from '../cluster/label-selector.ts';
import type {Taint} from '../cluster/node.ts';
import type {ApiContainer, ApiPodSpec} from '../cluster/pod-spec.ts';
import type {ApiObject, ApiObjectMeta, ClusterApi, ResourceName} from './cluster-api.ts';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  /** Deployments. */
  readonly lastUpdateTime?: string;
  /** Nodes. */
  readonly lastHeartbeatTime?: string;
  readonly lastProbeTime?: string | null;
  /** PodDisruptionBudgets and pods. */
  readonly observedGeneration?: number;
}

export interface ProbeSpec {
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
}

export interface ContainerSpec extends ApiContainer {
  readonly readinessProbe?: ProbeSpec;
  readonly livenessProbe?: ProbeSpec;
}

export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: Readonly<Record<string, object>>;
  readonly lastState?: Readonly<Record<string, object>>;
}

export interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly Condition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly startTime?: string;
  readonly [field: string]: unknown;
}

export interface PodObject extends ApiObject {
  readonly spec: Omit<ApiPodSpec, 'containers'> & {
    readonly containers?: readonly ContainerSpec[];
    readonly terminationGracePeriodSeconds?: number;
  };
  readonly status?: PodStatus;
}

export interface NodeObject extends ApiObject {
  readonly spec?: {readonly unschedulable?: boolean; readonly taints?: readonly Taint[]};
  readonly status?: {
    readonly capacity?: Readonly<Record<string, string>>;
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly Condition[];
    readonly [field: string]: unknown;
  };
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly spec?: object;
}

export interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly collisionCount?: number;
  readonly conditions?: readonly Condition[];
}

export interface DeploymentObject extends ApiObject {
  readonly spec: {
    readonly replicas?: number;
    readonly selector?: LabelSelector;
    readonly template: PodTemplate;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: {
        readonly maxSurge?: number | string;
        readonly maxUnavailable?: number | string;
      };
    };
    readonly minReadySeconds?: number;
    readonly revisionHistoryLimit?: number;
    readonly progressDeadlineSeconds?: number;
    readonly paused?: boolean;
  };
  readonly status?: DeploymentStatus;
}

export interface ReplicaSetStatus {
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

export interface ReplicaSetObject extends ApiObject {
  readonly spec: {
    readonly replicas?: number;
    readonly selector?: LabelSelector;
    readonly template: PodTemplate;
    readonly minReadySeconds?: number;
  };
  readonly status?: ReplicaSetStatus;
}

export interface ServiceObject extends ApiObject {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly targetPort?: number | string;
      readonly protocol?: string;
    }[];
    readonly publishNotReadyAddresses?: boolean;
    readonly type?: string;
  };
}

export interface PersistentVolumeObject extends ApiObject {
  readonly spec: {
    readonly claimRef?: {readonly namespace?: string; readonly name?: string; readonly uid?: string};
    readonly accessModes?: readonly string[];
    readonly capacity?: Readonly<Record<string, string>>;
  };
}

export interface PersistentVolumeClaimObject extends ApiObject {
  readonly spec: {readonly volumeName?: string};
}

export const PODS: ResourceName = 'pods';
export const NODES: ResourceName = 'nodes';
export const SERVICES: ResourceName = 'services';
export const NAMESPACES: ResourceName = 'namespaces';
export const EVENTS: ResourceName = 'events';
export const SERVICE_ACCOUNTS: ResourceName = 'serviceaccounts';
export const DEPLOYMENTS: ResourceName = 'deployments.apps';
export const REPLICA_SETS: ResourceName = 'replicasets.apps';
export const BUDGETS: ResourceName = 'poddisruptionbudgets.policy';
export const PERSISTENT_VOLUMES: ResourceName = 'persistentvolumes';
export const PERSISTENT_VOLUME_CLAIMS: ResourceName = 'persistentvolumeclaims';
export const ENDPOINT_SLICES: ResourceName = 'endpointslices.discovery.k8s.io';

/** `namespace/name`, or the name alone of what has no namespace. */
export function keyOf({namespace, name}: Pick<ApiObjectMeta, 'namespace' | 'name'>): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function fromKey(key: string): {namespace: string | undefined; name: string} {
  const slash = key.indexOf('/');
  return slash < 0
    ? {namespace: undefined, name: key}
    : {namespace: key.slice(0, slash), name: key.slice(slash + 1)};
}

export function conditionOf(
  status: {readonly conditions?: readonly Condition[]} | undefined,
  type: string,
): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** The list with this condition in place of the one of its type; its transition time stays while the status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition,
): readonly Condition[] {
  const known = conditions?.find(({type}) => type === condition.type);
  const next =
    known?.status === condition.status && known.lastTransitionTime !== undefined
      ? {...condition, lastTransitionTime: known.lastTransitionTime}
      : condition;
  if (known === undefined) {
    return [...(conditions ?? []), next];
  }
  return (conditions ?? []).map((existing) => (existing.type === condition.type ? next : existing));
}

export function isPodReady(pod: PodObject): boolean {
  return conditionOf(pod.status, 'Ready')?.status === 'True';
}

export function isPodFinished(pod: PodObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** controller.IsPodActive: neither finished nor on its way out. */
export function isPodActive(pod: PodObject): boolean {
  return !isPodFinished(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function controllerOf(object: ApiObject) {
  return object.metadata.ownerReferences?.find(({controller}) => controller === true);
}

export function controllerReference(owner: ApiObject) {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** True for a StatusError of the API with this code; 404 and 409 are everyday answers for a controller. */
export function hasStatusCode(error: unknown, code: number): boolean {
  if (typeof error !== 'object' || error === null) {
    return false;
  }
  const {code: own, status} = error as {code?: unknown; status?: {code?: unknown}};
  return own === code || (typeof status === 'object' && status?.code === code);
}

/** Runs an act that may find its object gone or changed; false then. */
export function unlessGone(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (hasStatusCode(error, 404) || hasStatusCode(error, 409)) {
      return false;
    }
    throw error;
  }
}

/** Writes the status when the object still is the one that was read. */
export function writeStatus(
  api: ClusterApi,
  resource: ResourceName,
  {metadata}: ApiObject,
  actor: string,
  change: (object: ApiObject) => object | undefined,
): void {
  unlessGone(() =>
    api.update(
      resource,
      metadata.namespace,
      metadata.name,
      (current) => {
        const status = current.metadata.uid === metadata.uid ? change(current) : undefined;
        return status === undefined ? current : {...current, status};
      },
      {actor, subresource: 'status'},
    ),
  );
}
