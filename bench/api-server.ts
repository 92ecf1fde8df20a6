/**
 * An API server that holds a generated cluster and never changes it: lists in pages, watches that stay silent, and yes
 * to every status that is written. Enough for the operator to start and to look at everything once.
 */
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {ClusterLayout} from './cluster/layout.ts';
import {
  apiAutoscalers,
  apiBudgets,
  apiDeployments,
  apiNamespaces,
  apiNodes,
  apiPods,
  apiReplicaSets,
  spreadPolicies,
} from './cluster/objects.ts';

type Lister = (layout: ClusterLayout) => Generator<object>;

const LISTERS: Readonly<Record<string, Lister>> = {
  namespaces: apiNamespaces,
  nodes: apiNodes,
  deployments: apiDeployments,
  replicasets: apiReplicaSets,
  pods: apiPods,
  poddisruptionbudgets: apiBudgets,
  horizontalpodautoscalers: apiAutoscalers,
  spreadpolicies: spreadPolicies,
};

export class SilentApiServer implements AsyncDisposable {
  readonly #layout: ClusterLayout;
  readonly #server: Server;
  /** Lists that are not read to their end, by continue token. */
  readonly #open = new Map<string, Generator<object>>();
  #tokens = 0;
  /** Statuses and events that were written. */
  writes = 0;

  private constructor(layout: ClusterLayout) {
    this.#layout = layout;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(layout: ClusterLayout): Promise<SilentApiServer> {
    const server = new SilentApiServer(layout);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  /** In JSON, which is YAML. */
  get kubeconfig(): string {
    const {port} = this.#server.address() as AddressInfo;
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'bench',
      clusters: [{name: 'bench', cluster: {server: `http://127.0.0.1:${port}`}}],
      users: [{name: 'bench', user: {token: 'bench'}}],
      contexts: [{name: 'bench', context: {cluster: 'bench', user: 'bench'}}],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method !== 'GET') {
      this.writes += 1;
      reply(response, {metadata: {generation: 1}});
    } else if (url.pathname === '/version') {
      reply(response, {major: '1', minor: '36', gitVersion: 'v1.36.0'});
    } else if (url.searchParams.get('watch') === 'true') {
      response.writeHead(200, {'content-type': 'application/json', 'transfer-encoding': 'chunked'});
      response.flushHeaders();
    } else {
      this.#list(url, response);
    }
  }

  #list(url: URL, response: ServerResponse): void {
    const resource = url.pathname.split('/').at(-1) ?? '';
    const token = url.searchParams.get('continue') ?? '';
    const objects = this.#open.get(token) ?? LISTERS[resource]?.(this.#layout);
    this.#open.delete(token);
    const limit = Number(url.searchParams.get('limit') ?? Number.POSITIVE_INFINITY);
    const items: object[] = [];
    let next = objects?.next();
    while (next?.done === false) {
      items.push(next.value);
      if (items.length === limit) {
        break;
      }
      next = objects?.next();
    }
    const goesOn = next?.done === false && objects !== undefined;
    if (goesOn) {
      this.#tokens += 1;
      this.#open.set(String(this.#tokens), objects);
    }
    const metadata = {resourceVersion: '1', ...(goesOn ? {continue: String(this.#tokens)} : {})};
    reply(response, {kind: 'List', metadata, items});
  }
}

function reply(response: ServerResponse, body: unknown): void {
  response.writeHead(200, {'content-type': 'application/json'});
  response.end(JSON.stringify(body));
}
