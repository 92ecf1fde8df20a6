import {type RunningOperator, startedOperators} from './operator-process.ts';

/** The first run builds the control plane's programs. */
export const startLimitMilliseconds = 15 * 60_000;

const printed = new Set<RunningOperator>();

/**
 * Wraps the body of a test: `it('…', withOperatorLog(async () => {…}), 120_000)`. When it fails, prints what the
 * operators of this test file have said.
 */
export function withOperatorLog<Arguments extends unknown[]>(
  run: (...values: Arguments) => Promise<void>,
): (...values: Arguments) => Promise<void> {
  return async (...values) => {
    try {
      await run(...values);
    } catch (error) {
      for (const operator of startedOperators) {
        if (!printed.has(operator)) {
          console.error(String(operator));
        }
        if (!operator.running) {
          printed.add(operator);
        }
      }
      throw error;
    }
  };
}
