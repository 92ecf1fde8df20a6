import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {Pace} from './pace.ts';

const MINUTE = 60_000;

describe('Pace', () => {
  it('gives a burst at once, and then one token after the other', () => {
    const pace = new Pace({perMinute: 30, burst: 3}, 0);

    expect(pace.take('web', 5, 0)).toBe(3);
    expect(pace.take('web', 1, 0)).toBe(0);
    expect(pace.turnOf('web', 0)).toBe(2000);
    expect(pace.take('web', 1, 1999)).toBe(0);
    expect(pace.take('web', 1, 2000)).toBe(1);
  });

  it('gives each of those who wait a turn of its own, in the order in which they came', () => {
    const pace = waitedFor();

    expect(['web', 'shop', 'mail'].map((who) => pace.turnOf(who, 0))).toEqual([2000, 4000, 6000]);
    expect(pace.take('mail', 1, 2000)).toBe(0);
    expect(pace.take('newcomer', 1, 2000)).toBe(0);
    expect(pace.take('web', 1, 2000)).toBe(1);
    expect(pace.take('shop', 1, 4000)).toBe(1);
    expect(pace.turnOf('newcomer', 4000)).toBe(8000);
  });

  it('keeps a token for each of those who came before', () => {
    const pace = new Pace({perMinute: 60, burst: 5}, 0);
    pace.take('first', 5, 0);
    pace.take('web', 1, 0);
    pace.take('shop', 1, 0);

    expect(pace.take('shop', 4, 1500)).toBe(0);
    expect(pace.take('web', 4, 1500)).toBe(1);
    expect(pace.take('shop', 4, 2500)).toBe(1);
  });

  it('goes on without one who has left, or has missed its turn', () => {
    const pace = waitedFor();

    expect(pace.leave('web')).toBe(true);
    expect(pace.leave('web')).toBe(false);

    expect(pace.first).toBe('shop');
    expect(pace.take('shop', 1, 2000)).toBe(1);
    // `mail` was expected at 6 s.
    expect(pace.take('newcomer', 1, 11_000)).toBe(0);
    expect(pace.take('newcomer', 1, 11_001)).toBe(1);
  });

  it('tells who asks again when its turn is now that others have left', () => {
    const pace = waitedFor();
    pace.leave('web');
    pace.leave('shop');

    expect(pace.take('mail', 1, 1000)).toBe(0);
    expect(pace.turnOf('mail', 1000)).toBe(2000);
  });

  it('takes back what was not used, up to the burst', () => {
    const pace = new Pace({perMinute: 30, burst: 2}, 0);
    pace.take('web', 2, 0);

    pace.giveBack(5);

    expect(pace.take('web', 9, 0)).toBe(2);
  });

  it('loses nothing when the clock is set back', () => {
    const pace = new Pace({perMinute: 30, burst: 2}, 10 * MINUTE);

    expect(pace.take('web', 2, 0)).toBe(2);
  });

  it('never gives more than the burst and the rate allow', () => {
    const who = fc.constantFrom('web', 'shop', 'mail');
    const steps = fc.array(fc.tuple(fc.nat(5000), fc.integer({min: 1, max: 5}), who), {maxLength: 50});
    fc.assert(
      fc.property(steps, (drawn) => {
        const pace = new Pace({perMinute: 60, burst: 4}, 0);
        let now = 0;
        let taken = 0;
        for (const [pause, wanted, asking] of drawn) {
          now += pause;
          taken += pace.take(asking, wanted, now);
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

/** At a token each two seconds, with `web`, `shop` and `mail` in the line. */
function waitedFor(): Pace {
  const pace = new Pace({perMinute: 30, burst: 1}, 0);
  pace.take('first', 1, 0);
  for (const who of ['web', 'shop', 'mail']) {
    expect(pace.take(who, 1, 0)).toBe(0);
  }
  return pace;
}
