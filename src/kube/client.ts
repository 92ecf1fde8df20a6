/**
 * Requests and watches in raw JSON, with the authentication of a kubeconfig. Everything that speaks to an API server
 * goes through here: shared connections, time-outs, rate limit, retries. client-node's generated classes are not used:
 * they build objects for every field that is never read.
 */
import type {KubeConfig} from '@kubernetes/client-node';
import {type Clock, systemClock} from '../clock.ts';
import {ApiError, ConnectionError, isUnauthorized, type Status} from './api-error.ts';
import {readLines} from './line-reader.ts';
import {parsePath} from './paths.ts';
import {parseRetryAfter, retryDelay} from './retry-after.ts';
import {TokenBucket} from './token-bucket.ts';
import {type Connections, type HttpResponse, Transport} from './transport.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  readonly method: Method;
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Of each attempt, without the wait for the rate limit; 15 s unless the client was told otherwise. */
  readonly timeoutMilliseconds?: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * `safe`: asking twice does no harm; network errors, 429 and 503 are retried. `never`: the caller decides.
   * Default: safe for GET and server-side apply, never for the rest.
   */
  readonly retry?: 'safe' | 'never';
  /** Called right before each attempt, after all waiting; throws when the request must not be made any more. */
  readonly permit?: (() => void) | undefined;
  /** Not held back by the rate limit: for lease renewals, which a queue of other calls must not make late. */
  readonly isUrgent?: boolean;
}

export interface Response<T> {
  readonly code: number;
  readonly body: T;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** What most of the code needs of a client; a fake in a test is one function. */
export interface Requests {
  request<T>(options: RequestOptions): Promise<Response<T>>;
}

export interface Watches {
  /**
   * Throws {@link ApiError} or {@link ConnectionError}; ends when the server ends it. `onOpen` is called when the server
   * has accepted the watch, which may be long before its first event.
   */
  watch(path: string, query: Query, signal?: AbortSignal, onOpen?: () => void): AsyncIterable<WatchEvent>;
}

export interface RequestMeasurement {
  /** As in RBAC, with `apply` for server-side apply: get, list, watch, create, update, patch, apply, delete. */
  readonly verb: string;
  /** `pods`, `pods/eviction`. */
  readonly resource: string;
  /** The HTTP status, or `timeout`, `error`, `aborted`. */
  readonly code: string;
  readonly seconds: number;
}

/** Where the API server is: a kubeconfig, or something that takes its place. */
export type ApiServerAccess =
  /** Called once, and again when the server refuses our credentials. */
  {readonly load: () => KubeConfig} | {readonly connections: Connections};

export type KubeClientOptions = ApiServerAccess & {
  /** Of spread-operator, for the User-Agent. */
  readonly version?: string;
  readonly timeoutMilliseconds?: number;
  /** Requests per second in the long run; watches do not count. */
  readonly qps?: number;
  readonly burst?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly onRequest?: (measurement: RequestMeasurement) => void;
};

export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly gitVersion: string;
}

export const APPLY_CONTENT_TYPE = 'application/apply-patch+yaml';
export const MERGE_PATCH_CONTENT_TYPE = 'application/merge-patch+json';

const DEFAULT_TIMEOUT_MILLISECONDS = 15_000;

export class KubeClient implements Requests, Watches {
  readonly #connections: Connections;
  readonly #limit: TokenBucket;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #userAgent: string;
  readonly #timeoutMilliseconds: number;
  readonly #onRequest: (measurement: RequestMeasurement) => void;

  constructor(options: KubeClientOptions) {
    const {
      version = '0.0.0',
      timeoutMilliseconds = DEFAULT_TIMEOUT_MILLISECONDS,
      qps = 50,
      burst = 100,
      clock = systemClock,
      random = Math.random,
      onRequest = () => {},
    } = options;
    this.#connections = 'load' in options ? new Transport(options.load, clock) : options.connections;
    this.#limit = new TokenBucket({qps, burst, clock});
    this.#clock = clock;
    this.#random = random;
    this.#userAgent = `spread-operator/${version}`;
    this.#timeoutMilliseconds = timeoutMilliseconds;
    this.#onRequest = onRequest;
  }

