/**
 * `npm run bench`: what the operator costs on clusters of 1,000 to 150,000 pods. Prints tables; docs/scale.md says how to
 * read them. `npm run bench -- --pods 10000 --only events` runs a part.
 */
import {execFile} from 'node:child_process';
import {cpus} from 'node:os';
import {parseArgs, promisify} from 'node:util';
import {clusterLayout} from './cluster/layout.ts';
import type {ControllerMeasurement, EventMeasurement, Measurement, PlanMeasurement} from './measure.ts';
import {type MemoryMeasurement, measureMemory, type OperatorProcess, operatorProcess} from './memory.ts';
import {sideBySide} from './side-by-side/side-by-side.ts';
import {printTable, type Row} from './table.ts';

const SIZES = [1000, 10_000, 50_000, 150_000];
const PARTS = ['plan', 'events', 'controller', 'memory', 'descheduler'] as const;

/** Of the largest size. Milliseconds and megabytes. */
const AIMS = {plan: 1000, event: 1, block: 50, resident: 300};

const {values} = parseArgs({
  options: {
    pods: {type: 'string', multiple: true},
    only: {type: 'string', multiple: true},
  },
});
const sizes = values.pods?.map(Number) ?? SIZES;
const parts: readonly string[] = values.only ?? PARTS;
const operator = await operatorProcess();

console.log(
  `Node ${process.version}, ${operator.flags.join(' ')}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}\n` +
    'Times of single looks are by the clock, totals and blocks CPU time of the main thread. On an idle machine the two are one.\n',
);
if (parts.includes('plan')) {
  const rows = await each<PlanMeasurement>('plan');
  printTable('Planning every workload, from caches that were only just filled', rows, {
    nodes: ({nodes}) => count(nodes),
    workloads: ({workloads}) => count(workloads),
    'not spread': ({notSpread}) => count(notSpread),
    'moves planned': ({movesPlanned}) => count(movesPlanned),
    total: ({milliseconds, planned, workloads}) =>
      `${planned < workloads ? '≈ ' : ''}${milliSeconds(milliseconds)}`,
    'each p50': ({perWorkload}) => milliSeconds(perWorkload.p50),
    p99: ({perWorkload}) => milliSeconds(perWorkload.p99),
    max: ({perWorkload}) => milliSeconds(perWorkload.max),
    '× before': growth(({milliseconds}) => milliseconds),
  });
  const slowest = last(rows)?.slowest ?? [];
  console.log(
    `The slowest at ${count(sizes.at(-1) ?? 0)} pods: ${slowest
      .map(
        ({name, milliseconds, replicas, movesNeeded, topologies}) =>
          `${name} ${milliSeconds(milliseconds)} (${replicas} replicas, ${movesNeeded} moves needed, ${topologies})`,
      )
      .join('; ')}\n`,
  );
  verdict('from scratch', last(rows)?.milliseconds, AIMS.plan, 'ms');
}
if (parts.includes('events')) {
  const rows = await each<EventMeasurement>('events');
  printTable('One event of a pod: trimmed, put into the caches, its workload looked at', rows, {
    events: ({count: events}) => count(events),
    p50: ({p50}) => milliSeconds(p50),
    p99: ({p99}) => milliSeconds(p99),
    max: ({max}) => milliSeconds(max),
    'CPU p99': ({cpu}) => milliSeconds(cpu.p99),
    'CPU max': ({cpu}) => milliSeconds(cpu.max),
    'of workloads that are not spread': ({notSpread}) => count(notSpread.count),
    'their p50': ({notSpread}) => milliSeconds(notSpread.p50),
    'their max': ({notSpread}) => milliSeconds(notSpread.max),
    'p50 × before': growth(({p50}) => p50),
    'p99 × before': growth(({p99}) => p99),
  });
  verdict('one event, 99th percentile', last(rows)?.p99, AIMS.event, 'ms');
}
if (parts.includes('controller')) {
  const rows = await each<ControllerMeasurement>('controller');
  printTable('The controller’s first pass, with its queues and workers', rows, {
    looks: ({looks, finished}) => `${count(looks)}${finished ? '' : ' (not finished)'}`,
    total: ({milliseconds}) => milliSeconds(milliseconds),
    'longest block': ({longestBlock}) => milliSeconds(longestBlock),
    statuses: ({statuses}) => count(statuses),
    'status of one policy with all': ({flush}) => milliSeconds(flush.milliseconds),
    'total × before': growth(({milliseconds}) => milliseconds),
  });
  verdict('longest block of the event loop', last(rows)?.longestBlock, AIMS.block, 'ms');
}
if (parts.includes('memory')) {
  const rows: Row<MemoryMeasurement>[] = [];
  for (const pods of sizes) {
    rows.push({pods, value: await measureMemory(clusterLayout({pods}), operator)});
  }
  printTable('The operator itself, started on an API server that holds the cluster', rows, {
    resident: ({residentMegabytes}) => megabytes(residentMegabytes),
    highest: ({highestMegabytes}) => megabytes(highestMegabytes),
    'all looked at after': ({startSeconds}) => `${startSeconds.toFixed(0)} s`,
    'resident × before': growth(({residentMegabytes}) => residentMegabytes),
  });
  verdict('resident', last(rows)?.residentMegabytes, AIMS.resident, 'MB');
}
const descheduler = process.env['DESCHEDULER_BIN'];
if (parts.includes('descheduler')) {
  if (descheduler === undefined) {
    console.log('DESCHEDULER_BIN names no program: no comparison with the descheduler.');
  } else {
    await sideBySide(descheduler, {nodes: 1000, pods: 10_000, deployments: 24, limitSeconds: 900});
  }
}

/** Each in a fresh process with the operator's own flags. */
async function each<T>(what: Measurement): Promise<Row<T>[]> {
  const rows: Row<T>[] = [];
  for (const pods of sizes) {
    rows.push({pods, value: await inProcess<T>(operator, what, pods)});
  }
  return rows;
}

async function inProcess<T>({flags, environment}: OperatorProcess, what: string, pods: number): Promise<T> {
  const {stdout} = await promisify(execFile)(
    process.execPath,
    [...flags, new URL('measure.ts', import.meta.url).pathname, what, String(pods)],
    {env: {...process.env, ...environment}},
  );
  return JSON.parse(stdout) as T;
}

function verdict(what: string, found: number | undefined, aim: number, unit: string): void {
  if (found !== undefined && sizes.at(-1) === SIZES.at(-1)) {
    const told = found <= aim ? 'reached' : 'missed';
    console.log(
      `Aim at 150,000 pods, ${what}: at most ${aim} ${unit}. ${told}: ${found.toFixed(1)} ${unit}\n`,
    );
  }
}

function last<T>(rows: readonly Row<T>[]): T | undefined {
  return rows.at(-1)?.value;
}

function growth<T>(of: (value: T) => number): (value: T, before: T | undefined) => string {
  return (value, before) => (before === undefined ? '' : (of(value) / of(before)).toFixed(1));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function milliSeconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : count(Math.round(value))} ms`;
}

function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`;
}
