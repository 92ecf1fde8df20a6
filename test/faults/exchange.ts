/** One request on its way, its answer on the way back, and what goes wrong with either. */
import type {OutgoingHttpHeaders} from 'node:http';
import type {HttpResponse} from '../../src/kube/transport.ts';
import type {HttpReply} from '../../src/simulator/http/exchange.ts';
import {AnswerBody} from './answer-body.ts';
import type {RequestFault, WatchFault} from './fault-plan.ts';
import type {NetworkOptions, SentRequest} from './network.ts';

const LONGEST_WATCH_FAULT = 180_000;
const LONGEST_DELAY = 25_000;
/** Share of the events, on a watch that tells some twice. */
const DOUBLED = 0.3;

export class Exchange implements HttpReply {
  readonly request: SentRequest;
  readonly #network: NetworkOptions;
  readonly #onDone: () => void;
  readonly #answer = Promise.withResolvers<HttpResponse>();
  readonly #body = new AnswerBody();
  readonly #closeListeners: (() => void)[] = [];
  readonly #watchFault: WatchFault | undefined;
  headersSent = false;
  destroyed = false;
  #isDone = false;
  #isMute = false;
  #isOk = false;
  #isDoubling = false;
  /** What the server says is not heard any more. */
  #isRefused = false;
  #isCloseDue = false;
  /** The connection is gone. */
  isCut = false;
  #cutAnswer = false;
  #failAfterEffect: 'reset' | '500' | undefined;
  #delay = 0;
  #lastArrival = 0;
  #pending: string[] | undefined;

  constructor(
    network: NetworkOptions,
    request: SentRequest,
    watchFault: WatchFault | undefined,
    onDone: () => void,
  ) {
    this.#network = network;
    this.request = request;
    this.#watchFault = watchFault;
    this.#onDone = onDone;
    // Whoever waits for it may have died.
    this.#answer.promise.catch(() => {});
  }

  get answer(): Promise<HttpResponse> {
    return this.#answer.promise;
  }

  // --- The server's side -----------------------------------------------------------------------------------------------

  /** The request reaches the server. */
  serve(
    uri: string,
    body: string | null,
    headers: Readonly<Record<string, string>>,
    fault: RequestFault | undefined,
  ): void {
    const {handler, token, onlooker, onWake, trace, instance, mutation} = this.#network;
    const {method} = this.request;
    this.#isMute = fault === 'time-out with effect';
    this.#cutAnswer = fault === 'answer cut';
    if (fault === 'reset after effect') this.#failAfterEffect = 'reset';
    if (fault === '500 after effect') this.#failAfterEffect = '500';
    onWake();
    onlooker.arrives(this.request);
    const call = {
      method,
      uri: mutation?.arrives?.(uri, method) ?? uri,
      headers: {...headers, authorization: `Bearer ${token}`},
      body: async () => Buffer.from(body ?? ''),
    };
    handler.handle(call, this).catch((error: unknown) => {
      trace.add(`${instance} ! the simulated API server has failed: ${String(error)}`);
      throw error;
    });
  }

  writeHead(code: number, headers: OutgoingHttpHeaders): void {
    this.headersSent = true;
    this.#isOk = code < 300;
    const {onlooker, trace, instance} = this.#network;
    const {method, info} = this.request;
    trace.add(`${instance} < ${code} ${method} ${info.path}`);
    onlooker.served(this.request, code);
    if (this.#failAfterEffect === 'reset') {
      this.fail('read ECONNRESET');
    } else if (this.#failAfterEffect === '500') {
      this.refuse(500, 'InternalError', 'etcdserver: request timed out');
    } else {
      this.#head(code, headers);
    }
    if (info.verb === 'watch' && code === 200) {
      this.#planWatchFault();
    }
    if (this.#isCloseDue) {
      this.#close();
    }
  }

  flushHeaders(): void {
    // They are on their way as it is.
  }

