/** The operator's process: flags, wiring, signals. */
import {systemClock} from './clock.ts';
import {ClusterWatch} from './controller/cluster-watch.ts';
import {KubeActions} from './controller/kube-actions.ts';
import {electionIdentity, LeaderElector} from './controller/leader-election.ts';
import {leaseNamespace} from './controller/lease-namespace.ts';
import {PolicyOperator, StillInjected} from './controller/policy-operator.ts';
import {SpreadController} from './controller/spread-controller.ts';
import {Pace} from './eviction/pace.ts';
import {capabilitiesOf, type ServerCapabilities} from './injection/rule.ts';
import {describeError} from './kube/api-error.ts';
import {KubeClient, type RequestMeasurement} from './kube/client.ts';
import {EventRecorder} from './kube/event-recorder.ts';
import {loadKubeConfig} from './kube/kube-config.ts';
import type {Log} from './log.ts';
import {HealthServer, type HealthServerOptions} from './observability/health.ts';
import {createLog} from './observability/logging.ts';
import {releaseStartupMemory} from './observability/memory.ts';
import {Metrics} from './observability/metrics.ts';
import {DEFAULT_HEALTH_ADDRESS, type OperatorOptions, parseOptions} from './options.ts';
import {readPackageFile} from './package-files.ts';

const {version} = JSON.parse(readPackageFile('package.json')) as {version: string};

/** How long a shutdown may take before the process goes anyway, milliseconds; less than a pod's grace period of 30 s. */
const SHUTDOWN = 25_000;

async function main(): Promise<number> {
  const options = parseOptions(version, process.argv.slice(2));
  const log = createLog({level: options.logLevel, format: options.logFormat});
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('Stopping', {signal});
      stop.abort();
      setTimeout(() => {
        log.error('Did not stop in time');
        process.exit(1);
      }, SHUTDOWN).unref();
    });
  }
  try {
    return await runOperator(options, log, stop);
  } catch (error) {
    if (stop.signal.aborted) {
      return 0;
    }
    log.error('The operator has failed', {error: describeError(error)});
    return 1;
  }
}

async function runOperator(options: OperatorOptions, log: Log, stop: AbortController): Promise<number> {
  const clock = systemClock;
  const {signal} = stop;
  const metrics = new Metrics({version});
  const load = () => loadKubeConfig({path: options.kubeconfig, context: options.context});
  const server = load().getCurrentCluster()?.server;
  log.info('Starting', {version, server});

  let onCall = (_succeeded: boolean): void => {};
  const client = new KubeClient({
    load,
    version,
    timeoutMilliseconds: options.requestTimeout * 1000,
    qps: options.qps,
    burst: options.burst,
    onRequest: (measurement) => {
      metrics.observeRequest(measurement);
      const succeeded = outcomeOf(measurement);
      if (succeeded !== undefined) {
        onCall(succeeded);
      }
    },
  });
  const events = new EventRecorder({client, clock, log});
  const actions = new KubeActions({client, events});
  const pace = new Pace({perMinute: options.movesPerMinute, burst: options.movesBurst}, clock.now());
  let capabilities: ServerCapabilities = {affinityMatchLabelKeys: false, spreadMatchLabelKeys: false};

  const controller: SpreadController = new SpreadController({
    actions,
    finalize: (policy, isReverted) =>
      operator.finalize(policy, async () => {
        if (!isReverted()) {
          throw new StillInjected(
            `injected rules of ${policy.namespace}/${policy.name} are still in pod templates`,
          );
        }
      }),
    capabilities: () => capabilities,
    pace,
    cachesBehind: () => watch.behind(),
    backOff: {firstSeconds: options.initialBackoff, longestSeconds: options.maxBackoff},
    excludedNamespaces: new Set([
      ...options.excludeNamespace,
      ...(options.includeKubeSystem ? [] : ['kube-system']),
    ]),
    clock,
    log,
    metrics,
  });
  onCall = (succeeded) => controller.circuit.recordCall(succeeded);
  const watch = new ClusterWatch({
    client,
    cache: controller.cache,
    policies: controller.policies,
    triggers: controller.triggers,
    clock,
    log,
    onWatchRestart: (resource, reason) => metrics.countWatchRestart(resource, reason),
  });
  let watching: Promise<void> | undefined;
  const operator = new PolicyOperator({
    actions,
    log,
    watch: async () => {
      watching = watch.run(signal);
      watching.catch((error: unknown) => {
        log.error('A watch has failed for good', {error: describeError(error)});
        stop.abort();
      });
    },
    stopWatching: () => stop.abort(),
  });

  const health = await serveHealth(options.healthAddress, {
    liveness: {},
    readiness: {caches: () => watch.notSynced() ?? watch.behind()},
    metrics,
    log,
  });
  try {
    await operator.start();
    await watch.synced(signal);
    capabilities = capabilitiesOf(await client.serverVersion(signal));
    releaseStartupMemory();
    log.info('The caches are complete', {policies: controller.policies.all().length});
    const lead = async (whileLeading: AbortSignal): Promise<void> => {
      metrics.setLeader(true);
      await controller.run(whileLeading);
    };
    if (options.leaderElect) {
      const elector = new LeaderElector({
        client,
        namespace: options.leaseNamespace ?? leaseNamespace(controller.cache),
        name: options.leaseName,
        identity: electionIdentity(),
        leaseDurationSeconds: options.leaseDuration,
        renewDeadlineSeconds: (options.leaseDuration * 2) / 3,
        retryPeriodSeconds: (options.leaseDuration * 2) / 15,
        clock,
        log,
      });
      await leadAgainAndAgain({elector, lead, controller, metrics, log, signal});
    } else {
      await lead(signal);
    }
    return signal.aborted ? 0 : 1;
  } finally {
    stop.abort();
    await events.flush(AbortSignal.timeout(2000));
    await watching?.catch(() => {});
    await client.close();
    await health?.[Symbol.asyncDispose]();
  }
}

/**
 * Until the signal. An API server that is away for longer than the renew deadline costs the lease; a process that ended
 * then would need somebody to start it again, and would know no more than this one.
 */
async function leadAgainAndAgain({
  elector,
  lead,
  controller,
  metrics,
  log,
  signal,
}: {
  readonly elector: LeaderElector;
  readonly lead: (whileLeading: AbortSignal) => Promise<void>;
  readonly controller: SpreadController;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<void> {
  let work = Promise.resolve();
  let transitions: number | undefined;
  while (!signal.aborted) {
    await elector.run(
      {
        onStartedLeading: async (whileLeading) => {
          // It may have been too slow to stop in time.
          await work;
          if (elector.transitions() !== transitions) {
            controller.forget();
          }
          transitions = elector.transitions();
          work = lead(whileLeading);
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

/** Without an address of the user's choice, a second operator on one machine takes a free port. */
async function serveHealth(
  address: string | undefined,
  {log, ...served}: Omit<HealthServerOptions, 'address'> & {readonly log: Log},
): Promise<HealthServer | undefined> {
  if (address === '') {
    return undefined;
  }
  const server = await HealthServer.start({...served, address: address ?? DEFAULT_HEALTH_ADDRESS}).catch(
    async (error: unknown) => {
      if (address !== undefined) {
        throw error;
      }
      log.debug('The default health address is taken', {error: describeError(error)});
      return await HealthServer.start({...served, address: '127.0.0.1:0'});
    },
  );
  log.info('Serving /healthz, /readyz and /metrics', {port: server.port});
  return server;
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

// What is left are sockets on their way to be closed; nothing waits for them. No await: the single executable is a
// CommonJS file.
void main().then((code) => process.exit(code));
