import type {Labels} from './label-selector.ts';
import {type ApiMeta, parseTime} from './node.ts';
import {type ApiPodSpec, type PodSpec, type PodSpecInterner, toPodSpec} from './pod-spec.ts';
import {type ApiResizeStatus, withResizedRequests} from './resized-spec.ts';

/** What planning and moving read of a Pod. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Labels;
  /** With the requests that count now: those of a resize that is on its way, too. */
  readonly spec: PodSpec;
  /** Absent while the pod waits for the scheduler. */
  readonly nodeName?: string;
  readonly nominatedNodeName?: string;
  /** The controlling owner, for a replica its ReplicaSet. */
  readonly controller?: {readonly kind: string; readonly name: string; readonly uid: string};
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  readonly ready: boolean;
  /** When the Ready condition last changed, milliseconds since the epoch. */
  readonly readyChangedAt?: number;
  /** Set while the scheduler cannot place the pod: since when, and its own words. */
  readonly unschedulable?: {readonly since: number; readonly message: string};
  readonly createdAt: number;
  /** Set once deletion has been asked for: the pod is terminating. */
  readonly deletionTimestamp?: number;
  /** How long it may take to shut down; absent where that is the API server's default, as for most pods. */
  readonly terminationGracePeriodSeconds?: number;
  /** Annotation controller.kubernetes.io/pod-deletion-cost; 0 without one. */
  readonly deletionCost: number;
  /** Why nobody but its owner may move the pod: the annotation that says so. */
  readonly doNotDisrupt?: string;
}

export interface ApiPod {
  metadata: ApiMeta;
  spec: ApiPodSpec;
  status?: ApiResizeStatus & {phase?: string; nominatedNodeName?: string};
}

/** Seconds. */
const DEFAULT_GRACE_PERIOD = 30;

export function toPod(object: ApiPod, intern: PodSpecInterner = toPodSpec): Pod {
  const {metadata, spec, status} = object;
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  const scheduled = status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  const controller = metadata.ownerReferences?.find((reference) => reference.controller === true);
  const readyChangedAt = parseTime(ready?.lastTransitionTime);
  const deletionTimestamp = parseTime(metadata.deletionTimestamp);
  const doNotDisrupt = doNotDisruptBy(metadata.annotations ?? {});
  const {terminationGracePeriodSeconds = DEFAULT_GRACE_PERIOD} = spec;
  const isUnschedulable = scheduled?.status === 'False' && spec.nodeName === undefined;
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    labels: metadata.labels ?? {},
    spec: intern(withResizedRequests(spec, status)),
    phase: (status?.phase ?? 'Pending') as Pod['phase'],
    ready: ready?.status === 'True',
    createdAt: parseTime(metadata.creationTimestamp) ?? 0,
    deletionCost:
      Number.parseInt(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0', 10) || 0,
    ...(spec.nodeName === undefined ? {} : {nodeName: spec.nodeName}),
    ...(status?.nominatedNodeName ? {nominatedNodeName: status.nominatedNodeName} : {}),
    ...(controller === undefined
      ? {}
      : {controller: {kind: controller.kind, name: controller.name, uid: controller.uid}}),
    ...(readyChangedAt === undefined ? {} : {readyChangedAt}),
    ...(isUnschedulable
      ? {
          unschedulable: {
            since: parseTime(scheduled.lastTransitionTime) ?? 0,
            message: scheduled.message ?? '',
          },
        }
      : {}),
    ...(deletionTimestamp === undefined ? {} : {deletionTimestamp}),
    ...(terminationGracePeriodSeconds === DEFAULT_GRACE_PERIOD ? {} : {terminationGracePeriodSeconds}),
    ...(doNotDisrupt === undefined ? {} : {doNotDisrupt}),
  };
}

/** The annotation that keeps this operator from moving an object, as `key: value`; undefined when none does. */
export function excludedBy(annotations: Labels): string | undefined {
  return annotations['spread-operator.io/exclude'] === 'true'
    ? 'spread-operator.io/exclude: "true"'
    : undefined;
}

/** The annotation that keeps a pod from being moved, ours or one that autoscalers know; undefined when none does. */
export function doNotDisruptBy(annotations: Labels): string | undefined {
  if (annotations['cluster-autoscaler.kubernetes.io/safe-to-evict'] === 'false') {
    return 'cluster-autoscaler.kubernetes.io/safe-to-evict: "false"';
  }
  if (annotations['karpenter.sh/do-not-disrupt'] === 'true') {
    return 'karpenter.sh/do-not-disrupt: "true"';
  }
  return excludedBy(annotations);
}

/** Finished pods hold no resources and count nowhere. */
export function isFinished(pod: Pod): boolean {
  return pod.phase === 'Succeeded' || pod.phase === 'Failed';
}

export function isTerminating(pod: Pod): boolean {
  return pod.deletionTimestamp !== undefined;
}
