/**
 * Keeps a Store equal to one resource of the API server: list, then watch, for as long as it runs. Steps and names are
 * those of client-go's tools/cache Reflector; its informer counterpart in client-node stops for ever on any network
 * error and keeps whole objects.
 */
import {type Clock, systemClock} from '../clock.ts';
import type {Log} from '../log.ts';
import {
  ApiError,
  describeError,
  isExpired,
  isForbidden,
  isNotFound,
  isTooLargeResourceVersion,
  isUnauthorized,
  type Status,
} from './api-error.ts';
import {Backoff} from './backoff.ts';
import type {Query, Requests, WatchEvent, Watches} from './client.ts';
import {ListPager} from './list-pager.ts';
import {parsePath} from './paths.ts';
import type {Store, StoredObject} from './store.ts';

/** Named moments, for metrics. `resource` is the plural, such as `pods`. */
export interface ReflectorListener {
  listed?(event: {resource: string; objects: number; pages: number; seconds: number}): void;
  watchStarted?(event: {resource: string; resourceVersion: string}): void;
  /** `ended`: by the server, in time; `inactive`: no sign of life; `error`: cut or refused. */
  watchRestarted?(event: {resource: string; reason: 'ended' | 'inactive' | 'error'}): void;
  /** The server no longer knows our resourceVersion; a list follows. */
  expired?(event: {resource: string}): void;
  failed?(event: {resource: string; error: unknown}): void;
}

export interface ReflectorOptions<Raw, T extends StoredObject> {
  readonly client: Requests & Watches;
  /** Of the collection: `/api/v1/pods`; see resourcePath. */
  readonly path: string;
  /** A label or field selector. */
  readonly query?: Query;
  readonly store: Store<T>;
  readonly trim: (raw: Raw) => T;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly listener?: ReflectorListener;
  readonly pageSize?: number;
}

// The API server sends a bookmark about every minute, so a healthy watch is never silent for this long.
const INACTIVITY_MILLISECONDS = 150_000;
const SHORTEST_WATCH_SECONDS = 300;
const VERY_SHORT_WATCH_MILLISECONDS = 1_000;
const FRESH_LIST_MILLISECONDS = 5_000;

type WatchOutcome = 'resume' | 'relist';

interface RawObject {
  readonly metadata?: {
    readonly resourceVersion?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
}

export class Reflector<Raw, T extends StoredObject> {
  readonly #options: ReflectorOptions<Raw, T>;
  readonly #resource: string;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #expiryBackoff: Backoff;
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;
  #resourceVersion = '';
  #listedAt = 0;
  #lastProblem = '';

  constructor(options: ReflectorOptions<Raw, T>) {
    this.#options = options;
    this.#resource = parsePath(options.path).resource;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    const backoff = {
      firstMilliseconds: 800,
      longestMilliseconds: 30_000,
      resetMilliseconds: 120_000,
      clock: this.#clock,
      random: this.#random,
    };
    this.#backoff = new Backoff(backoff);
    this.#expiryBackoff = new Backoff(backoff);
  }

  /** Whether the store has held a complete list at least once. */
  hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Why it is not in step with the API server right now; undefined when all is well. */
  problem(): string | undefined {
    return this.#lastProblem === '' ? undefined : this.#lastProblem;
  }

