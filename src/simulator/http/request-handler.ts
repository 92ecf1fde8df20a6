/**
 * Requests of clients of Kubernetes and what they are answered, whatever carries them: authentication, RBAC, and the paths
 * that such clients know. It imports apiserver/ and src/clock.ts only. Everything about objects is decided in apiserver/,
 * synchronously; here is time: delays, bookmarks and the ends of watches.
 */
import type {IncomingHttpHeaders, OutgoingHttpHeaders} from 'node:http';
import {type Clock, systemClock} from '../../clock.ts';
import type {ApiServer} from '../apiserver/api-server.ts';
import type {UserInfo} from '../apiserver/rbac.ts';
import {genericNotFound, StatusError} from '../apiserver/status-error.ts';
import {KUBERNETES_VERSION} from '../apiserver/structure.ts';
import {Authentication, type Identity} from './authentication.ts';
import {assertAllowed, impersonated} from './authorization.ts';
import {Discovery} from './discovery.ts';
import {type ApiRequest, type ApiResponse, assertAcceptsJson, type HttpReply} from './exchange.ts';
import {handleMetrics, METRICS_GROUP, type UsageSource} from './metrics-api.ts';
import {handleOpenApi} from './openapi.ts';
import {type RequestInfo, requestInfo} from './request-info.ts';
import {handleResource} from './resource-handler.ts';
import {handleReview} from './reviews.ts';
import {streamWatch} from './watch-stream.ts';

