/**
 * Between an operator and the simulated API server's request handling, without sockets: latency, and every way in which a
 * request, an answer or a watch can go wrong.
 */
import type {Connection, Connections, HttpRequest, HttpResponse} from '../../src/kube/transport.ts';
import type {Random} from '../../src/simulator/engine/random.ts';
import type {SimulationClock} from '../../src/simulator/engine/simulation-clock.ts';
import type {RequestHandler} from '../../src/simulator/http/request-handler.ts';
import {type RequestInfo, requestInfo} from '../../src/simulator/http/request-info.ts';
import {Exchange} from './exchange.ts';
import {
  type Fault,
  type FaultPlan,
  REQUEST_FAULT_NAMES,
  type RequestFault,
  WATCH_FAULT_NAMES,
} from './fault-plan.ts';
import type {Host} from './host.ts';
import type {Mutation} from './mutations.ts';
import type {Trace} from './trace.ts';

/** A request of an operator, as whoever looks on sees it. */
export interface SentRequest {
  readonly instance: string;
  readonly method: string;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Onlooker {
  /** It leaves the operator. */
  sent(request: SentRequest): void;
  /** Before the API server carries it out. */
  arrives(request: SentRequest): void;
  /** The API server has carried it out. */
  served(request: SentRequest, code: number): void;
  /** News of a resource has reached the operator: it knows its state of that revision. */
  told(instance: string, resource: string, revision: number): void;
}

export interface NetworkOptions {
  readonly instance: string;
  readonly handler: RequestHandler;
  readonly token: string;
  readonly clock: SimulationClock;
  readonly host: Host;
  readonly random: Random;
  readonly faults: FaultPlan;
  readonly trace: Trace;
  readonly onlooker: Onlooker;
  readonly isServerDown: () => boolean;
  readonly mutation?: Mutation | undefined;
  /** Called before promises of the server or the operator go on. */
  readonly onWake: () => void;
  /** Called when the operator is to die at a request: before it arrives, or before its answer does. */
  readonly crash: () => void;
}

/** How long the answer to a request takes, milliseconds. */
const LATENCY = 4;
/** A request may reach the server so much later, milliseconds; less than the operator reckons with. */
const LATEST_EFFECT = 9_000;
const LATEST_EVICTION = 36_000;
const SLOWEST_ANSWER = 13_000;

export class Network implements Connections {
  readonly options: NetworkOptions;
  readonly #open = new Set<Exchange>();
  readonly #connection: Connection;
  #isCrashDue = false;

  constructor(options: NetworkOptions) {
    this.options = options;
    this.#connection = {server: 'https://simulated', send: (request) => this.#send(request)};
  }

  async connection(): Promise<Connection> {
    return this.#connection;
  }

  reload(): void {
    // One token for a whole run.
  }

  async close(): Promise<void> {
    this.cut('the client was closed');
  }

  /** The operator dies at its next request. */
  crashAtRequest(): void {
    this.#isCrashDue = true;
  }

  /** Every open connection breaks. */
  cut(reason: string): void {
    for (const exchange of this.#open) {
      exchange.fail(reason);
    }
  }

  /** The process is gone, and the server notices. */
  abandon(): void {
    for (const exchange of this.#open) {
      exchange.hangUp();
    }
    this.#open.clear();
  }

