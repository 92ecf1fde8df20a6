/**
 * The operator, put together: what it watches, decides and does, on a clock, a source of chance and an API server that are
 * given to it. `main.ts` gives it the real ones; the fault tests run the same code on simulated ones.
 */
import {API_VERSION, PLURAL} from './api/names.ts';
import type {Clock} from './clock.ts';
import {ClusterWatch} from './controller/cluster-watch.ts';
import {KubeActions} from './controller/kube-actions.ts';
import {LeaderElector} from './controller/leader-election.ts';
import {leaseNamespace} from './controller/lease-namespace.ts';
import {type StoredPolicy, toStoredPolicy} from './controller/policy-index.ts';
import {PolicyOperator, StillInjected} from './controller/policy-operator.ts';
import {SpreadController} from './controller/spread-controller.ts';
import {Pace} from './eviction/pace.ts';
import {capabilitiesOf, type ServerCapabilities} from './injection/rule.ts';
import {describeError} from './kube/api-error.ts';
import {Backoff} from './kube/backoff.ts';
import {
  type ApiServerAccess,
  KubeClient,
  type RequestMeasurement,
  type Requests,
  type ServerVersion,
} from './kube/client.ts';
import {EventRecorder} from './kube/event-recorder.ts';
import {ListPager} from './kube/list-pager.ts';
import {resourcePath} from './kube/paths.ts';
import type {Log} from './log.ts';
import type {Metrics} from './observability/metrics.ts';
import type {OperatorOptions} from './options.ts';

/** What of the command line concerns the operator itself, not its process. */
export type OperatorSettings = Omit<
  OperatorOptions,
  'kubeconfig' | 'context' | 'healthAddress' | 'logLevel' | 'logFormat'
>;

/** Where an operator runs. */
export interface OperatorHost {
  readonly access: ApiServerAccess;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly version: string;
  /** As events name it. */
  readonly name: string;
  /** Of its candidacy for the lease; no other process may ever have the same. */
  readonly identity: string;
  /** Called once, when every cache holds a complete list. */
  readonly onSynced?: () => void;
}

/** How long events may take to be written at the end, milliseconds. */
const FLUSH = 2000;
const INSISTENCE = {firstMilliseconds: 800, longestMilliseconds: 30_000, resetMilliseconds: 120_000};

export class Operator {
  readonly #settings: OperatorSettings;
  readonly #host: OperatorHost;
  readonly #stop = new AbortController();
  readonly #client: KubeClient;
  readonly #events: EventRecorder;
  readonly #controller: SpreadController;
  readonly #watch: ClusterWatch;
  readonly #policies: PolicyOperator;
  #capabilities: ServerCapabilities = {affinityMatchLabelKeys: false, spreadMatchLabelKeys: false};
  #watching: Promise<void> | undefined;
  /** Absent without leader election. */
  #elector: LeaderElector | undefined;

