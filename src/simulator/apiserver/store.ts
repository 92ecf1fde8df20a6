/**
 * Where the objects are: by resource and name, under one resourceVersion for all, with a bounded history for watches
 * and for pages of an older list. What etcd and the watch cache are to the real server.
 */
import type {ApiObject, ObjectChange, ResourceName} from '../cluster-api.ts';
import {expired, StatusError} from './status-error.ts';

export interface RecordedChange extends ObjectChange {
  readonly revision: number;
}

export interface StoreOptions {
  /** How many changes are remembered; what is older is compacted, and answers 410. */
  readonly historyLimit?: number;
}

const DEFAULT_HISTORY = 50_000;

interface Table {
  readonly objects: Map<string, ApiObject>;
  /** Sorted as etcd sorts its keys. */
  readonly keys: string[];
}

export class ObjectStore {
  readonly #tables = new Map<ResourceName, Table>();
  readonly #listeners = new Set<(change: RecordedChange) => void>();
  readonly #historyLimit: number;
  /** Oldest first; trimmed in blocks, so that a change costs no more than its own push. */
  #history: RecordedChange[] = [];
  #revision = 1;
  #compacted = 0;
  readonly #undelivered: RecordedChange[] = [];
  #delivering = false;

  constructor({historyLimit = DEFAULT_HISTORY}: StoreOptions = {}) {
    this.#historyLimit = historyLimit;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The revision that the next write gets, so that the object can carry it. */
  get nextRevision(): number {
    return this.#revision + 1;
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): ApiObject | undefined {
    return this.#tables.get(resource)?.objects.get(keyOf(namespace, name));
  }

  list(resource: ResourceName, namespace?: string): ApiObject[] {
    const table = this.#tables.get(resource);
    if (table === undefined) return [];
    const [from, to] = rangeOf(table.keys, namespace);
    const items: ApiObject[] = [];
    for (let index = from; index < to; index++) {
      const object = table.objects.get(table.keys[index] ?? '');
      if (object !== undefined) items.push(object);
    }
    return items;
  }

  /** The same as `list` was at an earlier revision. Throws 410 when the history no longer reaches back so far. */
  listAt(resource: ResourceName, namespace: string | undefined, revision: number): ApiObject[] {
    if (revision >= this.#revision) return this.list(resource, namespace);
    this.#assertKnown(revision);
    const then = new Map(this.list(resource, namespace).map((object) => [keyOfObject(object), object]));
    for (let index = this.#history.length - 1; index >= 0; index--) {
      const change = this.#history[index];
      if (change === undefined || change.revision <= revision) break;
      if (change.resource !== resource) continue;
      if (namespace !== undefined && change.object.metadata.namespace !== namespace) continue;
      const key = keyOfObject(change.object);
      if (change.previous === undefined) then.delete(key);
      else then.set(key, change.previous);
    }
    return [...then].sort(([left], [right]) => compareKeys(left, right)).map(([, object]) => object);
  }

  /** The object must carry `nextRevision`. */
  put(resource: ResourceName, object: ApiObject): void {
    const table = this.#table(resource);
    const key = keyOfObject(object);
    const previous = table.objects.get(key);
    table.objects.set(key, object);
    if (previous === undefined) table.keys.splice(lowerBound(table.keys, key), 0, key);
    const revision = this.nextRevision;
    this.#record(
      previous === undefined
        ? {type: 'ADDED', resource, object, revision}
        : {type: 'MODIFIED', resource, object, previous, revision},
    );
  }

  /** `object` is its last state and carries `nextRevision`. */
  remove(resource: ResourceName, object: ApiObject): void {
    const table = this.#table(resource);
    const key = keyOfObject(object);
    const previous = table.objects.get(key);
    if (previous === undefined) return;
    table.objects.delete(key);
    table.keys.splice(lowerBound(table.keys, key), 1);
    this.#record({type: 'DELETED', resource, object, previous, revision: this.nextRevision});
  }

  /** What happened to a resource after `revision`. Throws 410 when that is no longer known. */
  changesSince(resource: ResourceName, revision: number): RecordedChange[] {
    if (revision > this.#revision) {
      throw new StatusError(
        504,
        'Timeout',
        `Timeout: Too large resource version: ${revision}, current: ${this.#revision}`,
        {
          causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}],
          retryAfterSeconds: 1,
        },
      );
    }
    if (revision < this.#compacted) {
      throw expired(`too old resource version: ${revision} (${this.#compacted})`);
    }
    let from = this.#history.length;
    while (from > 0 && (this.#history[from - 1]?.revision ?? 0) > revision) from--;
    return this.#history.slice(from).filter((change) => change.resource === resource);
  }

  /** Called after each change, in order; changes made by a listener are delivered after the running one. */
  onChange(listener: (change: RecordedChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets all history up to now, as etcd's compaction does. */
  compact(): void {
    this.#history = [];
    this.#compacted = this.#revision;
  }

  #assertKnown(revision: number): void {
    if (revision >= this.#compacted) return;
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    );
  }

  #record(recorded: RecordedChange): void {
    this.#revision = recorded.revision;
    this.#history.push(recorded);
    if (this.#history.length > this.#historyLimit * 1.25) {
      const dropped = this.#history.splice(0, this.#history.length - this.#historyLimit);
      this.#compacted = dropped.at(-1)?.revision ?? this.#compacted;
    }
    this.#undelivered.push(recorded);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of this.#listeners) listener(next);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #table(resource: ResourceName): Table {
    let table = this.#tables.get(resource);
    if (table === undefined) {
      table = {objects: new Map(), keys: []};
      this.#tables.set(resource, table);
    }
    return table;
  }
}

/** As below a resource's prefix in etcd. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export function keyOfObject({metadata}: ApiObject): string {
  return keyOf(metadata.namespace, metadata.name);
}

/** By code unit: names are ASCII, so this is etcd's order of bytes. */
function compareKeys(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rangeOf(keys: readonly string[], namespace: string | undefined): [number, number] {
  if (namespace === undefined || namespace === '') return [0, keys.length];
  // "0" is the character after "/".
  return [lowerBound(keys, `${namespace}/`), lowerBound(keys, `${namespace}0`)];
}
