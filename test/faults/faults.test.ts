import {beforeAll, describe, expect, it} from '@jest/globals';
import {caseNumber, tell} from '../scenarios/case-numbers.ts';
import {MUTATIONS} from './mutations.ts';
import {run} from './run.ts';
import {describeFailure, Summary} from './summary.ts';

const SEEDS = caseNumber('FAULT_SEEDS', 200);
const FROM = caseNumber('FAULT_FROM', 1);
/** Milliseconds; only so long that a run which never ends does. */
const MINUTES = 60_000;

describe('the operator among faults', () => {
  const summary = new Summary();

  beforeAll(async () => {
    const began = performance.now();
    for (let seed = FROM; seed < FROM + SEEDS; seed++) {
      const {faults, checked, ...rest} = await run(seed);
      summary.add({...rest, faults: Object.fromEntries(faults), checked: Object.fromEntries(checked)});
    }
    tell([summary.table((performance.now() - began) / 1000)]);
  }, 10 * MINUTES);

  it('keeps every invariant', () => {
    expect(summary.failures.map(describeFailure).join('\n\n')).toBe('');
  });

  it(
    'is run again exactly by the same seed, and differently by another',
    async () => {
      const digests = [];
      for (const seed of [2, 2, 3]) {
        const {digest} = await run(seed);
        digests.push(digest);
      }

      expect(digests[1]).toBe(digests[0]);
      expect(digests[2]).not.toBe(digests[0]);
    },
    10 * MINUTES,
  );
});

describe('a planted bug', () => {
  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    'is found: %s',
    async (name, mutation) => {
      let found: string | undefined;
      let seed = 0;
      while (found === undefined && seed < mutation.within) {
        seed += 1;
        const {violation} = await run(seed, {mutation});
        found = mutation.finds.find((invariant) => invariant === violation?.invariant);
      }
      tell([`${name}: found with seed ${seed} by "${found}"`]);

      expect(mutation.finds).toContain(found);
    },
    10 * MINUTES,
  );
});
