/** Runs the seeds that it is sent, one after the other. */
import {run} from './run.ts';
import type {SeedReport} from './summary.ts';

let seed = 0;

process.on('message', (wanted: number) => {
  seed = wanted;
  report(wanted).then(send, fail);
});
process.on('SIGINT', () => {});
// An error that nobody has caught would have ended the operator.
process.on('unhandledRejection', fail);

async function report(wanted: number): Promise<SeedReport> {
  const {lastLines, faults, checked, ...rest} = await run(wanted);
  return {
    ...rest,
    faults: Object.fromEntries(faults),
    checked: Object.fromEntries(checked),
    lastLines: rest.violation === undefined ? [] : lastLines,
  };
}

function fail(error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  send({
    seed,
    simulatedMilliseconds: 0,
    digest: '',
    faults: {},
    checked: {},
    evictions: 0,
    measured: 0,
    fewest: 0,
    violation: {invariant: 'the operator goes on until it is stopped', message},
    lastLines: [],
  });
}

function send(report: SeedReport): void {
  process.send?.(report);
}
