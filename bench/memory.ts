/** The operator itself, started as `npm run operator` starts it, on a cluster that is served to it. */
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {SilentApiServer} from './api-server.ts';
import type {ClusterLayout} from './cluster/layout.ts';

const MAIN = new URL('../src/main.ts', import.meta.url);
const LONGEST_START = 10 * 60_000;
/** How long nothing may be written before the operator is taken to have looked at everything, milliseconds. */
const QUIET = 4000;

export interface MemoryMeasurement {
  readonly startSeconds: number;
  readonly residentMegabytes: number;
  readonly highestMegabytes: number;
  readonly statuses: number;
}

export async function measureMemory(
  layout: ClusterLayout,
  {flags, environment}: OperatorProcess,
): Promise<MemoryMeasurement> {
  const directory = await mkdtemp(join(tmpdir(), 'spread-operator-bench-'));
  await using server = await SilentApiServer.start(layout);
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig);
  const started = performance.now();
  const operator = spawn(
    process.execPath,
    [
      ...flags,
      MAIN.pathname,
      '--kubeconfig',
      kubeconfig,
      '--no-leader-elect',
      '--health-address=127.0.0.1:0',
      '--log-format=json',
      '--log-level=warn',
      '--qps=1000',
      '--burst=1000',
    ],
    {stdio: ['ignore', 'ignore', 'inherit'], env: {...process.env, ...environment}},
  );
  try {
    const policies = layout.namespaces.length;
    await until(operator, started, () => server.writes >= policies);
    const startSeconds = (performance.now() - started) / 1000;
    for (let last = -1; last !== server.writes; ) {
      last = server.writes;
      await sleep(QUIET);
    }
    const {resident, highest} = await residentMegabytes(operator.pid ?? 0);
    return {
      startSeconds,
      residentMegabytes: resident,
      highestMegabytes: highest,
      statuses: server.writes,
    };
  } finally {
    operator.kill('SIGKILL');
    await rm(directory, {recursive: true, force: true});
  }
}

async function until(operator: ChildProcess, started: number, isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    if (operator.exitCode !== null) {
      throw new Error(
        `The operator ended with exit code ${operator.exitCode} before it had looked at everything`,
      );
    }
    if (performance.now() - started > LONGEST_START) {
      throw new Error('The operator did not look at everything within 10 minutes');
    }
    await sleep(200);
  }
}

async function residentMegabytes(pid: number): Promise<{resident: number; highest: number}> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  // What /proc calls kB is 1024 bytes.
  const of = (field: string) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return {resident: of('VmRSS'), highest: of('VmHWM')};
}

export interface OperatorProcess {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The flags and environment of the script `operator` in package.json: what is measured is what is run. */
export async function operatorProcess(): Promise<OperatorProcess> {
  const {scripts} = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    scripts: {operator: string};
  };
  const words = scripts.operator.split(' ');
  const node = words.indexOf('node');
  return {
    flags: words.slice(node + 1, -1),
    environment: Object.fromEntries(words.slice(0, node).map((word) => word.split('=') as [string, string])),
  };
}
