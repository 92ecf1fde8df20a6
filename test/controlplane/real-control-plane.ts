import {setTimeout as sleep} from 'node:timers/promises';

import type {Ports} from './components.ts';
import {isFree} from './ports.ts';
import {type ControlPlaneParts, RunningControlPlane} from './running-control-plane.ts';
import type {Supervisor} from './supervisor.ts';
import {waitFor} from './wait-for.ts';

/**
 * An API server that is asked to end stops listening at once, but then waits for its open watches, up to a minute.
 * A restart is about connections that break, so they break after this time.
 */
const restartLimitMilliseconds = 1_000;

/** The programs of Kubernetes themselves, as processes or in containers. */
export class RealControlPlane extends RunningControlPlane {
  readonly #supervisor: Supervisor;
  readonly #ports: Ports;

  constructor(parts: ControlPlaneParts, supervisor: Supervisor, ports: Ports) {
    super(parts);
    this.#supervisor = supervisor;
    this.#ports = ports;
  }

  /**
   * The other components stand still in the meantime: each would otherwise back off, and be silent for up to 20 s after
   * the server is back, which is not what a test of somebody else's recovery wants to wait for.
   */
  override async restartApiServer(options: {downMilliseconds?: number} = {}): Promise<void> {
    const supervisor = this.#supervisor;
    const ports = this.#ports;
    await supervisor.whilePaused(['kube-controller-manager', 'kube-scheduler', 'kwok'], async () => {
      await supervisor.restart('kube-apiserver', restartLimitMilliseconds, async () => {
        await sleep(options.downMilliseconds ?? 0);
        await waitFor(`port ${ports.apiServer} is free again`, () => isFree(ports.apiServer));
      });
      await waitFor(
        'kube-apiserver is ready again',
        async () => {
          supervisor.assertAlive();
          return (await this.admin.get<string>('/readyz')) === 'ok';
        },
        {timeout: 60_000, state: () => supervisor.logTails()},
      );
    });
  }

  /** Old watches and lists are answered from the API server's own cache for as long as it lives. */
  override async compactEtcd(
    options: {restartApiServer?: boolean; downMilliseconds?: number} = {},
  ): Promise<void> {
    // Without a newer revision, the last one that somebody saw would still be the current one, and valid.
    await this.admin.apply('/api/v1/namespaces/kube-system/configmaps/compaction', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {name: 'compaction'},
      data: {at: new Date().toISOString()},
    });
    const {header} = await this.#etcd<{header: {revision: string}}>('range', {key: btoa('/')});
    await this.#etcd('compaction', {revision: header.revision, physical: true});
    if (options.restartApiServer !== false) {
      await this.restartApiServer(
        options.downMilliseconds === undefined ? {} : {downMilliseconds: options.downMilliseconds},
      );
    }
  }

  protected override assertAlive(): void {
    this.#supervisor.assertAlive();
  }

  protected override async describe(): Promise<string> {
    return this.#supervisor.logTails();
  }

  protected override async end(): Promise<void> {
    await this.#supervisor.stop();
  }

  async #etcd<T>(method: 'range' | 'compaction', body: object): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.etcd}/v3/kv/${method}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`etcd ${method} failed: ${response.status} ${await response.text()}`);
    }
    return (await response.json()) as T;
  }
}
