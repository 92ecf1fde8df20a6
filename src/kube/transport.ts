/**
 * Credentials and connections: everything a request needs besides its path. client-node opens a new TLS connection for
 * every call; here calls share one pool and watches another (so that watches never take connections from calls), made
 * again only when certificates change.
 */
import {createHash} from 'node:crypto';
import type {RequestOptions} from 'node:https';
import type {KubeConfig} from '@kubernetes/client-node';
import {Agent, type Dispatcher, ProxyAgent, request} from 'undici';
import type {Clock} from '../clock.ts';

/** What a client needs to reach an API server. {@link Transport} is the one with sockets. */
export interface Connections {
  connection(): Promise<Connection>;
  /** The server has refused our credentials: look for others. */
  reload(): void;
  /** Cuts what is still running. */
  close(): Promise<void>;
}

export interface Connection {
  readonly server: string;
  /** Resolves when the answer has begun, whatever its code; rejects when none comes, or when the signal aborts. */
  send(request: HttpRequest): Promise<HttpResponse>;
}

export interface HttpRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** The answer goes on for minutes, and must not take a connection away from other calls. */
  readonly isWatch: boolean;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** To be read once; fails when the connection is cut or the signal of the request aborts. */
  readonly body: AsyncIterable<Uint8Array> & {text(): Promise<string>};
}

export interface PooledConnection extends Connection {
  readonly headers: Readonly<Record<string, string>>;
  readonly calls: Dispatcher;
  readonly watches: Dispatcher;
}

// Files and tokens are looked at again this often; FileAuth and ExecAuth of client-node cache for longer by themselves.
const CREDENTIALS_MILLISECONDS = 5_000;
// What a burst may open at most; further calls wait their turn.
const CALL_CONNECTIONS = 10;
const CONNECT_MILLISECONDS = 10_000;
// As client-go: below the 60 s after which load balancers forget a silent connection.
const KEEP_ALIVE_PROBE_MILLISECONDS = 30_000;

export class Transport implements Connections {
  readonly #load: () => KubeConfig;
  readonly #clock: Clock;
  #config: KubeConfig | undefined;
  #connection: PooledConnection | undefined;
  #pending: Promise<PooledConnection> | undefined;
  #tlsKey = '';
  #validUntil = 0;
  #closed = false;

  constructor(load: () => KubeConfig, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
  }

  async connection(): Promise<PooledConnection> {
    if (this.#closed) throw new Error('the Kubernetes client is closed');
    if (this.#connection !== undefined && this.#clock.now() < this.#validUntil) return this.#connection;
    // Concurrent requests share one look: an exec plugin must not be started once for each.
    this.#pending ??= this.#refresh().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** After a 401: read the configuration anew, which also forgets what an exec plugin said. */
  reload(): void {
    this.#config = undefined;
    this.#validUntil = 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#dispose(this.#connection);
    this.#connection = undefined;
  }

  async #refresh(): Promise<PooledConnection> {
    this.#config ??= this.#load();
    const config = this.#config;
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig names no current cluster');

    const options: RequestOptions & {auth?: string | null} = {};
    await config.applyToHTTPSOptions(options);
    const {ca, cert, key, pfx, passphrase, rejectUnauthorized, servername} = options;
    const tls = Object.fromEntries(
      Object.entries({ca, cert, key, pfx, passphrase, rejectUnauthorized, servername}).filter(
        ([, value]) => value !== undefined && value !== null,
      ),
    );

    const tlsKey = createHash('sha256')
      .update(JSON.stringify([cluster.server, cluster.proxyUrl, tls]))
      .digest('hex');
    const old = this.#connection;
    const dispatchers =
      old !== undefined && tlsKey === this.#tlsKey
        ? {calls: old.calls, watches: old.watches}
        : {
            calls: createDispatcher(tls, cluster.proxyUrl, CALL_CONNECTIONS),
            watches: createDispatcher(tls, cluster.proxyUrl, null),
          };
    this.#connection = connect(cluster.server, authenticationHeaders(options), dispatchers);
    this.#tlsKey = tlsKey;
    this.#validUntil = this.#clock.now() + CREDENTIALS_MILLISECONDS;
    if (old !== undefined && old.calls !== dispatchers.calls) retire(old);
    return this.#connection;
  }

  async #dispose(connection: PooledConnection | undefined): Promise<void> {
    await Promise.all([connection?.calls.destroy(), connection?.watches.destroy()]);
  }
}

function connect(
  server: string,
  headers: Readonly<Record<string, string>>,
  {calls, watches}: Pick<PooledConnection, 'calls' | 'watches'>,
): PooledConnection {
  return {
    server,
    headers,
    calls,
    watches,
    send: ({method, path, headers: own, body, isWatch, signal}) =>
      request(server + path, {
        method,
        dispatcher: isWatch ? watches : calls,
        headers: {...headers, ...own},
        body,
        signal,
      }),
  };
}

/** Lets running requests and watches come to their end. */
function retire(connection: PooledConnection): void {
  for (const dispatcher of [connection.calls, connection.watches]) {
    dispatcher.close().catch(() => {
      // Nothing left to close is what we wanted.
    });
  }
}

function createDispatcher(
  tls: Record<string, unknown>,
  proxyUrl: string | undefined,
  connections: number | null,
): Dispatcher {
  const connect = {
    ...tls,
    timeout: CONNECT_MILLISECONDS,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MILLISECONDS,
  };
  // Time-outs are the client's, by its own clock. HTTP/1.1: one lost connection then costs one watch, not all.
  const common = {connections, allowH2: false, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 60_000};
  if (proxyUrl !== undefined && proxyUrl !== '') {
    return new ProxyAgent({
      ...common,
      uri: proxyUrl.replace(/^socks5h:/, 'socks5:'),
      requestTls: connect,
      connectTimeout: CONNECT_MILLISECONDS,
    });
  }
  return new Agent({...common, connect});
}

function authenticationHeaders(options: RequestOptions & {auth?: string | null}): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // A token file that ends in a newline would make an invalid header.
    if (value !== undefined && value !== null) headers[name.toLowerCase()] = String(value).trim();
  }
  if (options.auth) headers['authorization'] ??= `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}
