/**
 * Deletes what has lost its owners, and finishes foreground and orphaning deletions.
 * Source: pkg/controller/garbagecollector/garbagecollector.go of Kubernetes 1.36.
 */
import type {ApiObject, ObjectChange, ResourceName} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {EVENTS, unlessGone} from '../objects.ts';
import {WorkQueue} from './work-queue.ts';

const GARBAGE_COLLECTOR = 'generic-garbage-collector';
const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

interface Item {
  readonly resource: ResourceName;
  readonly object: ApiObject;
}

export class GarbageCollector {
  readonly #context: SimulationContext;
  readonly #queue: WorkQueue;
  /** Everything that is or has an owner, by uid. */
  readonly #items = new Map<string, Item>();

  constructor(context: SimulationContext) {
    this.#context = context;
    const {controllerMilliseconds} = context.parameters;
    this.#queue = new WorkQueue(context.clock, controllerMilliseconds, (uid) => this.#sync(uid));
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    const {metadata} = object;
    if (resource === EVENTS) {
      return;
    }
    if (type === 'DELETED') {
      this.#items.delete(metadata.uid);
      for (const dependent of this.#context.index.dependentsOf(metadata.uid)) {
        this.#queue.add(dependent.object.metadata.uid);
      }
      for (const {uid} of metadata.ownerReferences ?? []) {
        this.#enqueueForeground(uid);
      }
      return;
    }
    this.#items.set(metadata.uid, {resource, object});
    const hasNewOwners = metadata.ownerReferences !== previous?.metadata.ownerReferences;
    if (hasNewOwners && (metadata.ownerReferences ?? []).length > 0) {
      // Its owner may have gone before it came.
      this.#queue.add(metadata.uid);
    }
    if (metadata.deletionTimestamp !== undefined && isWaiting(object)) {
      this.#queue.add(metadata.uid);
    }
  }

  #enqueueForeground(uid: string): void {
    const owner = this.#items.get(uid);
    if (owner?.object.metadata.finalizers?.includes(FOREGROUND) === true) {
      this.#queue.add(uid);
    }
  }

  #sync(uid: string): void {
    const item = this.#items.get(uid);
    if (item === undefined) {
      return;
    }
    const {metadata} = item.object;
    if (metadata.deletionTimestamp !== undefined) {
      if (metadata.finalizers?.includes(ORPHAN) === true) {
        this.#orphanDependents(item);
      } else if (metadata.finalizers?.includes(FOREGROUND) === true) {
        this.#deleteDependents(item);
      }
      return;
    }
    this.#deleteIfOwnersAreGone(item);
  }

  /** attemptToDeleteItem */
  #deleteIfOwnersAreGone({resource, object}: Item): void {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0) {
      return;
    }
    const known = owners.map(({uid}) => this.#items.get(uid)?.object);
    const isSolid = (owner: ApiObject | undefined) =>
      owner !== undefined &&
      !(owner.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(FOREGROUND));
    if (known.some(isSolid)) {
      const gone = owners.filter((_, index) => !isSolid(known[index]));
      if (gone.length > 0) {
        this.#setOwners({resource, object}, (references) =>
          references.filter(({uid}) => !gone.some((reference) => reference.uid === uid)),
        );
      }
      return;
    }
    const waits = known.some((owner) => owner !== undefined);
    const hasDependents = this.#context.index.dependentsOf(object.metadata.uid).length > 0;
    this.#delete({resource, object}, waits && hasDependents ? 'Foreground' : 'Background');
  }

  #deleteDependents(owner: Item): void {
    const {uid} = owner.object.metadata;
    const blocking = this.#context.index
      .dependentsOf(uid)
      .filter(({object}) =>
        object.metadata.ownerReferences?.some(
          (reference) => reference.uid === uid && reference.blockOwnerDeletion === true,
        ),
      );
    if (blocking.length === 0) {
      this.#removeFinalizer(owner, FOREGROUND);
      return;
    }
    for (const {object} of this.#context.index.dependentsOf(uid)) {
      this.#queue.add(object.metadata.uid);
    }
  }

  #orphanDependents(owner: Item): void {
    const {uid} = owner.object.metadata;
    for (const dependent of this.#context.index.dependentsOf(uid)) {
      this.#setOwners(dependent, (references) => references.filter((reference) => reference.uid !== uid));
    }
    this.#removeFinalizer(owner, ORPHAN);
  }

  #delete({resource, object}: Item, propagationPolicy: 'Background' | 'Foreground'): void {
    const {namespace, name, uid} = object.metadata;
    unlessGone(() =>
      this.#context.api.delete(resource, namespace, name, {uid, propagationPolicy, actor: GARBAGE_COLLECTOR}),
    );
  }

  #removeFinalizer(item: Item, finalizer: string): void {
    this.#change(item, (metadata) => ({
      ...metadata,
      finalizers: (metadata.finalizers ?? []).filter((each) => each !== finalizer),
    }));
  }

  #setOwners(
    item: Item,
    change: (
      owners: NonNullable<ApiObject['metadata']['ownerReferences']>,
    ) => ApiObject['metadata']['ownerReferences'],
  ): void {
    this.#change(item, (metadata) => ({
      ...metadata,
      ownerReferences: change(metadata.ownerReferences ?? []) ?? [],
    }));
  }

  #change(
    {resource, object}: Item,
    change: (metadata: ApiObject['metadata']) => ApiObject['metadata'],
  ): void {
    const {namespace, name} = object.metadata;
    unlessGone(() =>
      this.#context.api.update(
        resource,
        namespace,
        name,
        (current) => ({...current, metadata: change(current.metadata)}),
        {actor: GARBAGE_COLLECTOR},
      ),
    );
  }
}

function isWaiting({metadata}: ApiObject): boolean {
  return metadata.finalizers?.some((each) => each === FOREGROUND || each === ORPHAN) === true;
}
