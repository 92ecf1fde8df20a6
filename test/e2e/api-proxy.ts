// Between the operator and the API server: lets a test hold a request at the very moment that it is about, or cut every
// connection. Speaks HTTP to the operator and HTTPS to the server.
import {readFile, writeFile} from 'node:fs/promises';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {Agent, request as httpsRequest} from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {join} from 'node:path';
import {operatorUser} from '../controlplane/install-operator.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';

export interface ProxiedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string;
}

/**
 * `sent`: the operator has sent the request, and the server knows nothing of it. `answered`: the server has done what
 * it was asked, and the operator does not know.
 */
export type Moment = 'sent' | 'answered';

export interface HeldRequest {
  readonly request: ProxiedRequest;
  /** It goes on as if nothing had been. */
  readonly pass: () => void;
  /** The operator never gets an answer; a request that was only sent never reaches the server. */
  readonly drop: () => void;
}

interface Trap {
  readonly moment: Moment;
  readonly matches: (request: ProxiedRequest) => boolean;
  readonly caught: (held: HeldRequest) => void;
}

export class ApiProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #agent = new Agent({keepAlive: true, rejectUnauthorized: false});
  readonly #sockets = new Set<Socket>();
  #traps: Trap[] = [];

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((request, response) => {
      this.#forward(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(cluster: RunningControlPlane): Promise<ApiProxy> {
    const proxy = new ApiProxy(cluster.server);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The operator's kubeconfig, by way of the proxy. */
  async createKubeconfig(cluster: RunningControlPlane): Promise<string> {
    const path = join(cluster.directory, 'operator-by-proxy.kubeconfig');
    await cluster.createKubeconfig({user: operatorUser, path});
    const {port} = this.#server.address() as AddressInfo;
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll(cluster.server, `http://127.0.0.1:${port}`));
    return path;
  }

  /** Resolves when the next such request is at that moment, and keeps it there. */
  hold(moment: Moment, matches: (request: ProxiedRequest) => boolean): Promise<HeldRequest> {
    return new Promise((caught) => {
      this.#traps.push({moment, matches, caught});
    });
  }

  /** Every connection of the operator ends at once, watches included; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  async stop(): Promise<void> {
    this.cut();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) {
      chunks.push(chunk as Buffer);
    }
    const body = Buffer.concat(chunks);
    const request = {method: incoming.method ?? '', path: incoming.url ?? '', body: body.toString()};
    if (!(await this.#reach('sent', request))) {
      response.destroy();
      return;
    }
    const {headers} = incoming;
    const outgoing = httpsRequest(
      {
        host: this.#target.hostname,
        port: this.#target.port,
        method: request.method,
        path: request.path,
        headers: {...headers, host: this.#target.host},
        agent: this.#agent,
      },
      (answer) => {
        void this.#answer(request, answer, response);
      },
    );
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    outgoing.end(body);
  }

  async #answer(request: ProxiedRequest, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    answer.on('error', () => response.destroy());
    if (!(await this.#reach('answered', request))) {
      answer.destroy();
      response.destroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // A watch has begun long before its first event.
    response.flushHeaders();
    answer.pipe(response);
    response.on('close', () => answer.destroy());
  }

  /** Whether the request goes on. */
  async #reach(moment: Moment, request: ProxiedRequest): Promise<boolean> {
    const trap = this.#traps.find((each) => each.moment === moment && each.matches(request));
    if (trap === undefined) {
      return true;
    }
    this.#traps = this.#traps.filter((each) => each !== trap);
    return new Promise((resolve) => {
      trap.caught({request, pass: () => resolve(true), drop: () => resolve(false)});
    });
  }
}