  async request<T>(options: RequestOptions): Promise<Response<T>> {
    const retry = options.retry ?? (isIdempotent(options) ? 'safe' : 'never');
    let reloaded = false;
    for (let attempt = 1; ; attempt++) {
      if (options.isUrgent !== true) await this.#limit.take(options.signal);
      try {
        return (await this.#attempt(options)) as Response<T>;
      } catch (error) {
        if (options.signal?.aborted) throw error;
        if (isUnauthorized(error) && !reloaded) {
          // Refused before anything was done, so this is safe for every method. Credentials may have been rotated.
          reloaded = true;
          this.#connections.reload();
          continue;
        }
        const delay = retry === 'safe' ? retryDelay(error, attempt, this.#random) : undefined;
        if (delay === undefined) throw error;
        await this.#clock.sleep(delay, options.signal);
      }
    }
  }

  async *watch(
    path: string,
    query: Query,
    signal?: AbortSignal,
    onOpen?: () => void,
  ): AsyncGenerator<WatchEvent, void, undefined> {
    const method = 'GET';
    using abort = linkedAbort(signal);
    const options: RequestOptions = {method, path, query: {...query, watch: true}, signal};
    const response = await this.#send(options, abort.controller, 'watch').catch((error: unknown) => {
      // Whoever watches tries again by himself; then with credentials that may have been rotated.
      if (isUnauthorized(error)) this.#connections.reload();
      throw error;
    });
    try {
      onOpen?.();
      for await (const line of readLines(response.body)) yield parseEvent(line, path);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ApiError || error instanceof ConnectionError) throw error;
      throw connectionError(error, method, path);
    } finally {
      abort.controller.abort();
    }
  }

  async serverVersion(signal?: AbortSignal): Promise<ServerVersion> {
    const {body} = await this.request<{major?: string; minor?: string; gitVersion?: string}>({
      method: 'GET',
      path: '/version',
      signal,
    });
    // Some providers append to the minor version: `31+`.
    return {
      major: Number.parseInt(body.major ?? '0', 10),
      minor: Number.parseInt(body.minor ?? '0', 10),
      gitVersion: body.gitVersion ?? 'unknown',
    };
  }

  /** Cuts what is still running. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #attempt(options: RequestOptions): Promise<Response<unknown>> {
    using abort = linkedAbort(options.signal);
    const response = await this.#send(options, abort.controller, undefined);
    return await response.read();
  }

  /** Resolves when the answer has begun and is not an error; its time-out covers `read` too, but not a watch. */
  async #send(
    options: RequestOptions,
    controller: AbortController,
    watchVerb: 'watch' | undefined,
  ): Promise<{body: HttpResponse['body']; read(): Promise<Response<unknown>>}> {
    const {method, path, signal} = options;
    signal?.throwIfAborted();
    const connection = await this.#connections.connection();
    options.permit?.();
    const started = this.#clock.now();
    const milliseconds = options.timeoutMilliseconds ?? this.#timeoutMilliseconds;
    let timedOut = false;
    const cancelTimeout = this.#clock.after(milliseconds, () => {
      timedOut = true;
      controller.abort();
    });
    const measure = (code: string) => {
      cancelTimeout();
      this.#onRequest({
        verb: watchVerb ?? verbOf(options),
        resource: parsePath(path).resource,
        code,
        seconds: (this.#clock.now() - started) / 1000,
      });
    };
    const failure = (error: unknown): unknown => {
      measure(timedOut ? 'timeout' : signal?.aborted ? 'aborted' : 'error');
      if (signal?.aborted) return signal.reason;
      if (timedOut) {
        const message = `${method} ${connection.server}${path}: no answer within ${milliseconds / 1000} s`;
        return new ConnectionError(message, {method, path, timedOut: true, cause: error});
      }
      return connectionError(error, method, connection.server + path, path);
    };

    try {
      const response = await connection.send({
        method,
        path: withQuery(path, options.query),
        isWatch: watchVerb !== undefined,
        headers: {
          accept: 'application/json',
          'user-agent': this.#userAgent,
          ...(options.body === undefined ? {} : {'content-type': options.contentType ?? 'application/json'}),
        },
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal: controller.signal,
      });
      const {statusCode, body} = response;
      if (statusCode >= 400) {
        const status = parseStatus(await body.text());
        const retryAfterSeconds = parseRetryAfter(response.headers['retry-after'], this.#clock.now());
        measure(String(statusCode));
        throw new ApiError({code: statusCode, status, method, path, retryAfterSeconds});
      }
      if (watchVerb !== undefined) measure(String(statusCode));
      return {
        body,
        read: async () => {
          try {
            const text = await body.text();
            measure(String(statusCode));
            return {code: statusCode, body: parseBody(text, response.headers['content-type'])};
          } catch (error) {
            throw failure(error);
          }
        },
      };
    } catch (error) {
      throw error instanceof ApiError ? error : failure(error);
    }
  }
}

/** An AbortController of our own that follows the caller's signal, and lets go of it at the end of the scope. */
function linkedAbort(signal: AbortSignal | undefined): {controller: AbortController} & Disposable {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, {once: true});
  return {controller, [Symbol.dispose]: () => signal?.removeEventListener('abort', onAbort)};
}

function isIdempotent({method, contentType}: RequestOptions): boolean {
  return method === 'GET' || (method === 'PATCH' && contentType === APPLY_CONTENT_TYPE);
}

function verbOf({method, path, contentType}: RequestOptions): string {
  if (method === 'GET') {
    const {resource, name} = parsePath(path);
    return name === undefined && resource !== path ? 'list' : 'get';
  }
  if (method === 'PATCH') return contentType === APPLY_CONTENT_TYPE ? 'apply' : 'patch';
  return {POST: 'create', PUT: 'update', DELETE: 'delete'}[method];
}

function withQuery(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}

function parseBody(text: string, contentType: string | string[] | undefined): unknown {
  const isJson = String(contentType ?? '').includes('json');
  return isJson && text !== '' ? JSON.parse(text) : text;
}

function parseStatus(text: string): Status | undefined {
  try {
    const status = JSON.parse(text) as Status | null;
    return status?.kind === 'Status' ? status : undefined;
  } catch {
    return undefined;
  }
}

function parseEvent(line: string, path: string): WatchEvent {
  try {
    return JSON.parse(line) as WatchEvent;
  } catch (error) {
    throw connectionError(new Error('an event of the watch is not JSON', {cause: error}), 'GET', path);
  }
}

function connectionError(error: unknown, method: Method, where: string, path = where): ConnectionError {
  const cause = error as {code?: string; message?: string};
  // Node packs the errors of all addresses it tried into one with an empty message.
  const message = cause.message || cause.code || String(error);
  return new ConnectionError(`${method} ${where}: ${message}`, {method, path, cause: error});
}