  constructor(settings: OperatorSettings, host: OperatorHost) {
    const {access, clock, random, log, metrics, version, name} = host;
    this.#settings = settings;
    this.#host = host;
    this.#client = new KubeClient({
      ...access,
      version,
      timeoutMilliseconds: settings.requestTimeout * 1000,
      qps: settings.qps,
      burst: settings.burst,
      clock,
      random,
      onRequest: (measurement) => {
        metrics.observeRequest(measurement);
        const succeeded = outcomeOf(measurement);
        if (succeeded !== undefined) {
          this.#controller.circuit.recordCall(succeeded);
        }
      },
    });
    const client = this.#client;
    this.#events = new EventRecorder({client, clock, log, instance: `spread-operator-${name}`});
    // Events are no acts: what was done is told by whoever did it.
    const asLeader: Requests = {
      request: (options) => client.request({...options, permit: () => this.#elector?.assertLeading()}),
    };
    const actions = new KubeActions({client: asLeader, events: this.#events});
    this.#controller = new SpreadController({
      actions,
      finalize: (policy, isReverted) =>
        this.#policies.finalize(policy, async () => {
          if (!isReverted()) {
            throw new StillInjected(
              `injected rules of ${policy.namespace}/${policy.name} are still in pod templates`,
            );
          }
        }),
      capabilities: () => this.#capabilities,
      readPolicies: (signal) => this.#readPolicies(signal),
      pace: new Pace({perMinute: settings.movesPerMinute, burst: settings.movesBurst}, clock.now()),
      cachesBehind: () => this.#watch.behind(),
      backOff: {firstSeconds: settings.initialBackoff, longestSeconds: settings.maxBackoff},
      excludedNamespaces: new Set([
        ...settings.excludeNamespace,
        ...(settings.includeKubeSystem ? [] : ['kube-system']),
      ]),
      clock,
      random,
      log,
      metrics,
    });
    const {cache, policies, triggers} = this.#controller;
    this.#watch = new ClusterWatch({
      client,
      cache,
      policies,
      triggers,
      clock,
      random,
      log,
      onWatchRestart: (resource, reason) => metrics.countWatchRestart(resource, reason),
    });
    this.#policies = new PolicyOperator({
      actions,
      log,
      watch: async () => {
        this.#watching = this.#watch.run(this.#stop.signal);
        this.#watching.catch((error: unknown) => {
          log.error('A watch has failed for good', {error: describeError(error)});
          this.stop();
        });
      },
      stopWatching: () => this.stop(),
    });
  }

  /** Lets `run` come to its end. */
  stop(): void {
    this.#stop.abort();
  }

  /** Why it cannot act on what is there now; undefined when it can. */
  notReady(): string | undefined {
    return this.#watch.notSynced() ?? this.#watch.behind();
  }

  /** Acts until `stop`. Resolves earlier when a watch fails for good, and rejects when it cannot even begin. */
  async run(): Promise<void> {
    const {clock, log, onSynced} = this.#host;
    const {signal} = this.#stop;
    try {
      await this.#policies.start();
      await this.#watch.synced(signal);
      this.#capabilities = capabilitiesOf(await this.#serverVersion(signal));
      onSynced?.();
      log.info('The caches are complete', {policies: this.#controller.policies.all().length});
      await (this.#settings.leaderElect ? this.#leadAgainAndAgain(signal) : this.#lead(signal));
    } finally {
      this.stop();
      const giveUp = new AbortController();
      const cancel = clock.after(FLUSH, () => giveUp.abort());
      await this.#events.flush(giveUp.signal);
      cancel();
      await this.#watching?.catch(() => {});
      await this.#client.close();
    }
  }

  async #serverVersion(signal: AbortSignal): Promise<ServerVersion> {
    return await this.#insist(
      () => this.#client.serverVersion(signal),
      'The version of the API server is not known yet; asking again',
      signal,
    );
  }

  async #readPolicies(signal: AbortSignal): Promise<readonly StoredPolicy[]> {
    const pager = new ListPager({
      client: this.#client,
      path: resourcePath(API_VERSION, PLURAL),
      trim: toStoredPolicy,
    });
    const {items} = await this.#insist(
      () => pager.list(signal),
      'What was begun before is not known yet: the policies cannot be read; trying again',
      signal,
    );
    return items;
  }

  /** Again and again, as the caches are filled: one answer that was lost is no reason for a process to end. */
  async #insist<T>(ask: () => Promise<T>, complaint: string, signal: AbortSignal): Promise<T> {
    const {clock, random, log} = this.#host;
    const backoff = new Backoff({...INSISTENCE, clock, random});
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        signal.throwIfAborted();
        log.warn(complaint, {error: describeError(error)});
        await clock.sleep(backoff.next(), signal);
      }
    }
  }

  async #lead(whileLeading: AbortSignal): Promise<void> {
    this.#host.metrics.setLeader(true);
    try {
      await this.#controller.run(whileLeading);
    } catch (error) {
      if (!whileLeading.aborted) {
        throw error;
      }
    }
  }

  /**
   * Until the signal. An API server that is away for longer than the renew deadline costs the lease; a process that
   * ended then would need somebody to start it again, and would know no more than this one.
   */
  async #leadAgainAndAgain(signal: AbortSignal): Promise<void> {
    const {clock, random, log, metrics, identity} = this.#host;
    const {leaseNamespace: namespace, leaseName, leaseDuration} = this.#settings;
    const elector = new LeaderElector({
      client: this.#client,
      namespace: namespace ?? leaseNamespace(this.#controller.cache),
      name: leaseName,
      identity,
      leaseDurationSeconds: leaseDuration,
      renewDeadlineSeconds: (leaseDuration * 2) / 3,
      retryPeriodSeconds: (leaseDuration * 2) / 15,
      clock,
      random,
      log,
    });
    this.#elector = elector;
    let work = Promise.resolve();
    let transitions: number | undefined;
    while (!signal.aborted) {
      await elector.run(
        {
          onStartedLeading: async (whileLeading) => {
            // It may have been too slow to stop in time.
            await work;
            if (elector.transitions() !== transitions) {
              this.#controller.forget();
            }
            transitions = elector.transitions();
            work = this.#lead(whileLeading);
            await work;
          },
          onStoppedLeading: () => metrics.setLeader(false),
        },
        signal,
      );
      if (!signal.aborted) {
        log.warn('Stopped leading; taking part in the next election');
      }
    }
  }
}

// Whether a call says that the API server is well; undefined when it says nothing. An eviction answers 500 when several
// budgets cover the pod, and leases have a time-out of their own.
function outcomeOf({verb, resource, code}: RequestMeasurement): boolean | undefined {
  if (resource === 'pods/eviction' || resource === 'leases' || code === 'aborted') {
    return undefined;
  }
  if (verb === 'watch') {
    return code === '200' ? true : undefined;
  }
  return !(code === 'error' || code === 'timeout' || code.startsWith('5'));
}
