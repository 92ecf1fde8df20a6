import {describe, expect, it} from '@jest/globals';
import {Backoff} from './backoff.ts';
import {ManualClock} from './testing/manual-clock.ts';

function setUp(random: number) {
  const clock = new ManualClock();
  const backoff = new Backoff({
    firstMilliseconds: 800,
    longestMilliseconds: 30_000,
    resetMilliseconds: 120_000,
    clock,
    random: () => random,
  });
  return {clock, backoff};
}

describe('Backoff', () => {
  it.each([
    [0, [800, 1600, 3200, 6400, 12_800, 25_600, 15_000, 15_000]],
    [1, [1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]],
  ])('doubles within its limit, with jitter %d', (random, expected) => {
    const {backoff} = setUp(random);

    expect(Array.from({length: 8}, () => backoff.next())).toEqual(expected);
  });

  it('starts over after a quiet time', async () => {
    const {backoff, clock} = setUp(0);
    backoff.next();
    backoff.next();

    await clock.advance(120_001);

    expect(backoff.next()).toBe(800);
  });
});
