/** What many seeds came to, as text. */
import {FAULT_NAMES} from './fault-plan.ts';
import {INVARIANTS, type Violation} from './invariants.ts';
import type {RunResult} from './run.ts';

/** A result as it passes between processes. */
export interface SeedReport extends Omit<RunResult, 'faults' | 'checked'> {
  readonly faults: Readonly<Record<string, number>>;
  readonly checked: Readonly<Record<string, number>>;
}

const LINES_OF_A_FAILURE = 40;
const LONGEST_LINE = 400;

export class Summary {
  readonly failures: SeedReport[] = [];
  seeds = 0;
  #simulated = 0;
  #evictions = 0;
  #measured = 0;
  #fewest = 0;
  readonly #faults = new Map<string, number>();
  readonly #checked = new Map<string, number>();

  add(report: SeedReport): void {
    this.seeds += 1;
    this.#simulated += report.simulatedMilliseconds;
    this.#evictions += report.evictions;
    this.#measured += report.measured;
    this.#fewest += report.fewest;
    addAll(this.#faults, report.faults);
    addAll(this.#checked, report.checked);
    if (report.violation !== undefined) {
      this.failures.push(report);
    }
  }

  progress(of: number): string {
    return `${this.seeds} of ${of} seeds, ${this.#hours()} simulated hours, ${this.#evictions} evictions, ${this.failures.length} failed`;
  }

  /** @param seconds of real time that it took */
  table(seconds: number): string {
    const times = this.#simulated / 1000 / Math.max(seconds, 0.001);
    return [
      ...section('Seeds', [
        ['run', this.seeds],
        ['failed', this.failures.length],
        ['simulated hours', this.#hours()],
        ['real seconds', Math.round(seconds)],
        ['times real time', Math.round(times)],
      ]),
      ...section('Moves', [
        ['evictions that took place', this.#evictions],
        ['of these measured against a minimum', this.#measured],
        ['fewest moves that would have spread what was left alone', this.#fewest],
      ]),
      ...section(
        'Faults',
        FAULT_NAMES.map((name) => [name, this.#faults.get(name) ?? 0]),
      ),
      ...section(
        'Invariants checked',
        INVARIANTS.map((name) => [name, this.#checked.get(name) ?? 0]),
      ),
    ].join('\n');
  }

  #hours(): number {
    return Math.round(this.#simulated / 360_000) / 10;
  }
}

export function describeFailure({seed, violation, lastLines}: SeedReport): string {
  return [
    `Seed ${seed}: ${describeViolation(violation)}`,
    ...lastLines.slice(-LINES_OF_A_FAILURE).map((line) => `  ${line.slice(0, LONGEST_LINE)}`),
    `  Again, with every line: npm run test:faults -- --seed ${seed} --verbose`,
  ].join('\n');
}

export function describeViolation(violation: Violation | undefined): string {
  return violation === undefined ? 'all invariants held' : `"${violation.invariant}": ${violation.message}`;
}

function section(title: string, rows: readonly (readonly [string, number])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return ['', title, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${String(value).padStart(9)}`)];
}

function addAll(sums: Map<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) {
    sums.set(name, (sums.get(name) ?? 0) + count);
  }
}