  #send(wanted: HttpRequest): Promise<HttpResponse> {
    const {instance, onlooker, faults, random, clock, trace, mutation} = this.options;
    const {method, path, headers, body, isWatch, signal} = mutation?.sends?.(wanted) ?? wanted;
    const url = new URL(path, 'https://simulated');
    const request: SentRequest = {
      instance,
      method,
      info: requestInfo(method, url.pathname, url.searchParams),
      query: url.searchParams,
      headers,
      body: body === null ? undefined : JSON.parse(body),
    };
    trace.add(`${instance} > ${method} ${path}${body === null ? '' : ` ${body}`}`);
    onlooker.sent(request);
    const fault = faults.draw(faultsOf(request));
    const watchFault = isWatch ? faults.draw(WATCH_FAULT_NAMES) : undefined;
    const exchange = new Exchange(this.options, request, watchFault, () => this.#open.delete(exchange));
    this.#open.add(exchange);
    signal.addEventListener('abort', () => exchange.abort(), {once: true});
    const crash = this.#crashAt(request);
    const dies =
      crash === undefined
        ? undefined
        : random.pick(['before effect', 'after effect', 'before a late effect'] as const);
    if (crash !== undefined) {
      faults.count(crash);
      trace.add(`${instance} dies ${dies} of this request`);
    } else if (fault !== undefined) {
      faults.count(fault);
      trace.add(`${instance} fault: ${fault}`);
    }
    const latency = 1 + random.integer(LATENCY);
    if (dies === 'before effect') {
      clock.after(0, () => this.options.crash());
    } else if (dies === 'before a late effect') {
      clock.after(0, () => this.options.crash());
      this.#arrive(exchange, uri(url), body, headers, 'late effect');
    } else {
      clock.after(latency, () => {
        if (dies === 'after effect') {
          exchange.serve(uri(url), body, headers, 'time-out with effect');
          clock.after(1, () => this.options.crash());
          return;
        }
        this.#arrive(exchange, uri(url), body, headers, fault);
      });
    }
    return exchange.answer;
  }

  #crashAt({info}: SentRequest): Fault | undefined {
    if (this.#isCrashDue) {
      this.#isCrashDue = false;
      return 'operator crash at a request';
    }
    return info.subresource === 'eviction' && this.options.faults.strikes('operator crash at an eviction')
      ? 'operator crash at an eviction'
      : undefined;
  }

  #arrive(
    exchange: Exchange,
    path: string,
    body: string | null,
    headers: Readonly<Record<string, string>>,
    fault: RequestFault | undefined,
  ): void {
    const {random, clock, isServerDown} = this.options;
    if (isServerDown()) {
      exchange.fail('connect ECONNREFUSED');
      return;
    }
    switch (fault) {
      case 'reset before effect':
        exchange.fail('read ECONNRESET');
        return;
      case 'time-out without effect':
        return;
      case 'late effect': {
        const latest = exchange.request.info.subresource === 'eviction' ? LATEST_EVICTION : LATEST_EFFECT;
        const wait = random.integer(latest);
        clock.after(wait, () => {
          // With its connection a server drops a request, but for what it has begun.
          if (!exchange.isCut || wait < LATEST_EFFECT) {
            exchange.serve(path, body, headers, undefined);
          }
        });
        return;
      }
      case '409 conflict':
        exchange.refuse(
          409,
          'Conflict',
          'the object has been modified; please apply your changes to the latest version and try again',
        );
        return;
      case '429 too many requests':
        exchange.refuse(
          429,
          'TooManyRequests',
          'too many requests, please try again later',
          1 + random.integer(5),
        );
        return;
      case '500 without effect':
        exchange.refuse(500, 'InternalError', 'etcdserver: leader changed');
        return;
      case '503 unavailable':
        exchange.refuse(503, 'ServiceUnavailable', 'apiserver is shutting down');
        return;
      case 'slow answer':
        exchange.slow(random.integer(SLOWEST_ANSWER));
        exchange.serve(path, body, headers, undefined);
        return;
      case 'reset after effect':
      case 'time-out with effect':
      case 'answer cut':
      case '500 after effect':
      case undefined:
        exchange.serve(path, body, headers, fault);
    }
  }
}

function uri(url: URL): string {
  return url.pathname + url.search;
}

/** A conflict is an answer to a write. */
function faultsOf({method, info}: SentRequest): readonly RequestFault[] {
  const isRead = method === 'GET';
  return REQUEST_FAULT_NAMES.filter(
    (fault) =>
      !(fault === '409 conflict' && isRead) &&
      // A watch is open-ended: what can go wrong later has names of its own.
      !(
        info.verb === 'watch' &&
        (fault === 'slow answer' || fault === 'answer cut' || fault === 'late effect')
      ),
  );
}
