import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

import type {AdminClient, KubernetesObject, ObjectMeta} from './admin.ts';
import {type AuditEvent, AuditLog, type EvictionRecord} from './audit-log.ts';
import type {Binaries} from './binaries.ts';
import type {ClusterDirectory} from './cluster-directory.ts';
import type {Ports} from './components.ts';
import type {ControlPlaneKind} from './control-plane.ts';
import type {Guard} from './guard.ts';
import {setByTestReason} from './kwok-stages.ts';
import {
  compareNames,
  failedNodeLabel,
  hasNotReadyTaint,
  isReady,
  type Node,
  type NodeDefaults,
  type NodeSpec,
  nodeManifest,
} from './nodes.ts';
import {isFree} from './ports.ts';
import type {Supervisor} from './supervisor.ts';
import {waitFor} from './wait-for.ts';

const kubectlLimitMilliseconds = 60_000;
/**
 * An API server that is asked to end stops listening at once, but then waits for its open watches, up to a minute.
 * A restart is about connections that break, so they break after this time.
 */
const restartLimitMilliseconds = 1_000;

export interface RunningParts {
  kind: ControlPlaneKind;
  server: string;
  admin: AdminClient;
  binaries: Binaries;
  directory: ClusterDirectory;
  guard: Guard;
  supervisor: Supervisor;
  ports: Ports;
  keep: boolean;
  nodeDefaults: NodeDefaults;
}

/** A control plane that answers. Made by ControlPlane.start(); ends with stop(). */
export class RunningControlPlane {
  readonly #parts: RunningParts;
  readonly #audit: AuditLog;
  #createdNodes = 0;
  #stopped: Promise<void> | undefined;

  constructor(parts: RunningParts) {
    this.#parts = parts;
    this.#audit = new AuditLog(parts.directory.auditFile, parts.admin);
  }

  get kind(): ControlPlaneKind {
    return this.#parts.kind;
  }

  /** `https://127.0.0.1:<port>` */
  get server(): string {
    return this.#parts.server;
  }

  /** The administrator's kubeconfig; complete in itself. */
  get kubeconfigPath(): string {
    return this.#parts.directory.kubeconfigFile('admin');
  }

  get adminToken(): string {
    return this.#parts.directory.token('admin') ?? '';
  }

  get admin(): AdminClient {
    return this.#parts.admin;
  }

  /** The cluster's own folder: logs/, kubeconfigs. Room for files of the test too; removed by stop(). */
  get directory(): string {
    return this.#parts.directory.path;
  }

  /** The folder with kubectl and the other programs, for a PATH. */
  get binaryDirectory(): string {
    return this.#parts.binaries.directory;
  }

  /** Runs kubectl as the administrator (or with another kubeconfig) and returns what it printed. */
  async kubectl(arguments_: string[], options: {input?: string; kubeconfig?: string} = {}): Promise<string> {
    this.#parts.supervisor.assertAlive();
    return new Promise((resolve, reject) => {
      const child = execFile(
        this.#parts.binaries.path('kubectl'),
        arguments_,
        {
          env: {
            HOME: this.directory,
            PATH: process.env['PATH'] ?? '',
            KUBECONFIG: options.kubeconfig ?? this.kubeconfigPath,
          },
          timeout: kubectlLimitMilliseconds,
          maxBuffer: 256 * 1024 * 1024,
        },
        (error, stdout, stderr) => {
          if (error === null) {
            resolve(stdout);
          } else {
            reject(
              new Error(`kubectl ${arguments_.join(' ')} failed: ${stderr.trim() || error.message}`, {
                cause: error,
              }),
            );
          }
        },
      );
      child.stdin?.on('error', () => {});
      child.stdin?.end(options.input ?? '');
    });
  }

  /** `kubectl <arguments> -o json`, parsed. */
  async kubectlJson<T>(
    arguments_: string[],
    options: {input?: string; kubeconfig?: string} = {},
  ): Promise<T> {
    return JSON.parse(await this.kubectl([...arguments_, '-o', 'json'], options)) as T;
  }

