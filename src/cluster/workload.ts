import type {LabelSelector, Labels} from './label-selector.ts';
import {type ApiCondition, type ApiManagedFields, type ApiMeta, parseTime} from './node.ts';
import {doNotDisruptBy, excludedBy} from './pod.ts';
import {type ApiPodSpec, type PodSpec, toPodSpec} from './pod-spec.ts';

/** What is read of a Deployment. */
export interface Workload {
  readonly kind: 'Deployment';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Labels;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly generation: number;
  readonly deletionTimestamp?: number;
  /** spec.replicas */
  readonly replicas: number;
  readonly selector: LabelSelector;
  readonly template: {readonly labels: Labels; readonly spec: PodSpec};
  readonly paused: boolean;
  /** spec.strategy.type: Recreate takes every replica down at each change of the template. */
  readonly strategy: 'RollingUpdate' | 'Recreate';
  /** How many replicas a rolling update may take down before it has put others up. */
  readonly maxUnavailable: number;
  readonly minReadySeconds: number;
  readonly revision?: string;
  readonly status: {
    readonly observedGeneration: number;
    readonly replicas: number;
    readonly updatedReplicas: number;
    readonly availableReplicas: number;
  };
  /** Set once the Deployment controller has given up on a rollout (ProgressDeadlineExceeded): its message. */
  readonly progressDeadlineExceeded?: string;
  /**
   * The annotation by which the owner opted out, as `key: value`. On the pod template it stops injection too, whose
   * rollout would disrupt all the pods that carry it.
   */
  readonly excluded?: string;
  /** managedFields of the template's placement, for field managers that own some of it. */
  readonly placementOwners: readonly PlacementOwner[];
}

/** Which placement fields of the pod template a field manager owns. */
export interface PlacementOwner {
  readonly manager: string;
  readonly operation: string;
  readonly requiredPodAntiAffinity: boolean;
  readonly preferredPodAntiAffinity: boolean;
  /** (topologyKey, whenUnsatisfiable) of the spread constraints. */
  readonly topologySpreadConstraints: readonly {
    readonly topologyKey: string;
    readonly whenUnsatisfiable: string;
  }[];
}

export interface ReplicaSet {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The uid of the Deployment that controls it. */
  readonly deploymentUid?: string;
  readonly revision?: string;
  /** spec.replicas */
  readonly replicas: number;
  /** Labels of its pod template: those of the Deployment's and pod-template-hash. */
  readonly templateLabels: Labels;
}

export interface HorizontalPodAutoscaler {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly target: {readonly kind: string; readonly name: string};
  readonly maxReplicas: number;
}

export interface Namespace {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Labels;
  readonly excluded?: string;
  readonly terminating: boolean;
}

export interface ApiDeployment {
  metadata: ApiMeta;
  spec: {
    replicas?: number;
    paused?: boolean;
    strategy?: {
      type?: string;
      rollingUpdate?: {maxSurge?: number | string; maxUnavailable?: number | string};
    };
    minReadySeconds?: number;
    selector: LabelSelector;
    template: {
      metadata?: {labels?: Record<string, string>; annotations?: Record<string, string>};
      spec: ApiPodSpec;
    };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    conditions?: ApiCondition[];
  };
}

export interface ApiReplicaSet {
  metadata: ApiMeta;
  spec: {replicas?: number; template?: {metadata?: {labels?: Record<string, string>}}};
}

export interface ApiHorizontalPodAutoscaler {
  metadata: ApiMeta;
  spec: {maxReplicas: number; scaleTargetRef: {kind: string; name: string}};
}

export interface ApiNamespace {
  metadata: ApiMeta;
  status?: {phase?: string};
}

const REVISION = 'deployment.kubernetes.io/revision';

