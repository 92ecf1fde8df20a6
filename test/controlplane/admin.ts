// A tiny client for tests: raw paths, plain objects, the administrator's token. It shares no code with the
// operator's own client, so that a fault there cannot hide itself here.
import {setTimeout as sleep} from 'node:timers/promises';

import {Agent, type Dispatcher, request} from 'undici';

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: {apiVersion: string; kind: string; name: string; uid: string; controller?: boolean}[];
}

/** Any Kubernetes object; tests look into `spec` and `status` with the types they need. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

export interface ObjectList<T> {
  metadata: {resourceVersion: string; continue?: string};
  items: T[];
}

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

export type PatchType = 'merge' | 'strategic-merge' | 'json';

/** The server answered, but not with success. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  /** The machine-readable reason, such as NotFound, Conflict or TooManyRequests. */
  readonly reason: string;

  constructor(method: string, path: string, status: number, reason: string, message: string) {
    super(`${method} ${path}: ${status} ${reason}: ${message}`);
    this.status = status;
    this.reason = reason;
  }
}

export class AdminClient {
  readonly server: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(server: string, token: string, certificateAuthority: string) {
    this.server = server;
    this.#token = token;
    this.#agent = new Agent({
      connect: {ca: certificateAuthority},
      // Creating a thousand nodes at once must not open a thousand connections.
      connections: 64,
      headersTimeout: 30_000,
      // A watch may be silent for as long as the server likes.
      bodyTimeout: 0,
    });
  }

  async get<T>(path: string): Promise<T> {
    return this.#retryOnce(() => this.#call<T>('GET', path));
  }

  async list<T>(path: string): Promise<T[]> {
    return (await this.get<ObjectList<T>>(path)).items;
  }

  async create<T>(path: string, object: object): Promise<T> {
    return this.#call<T>('POST', path, object);
  }

  async patch<T>(path: string, patch: object, type: PatchType = 'merge'): Promise<T> {
    return this.#call<T>('PATCH', path, patch, `application/${type}-patch+json`);
  }

  /** Server-side apply with the field manager `test`. */
  async apply<T>(path: string, object: object): Promise<T> {
    const separator = path.includes('?') ? '&' : '?';
    return this.#call<T>(
      'PATCH',
      `${path}${separator}fieldManager=test&force=true`,
      object,
      'application/apply-patch+yaml',
    );
  }

  async delete(path: string, options: object = {}): Promise<void> {
    await this.#call('DELETE', path, options);
  }

  /** Where an object of this kind and name is, by what the server says of its kinds. */
  async pathOf({apiVersion = 'v1', kind, metadata}: KubernetesObject): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const {resources} = await this.get<{resources: {name: string; kind: string; namespaced: boolean}[]}>(
      root,
    );
    const resource = resources.find((each) => each.kind === kind && !each.name.includes('/'));
    if (resource === undefined) {
      throw new Error(`${root} serves no kind ${kind}: only ${resources.map(({name}) => name).join(', ')}`);
    }
    const place = resource.namespaced ? `namespaces/${metadata.namespace ?? 'default'}/` : '';
    return `${root}/${place}${resource.name}/${metadata.name}`;
  }

  /** One watch request: ends when the server ends it. `path` has the resourceVersion to start from. */
  async *watch<T>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const separator = path.includes('?') ? '&' : '?';
    const response = await this.#send('GET', `${path}${separator}watch=true`, undefined, undefined, signal);
    if (response.statusCode >= 300) {
      throw await apiError('GET', path, response);
    }
    let rest = '';
    for await (const chunk of response.body.setEncoding('utf8')) {
      const lines = (rest + (chunk as string)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        yield JSON.parse(line) as WatchEvent<T>;
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call<T>(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: object,
    contentType?: string,
  ): Promise<T> {
    const response = await this.#send(method, path, body, contentType);
    if (response.statusCode >= 300) {
      throw await apiError(method, path, response);
    }
    const text = await response.body.text();
    // /readyz and its like answer in plain words.
    return (text.startsWith('{') ? JSON.parse(text) : text) as T;
  }

  async #send(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: object,
    contentType = 'application/json',
    signal?: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    return request(`${this.server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${this.#token}`,
        accept: 'application/json',
        ...(body === undefined ? {} : {'content-type': contentType}),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  }

  /** A restart of the server leaves dead connections in the pool; reads may safely be tried again. */
  async #retryOnce<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof ApiError) {
        throw error;
      }
      await sleep(50);
      return action();
    }
  }
}

async function apiError(method: string, path: string, response: Dispatcher.ResponseData): Promise<ApiError> {
  const text = await response.body.text();
  let reason = '';
  let message = text;
  try {
    const status = JSON.parse(text) as {reason?: string; message?: string};
    reason = status.reason ?? '';
    message = status.message ?? text;
  } catch {
    // Not a Status object: the text itself says what there is to say.
  }
  return new ApiError(method, path, response.statusCode, reason, message);
}