  /** `kubectl apply -f -` with YAML, or with objects. */
  async apply(manifest: string | object | object[]): Promise<void> {
    const input =
      typeof manifest === 'string'
        ? manifest
        : JSON.stringify({
            apiVersion: 'v1',
            kind: 'List',
            items: Array.isArray(manifest) ? manifest : [manifest],
          });
    await this.kubectl(['apply', '-f', '-'], {input});
  }

  /** Creates a namespace in which pods can be created at once. */
  async createNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
    await this.admin.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {name, labels},
    });
    await waitFor(
      `the service account ${name}/default exists`,
      () => this.admin.get(`/api/v1/namespaces/${name}/serviceaccounts/default`),
      {interval: 20},
    );
  }

  /** All nodes; node-2 before node-10. */
  async nodes(): Promise<Node[]> {
    const nodes = await this.admin.list<Node>('/api/v1/nodes');
    return nodes.sort((left, right) => compareNames(left.metadata.name, right.metadata.name));
  }

  /** Creates nodes and waits until the scheduler may use them. Returns their names. */
  async addNodes(specs: NodeSpec[]): Promise<string[]> {
    const names = specs.map((spec) => spec.name ?? `node-${++this.#createdNodes}`);
    await Promise.all(
      specs.map((spec, index) =>
        this.admin.create('/api/v1/nodes', nodeManifest(names[index] ?? '', spec, this.#parts.nodeDefaults)),
      ),
    );
    await this.#waitForNodes(names, (node) => isReady(node) && !hasNotReadyTaint(node), 'are Ready');
    return names;
  }

  async cordon(name: string, unschedulable = true): Promise<void> {
    await this.admin.patch(`/api/v1/nodes/${name}`, {spec: {unschedulable: unschedulable ? true : null}});
  }

  async uncordon(name: string): Promise<void> {
    await this.cordon(name, false);
  }

  /**
   * The node's kubelet falls silent: no heartbeat, its pods neither start nor end. The Ready condition becomes
   * Unknown at once instead of after the grace period of 50 s, just as the node controller would set it; the taints
   * are the node controller's own work. Its pods become not Ready.
   */
  async failNode(name: string): Promise<void> {
    await this.admin.patch(`/api/v1/nodes/${name}`, {metadata: {labels: {[failedNodeLabel]: 'true'}}});
    const now = new Date().toISOString();
    await this.admin.patch(
      `/api/v1/nodes/${name}/status`,
      {
        status: {
          conditions: [
            {
              type: 'Ready',
              status: 'Unknown',
              reason: 'NodeStatusUnknown',
              message: 'Kubelet stopped posting node status.',
              lastTransitionTime: now,
            },
          ],
        },
      },
      'strategic-merge',
    );
    const pods = await this.admin.list<KubernetesObject>(`/api/v1/pods?fieldSelector=spec.nodeName=${name}`);
    await Promise.all(pods.map(({metadata}) => this.#patchReady(metadata, 'False', 'NodeNotReady')));
    await this.#waitForNodes([name], hasNotReadyTaint, 'carries the unreachable taint');
  }

  /** The opposite of failNode: heartbeats again, and the pods that are still there become Ready. */
  async recoverNode(name: string): Promise<void> {
    await this.admin.patch(`/api/v1/nodes/${name}`, {metadata: {labels: {[failedNodeLabel]: null}}});
    await this.#waitForNodes([name], (node) => isReady(node) && !hasNotReadyTaint(node), 'is Ready');
  }

  /** Makes a running pod Ready or not; it stays so until the next call (a real readiness probe that fails). */
  async setPodReady(pod: {metadata: ObjectMeta}, ready: boolean): Promise<void> {
    await this.#patchReady(pod.metadata, ready ? 'True' : 'False', ready ? '' : setByTestReason);
  }

  /**
   * Writes a kubeconfig for somebody else: a service account (`system:serviceaccount:<namespace>:<name>`, by a token
   * request), a user named in the options of ControlPlane, or whoever owns `token`.
   */
  async createKubeconfig(options: {user?: string; token?: string; path?: string}): Promise<string> {
    const user = options.user ?? 'user';
    const path = options.path ?? join(this.directory, `${user.replaceAll(/[^\w.-]/g, '-')}.kubeconfig`);
    const token = options.token ?? (await this.#tokenOf(user));
    await this.#parts.directory.writeKubeconfig(path, this.server, user, token);
    return path;
  }

  /** Entries of the audit log since the cluster began; includes every request that ended before this call. */
  async auditEvents(filter?: (event: AuditEvent) => boolean): Promise<AuditEvent[]> {
    return this.#audit.events(filter);
  }

  /** Pods that were really evicted (answered 201, no dry run), oldest first. */
  async evictions(filter?: (eviction: EvictionRecord) => boolean): Promise<EvictionRecord[]> {
    return this.#audit.evictions(filter);
  }

  /** How often a user called what: `{'create pods/eviction': 2, 'watch nodes': 1}`. */
  async requestsBy(user: string, since?: Date): Promise<Record<string, number>> {
    return this.#audit.requestsBy(user, since);
  }

  /**
   * Stops the API server (open connections break) and starts it again on the same port with the same state; settles
   * when it is ready. The other components stand still in the meantime: each would otherwise back off, and be silent
   * for up to 20 s after the server is back, which is not what a test of somebody else's recovery wants to wait for.
   */
  async restartApiServer(options: {downMilliseconds?: number} = {}): Promise<void> {
    const {supervisor, ports} = this.#parts;
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

  /**
   * Drops all history from etcd, so that watches from an earlier resourceVersion and paged lists begun earlier get
   * 410. Both are answered from the API server's own cache for as long as it lives; therefore it is restarted too,
   * unless that is declined.
   */
  async compactEtcd(options: {restartApiServer?: boolean; downMilliseconds?: number} = {}): Promise<void> {
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

  /** Ends everything in good order, within 15 s, and removes the cluster's folder. May be called twice. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    const {admin, supervisor, guard, directory, keep} = this.#parts;
    await admin.close();
    await supervisor.stop();
    await guard.dismiss();
    if (keep) {
      console.error(`The cluster's logs and state are kept in ${directory.path}`);
    } else {
      await directory.remove();
    }
  }

  async #waitForNodes(names: string[], accept: (node: Node) => boolean, what: string): Promise<void> {
    const {supervisor} = this.#parts;
    const pending = new Set(names);
    // Some 60 nodes a second become ready on two cores.
    const timeout = 30_000 + names.length * 200;
    await waitFor(
      `${names.length === 1 ? names[0] : `${names.length} nodes`} ${what}`,
      async () => {
        supervisor.assertAlive();
        for (const node of await this.nodes()) {
          if (accept(node)) {
            pending.delete(node.metadata.name);
          }
        }
        return pending.size === 0;
      },
      {
        timeout,
        interval: names.length > 100 ? 1000 : 100,
        state: async () => `Still waiting for ${[...pending].join(', ')}\n${await supervisor.logTails()}`,
      },
    );
  }

  async #patchReady({namespace, name}: ObjectMeta, status: 'True' | 'False', reason: string): Promise<void> {
    const lastTransitionTime = new Date().toISOString();
    const conditions = ['Ready', 'ContainersReady'].map((type) => ({
      type,
      status,
      reason,
      lastTransitionTime,
    }));
    await this.admin.patch(
      `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      {status: {conditions}},
      'strategic-merge',
    );
  }

  async #tokenOf(user: string): Promise<string> {
    const serviceAccount = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
    if (serviceAccount === null) {
      const token = this.#parts.directory.token(user);
      if (token === undefined) {
        throw new Error(
          `There is no user "${user}": name it in ControlPlane({users: [{user: '${user}'}]}), ` +
            'or use system:serviceaccount:<namespace>:<name>',
        );
      }
      return token;
    }
    const [, namespace, name] = serviceAccount;
    const {status} = await this.admin.create<{status: {token: string}}>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      {apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {expirationSeconds: 24 * 60 * 60}},
    );
    return status.token;
  }

  async #etcd<T>(method: 'range' | 'compaction', body: object): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.#parts.ports.etcd}/v3/kv/${method}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`etcd ${method} failed: ${response.status} ${await response.text()}`);
    }
    return (await response.json()) as T;
  }
}
