/** What of an object's metadata every cached value keeps. */
export interface StoredObject {
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface StoreHandler<T> {
  added?(object: T): void;
  updated?(before: T, after: T): void;
  deleted?(object: T): void;
}

export function storeKey(object: {readonly namespace?: string | undefined; readonly name: string}): string {
  return object.namespace === undefined || object.namespace === ''
    ? object.name
    : `${object.namespace}/${object.name}`;
}

/** What a subscriber sees of a {@link Store}. */
export interface ReadonlyStore<T extends StoredObject> {
  readonly size: number;
  /** By `namespace/name`, or `name` for what has no namespace. */
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  /** Handlers are told after the store has changed; the returned function unsubscribes. */
  subscribe(handler: StoreHandler<T>): () => void;
}

/** The cached objects of one resource, written by a Reflector. */
export class Store<T extends StoredObject> implements ReadonlyStore<T> {
  #objects = new Map<string, T>();
  readonly #handlers = new Set<StoreHandler<T>>();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  subscribe(handler: StoreHandler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  set(object: T): void {
    const key = storeKey(object);
    const before = this.#objects.get(key);
    this.#objects.set(key, object);
    this.#notifyChange(before, object);
  }

  /** Removes the object, unless another one of the same name has taken its place already. */
  delete(object: T): void {
    const key = storeKey(object);
    const known = this.#objects.get(key);
    if (known === undefined || known.uid !== object.uid) return;
    this.#objects.delete(key);
    // The last state, which an event may bring newer than the one we knew.
    this.#notify((handler) => handler.deleted?.(object));
  }

  /** Takes the result of a list. All of it is visible before the first handler is told about any of it. */
  replace(objects: Iterable<T>): void {
    const old = this.#objects;
    this.#objects = new Map();
    for (const object of objects) this.#objects.set(storeKey(object), object);

    for (const [key, before] of old) {
      if (!this.#objects.has(key)) this.#notify((handler) => handler.deleted?.(before));
    }
    for (const [key, after] of this.#objects) this.#notifyChange(old.get(key), after);
  }

  #notifyChange(before: T | undefined, after: T): void {
    if (before === undefined) {
      this.#notify((handler) => handler.added?.(after));
    } else if (before.uid !== after.uid) {
      // Deleted and created again while we did not look: two objects that share a name.
      this.#notify((handler) => handler.deleted?.(before));
      this.#notify((handler) => handler.added?.(after));
    } else if (before.resourceVersion !== after.resourceVersion) {
      this.#notify((handler) => handler.updated?.(before, after));
    }
  }

  #notify(tell: (handler: StoreHandler<T>) => void): void {
    for (const handler of this.#handlers) {
      try {
        tell(handler);
      } catch (error) {
        // A bug of the handler. Thrown here it would break off the list or watch and starve the other handlers; thrown
        // outside it ends the process visibly.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
