/** `npm run test:faults`: many seeds, or one with every line of what happens. */
import {type ChildProcess, fork} from 'node:child_process';
import {availableParallelism} from 'node:os';
import {Command, InvalidArgumentError} from 'commander';
import {run} from './run.ts';
import {describeFailure, describeViolation, type SeedReport, Summary} from './summary.ts';

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly jobs: number;
  readonly verbose: boolean;
}

const PROGRESS = 10_000;
const MOST_FAILURES_TOLD = 10;
const WORKER = new URL('worker.ts', import.meta.url);

async function main(): Promise<number> {
  const options = new Command('test:faults')
    .description('Runs the operator on simulated clusters full of faults, one for each seed.')
    .option('--seeds <count>', 'how many', parseCount, 300)
    .option('--from <seed>', 'the first of them', parseCount, 1)
    .option('--seed <seed>', 'only this one', parseCount)
    .option('--jobs <count>', 'processes side by side', parseCount, availableParallelism())
    .option('--verbose', 'with --seed: every line of what happens', false)
    .parse()
    .opts<Options>();
  return options.seed === undefined ? await runMany(options) : await runOne(options.seed, options.verbose);
}

async function runOne(seed: number, isVerbose: boolean): Promise<number> {
  const {violation, digest, lastLines} = await run(seed, isVerbose ? {tell: say} : {});
  if (!isVerbose && violation !== undefined) {
    for (const line of lastLines) {
      say(line);
    }
  }
  say(`Seed ${seed}: ${describeViolation(violation)} (trace ${digest.slice(0, 16)})`);
  return violation === undefined ? 0 : 1;
}

async function runMany({seeds, from, jobs}: Options): Promise<number> {
  const began = performance.now();
  const summary = new Summary();
  const timer = setInterval(() => say(summary.progress(seeds)), PROGRESS);
  let next = from;
  let last = from + seeds;
  const take = (): number | undefined => (next < last ? next++ : undefined);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // What has been run counts; Ctrl-C reaches the workers too, so they ignore it.
    process.once(signal, () => {
      last = next;
    });
  }
  await Promise.all(
    Array.from({length: Math.min(jobs, seeds)}, () =>
      work(take, (report) => {
        summary.add(report);
        if (report.violation !== undefined && summary.failures.length <= MOST_FAILURES_TOLD) {
          say(describeFailure(report));
        }
      }),
    ),
  );
  clearInterval(timer);
  say(summary.table((performance.now() - began) / 1000));
  const failed = summary.failures.map(({seed}) => seed).sort((a, b) => a - b);
  say(failed.length === 0 ? '\nAll seeds passed.' : `\nFailed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

/** One process, which gets the next seed when it has done one. */
async function work(take: () => number | undefined, onReport: (report: SeedReport) => void): Promise<void> {
  const child: ChildProcess = fork(WORKER);
  const done = Promise.withResolvers<void>();
  let current: number | undefined;
  const go = (): void => {
    current = take();
    if (current === undefined) {
      child.disconnect();
      done.resolve();
    } else {
      child.send(current);
    }
  };
  child.on('message', (report: SeedReport) => {
    onReport(report);
    if (report.seed === current) {
      go();
    }
  });
  child.on('exit', (code) => {
    if (code !== 0) {
      done.reject(new Error(`the process that ran seed ${current} has ended with code ${code}`));
    }
  });
  go();
  await done.promise;
  child.kill();
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError(`expected a whole number from 1 up, found "${text}"`);
  }
  return value;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exit(await main());
