/**
 * A control plane that answers, whatever it is made of: what tests see of it. Made by ControlPlane.start(); ends with
 * stop(). How its parts are started, restarted and ended is the business of the classes that extend this one.
 */
import {execFile} from 'node:child_process';
import {join} from 'node:path';

import {parseAllDocuments} from 'yaml';

import type {AdminClient, KubernetesObject, ObjectMeta} from './admin.ts';
import type {AuditEvent, AuditTrail, EvictionRecord} from './audit-log.ts';
import type {ClusterDirectory} from './cluster-directory.ts';
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
import {waitFor} from './wait-for.ts';

const kubectlLimitMilliseconds = 60_000;

export interface ControlPlaneParts {
  kind: ControlPlaneKind;
  server: string;
  admin: AdminClient;
  audit: AuditTrail;
  directory: ClusterDirectory;
  /** The folder with kubectl; undefined where tests have to do without it. */
  binaryDirectory: string | undefined;
  guard: Guard;
  keep: boolean;
  nodeDefaults: NodeDefaults;
}

export abstract class RunningControlPlane {
  readonly #parts: ControlPlaneParts;
  #createdNodes = 0;
  #stopped: Promise<void> | undefined;

  constructor(parts: ControlPlaneParts) {
    this.#parts = parts;
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

  get hasKubectl(): boolean {
    return this.#parts.binaryDirectory !== undefined;
  }

  /** The folder with kubectl and the other programs, for a PATH. */
  get binaryDirectory(): string {
    const {binaryDirectory} = this.#parts;
    if (binaryDirectory === undefined) {
      throw new Error(
        'There is no kubectl: SPREAD_OPERATOR_KUBECTL is "none", so that nothing has to be built',
      );
    }
    return binaryDirectory;
  }

  /** Runs kubectl as the administrator (or with another kubeconfig) and returns what it printed. */
  async kubectl(arguments_: string[], options: {input?: string; kubeconfig?: string} = {}): Promise<string> {
    this.assertAlive();
    return new Promise((resolve, reject) => {
      const child = execFile(
        join(this.binaryDirectory, 'kubectl'),
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

  /** `kubectl apply -f -` with YAML, or with objects; without kubectl, the server-side apply that it could make. */
  async apply(manifest: string | object | object[]): Promise<void> {
    const objects = typeof manifest === 'string' ? parseManifests(manifest) : [manifest].flat();
    if (!this.hasKubectl) {
      for (const object of objects as KubernetesObject[]) {
        await this.admin.apply(await this.admin.pathOf(object), object);
      }
      return;
    }
    const input =
      typeof manifest === 'string'
        ? manifest
        : JSON.stringify({apiVersion: 'v1', kind: 'List', items: objects});
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
    return this.#parts.audit.events(filter);
  }

  /** Pods that were really evicted (answered 201, no dry run), oldest first. */
  async evictions(filter?: (eviction: EvictionRecord) => boolean): Promise<EvictionRecord[]> {
    return this.#parts.audit.evictions(filter);
  }

  /** How often a user called what: `{'create pods/eviction': 2, 'watch nodes': 1}`. */
  async requestsBy(user: string, since?: Date): Promise<Record<string, number>> {
    return this.#parts.audit.requestsBy(user, since);
  }

  /**
   * Stops the API server (open connections break) and starts it again on the same port with the same state; settles
   * when it is ready. Everything else of the cluster stands still in the meantime.
   */
  abstract restartApiServer(options?: {downMilliseconds?: number}): Promise<void>;

  /**
   * Drops all history, so that watches from an earlier resourceVersion and paged lists begun earlier get 410. The API
   * server is restarted too, unless that is declined.
   */
  abstract compactEtcd(options?: {restartApiServer?: boolean; downMilliseconds?: number}): Promise<void>;

  /** Ends everything in good order, within 15 s, and removes the cluster's folder. May be called twice. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Throws when it is broken, so that nobody waits for it. */
  protected abstract assertAlive(): void;

  /** What to print when somebody has waited for it in vain. */
  protected abstract describe(): Promise<string> | string;

  protected abstract end(): Promise<void>;

  async #stop(): Promise<void> {
    const {admin, guard, directory, keep} = this.#parts;
    await admin.close();
    await this.end();
    await guard.dismiss();
    if (keep) {
      console.error(`The cluster's logs and state are kept in ${directory.path}`);
    } else {
      await directory.remove();
    }
  }

  async #waitForNodes(names: string[], accept: (node: Node) => boolean, what: string): Promise<void> {
    const pending = new Set(names);
    // Some 60 nodes a second become ready on two cores.
    const timeout = 30_000 + names.length * 200;
    await waitFor(
      `${names.length === 1 ? names[0] : `${names.length} nodes`} ${what}`,
      async () => {
        this.assertAlive();
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
        state: async () => `Still waiting for ${[...pending].join(', ')}\n${await this.describe()}`,
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
}

function parseManifests(text: string): object[] {
  return parseAllDocuments(text).map((document) => document.toJS() as object);
}
