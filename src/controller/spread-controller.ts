/** The operator's two controllers, put together: one for workloads, one for policies. */
import type {WorkloadState, WorkloadStatus} from '../api/types.ts';
import type {Clock} from '../clock.ts';
import {ClusterCache, type WorkloadKey} from '../cluster/cluster-cache.ts';
import type {CircuitBreakerOptions} from '../eviction/circuit-breaker.ts';
import type {BackOffOptions} from '../eviction/mover.ts';
import type {Pace} from '../eviction/pace.ts';
import type {ServerCapabilities} from '../injection/rule.ts';
import {describeError} from '../kube/api-error.ts';
import type {Log} from '../log.ts';
import type {Metrics} from '../observability/metrics.ts';
import type {ClusterActions} from './actions.ts';
import {Circuit} from './circuit.ts';
import {PolicyIndex, policyKey, type StoredPolicy} from './policy-index.ts';
import {PolicyReports} from './policy-reports.ts';
import {Triggers} from './triggers.ts';
import {type Requeue, WorkQueue} from './work-queue.ts';
import {WorkloadReconciler} from './workload-reconciler.ts';

const WORKERS = 4;
/** How long a change of a status may wait for more, milliseconds. */
const STATUS_DELAY = 1000;
/** How soon a policy that waits for the removal of its rules is looked at again, milliseconds. */
const DELETION_DELAY = 500;

export interface SpreadControllerOptions {
  readonly actions: ClusterActions;
  /** Adds or removes the finalizer; runs the action of a deleted policy. */
  readonly finalize: (
    policy: StoredPolicy,
    isReverted: () => boolean,
  ) => Promise<'done' | 'go-on' | 'waiting'>;
  readonly capabilities: () => ServerCapabilities;
  /** As the API server has them at this moment; asks until there is an answer, and rejects only when aborted. */
  readonly readPolicies: (signal: AbortSignal) => Promise<readonly StoredPolicy[]>;
  readonly pace: Pace;
  /** Why the caches may be behind the cluster; undefined while they follow it. */
  readonly cachesBehind: () => string | undefined;
  readonly backOff: BackOffOptions;
  readonly circuitBreaker?: CircuitBreakerOptions;
  readonly excludedNamespaces: ReadonlySet<string>;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

export class SpreadController {
  readonly cache = new ClusterCache();
  readonly policies = new PolicyIndex();
  readonly triggers: Triggers;
  readonly circuit: Circuit;
  readonly #options: SpreadControllerOptions;
  readonly #reports: PolicyReports;
  readonly #reconciler: WorkloadReconciler;
  /** Entries that metrics count. */
  readonly #entries = new Map<WorkloadKey, WorkloadStatus>();
  readonly #byState = new Map<WorkloadState, number>();
  /** Only while this replica leads. */
  #queues: {readonly workloads: WorkQueue; readonly policies: WorkQueue} | undefined;

