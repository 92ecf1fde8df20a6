/** The HTTP face for probes and Prometheus: /healthz, /readyz, /metrics. */
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Metrics} from './metrics.ts';

/** What is wrong, in words; undefined when nothing is. */
export type Check = () => string | undefined;

export interface HealthServerOptions {
  /** `host:port`; `:8080` listens on all addresses, port 0 takes a free one. */
  readonly address: string;
  readonly liveness: Readonly<Record<string, Check>>;
  readonly readiness: Readonly<Record<string, Check>>;
  readonly metrics?: Pick<Metrics, 'contentType' | 'render'>;
}

export class HealthServer implements AsyncDisposable {
  readonly #options: HealthServerOptions;
  readonly #server: Server;

  private constructor(options: HealthServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500, {'content-type': 'text/plain'});
        response.end(`${String(error)}\n`);
      });
    });
  }

  static async start(options: HealthServerOptions): Promise<HealthServer> {
    const {host, port} = parseAddress(options.address);
    const health = new HealthServer(options);
    await new Promise<void>((resolve, reject) => {
      health.#server.once('error', (error) => {
        reject(new Error(`cannot listen on ${options.address}: ${error.message}`, {cause: error}));
      });
      health.#server.listen(port, host, resolve);
    });
    // Probes must not keep a process alive that has nothing else to do.
    health.#server.unref();
    return health;
  }

  /** The port that is really used. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, {allow: 'GET, HEAD'}).end();
      return;
    }
    const {liveness, readiness, metrics} = this.#options;
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/healthz' || path === '/livez') return report(request, response, liveness);
    if (path === '/readyz') return report(request, response, readiness);
    if (path === '/metrics' && metrics !== undefined) {
      const text = await metrics.render();
      response.writeHead(200, {'content-type': metrics.contentType}).end(text);
      return;
    }
    response
      .writeHead(404, {'content-type': 'text/plain'})
      .end('not found; see /healthz, /readyz, /metrics\n');
  }
}

function report(request: IncomingMessage, response: ServerResponse, checks: Readonly<Record<string, Check>>) {
  const results = Object.entries(checks).map(([name, check]) => ({name, problem: runCheck(check)}));
  const isOk = results.every(({problem}) => problem === undefined);
  const code = isOk ? 200 : 503;
  if (request.headers.accept?.includes('application/json')) {
    const body = {
      status: isOk ? 'ok' : 'failed',
      checks: results.map(({name, problem}) => ({name, ok: problem === undefined, reason: problem})),
    };
    response.writeHead(code, {'content-type': 'application/json'}).end(JSON.stringify(body));
    return;
  }
  // As the API server prints its own checks.
  const lines = results.map(({name, problem}) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  response
    .writeHead(code, {'content-type': 'text/plain; charset=utf-8'})
    .end([...lines, isOk ? 'ok' : 'failed', ''].join('\n'));
}

function runCheck(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`. */
export function parseAddress(address: string): {host: string | undefined; port: number} {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<host>[^:]*)):(?<port>\d{1,5})$/.exec(address);
  const port = Number(match?.groups?.['port']);
  if (match === null || port > 65_535) {
    throw new Error(
      `"${address}" is not an address to listen on; expected host:port, such as 127.0.0.1:8080 or :8080`,
    );
  }
  return {host: match.groups?.['six'] ?? (match.groups?.['host'] || undefined), port};
}
