/**
 * What a delete request makes of an object: gone, or marked and waiting for its kubelet or its finalizers.
 * Sources: apiserver/pkg/registry/rest/delete.go (BeforeDelete), generic/registry/store.go, core/pod/strategy.go,
 * core/namespace/storage/storage.go.
 */
import type {ApiObject, ApiObjectMeta, DeleteOptions} from '../cluster-api.ts';
import {timestamp} from '../timestamp.ts';
import {asList, asObject, valueAt} from './json.ts';
import type {Resource} from './resources.ts';
import {conflict} from './status-error.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
/** Holds a CustomResourceDefinition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export type Deletion =
  | {readonly kind: 'remove'; readonly object: ApiObject}
  | {readonly kind: 'mark'; readonly object: ApiObject}
  /** It is already on its way, no slower than asked for. */
  | {readonly kind: 'pending'; readonly object: ApiObject};

export function checkPreconditions(
  resource: Resource,
  {metadata}: ApiObject,
  preconditions: Preconditions,
): void {
  const {uid, resourceVersion} = preconditions;
  // The real server names the kind here, not the plural.
  const reference = {group: resource.group, plural: resource.kind};
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      reference,
      metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      reference,
      metadata.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

export function deletionOf(
  resource: Resource,
  object: ApiObject,
  options: DeleteOptions,
  now: number,
): Deletion {
  const finalizers = finalizersOf(resource, object, options);
  const grace = resource.storage === 'pods' ? gracePeriod(object, options.gracePeriodSeconds) : 0;
  const {metadata} = object;
  const isMarked = metadata.deletionTimestamp !== undefined;
  const changesFinalizers = finalizers.length !== (metadata.finalizers ?? []).length;

  if (resource.storage === 'pods') {
    const current = metadata.deletionGracePeriodSeconds ?? 0;
    if (isMarked && (options.gracePeriodSeconds === undefined || grace >= current) && current > 0) {
      return {kind: 'pending', object};
    }
    if (grace > 0) {
      // A second, quicker request counts from the first one.
      const requested = isMarked ? Date.parse(metadata.deletionTimestamp) - current * 1000 : now;
      return {kind: 'mark', object: marked(object, finalizers, requested + grace * 1000, grace)};
    }
  }
  if (resource.storage === 'namespaces') {
    const waits = asList(valueAt(object, 'spec', 'finalizers')).length > 0;
    if (waits || finalizers.length > 0) {
      if (isMarked && !changesFinalizers) return {kind: 'pending', object};
      const terminating = {...object, status: {...asObject(object['status']), phase: 'Terminating'}};
      const {deletionGracePeriodSeconds: _, ...rest} = marked(terminating, finalizers, now, 0).metadata;
      return {kind: 'mark', object: {...terminating, metadata: rest}};
    }
  }
  if (finalizers.length === 0) {
    // The last state of a pod tells that it was deleted, also when that was at once.
    const last =
      resource.storage === 'pods'
        ? marked(object, finalizers, isMarked ? Date.parse(metadata.deletionTimestamp) : now, 0)
        : object;
    return {kind: 'remove', object: last};
  }
  if (isMarked && metadata.deletionGracePeriodSeconds === 0 && !changesFinalizers)
    return {kind: 'pending', object};
  const since = isMarked ? Date.parse(metadata.deletionTimestamp) : now;
  return {kind: 'mark', object: marked(object, finalizers, since, 0)};
}

/** Whether an object that was marked earlier has nothing left to wait for. */
export function isDeletable(resource: Resource, object: ApiObject): boolean {
  const {deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = []} = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0)
    return false;
  return resource.storage !== 'namespaces' || asList(valueAt(object, 'spec', 'finalizers')).length === 0;
}

function gracePeriod(pod: ApiObject, asked: number | undefined): number {
  const phase = valueAt(pod, 'status', 'phase');
  if (!valueAt(pod, 'spec', 'nodeName') || phase === 'Failed' || phase === 'Succeeded') return 0;
  const own = valueAt(pod, 'spec', 'terminationGracePeriodSeconds');
  const period = asked ?? (typeof own === 'number' ? own : 0);
  return period < 0 ? 1 : period;
}

function marked(object: ApiObject, finalizers: readonly string[], at: number, grace: number): ApiObject {
  const {finalizers: _, ...rest} = object.metadata;
  const isNew = rest.deletionTimestamp === undefined;
  const metadata: ApiObjectMeta = {
    ...rest,
    deletionTimestamp: timestamp(at),
    deletionGracePeriodSeconds: grace,
    // The intent has changed, so observedGeneration must be able to tell.
    ...(isNew && rest.generation !== undefined ? {generation: rest.generation + 1} : {}),
    ...(finalizers.length > 0 ? {finalizers} : {}),
  };
  return {...object, metadata};
}

function finalizersOf(
  resource: Resource,
  object: ApiObject,
  {propagationPolicy}: DeleteOptions,
): readonly string[] {
  const finalizers = withPropagation(object, propagationPolicy);
  const isFirst = resource.storage === DEFINITIONS && object.metadata.deletionTimestamp === undefined;
  return isFirst ? [...finalizers, CLEANUP_FINALIZER] : finalizers;
}

function withPropagation(object: ApiObject, policy: DeleteOptions['propagationPolicy']): readonly string[] {
  const finalizers = object.metadata.finalizers ?? [];
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((each) => each !== 'orphan' && each !== 'foregroundDeletion');
  if (policy === 'Orphan') return [...others, 'orphan'];
  return policy === 'Foreground' ? [...others, 'foregroundDeletion'] : others;
}
