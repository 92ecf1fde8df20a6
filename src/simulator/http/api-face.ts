/** The HTTP face of the simulated API server: TLS on loopback. Here are sockets; what is answered says request-handler.ts. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer, type Server} from 'node:https';
import type {AddressInfo} from 'node:net';
import {makeServerCertificate} from './certificate.ts';
import {kubeconfig, writeKubeconfig} from './kubeconfig.ts';
import {RequestHandler, type RequestHandlerOptions} from './request-handler.ts';

export interface ApiFaceOptions extends RequestHandlerOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

export class ApiFace {
  readonly #server: Server;
  readonly #authority: string;
  readonly #handler: RequestHandler;

  private constructor(
    options: ApiFaceOptions,
    certificate: {authority: string; certificate: string; key: string},
  ) {
    this.#authority = certificate.authority;
    this.#handler = new RequestHandler(options);
    this.#server = createServer(
      {cert: certificate.certificate, key: certificate.key},
      (request, response) => {
        this.#serve(request, response).catch((error: unknown) => {
          response.destroy(error instanceof Error ? error : undefined);
        });
      },
    );
    this.#server.keepAliveTimeout = 65_000;
  }

  static async start(options: ApiFaceOptions): Promise<ApiFace> {
    const face = new ApiFace(options, await makeServerCertificate());
    await face.#listen(options.port ?? 0);
    return face;
  }

  /** `https://127.0.0.1:<port>` */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** PEM of what signed the server's certificate. */
  get authority(): string {
    return this.#authority;
  }

  /** Throws for a user that was not named at start. */
  token(user = 'admin'): string {
    const token = this.#handler.authentication.tokenOf(user);
    if (token === undefined)
      throw new Error(`the simulated API server knows no user ${JSON.stringify(user)}`);
    return token;
  }

  kubeconfig(user = 'admin'): string {
    return kubeconfig({server: this.url, authority: this.#authority, user, token: this.token(user)});
  }

  async writeKubeconfig(path: string, user = 'admin'): Promise<void> {
    await writeKubeconfig(path, {
      server: this.url,
      authority: this.#authority,
      user,
      token: this.token(user),
    });
  }

  /** Of a service account, with a token of the given life. */
  async writeServiceAccountKubeconfig(
    path: string,
    namespace: string,
    name: string,
    seconds = 86_400,
  ): Promise<void> {
    const {token} = this.#handler.authentication.issue(namespace, name, seconds);
    await writeKubeconfig(path, {server: this.url, authority: this.#authority, user: name, token, namespace});
  }

  /** Breaks every open connection, as a restart does. */
  dropConnections(): void {
    this.#handler.endWatches();
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    const {promise, resolve} = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.dropConnections();
    await promise;
  }

  /** As a restart of the server looks from outside: it refuses connections meanwhile, and has the same address after. */
  async restart(whileDown: () => Promise<void>): Promise<void> {
    const {port} = this.#server.address() as AddressInfo;
    await this.stop();
    await whileDown();
    await this.#listen(port);
  }

  async #listen(port: number): Promise<void> {
    const {promise, resolve, reject} = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, '127.0.0.1', () => {
      this.#server.off('error', reject);
      resolve();
    });
    await promise;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const {method = 'GET', url: uri = '/', headers} = incoming;
    await this.#handler.handle({method, uri, headers, body: () => readAll(incoming)}, response);
  }
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
