/**
 * Brings up random clusters side by side on one control plane, lets the operator work until all is quiet, and keeps
 * what a user could have seen of each.
 */
import type {SpreadPolicy} from '../../src/api/types.ts';
import type {EvictionRecord} from '../controlplane/audit-log.ts';
import {ControlPlane} from '../controlplane/control-plane.ts';
import {installOperator} from '../controlplane/install-operator.ts';
import type {Node} from '../controlplane/nodes.ts';
import {podsOf, waitForReady} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {type Deployment, getDeployment} from '../controlplane/workloads.ts';
import type {RandomCluster} from '../scenarios/random-clusters.ts';
import {type Change, ClusterHistory} from './cluster-history.ts';
import type {LivePod} from './live-problem.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {getPolicy} from './reports.ts';

/** Everything in a namespace has been still for so long: longer than the operator waits between two moves. */
const quietMilliseconds = 8_000;
/** After a minute the operator softens a rule that keeps a replica Pending; what waits for longer, waits for good. */
const stuckMilliseconds = 70_000;
/** Several rollouts one after the other, one of them softened first, on a busy machine. */
const longestMilliseconds = 300_000;

export interface Observation {
  readonly random: RandomCluster;
  readonly nodes: readonly Node[];
  readonly deployments: readonly Deployment[];
  readonly podChanges: readonly Change<LivePod>[];
  readonly policyChanges: readonly Change<SpreadPolicy>[];
  readonly evictions: readonly EvictionRecord[];
  readonly policy: SpreadPolicy;
  /** Whether it came to rest at all. */
  readonly quiet: boolean;
}

/** A control plane with the nodes of some random clusters, everything in place, and nobody at work yet. */
export class RandomClusterRun {
  readonly cluster: RunningControlPlane;
  readonly #clusters: readonly RandomCluster[];
  #operator: RunningOperator | undefined;
  #history: ClusterHistory | undefined;

  private constructor(cluster: RunningControlPlane, clusters: readonly RandomCluster[]) {
    this.cluster = cluster;
    this.#clusters = clusters;
  }