  /** Resolves at the first complete list; rejects with the signal's reason. */
  async synced(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#hasSynced) return;
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, {once: true});
    try {
      await Promise.race([this.#synced.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Lists and watches until the signal or `stop`; resolves then, and never rejects because of the API server. */
  async run(signal?: AbortSignal): Promise<void> {
    const onAbort = () => this.stop();
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, {once: true});
    const stop = this.#stop.signal;
    try {
      while (!stop.aborted) await this.#listAndWatch(stop);
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #listAndWatch(stop: AbortSignal): Promise<void> {
    try {
      await this.#list(stop);
    } catch (error) {
      if (stop.aborted) return;
      this.#failed(error, 'list');
      await this.#clock.sleep(this.#backoff.next(), stop);
      return;
    }
    let outcome: WatchOutcome = 'resume';
    while (outcome === 'resume' && !stop.aborted) outcome = await this.#watch(stop);
  }

  async #list(stop: AbortSignal): Promise<void> {
    const {client, path, query, trim, store, pageSize, listener} = this.#options;
    const started = this.#clock.now();
    const pager = new ListPager<Raw, T>({
      client,
      path,
      trim,
      // No resourceVersion: the answer is at least as new as everything that was written before we asked.
      ...(query === undefined ? {} : {query}),
      ...(pageSize === undefined ? {} : {pageSize}),
    });
    const {items, pages, resourceVersion} = await pager.list(stop);
    this.#resourceVersion = resourceVersion;
    this.#listedAt = this.#clock.now();
    store.replace(items);
    this.#recovered();
    this.#backoff.reset();
    listener?.listed?.({
      resource: this.#resource,
      objects: items.length,
      pages,
      seconds: (this.#clock.now() - started) / 1000,
    });
    if (!this.#hasSynced) {
      this.#hasSynced = true;
      this.#synced.resolve();
    }
  }

  /** One watch, from the last known resourceVersion to its end. */
  async #watch(stop: AbortSignal): Promise<WatchOutcome> {
    const {client, path, query, listener} = this.#options;
    const resource = this.#resource;
    const started = this.#clock.now();
    const activity = new ActivityTimer(this.#clock, INACTIVITY_MILLISECONDS, stop);
    let events = 0;
    try {
      const watch = client.watch(
        path,
        {
          ...query,
          resourceVersion: this.#resourceVersion,
          allowWatchBookmarks: true,
          // Random, or the watches of all resources would end, and begin anew, together.
          timeoutSeconds: Math.floor(SHORTEST_WATCH_SECONDS * (1 + this.#random())),
        },
        activity.signal,
        () => {
          listener?.watchStarted?.({resource, resourceVersion: this.#resourceVersion});
          this.#recovered();
        },
      );
      for await (const event of watch) {
        events++;
        activity.note();
        this.#apply(event);
      }
    } catch (error) {
      if (stop.aborted) return 'resume';
      return await this.#watchFailed(error, activity.expired, stop);
    } finally {
      activity.stop();
    }
    listener?.watchRestarted?.({resource, reason: 'ended'});
    if (events === 0 && this.#clock.now() - started < VERY_SHORT_WATCH_MILLISECONDS) {
      // A server that shuts down accepts a watch and ends it at once: do not hammer it.
      await this.#clock.sleep(this.#backoff.next(), stop);
    } else {
      this.#backoff.reset();
    }
    return 'resume';
  }

  async #watchFailed(error: unknown, inactive: boolean, stop: AbortSignal): Promise<WatchOutcome> {
    const {listener, log} = this.#options;
    const resource = this.#resource;
    if (isExpired(error) || isTooLargeResourceVersion(error)) {
      log.debug('The watch cannot go on from its resourceVersion; listing again', {
        resource,
        resourceVersion: this.#resourceVersion,
      });
      listener?.expired?.({resource});
      // At once, because the server answers and we are behind; but not in a hot loop when it says so after each list.
      if (this.#clock.now() - this.#listedAt < FRESH_LIST_MILLISECONDS) {
        await this.#clock.sleep(this.#expiryBackoff.next(), stop);
      }
      return 'relist';
    }
    listener?.watchRestarted?.({resource, reason: inactive ? 'inactive' : 'error'});
    if (inactive) {
      log.info('The watch was silent for too long; connecting again', {resource});
      return 'resume';
    }
    this.#failed(error, 'watch');
    await this.#clock.sleep(this.#backoff.next(), stop);
    // The resource itself is gone (its CRD was deleted): only a list can tell when it is back, and from where to watch.
    return isNotFound(error) ? 'relist' : 'resume';
  }

  #apply(event: WatchEvent): void {
    const {store, trim, log, path} = this.#options;
    if (event.type === 'ERROR') throw watchError(event.object as Status, path);

    const {metadata} = event.object as RawObject;
    if (event.type !== 'BOOKMARK') {
      try {
        const object = trim(event.object as Raw);
        if (event.type === 'DELETED') store.delete(object);
        else store.set(object);
      } catch (error) {
        // A defect of ours with this one object. The others must go on.
        log.error('An object of a watch event could not be read', {
          resource: this.#resource,
          namespace: metadata?.namespace,
          name: metadata?.name,
          error: describeError(error),
        });
      }
    }
    if (metadata?.resourceVersion) this.#resourceVersion = metadata.resourceVersion;
    this.#backoff.reset();
  }

  #failed(error: unknown, verb: 'list' | 'watch'): void {
    const {listener, log, path} = this.#options;
    listener?.failed?.({resource: this.#resource, error});
    const problem = explain(error, verb, path);
    // Every attempt fails alike until someone acts: one line when it begins, one when it changes.
    if (problem === this.#lastProblem) return;
    this.#lastProblem = problem;
    log.warn(problem, {resource: this.#resource, error: describeError(error)});
  }

  #recovered(): void {
    if (this.#lastProblem === '') return;
    this.#lastProblem = '';
    this.#options.log.info('In step with the API server again', {resource: this.#resource});
  }
}

function explain(error: unknown, verb: 'list' | 'watch', path: string): string {
  const {resource, group, namespace} = parsePath(path);
  const qualified = group === '' ? resource : `${resource}.${group}`;
  if (isNotFound(error)) {
    return `The API server does not know ${qualified} (${path}); install its CustomResourceDefinition, or check that the cluster's version serves it. Trying again until then`;
  }
  if (isForbidden(error)) {
    const where = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`;
    return `Not allowed to ${verb} ${qualified} ${where}; grant the verbs get, list and watch on resource "${resource}" of API group "${group}" to this service account. Trying again until then`;
  }
  if (isUnauthorized(error)) {
    return `The API server does not accept our credentials; check the kubeconfig's user or the service account token. Trying again until then`;
  }
  return verb === 'list' ? `Cannot list ${qualified}` : `The watch of ${qualified} was cut`;
}

function watchError(status: Status, path: string): ApiError {
  return new ApiError({code: status.code ?? 500, status, method: 'GET', path});
}

/**
 * Aborts its signal when nothing was noted for the limit, or when the parent aborts. A clock that is set back makes the
 * limit longer, once and at most twice as long. One that is set forward looks as a process that stood still, and whose
 * connections may have died meanwhile: the watch ends, which costs no more than a connection.
 */
class ActivityTimer {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #parent: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onParentAbort = () => this.#controller.abort(this.#parent.reason);
  /** Undefined: nothing was noted since the timer was set. */
  #notedAt: number | undefined;
  #cancel = () => {};
  expired = false;

  constructor(clock: Clock, limitMilliseconds: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#limit = limitMilliseconds;
    this.#parent = parent;
    if (parent.aborted) this.#onParentAbort();
    parent.addEventListener('abort', this.#onParentAbort, {once: true});
    this.#arm(limitMilliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Only notes the time: thousands of events a second must not make thousands of timers. */
  note(): void {
    this.#notedAt = this.#clock.now();
  }

  stop(): void {
    this.#cancel();
    this.#parent.removeEventListener('abort', this.#onParentAbort);
  }

  #arm(milliseconds: number): void {
    this.#notedAt = undefined;
    this.#cancel = this.#clock.after(milliseconds, () => {
      if (this.#notedAt !== undefined) {
        const left = this.#notedAt + this.#limit - this.#clock.now();
        if (left > 0) {
          this.#arm(Math.min(left, this.#limit));
          return;
        }
      }
      this.expired = true;
      this.#controller.abort(new Error('the watch was silent for too long'));
    });
  }
}
