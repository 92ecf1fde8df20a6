/** The operator's process: flags, signals, health. */
import {hostname} from 'node:os';
import {systemClock} from './clock.ts';
import {electionIdentity} from './controller/leader-election.ts';
import {describeError} from './kube/api-error.ts';
import {loadKubeConfig} from './kube/kube-config.ts';
import type {Log} from './log.ts';
import {HealthServer, type HealthServerOptions} from './observability/health.ts';
import {createLog} from './observability/logging.ts';
import {releaseStartupMemory} from './observability/memory.ts';
import {Metrics} from './observability/metrics.ts';
import {Operator} from './operator.ts';
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
    return await runOperator(options, log, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) {
      return 0;
    }
    log.error('The operator has failed', {error: describeError(error)});
    return 1;
  }
}

async function runOperator(options: OperatorOptions, log: Log, stop: AbortSignal): Promise<number> {
  const metrics = new Metrics({version});
  const load = () => loadKubeConfig({path: options.kubeconfig, context: options.context});
  log.info('Starting', {version, server: load().getCurrentCluster()?.server});
  const operator = new Operator(options, {
    access: {load},
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
    version,
    name: hostname(),
    identity: electionIdentity(),
    onSynced: releaseStartupMemory,
  });
  const onStop = () => operator.stop();
  stop.addEventListener('abort', onStop, {once: true});
  const health = await serveHealth(options.healthAddress, {
    liveness: {},
    readiness: {caches: () => operator.notReady()},
    metrics,
    log,
  });
  try {
    await operator.run();
    return stop.aborted ? 0 : 1;
  } finally {
    await health?.[Symbol.asyncDispose]();
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

// What is left are sockets on their way to be closed; nothing waits for them. No await: the single executable is a
// CommonJS file.
void main().then((code) => process.exit(code));
