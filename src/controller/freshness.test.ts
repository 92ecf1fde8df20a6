import {describe, expect, it} from '@jest/globals';
import type {Clock} from '../clock.ts';
import {ManualClock} from '../kube/testing/manual-clock.ts';
import {Freshness} from './freshness.ts';

describe('Freshness', () => {
  it('is lost when a watch stays cut, and asks for another look when all are followed again', async () => {
    const clock = new ManualClock();
    let looks = 0;
    const freshness = new Freshness(clock, () => looks++);

    freshness.failed('pods');
    freshness.failed('nodes');
    await clock.advance(20_001);
    freshness.failed('pods');

    expect(freshness.behind()).toBe('changes of pods, nodes have not been seen for a while');

    freshness.followed('pods');
    await clock.advance(1000);

    expect([freshness.behind(), looks]).toEqual(['changes of nodes have not been seen for a while', 0]);

    freshness.followed('nodes');
    await clock.advance(1000);

    expect([freshness.behind(), looks]).toEqual([undefined, 1]);
  });

  it('is kept through a short interruption', async () => {
    const clock = new ManualClock();
    let looks = 0;
    const freshness = new Freshness(clock, () => looks++);

    freshness.failed('pods');
    await clock.advance(10_000);
    freshness.followed('pods');
    await clock.advance(60_000);

    expect([freshness.behind(), looks]).toEqual([undefined, 0]);
  });

  // Found by the fault tests: an eviction by caches of 150 s ago, a millisecond after the watches were open again.
  it('is lost by a watch that was silent, and back only when what was missed has had time to arrive', async () => {
    const clock = new ManualClock();
    const freshness = new Freshness(clock, () => {});

    freshness.silent('pods');
    const atOnce = freshness.behind();
    freshness.followed('pods');
    const reconnected = freshness.behind();
    await clock.advance(1000);

    expect([atOnce, reconnected, freshness.behind()]).toEqual([
      'changes of pods have not been seen for a while',
      'changes of pods have not been seen for a while',
      undefined,
    ]);
  });

  it('is not back when the watch is cut again before it has caught up', async () => {
    const clock = new ManualClock();
    const freshness = new Freshness(clock, () => {});

    freshness.silent('pods');
    freshness.followed('pods');
    freshness.failed('pods');
    await clock.advance(5000);

    expect(freshness.behind()).toBe('changes of pods have not been seen for a while');
  });

  // Found by the fault tests.
  it('is lost although the clock has been set back meanwhile', async () => {
    const clock = new ManualClock();
    const hour = 3_600_000;
    let skew = 0;
    const setBack = {...bound(clock), now: () => clock.now() - skew};
    const freshness = new Freshness(setBack, () => {});

    freshness.failed('pods');
    skew = hour;
    await clock.advance(20_001);

    expect(freshness.behind()).toBe('changes of pods have not been seen for a while');
  });
});

function bound(clock: ManualClock): Clock {
  return {
    now: () => clock.now(),
    sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
    after: (milliseconds, callback) => clock.after(milliseconds, callback),
  };
}