  write(text: string): void {
    if (!this.#isRefused) this.#send(text);
  }

  #send(text: string): void {
    if (this.#isDone || this.destroyed) return;
    const texts = this.#isDoubling && this.#network.random.fraction() < DOUBLED ? [text, text] : [text];
    if (this.#pending !== undefined) {
      this.#pending.push(...texts);
      return;
    }
    if (this.#isMute) return;
    this.#pending = texts;
    this.#deliver(() => this.#receive());
  }

  end(text?: string): void {
    if (text !== undefined) this.write(this.#cutAnswer ? text.slice(0, text.length / 2) : text);
    this.#deliver(() => {
      this.#finish(this.#cutAnswer ? new Error('other side closed') : undefined);
    });
    this.#close();
  }

  destroy(): void {
    this.fail('read ECONNRESET');
    this.#close();
  }

  on(_event: 'close', listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  // --- The network ------------------------------------------------------------------------------------------------------

  slow(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Something on the way answers instead of the server. */
  refuse(code: number, reason: string, message: string, retryAfterSeconds?: number): void {
    this.#failAfterEffect = undefined;
    const details = retryAfterSeconds === undefined ? {} : {details: {retryAfterSeconds}};
    const status = {kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, ...details};
    const headers = retryAfterSeconds === undefined ? {} : {'retry-after': String(retryAfterSeconds)};
    this.#head(code, {'content-type': 'application/json', ...headers});
    this.#send(JSON.stringify(status));
    this.#deliver(() => this.#finish(undefined));
    this.#isMute = true;
    this.#isRefused = true;
  }

  /** The connection breaks: both sides notice. */
  fail(message: string): void {
    this.isCut = true;
    this.#deliver(() => this.#finish(Object.assign(new Error(message), {code: 'ECONNRESET'})));
    this.#isMute = true;
    this.#network.clock.after(1, () => this.#close());
  }

  /** The operator's process is gone. */
  hangUp(): void {
    this.isCut = true;
    this.#isDone = true;
    this.#network.clock.after(1, () => this.#close());
  }

  // --- The operator's side -----------------------------------------------------------------------------------------------

  /** The operator does not want the answer any more. */
  abort(): void {
    const error = Object.assign(new Error('This operation was aborted'), {name: 'AbortError'});
    this.#finish(error);
    this.#network.clock.after(1, () => this.#close());
  }

  #head(code: number, headers: OutgoingHttpHeaders): void {
    const answer = {statusCode: code, headers: plain(headers), body: this.#body};
    this.#deliver(() => this.#answer.resolve(answer));
  }

  #receive(): void {
    const parts = this.#pending ?? [];
    this.#pending = undefined;
    if (this.#isDone) return;
    for (const part of parts) {
      this.#note(part);
      this.#body.push(Buffer.from(this.#mutated(part)));
    }
  }

  #mutated(part: string): string {
    const isWhole = this.#isOk && !this.#cutAnswer && part.startsWith('{') && part.trimEnd().endsWith('}');
    return (isWhole ? this.#network.mutation?.hears?.(part, this.request.info) : undefined) ?? part;
  }

  /** What the operator knows from here on. */
  #note(text: string): void {
    const {onlooker, instance} = this.#network;
    const {info} = this.request;
    if ((info.verb !== 'watch' && info.verb !== 'list') || this.#cutAnswer) return;
    const revision = /"resourceVersion":"(\d+)"/.exec(text)?.[1];
    if (revision !== undefined && text.length > 0) onlooker.told(instance, info.resource, Number(revision));
  }

  #finish(error: Error | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (error !== undefined) this.#answer.reject(error);
    this.#body.end(error);
    this.#onDone();
  }

  #close(): void {
    if (this.destroyed) return;
    // What arrives without its sender is carried out all the same, and whoever looks on is to see it.
    if (!this.headersSent && this.request.method !== 'GET') {
      this.#isCloseDue = true;
      return;
    }
    this.destroyed = true;
    for (const listener of this.#closeListeners) listener();
  }

  /** In order, as TCP does. */
  #deliver(callback: () => void): void {
    if (this.#isMute) return;
    const {clock, random, host} = this.#network;
    const at = Math.max(this.#lastArrival, clock.now() + 1 + random.integer(3) + this.#delay);
    this.#lastArrival = at;
    clock.after(at - clock.now(), () => host.receive(callback));
  }

  #planWatchFault(): void {
    const {clock, random, faults, trace, instance} = this.#network;
    const fault = this.#watchFault;
    if (fault === undefined) return;
    clock.after(random.integer(LONGEST_WATCH_FAULT), () => {
      if (this.#isDone || this.destroyed || !faults.isOn) return;
      faults.count(fault);
      trace.add(`${instance} fault: ${fault} (${this.request.info.resource})`);
      this.#strike(fault);
    });
  }

  #strike(fault: WatchFault): void {
    const {clock, random} = this.#network;
    switch (fault) {
      case 'watch cut':
        this.fail('read ECONNRESET');
        return;
      case 'watch cut in a line':
        this.write('{"type":"MODIFIED","object":{"metadata":{"name":"ha');
        this.fail('read ECONNRESET');
        return;
      case 'watch events lost, then cut':
        this.#isMute = true;
        clock.after(random.integer(LONGEST_DELAY), () => {
          this.#isMute = false;
          this.#pending = undefined;
          this.fail('read ECONNRESET');
        });
        return;
      case 'watch expired (410)': {
        const status = {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          code: 410,
          reason: 'Expired',
          message: 'too old resource version',
        };
        this.write(`${JSON.stringify({type: 'ERROR', object: status})}\n`);
        this.#deliver(() => this.#finish(undefined));
        this.#isMute = true;
        this.#close();
        return;
      }
      case 'watch silent':
        this.#isMute = true;
        return;
      case 'watch delayed':
        this.#delay = random.integer(LONGEST_DELAY);
        clock.after(this.#delay * 3, () => {
          this.#delay = 0;
        });
        return;
      case 'watch events duplicated':
        this.#isDoubling = true;
    }
  }
}

function plain(headers: OutgoingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
