import {describe, expect, it} from '@jest/globals';
import {ManualClock, settle} from './testing/manual-clock.ts';
import {TokenBucket} from './token-bucket.ts';

describe('TokenBucket', () => {
  it('lets a burst through, then one after the other in the order they came', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({qps: 10, burst: 2, clock});
    const through: number[] = [];
    for (let caller = 0; caller < 5; caller++) void bucket.take().then(() => through.push(caller));

    await settle();
    const atOnce = [...through];
    await clock.advance(100);
    const later = [...through];
    await clock.advance(200);

    expect(atOnce).toEqual([0, 1]);
    expect(later).toEqual([0, 1, 2]);
    expect(through).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives back the place of who stopped waiting', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({qps: 1, burst: 1, clock});
    const controller = new AbortController();
    await bucket.take();

    const waiting = bucket.take(controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await clock.advance(1000);
    await bucket.take();

    expect(clock.sleeps).toEqual([1000]);
  });

  it('refuses rates that would never let anyone through', () => {
    expect(() => new TokenBucket({qps: 0, burst: 1, clock: new ManualClock()})).toThrow(RangeError);
  });
});