export function toWorkload(object: ApiDeployment): Workload {
  const {metadata, spec, status} = object;
  const deletionTimestamp = parseTime(metadata.deletionTimestamp);
  const revision = metadata.annotations?.[REVISION];
  const onTemplate = doNotDisruptBy(spec.template.metadata?.annotations ?? {});
  const excluded =
    excludedBy(metadata.annotations ?? {}) ??
    (onTemplate === undefined ? undefined : `${onTemplate} (on the pod template)`);
  const progressing = status?.conditions?.find((condition) => condition.type === 'Progressing');
  return {
    kind: 'Deployment',
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    labels: metadata.labels ?? {},
    createdAt: parseTime(metadata.creationTimestamp) ?? 0,
    generation: metadata.generation ?? 0,
    replicas: spec.replicas ?? 1,
    selector: spec.selector,
    template: {labels: spec.template.metadata?.labels ?? {}, spec: toPodSpec(spec.template.spec)},
    paused: spec.paused ?? false,
    strategy: spec.strategy?.type === 'Recreate' ? 'Recreate' : 'RollingUpdate',
    maxUnavailable: maxUnavailableOf(spec),
    minReadySeconds: spec.minReadySeconds ?? 0,
    status: {
      observedGeneration: status?.observedGeneration ?? 0,
      replicas: status?.replicas ?? 0,
      updatedReplicas: status?.updatedReplicas ?? 0,
      availableReplicas: status?.availableReplicas ?? 0,
    },
    placementOwners: (metadata.managedFields ?? []).map(toPlacementOwner).filter(ownsPlacement),
    ...(deletionTimestamp === undefined ? {} : {deletionTimestamp}),
    ...(revision === undefined ? {} : {revision}),
    ...(excluded === undefined ? {} : {excluded}),
    ...(progressing?.reason === 'ProgressDeadlineExceeded'
      ? {progressDeadlineExceeded: progressing.message ?? progressing.reason}
      : {}),
  };
}

/** As the Deployment controller resolves it: ResolveFenceposts in pkg/controller/deployment/util/deployment_util.go. */
function maxUnavailableOf({replicas = 1, strategy}: ApiDeployment['spec']): number {
  const {maxSurge = '25%', maxUnavailable = '25%'} = strategy?.rollingUpdate ?? {};
  const resolved = (value: number | string, round: (value: number) => number) =>
    typeof value === 'number' ? value : round((Number.parseInt(value, 10) * replicas) / 100);
  const unavailable = resolved(maxUnavailable, Math.floor);
  return unavailable === 0 && resolved(maxSurge, Math.ceil) === 0 ? 1 : unavailable;
}

export function toReplicaSet(object: ApiReplicaSet): ReplicaSet {
  const {metadata, spec} = object;
  const deployment = metadata.ownerReferences?.find(
    (reference) => reference.controller === true && reference.kind === 'Deployment',
  );
  const revision = metadata.annotations?.[REVISION];
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    replicas: spec.replicas ?? 0,
    templateLabels: spec.template?.metadata?.labels ?? {},
    ...(deployment === undefined ? {} : {deploymentUid: deployment.uid}),
    ...(revision === undefined ? {} : {revision}),
  };
}

export function toHorizontalPodAutoscaler(object: ApiHorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const {metadata, spec} = object;
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    target: {kind: spec.scaleTargetRef.kind, name: spec.scaleTargetRef.name},
    maxReplicas: spec.maxReplicas,
  };
}

export function toNamespace(object: ApiNamespace): Namespace {
  const {metadata, status} = object;
  const excluded = excludedBy(metadata.annotations ?? {});
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    labels: metadata.labels ?? {},
    terminating: metadata.deletionTimestamp !== undefined || status?.phase === 'Terminating',
    ...(excluded === undefined ? {} : {excluded}),
  };
}

// managedFields name a map-list item as `k:{"topologyKey":"…","whenUnsatisfiable":"…"}`.
function toPlacementOwner(entry: ApiManagedFields): PlacementOwner {
  const podSpec = entry.subresource ? undefined : descend(entry.fieldsV1, ['f:spec', 'f:template', 'f:spec']);
  const antiAffinity = descend(podSpec, ['f:affinity', 'f:podAntiAffinity']);
  const constraints = descend(podSpec, ['f:topologySpreadConstraints']) ?? {};
  return {
    manager: entry.manager ?? '',
    operation: entry.operation ?? '',
    requiredPodAntiAffinity:
      descend(antiAffinity, ['f:requiredDuringSchedulingIgnoredDuringExecution']) !== undefined,
    preferredPodAntiAffinity:
      descend(antiAffinity, ['f:preferredDuringSchedulingIgnoredDuringExecution']) !== undefined,
    topologySpreadConstraints: Object.keys(constraints)
      .filter((key) => key.startsWith('k:'))
      .map((key) => JSON.parse(key.slice(2)) as {topologyKey: string; whenUnsatisfiable: string}),
  };
}

function descend(fields: unknown, path: readonly string[]): Record<string, unknown> | undefined {
  let current: unknown = fields;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) {
      return undefined;
    }
    current = (current as Record<string, unknown>)[step];
  }
  return typeof current === 'object' && current !== null ? (current as Record<string, unknown>) : undefined;
}

function ownsPlacement(owner: PlacementOwner): boolean {
  return (
    owner.requiredPodAntiAffinity ||
    owner.preferredPodAntiAffinity ||
    owner.topologySpreadConstraints.length > 0
  );
}
