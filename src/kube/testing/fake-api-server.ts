/** An API server by script, over a real socket: what tests need is how we behave towards HTTP, not towards a mock. */
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import {KubeConfig} from '@kubernetes/client-node';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Handler = (
  request: ReceivedRequest,
  response: ServerResponse,
  /** How many requests came before this one. */
  index: number,
) => void | Promise<void>;

export class FakeApiServer implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  readonly sockets = new Set<IncomingMessage['socket']>();
  readonly #server: Server;
  #handler: Handler;
  #waiting: (() => void)[] = [];

  private constructor(handler: Handler) {
    this.#handler = handler;
    this.#server = createServer((incoming, response) => void this.#handle(incoming, response));
  }

  static async start(handler: Handler = (_, response) => reply(response, 404, status(404, 'NotFound'))) {
    const server = new FakeApiServer(handler);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  kubeConfig(user: {token?: string; username?: string; password?: string} = {token: 'secret'}): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      {name: 'fake', server: this.url, skipTLSVerify: true},
      {name: 'tester', ...user},
    );
    return config;
  }

  on(handler: Handler): void {
    this.#handler = handler;
  }

  /** Resolves when a request that matches has arrived (also earlier). */
  async received(matches: (request: ReceivedRequest) => boolean, times = 1): Promise<void> {
    while (this.requests.filter(matches).length < times) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.sockets.add(incoming.socket);
    const url = new URL(incoming.url ?? '/', this.url);
    const body = await text(incoming);
    const request = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: incoming.headers,
      body: body === '' ? undefined : (JSON.parse(body) as unknown),
    };
    this.requests.push(request);
    await this.#handler(request, response, this.requests.length - 1);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export function reply(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, {'content-type': 'application/json', ...headers});
  response.end(JSON.stringify(body));
}

export function status(code: number, reason: string, message = reason, details: object = {}): object {
  return {kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details};
}

/** Begins a watch's answer, and leaves it open. */
export function startWatch(response: ServerResponse): void {
  response.writeHead(200, {'content-type': 'application/json', 'transfer-encoding': 'chunked'});
  response.flushHeaders();
}

export function sendEvent(response: ServerResponse, type: string, object: object): void {
  response.write(`${JSON.stringify({type, object})}\n`);
}