  constructor(options: SpreadControllerOptions) {
    const {clock, log, actions, metrics} = options;
    this.#options = options;
    this.circuit = new Circuit({
      state: this.cache.state,
      clock,
      ...(options.circuitBreaker === undefined ? {} : {options: options.circuitBreaker}),
      onChange: (reason) => {
        if (reason === undefined) {
          log.info('The circuit breaker has closed: evictions and injections go on');
        } else {
          log.warn('The circuit breaker is open: evictions and injections are stopped', {reason});
        }
        this.triggers.everything();
      },
    });
    this.#reports = new PolicyReports({
      cache: this.cache,
      policies: this.policies,
      actions,
      circuitOpen: () => this.#circuitOpen(),
      clock,
      schedule: (policy) => this.#queues?.policies.addAfter(policy, STATUS_DELAY),
      onEntry: (key, entry) => this.#measure(key, entry),
    });
    this.#reconciler = new WorkloadReconciler({
      cache: this.cache,
      policies: this.policies,
      reports: this.#reports,
      actions,
      capabilities: options.capabilities,
      circuitOpen: () => this.#circuitOpen(),
      onTarget: (node) => this.circuit.recordTarget(node),
      pace: options.pace,
      backOff: options.backOff,
      excludedNamespaces: options.excludedNamespaces,
      clock,
      log,
      onEviction: (result) => metrics.countEviction(result),
      onMove: (result) => metrics.countMove(result),
      enqueue: (key) => this.#queues?.workloads.add(key),
    });
    this.triggers = new Triggers({
      cache: this.cache,
      policies: this.policies,
      clock,
      lookAtWorkload: (key) => this.#queues?.workloads.add(key),
      lookAtPolicy: (key) => this.#queues?.policies.addAfter(key, STATUS_DELAY),
      policyGone: (key) => this.#reports.forgetPolicy(key),
      onNodesChanged: () => this.circuit.evaluate(),
      waitingForRoom: () => this.#waitingForRoom(),
    });
  }

  /** Acts until the signal. To be called when the caches are complete. */
  async run(signal: AbortSignal): Promise<void> {
    const {clock, random = Math.random, metrics, log, readPolicies} = this.#options;
    // What the one before has left stands in their statuses and nowhere else, and the cache may be behind them.
    for (const policy of await readPolicies(signal)) {
      this.policies.set(policy);
    }
    const workloads = new WorkQueue({
      clock,
      random,
      onDepth: (depth) => metrics.setWorkQueueDepth(depth),
    });
    const policies = new WorkQueue({clock, random});
    this.#queues = {workloads, policies};
    this.circuit.evaluate();
    this.#reconciler.resume();
    this.triggers.everything();
    const onError = (controller: string) => (key: string, error: unknown, retryInMilliseconds: number) => {
      log.warn('A look failed and is repeated', {
        controller,
        key,
        error: describeError(error),
        retryInMilliseconds,
      });
    };
    try {
      await Promise.all([
        workloads.run({
          workers: WORKERS,
          handler: (key) => this.#timed('workload', () => this.#reconciler.reconcile(key, signal)),
          onError: onError('workload'),
          signal,
        }),
        policies.run({
          workers: 1,
          handler: (key) => this.#timed('policy', () => this.#reconcilePolicy(key, signal)),
          onError: onError('policy'),
          signal,
        }),
      ]);
    } finally {
      this.#queues = undefined;
      this.circuit.stop();
      this.triggers.stop();
    }
  }

  /** Somebody else has led meanwhile: what counts is the status that he has left. Not to be called while it runs. */
  forget(): void {
    this.#reconciler.forgetEverything();
    for (const policy of this.policies.all()) {
      this.#reports.forgetPolicy(policyKey(policy));
    }
  }

  async #reconcilePolicy(key: string, signal: AbortSignal): Promise<Requeue | undefined> {
    const [namespace = '', name = ''] = key.split('/');
    const policy = this.policies.get(namespace, name);
    if (policy === undefined) {
      this.#reports.forgetPolicy(key);
      return undefined;
    }
    const outcome = await this.#options.finalize(policy, () => this.#isReverted(policy));
    if (policy.deleting && outcome === 'done') {
      return undefined;
    }
    await this.#reports.flush(key, signal);
    return outcome === 'waiting' ? {afterMilliseconds: DELETION_DELAY} : undefined;
  }

  // In a namespace that goes away as a whole there is nothing left to put right.
  #circuitOpen(): string | undefined {
    return this.circuit.open ?? this.#options.cachesBehind();
  }

  #isReverted(policy: StoredPolicy): boolean {
    return (
      this.cache.namespace(policy.namespace)?.terminating === true || !this.#reconciler.hasOrphans(policy)
    );
  }

  async #timed<T>(controller: string, look: () => Promise<T>): Promise<T> {
    const {clock, metrics} = this.#options;
    const started = clock.now();
    try {
      return await look();
    } finally {
      metrics.observeReconcile(controller, (clock.now() - started) / 1000);
    }
  }

  #measure(key: WorkloadKey, entry: WorkloadStatus | undefined): void {
    const {metrics} = this.#options;
    const [namespace = '', name = ''] = key.split('/');
    for (const {topologyKey} of this.#entries.get(key)?.topologies ?? []) {
      metrics.removeWorkloadSkew({namespace, name, topologyKey});
    }
    this.#count(this.#entries.get(key)?.state, -1);
    this.#count(entry?.state, 1);
    if (entry === undefined) {
      this.#entries.delete(key);
    } else {
      this.#entries.set(key, entry);
    }
    for (const {topologyKey, skew} of entry?.topologies ?? []) {
      metrics.setWorkloadSkew({namespace, name, topologyKey, skew});
    }
    metrics.setWorkloads(Object.fromEntries(this.#byState));
  }

  #count(state: WorkloadState | undefined, change: number): void {
    if (state !== undefined) {
      this.#byState.set(state, (this.#byState.get(state) ?? 0) + change);
    }
  }

  *#waitingForRoom(): Iterable<WorkloadKey> {
    for (const [key, entry] of this.#entries) {
      if (entry.blocked?.reason === 'NoFeasibleNode') {
        yield key;
      }
    }
  }
}
