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

/** What a subscriber sees of a {@link Store}. */
export interface ReadonlyStore<T extends StoredObject> {
  readonly size: number;
  /** By `namespace/name`, or `name` for what has no namespace. */
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  /** Handlers are told after the store has changed; the returned function unsubscribes. */
  subscribe(handler: StoreHandler<T>): () => void;
}

/** Objects by namespace and name. A key of both put together would be a text of its own for each of 150,000 pods. */
class ObjectsByName<T extends StoredObject> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get({namespace = '', name}: {readonly namespace?: string; readonly name: string}): T | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  set(object: T): void {
    const {namespace = '', name} = object;
    let objects = this.#namespaces.get(namespace);
    if (objects === undefined) {
      objects = new Map();
      this.#namespaces.set(namespace, objects);
    }
    this.#size += objects.has(name) ? 0 : 1;
    objects.set(name, object);
  }

  delete({namespace = '', name}: T): void {
    const objects = this.#namespaces.get(namespace);
    if (objects?.delete(name) === true) {
      this.#size -= 1;
      if (objects.size === 0) {
        this.#namespaces.delete(namespace);
      }
    }
  }

  *values(): IterableIterator<T> {
    for (const objects of this.#namespaces.values()) yield* objects.values();
  }
}

/** The cached objects of one resource, written by a Reflector. */
export class Store<T extends StoredObject> implements ReadonlyStore<T> {
  #objects = new ObjectsByName<T>();
  readonly #handlers = new Set<StoreHandler<T>>();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    const slash = key.indexOf('/');
    return this.#objects.get(
      slash < 0 ? {name: key} : {namespace: key.slice(0, slash), name: key.slice(slash + 1)},
    );
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  subscribe(handler: StoreHandler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  set(object: T): void {
    const before = this.#objects.get(object);
    this.#objects.set(object);
    this.#notifyChange(before, object);
  }

  /** Removes the object, unless another one of the same name has taken its place already. */
  delete(object: T): void {
    const known = this.#objects.get(object);
    if (known === undefined || known.uid !== object.uid) return;
    this.#objects.delete(object);
    // The last state, which an event may bring newer than the one we knew.
    this.#notify((handler) => handler.deleted?.(object));
  }

  /** Takes the result of a list. All of it is visible before the first handler is told about any of it. */
  replace(objects: Iterable<T>): void {
    const old = this.#objects;
    this.#objects = new ObjectsByName();
    for (const object of objects) this.#objects.set(object);

    for (const before of old.values()) {
      if (this.#objects.get(before) === undefined) this.#notify((handler) => handler.deleted?.(before));
    }
    for (const after of this.#objects.values()) this.#notifyChange(old.get(after), after);
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