  static async start(
    clusters: readonly RandomCluster[],
    controllerManagerFlags: readonly string[] = [],
  ): Promise<RandomClusterRun> {
    // Cordoned until every replica is where it is to begin.
    const nodes = clusters.flatMap((random) => random.nodes.map((node) => ({...node, unschedulable: true})));
    const cluster = await new ControlPlane({
      nodes,
      podStartMilliseconds: 200,
      podStopMilliseconds: 200,
      controllerManagerFlags: [
        '--concurrent-deployment-syncs=10',
        '--concurrent-replicaset-syncs=10',
        ...controllerManagerFlags,
      ],
    }).start();
    const run = new RandomClusterRun(cluster, clusters);
    await Promise.all(clusters.map((random) => run.#bringUp(random)));
    return run;
  }

  /** Settles when nothing happens any more. */
  async letOperatorWork(): Promise<Observation[]> {
    const {cluster} = this;
    await installOperator(cluster);
    this.#history = await ClusterHistory.start(cluster);
    await cluster.apply(this.#clusters.map(({policy}) => policy));
    this.#operator = await new OperatorProcess(cluster)
      // The pace of the whole cluster would make neighbours wait for each other.
      .withArguments('--moves-per-minute=100000', '--moves-burst=1000', '--qps=1000', '--burst=1000')
      .start();
    const quiet = await this.#waitUntilQuiet(this.#history);
    const nodes = await cluster.nodes();
    return Promise.all(this.#clusters.map((random) => this.#observe(random, nodes, quiet.has(random))));
  }

  /** The operator is gone; the cluster stays, to try things out. */
  async stopOperator(): Promise<void> {
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  /**
   * Deletes a replica of the Deployment on the node, as an eviction would, and settles when its replacement is bound:
   * to the node that is returned. Undefined when it stays Pending.
   */
  async tryReplacing(namespace: string, deployment: string, node: string): Promise<string | undefined> {
    const {cluster} = this;
    const before = await podsOf(cluster, namespace, deployment);
    const victim = before.find(
      ({metadata, spec}) => spec.nodeName === node && metadata.deletionTimestamp === undefined,
    );
    if (victim === undefined) {
      return undefined;
    }
    const known = new Set(before.map(({metadata}) => metadata.uid));
    await cluster.admin.delete(`/api/v1/namespaces/${namespace}/pods/${victim.metadata.name}`);
    const replacement = await waitFor(
      `the replacement of ${victim.metadata.name} was looked at by the scheduler`,
      async () =>
        (await podsOf(cluster, namespace, deployment)).find(
          ({metadata, spec, status}) =>
            !known.has(metadata.uid) &&
            (spec.nodeName !== undefined || status.conditions?.some(({type}) => type === 'PodScheduled')),
        ),
    );
    return replacement.spec.nodeName;
  }

  async stop(): Promise<void> {
    await this.stopOperator();
    await this.#history?.stop();
    await this.cluster.stop();
  }

  async #bringUp({namespace, nodes, deployments, pods, budgets}: RandomCluster): Promise<void> {
    const {cluster} = this;
    const {admin} = cluster;
    await cluster.createNamespace(namespace);
    await Promise.all(pods.map((pod) => admin.create(`/api/v1/namespaces/${namespace}/pods`, pod)));
    await Promise.all(
      deployments.map(async ({manifest, start}) => {
        const {name} = manifest.metadata;
        await admin.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, manifest);
        const replicas = await waitFor(`${namespace}/${name} has its pods`, async () => {
          const found = await podsOf(cluster, namespace, name);
          return found.length === start.length ? found : undefined;
        });
        await Promise.all(
          replicas.map((pod, index) => this.#bind(namespace, pod.metadata.name, start[index] ?? '')),
        );
        await waitForReady(cluster, namespace, name, start.length);
      }),
    );
    await Promise.all(
      budgets.map((budget) =>
        admin.create(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`, budget),
      ),
    );
    await Promise.all(
      nodes.filter(({unschedulable}) => unschedulable !== true).map(({name}) => cluster.uncordon(name)),
    );
  }

  /** In the scheduler's place: also where a rule of the template would forbid it, as if it had come later. */
  async #bind(namespace: string, pod: string, node: string): Promise<void> {
    await this.cluster.admin.create(`/api/v1/namespaces/${namespace}/pods/${pod}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: {name: pod, namespace},
      target: {apiVersion: 'v1', kind: 'Node', name: node},
    });
  }

  async #waitUntilQuiet(history: ClusterHistory): Promise<ReadonlySet<RandomCluster>> {
    const isQuiet = ({namespace}: RandomCluster): boolean => {
      const policies = history.policyChanges(namespace);
      const entries = policies.at(-1)?.object.status?.workloads ?? [];
      const last = Math.max(history.podChanges(namespace).at(-1)?.at ?? 0, policies.at(-1)?.at ?? 0);
      const waits = entries.some(({state}) => ['Moving', 'Injecting', 'Waiting'].includes(state));
      return entries.length > 0 && Date.now() - last >= (waits ? stuckMilliseconds : quietMilliseconds);
    };
    const deadline = Date.now() + longestMilliseconds;
    await waitFor(
      'every random cluster is quiet',
      () => Date.now() > deadline || this.#clusters.every(isQuiet),
      {timeout: longestMilliseconds + 10_000, interval: 250},
    );
    return new Set(this.#clusters.filter(isQuiet));
  }

  async #observe(random: RandomCluster, nodes: readonly Node[], quiet: boolean): Promise<Observation> {
    const {cluster} = this;
    const {namespace} = random;
    const own = new Set(random.nodes.map(({name}) => name));
    const [deployments, policy, evictions] = await Promise.all([
      Promise.all(
        random.deployments.map(({manifest}) => getDeployment(cluster, namespace, manifest.metadata.name)),
      ),
      getPolicy(cluster, namespace),
      cluster.evictions((eviction) => eviction.namespace === namespace),
    ]);
    return {
      random,
      nodes: nodes.filter(({metadata}) => own.has(metadata.name)),
      deployments,
      podChanges: this.#history?.podChanges(namespace) ?? [],
      policyChanges: this.#history?.policyChanges(namespace) ?? [],
      evictions,
      policy,
      quiet,
    };
  }
}