/** What a fault layer may do to a request before the server sees it. */
export type Interception =
  | {readonly kind: 'pass'; readonly delayMilliseconds?: number}
  /** The server carries it out, but the client hears nothing. */
  | {readonly kind: 'swallow-answer'}
  | {
      readonly kind: 'answer';
      readonly code: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {readonly kind: 'reset'};

export interface InterceptedRequest {
  readonly user: UserInfo;
  readonly info: RequestInfo;
  readonly method: string;
  /** With the query. */
  readonly uri: string;
}

/** What was asked and answered, as an audit log has it. A watch is told of when it begins. */
export interface AuditedRequest extends InterceptedRequest {
  readonly code: number;
  readonly userAgent: string;
  readonly body: Buffer;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

export interface RequestHandlerOptions {
  readonly api: ApiServer;
  /** Besides `admin`, who is in system:masters. */
  readonly users?: readonly Identity[];
  readonly usage?: UsageSource;
  readonly intercept?: (request: InterceptedRequest) => Interception | Promise<Interception>;
  readonly audit?: (request: AuditedRequest) => void;
  /** For delays, bookmarks and the time-outs of watches. */
  readonly clock?: Clock;
  readonly bookmarkMilliseconds?: number;
}

const WATCH_SECONDS = 1800;
const BOOKMARK_MILLISECONDS = 60_000;

/** One request as it comes in. */
export interface HttpCall {
  readonly method: string;
  /** With the query. */
  readonly uri: string;
  readonly headers: IncomingHttpHeaders;
  body(): Promise<Buffer>;
}

export class RequestHandler {
  readonly authentication: Authentication;
  readonly #options: RequestHandlerOptions;
  readonly #discovery: Discovery;
  readonly #clock: Clock;
  readonly #watches = new Set<() => void>();

  constructor(options: RequestHandlerOptions) {
    const {api, users = [], clock = systemClock} = options;
    this.#options = options;
    this.#clock = clock;
    this.authentication = new Authentication(
      api,
      [{user: 'admin', groups: ['system:masters']}, ...users],
      () => api.context.now(),
    );
    this.#discovery = new Discovery(api, options.usage !== undefined);
  }

  /** Ends every watch, as a server does that shuts down. */
  endWatches(): void {
    for (const end of this.#watches) end();
  }

  /** Resolves when the request is answered, or its watch has begun. */
  async handle(incoming: HttpCall, response: HttpReply): Promise<void> {
    const {method, uri} = incoming;
    const url = new URL(uri, 'https://127.0.0.1');
    const info = requestInfo(method, url.pathname, url.searchParams);
    const warnings: string[] = [];
    const userAgent = incoming.headers['user-agent'] ?? '';
    let user: UserInfo = {username: '', groups: []};
    const receivedAt = this.#clock.now();
    let body: Buffer = Buffer.alloc(0);
    const audit = (code: number): void =>
      this.#options.audit?.({user, info, method, uri, code, userAgent, body, receivedAt});
    try {
      const {store} = this.#options.api.context;
      user = impersonated(
        store,
        this.authentication.authenticate(incoming.headers.authorization),
        incoming.headers,
      );
      body = await incoming.body();
      const interception = (await this.#options.intercept?.({user, info, method, uri})) ?? {kind: 'pass'};
      if (interception.kind === 'reset') {
        response.destroy();
        return;
      }
      if (interception.kind === 'answer') {
        audit(interception.code);
        send(response, interception, []);
        return;
      }
      if (interception.kind === 'pass' && interception.delayMilliseconds !== undefined) {
        await this.#clock.sleep(interception.delayMilliseconds);
      }
      assertAllowed(store, user, info);
      const request: ApiRequest = {
        method,
        info,
        query: url.searchParams,
        accept: incoming.headers.accept ?? '',
        contentType: incoming.headers['content-type'] ?? '',
        userAgent,
        body,
        user,
      };
      const answer = this.#answer(request, response, (text) => warnings.push(text));
      audit(answer?.code ?? 200);
      if (answer === undefined) return;
      if (interception.kind === 'swallow-answer') response.destroy();
      else send(response, answer, warnings);
    } catch (error) {
      const failure = asStatusError(error);
      audit(failure.code);
      send(response, {code: failure.code, body: failure.status(), headers: retryAfter(failure)}, warnings);
    }
  }

  /** Undefined when a watch has taken over the response. */
  #answer(request: ApiRequest, response: HttpReply, warn: (text: string) => void): ApiResponse | undefined {
    const {info} = request;
    const {api, usage} = this.#options;
    const plain = plainAnswer(info.path);
    if (plain !== undefined) return plain;
    if (!info.isResource) {
      // OpenAPI is asked for with media types of its own; JSON is what all of them can fall back to.
      const found = handleOpenApi(api, request) ?? this.#discovery.handle(request);
      if (found === undefined) throw genericNotFound();
      return found;
    }
    const review = handleReview(api, this.authentication, request);
    if (review !== undefined) return review;
    if (info.group === METRICS_GROUP && usage !== undefined) return handleMetrics(api, usage, request);
    const resource = api.context.registry.find(info.group, info.version, info.resource);
    if (resource === undefined) {
      const isKnown = api.context.registry
        .all()
        .some(({group, version}) => group === info.group && version === info.version);
      if (!isKnown) return {code: 404, body: '404 page not found\n'};
      throw genericNotFound();
    }
    assertAcceptsJson(request.accept);
    if (!resource.isNamespaced && info.namespace !== undefined) {
      // `/api/v1/namespaces/x`: x is in no namespace, although RBAC asks as if it were in itself.
      return this.#answer({...request, info: {...info, namespace: undefined}}, response, warn);
    }
    const watches = info.verb === 'watch' || (info.verb === 'get' && request.query.get('watch') === 'true');
    if (!watches) return handleResource(api, resource, request, warn);
    const end = streamWatch(api, resource, request, response, {
      clock: this.#clock,
      bookmarkMilliseconds: this.#options.bookmarkMilliseconds ?? BOOKMARK_MILLISECONDS,
      defaultTimeoutSeconds: WATCH_SECONDS,
    });
    this.#watches.add(end);
    response.on('close', () => this.#watches.delete(end));
    return undefined;
  }
}

function plainAnswer(path: string): ApiResponse | undefined {
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return {code: 200, body: 'ok'};
  if (path !== '/version' && path !== '/version/') return undefined;
  const [major, minor] = KUBERNETES_VERSION.slice(1).split('.');
  const body = {
    major,
    minor,
    gitVersion: KUBERNETES_VERSION,
    gitCommit: 'simulated',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'none',
    platform: 'simulated/cluster',
  };
  return {code: 200, body};
}

function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {causes: [{message}]});
}

function retryAfter({details}: StatusError): Record<string, string> {
  const seconds = details?.retryAfterSeconds;
  return seconds === undefined || seconds === 0 ? {} : {'retry-after': String(seconds)};
}

function send(
  response: HttpReply,
  {code, body, contentType, headers}: ApiResponse,
  warnings: readonly string[],
): void {
  if (response.headersSent) response.destroy();
  if (response.destroyed) return;
  const isText = typeof body === 'string';
  const all: OutgoingHttpHeaders = {
    'content-type': contentType ?? (isText ? 'text/plain; charset=utf-8' : 'application/json'),
    'cache-control': 'no-cache, private',
    'audit-id': 'simulated',
    ...headers,
    ...(warnings.length === 0
      ? {}
      : {warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(', ')}),
  };
  response.writeHead(code, all);
  response.end(isText ? body : JSON.stringify(body));
}
