/**
 * The reconciler of workloads over a cluster that answers at once: the scheduler's model chooses the node of a replacement
 * while the evicted replica shuts down, and before the next look that is gone and the replacement Ready.
 */
import type {WorkloadStatus} from '../../src/api/types.ts';
import type {ClusterCache, WorkloadKey} from '../../src/cluster/cluster-cache.ts';
import type {Node} from '../../src/cluster/node.ts';
import type {Pod} from '../../src/cluster/pod.ts';
import type {WorkloadReplicas} from '../../src/cluster/replicas.ts';
import {inProcessReconciler} from '../../src/controller/in-process-reconciler.ts';
import {PolicyIndex, policyKey, toStoredPolicy} from '../../src/controller/policy-index.ts';
import type {PolicyReports} from '../../src/controller/policy-reports.ts';
import type {Requeue} from '../../src/controller/work-queue.ts';
import type {WorkloadReconciler} from '../../src/controller/workload-reconciler.ts';
import {ManualClock} from '../../src/kube/testing/manual-clock.ts';
import {MemoryLog} from '../../src/kube/testing/memory-log.ts';
import {receptionOf} from '../../src/planning/reception.ts';
import {bestNodes, scoreNodes} from '../../src/scheduling/scheduler.ts';
import {RecordedActions} from './recorded-actions.ts';
import {clusterCache, type PolicyOptions, READY_AT, replica, spreadPolicy} from './workloads.ts';

const START = READY_AT + 3_600_000;
/** Longer than the settling time, the back-off and all waits of the policies in tests. */
const ROUND = 31_000;

export class SimulatedOperator {
  readonly clock = new ManualClock(START);
  readonly actions = new RecordedActions();
  readonly cache: ClusterCache;
  readonly enqueued = new Set<WorkloadKey>();
  readonly finished: string[] = [];
  /** Where the scheduler puts a replacement; undefined lets its model choose. */
  misplace: (evicted: Pod) => string | undefined = () => undefined;
  readonly #policies = new PolicyIndex();
  readonly #policy: PolicyOptions;
  readonly #workloads: ReadonlyMap<WorkloadKey, WorkloadReplicas>;
  #reports: PolicyReports;
  #reconciler: WorkloadReconciler;
  #landed = 0;

  constructor(nodes: readonly Node[], workloads: readonly WorkloadReplicas[], policy: PolicyOptions = {}) {
    this.#policy = {injection: {mode: 'Disabled'}, ...policy};
    this.cache = clusterCache(nodes, ...workloads);
    this.#workloads = new Map(
      workloads.map((each) => [`${each.workload.namespace}/${each.workload.name}`, each]),
    );
    this.#policies.set(toStoredPolicy(spreadPolicy(this.#policy)));
    [this.#reports, this.#reconciler] = this.#start();
  }

  /** Another process takes over: it knows nothing but the cluster, and the status that was written. */
  restart(): void {
    const status = this.actions.statuses.at(-1);
    this.#policies.set(
      toStoredPolicy({...spreadPolicy(this.#policy), ...(status === undefined ? {} : {status})}),
    );
    this.enqueued.clear();
    [this.#reports, this.#reconciler] = this.#start();
  }

  /** Replacements arrive before the next look: the scheduler is quicker than the operator. */
  async look(name: string): Promise<Requeue | undefined> {
    const key = `default/${name}`;
    const requeue = await this.#reconciler.reconcile(key, new AbortController().signal);
    if (this.land()) {
      this.enqueued.add(key);
    }
    return requeue;
  }

  /** At every workload in the order of the names, then at those that a look has asked for. */
  async lookAtAll(): Promise<void> {
    for (const {workload} of this.#workloads.values()) {
      await this.look(workload.name);
    }
    for (let key = this.#next(); key !== undefined; key = this.#next()) {
      await this.look(key.slice('default/'.length));
    }
  }

  /** Looks at all, and lets time pass, until there have been so many rounds. */
  async run(rounds: number, options: {readonly restarting?: boolean} = {}): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await this.lookAtAll();
      await this.flush();
      await this.clock.advance(ROUND);
      if (options.restarting === true) {
        this.restart();
      }
    }
    await this.lookAtAll();
    await this.flush();
  }

  async flush(): Promise<void> {
    await this.#reports.flush(policyKey(spreadPolicy(this.#policy).metadata), new AbortController().signal);
  }

  /** As it was last written. */
  entry(name: string): WorkloadStatus | undefined {
    return this.actions.statuses.at(-1)?.workloads?.find((entry) => entry.name === name);
  }

  /** Replicas by node. */
  placement(name: string): Record<string, number> {
    const {workload} = this.#workloadOf(`default/${name}`);
    const counts: Record<string, number> = {};
    for (const {nodeName = ''} of this.cache.replicasOf(workload).pods) {
      counts[nodeName] = (counts[nodeName] ?? 0) + 1;
    }
    return counts;
  }

  /** Those that were evicted are gone, and their replacements are there. */
  land(): boolean {
    const before = this.#landed;
    for (const [key, {workload, replicaSets}] of this.#workloads) {
      const evicted = this.cache
        .replicasOf(workload)
        .pods.filter(({name}) => this.actions.evicted.includes(name));
      for (const pod of evicted) {
        const [replicaSet] = replicaSets;
        if (replicaSet === undefined) {
          throw new Error(`Deployment ${key} has no ReplicaSet`);
        }
        this.#landed += 1;
        const waiting = replica(`${workload.name}-new-${this.#landed}`, {workload, replicaSet});
        // The scheduler does not wait for the evicted replica to be gone.
        const [{snapshot, feasible}] = receptionOf(waiting, this.cache.state, pod).occasions;
        const [best] = bestNodes(scoreNodes(waiting, snapshot, feasible));
        this.cache.deletePod(pod);
        const on = this.misplace(pod) ?? best?.node;
        const createdAt = new Date(this.clock.now()).toISOString();
        const placed = {...(on === undefined ? {} : {on}), createdAt};
        this.cache.setPod(replica(waiting.name, {workload, replicaSet}, placed));
      }
    }
    return this.#landed > before;
  }

  #workloadOf(key: WorkloadKey): WorkloadReplicas {
    const workload = this.#workloads.get(key);
    if (workload === undefined) {
      throw new Error(`there is no Deployment ${key}`);
    }
    return workload;
  }

  #next(): WorkloadKey | undefined {
    const [key] = this.enqueued;
    this.enqueued.delete(key ?? '');
    return key;
  }

  #start(): [PolicyReports, WorkloadReconciler] {
    const {cache, actions, clock} = this;
    const {reports, reconciler} = inProcessReconciler({
      cache,
      policies: this.#policies,
      actions,
      clock,
      server: {major: 1, minor: 36},
      log: new MemoryLog(),
      onMove: (result) => this.finished.push(result),
      enqueue: (key) => this.enqueued.add(key),
    });
    reconciler.resume();
    return [reports, reconciler];
  }
}
