import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {Pace} from './pace.ts';

const MINUTE = 60_000;

describe('Pace', () => {
  it('gives a burst at once, and then one token after the other', () => {
    const pace = new Pace({perMinute: 30, burst: 3}, 0);

    expect(pace.take(5, 0)).toBe(3);
    expect(pace.take(1, 0)).toBe(0);
    expect(pace.nextAt(0)).toBe(2000);
    expect(pace.take(1, 1999)).toBe(0);
    expect(pace.take(1, 2000)).toBe(1);
  });

  it('takes back what was not used, up to the burst', () => {
    const pace = new Pace({perMinute: 30, burst: 2}, 0);
    pace.take(2, 0);

    pace.giveBack(5);

    expect(pace.take(9, 0)).toBe(2);
  });

  it('loses nothing when the clock is set back', () => {
    const pace = new Pace({perMinute: 30, burst: 2}, 10 * MINUTE);

    expect(pace.take(2, 0)).toBe(2);
  });

  it('never gives more than the burst and the rate allow', () => {
    const steps = fc.array(fc.tuple(fc.nat(5000), fc.integer({min: 1, max: 5})), {maxLength: 50});
    fc.assert(
      fc.property(steps, (drawn) => {
        const pace = new Pace({perMinute: 60, burst: 4}, 0);
        let now = 0;
        let taken = 0;
        for (const [pause, wanted] of drawn) {
          now += pause;
          taken += pace.take(wanted, now);
        }

        expect(taken).toBeLessThanOrEqual(4 + now / 1000);
      }),
    );
  });

  it.each([
    {perMinute: 0, burst: 1},
    {perMinute: 1, burst: 0},
  ])('refuses $perMinute per minute with a burst of $burst', (options) => {
    expect(() => new Pace(options, 0)).toThrow(/perMinute > 0 and burst >= 1/);
  });
});
