import type {Labels} from './label-selector.ts';
import {parseWhole} from './quantity.ts';
import {parseResources, type Resources} from './resources.ts';
import {sharedText} from './shared-text.ts';

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/**
 * The images that a node holds, each under all its names; sizes in bytes, in the order of the names. Two lists take a
 * fifth of the memory of a map, and thousands of nodes hold a hundred names each.
 */
export interface HeldImages {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
}

/** What placement reads of a Node; everything else of the API object is dropped before it is cached. */
export interface Node {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  /** Cordoned: spec.unschedulable. */
  readonly unschedulable: boolean;
  readonly ready: 'True' | 'False' | 'Unknown';
  /** Milliseconds since the epoch of the last change of the Ready condition, or of the creation without one. */
  readonly readyChangedAt: number;
  readonly createdAt: number;
  readonly allocatable: Resources;
  /** status.allocatable.pods: how many pods the node takes. */
  readonly allocatablePods: number;
  readonly images: HeldImages;
  /** Features of its kubelet that a pod may need. */
  readonly declaredFeatures: readonly string[];
}

/** The shape of the API object as far as it is read; structural, so that no client library is needed here. */
export interface ApiNode {
  metadata: ApiMeta;
  spec?: {unschedulable?: boolean; taints?: {key: string; value?: string; effect: string}[]};
  status?: {
    allocatable?: Record<string, string>;
    conditions?: ApiCondition[];
    images?: {names?: string[]; sizeBytes?: number}[];
    declaredFeatures?: string[];
  };
}

export interface ApiMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: {apiVersion: string; kind: string; name: string; uid: string; controller?: boolean}[];
  finalizers?: string[];
  managedFields?: ApiManagedFields[];
}

export interface ApiManagedFields {
  manager?: string;
  operation?: string;
  subresource?: string;
  fieldsV1?: unknown;
}

export interface ApiCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export function toNode(object: ApiNode): Node {
  const ready = object.status?.conditions?.find((condition) => condition.type === 'Ready');
  const createdAt = parseTime(object.metadata.creationTimestamp) ?? 0;
  return {
    // Pods name it, too, and are looked up by it.
    name: sharedText(object.metadata.name),
    uid: object.metadata.uid,
    resourceVersion: object.metadata.resourceVersion,
    labels: object.metadata.labels ?? {},
    taints: (object.spec?.taints ?? []) as Taint[],
    unschedulable: object.spec?.unschedulable ?? false,
    ready: ready?.status === 'True' ? 'True' : ready?.status === 'False' ? 'False' : 'Unknown',
    readyChangedAt: parseTime(ready?.lastTransitionTime) ?? createdAt,
    createdAt,
    allocatable: parseResources(object.status?.allocatable),
    allocatablePods: parseWhole(object.status?.allocatable?.['pods'] ?? 0),
    images: heldImages(object.status?.images ?? []),
    declaredFeatures: object.status?.declaredFeatures ?? [],
  };
}

function heldImages(
  images: readonly {readonly names?: readonly string[]; readonly sizeBytes?: number}[],
): HeldImages {
  const sizes: Record<string, number> = {};
  for (const {names = [], sizeBytes = 0} of images) {
    for (const name of names) {
      sizes[name] = sizeBytes;
    }
  }
  // Shared texts, as names of properties are (shared-text.ts).
  return {names: Object.keys(sizes), sizes: Object.values(sizes)};
}

/** Milliseconds since the epoch of an RFC 3339 time; undefined when absent. */
export function parseTime(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}
