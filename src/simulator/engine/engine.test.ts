import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {Random} from './random.ts';
import {SimulationClock} from './simulation-clock.ts';

describe('SimulationClock', () => {
  it('runs what is due, by time and then by who came first', () => {
    const clock = new SimulationClock(1_000);
    const ran: string[] = [];
    clock.after(20, () => ran.push('late'));
    clock.after(10, () => ran.push('first'));
    clock.after(10, () => {
      ran.push('second');
      clock.after(0, () => ran.push('caused by second'));
    });
    clock.after(21, () => ran.push('too late'));

    clock.runUntil(1_020);

    expect(ran).toEqual(['first', 'second', 'caused by second', 'late']);
    expect(clock.now()).toBe(1_020);
    expect(clock.nextAt).toBe(1_021);
  });

  it('forgets what is cancelled, even after it ran', () => {
    const clock = new SimulationClock(0);
    const ran: string[] = [];
    const cancel = clock.after(5, () => ran.push('cancelled'));
    const cancelLate = clock.after(6, () => ran.push('ran'));

    cancel();
    clock.runUntil(10);
    cancelLate();

    expect(ran).toEqual(['ran']);
    expect(clock.pending).toBe(0);
  });

  it('ends a sleep at its time, and an aborted one with the reason', async () => {
    const clock = new SimulationClock(0);
    const abort = new AbortController();
    const slept = clock.sleep(10);
    const aborted = clock.sleep(20, abort.signal);

    abort.abort(new Error('stop'));
    clock.runUntil(10);

    await expect(slept).resolves.toBeUndefined();
    await expect(aborted).rejects.toThrow('stop');
    expect(clock.pending).toBe(0);
  });

  it('runs any set of events in order of time, equal ones in order of addition', () => {
    fc.assert(
      fc.property(fc.array(fc.record({delay: fc.nat(20), cancel: fc.boolean()})), (events) => {
        const clock = new SimulationClock(0);
        const ran: number[] = [];
        for (const [index, {delay, cancel}] of events.entries()) {
          const stop = clock.after(delay, () => ran.push(index));
          if (cancel) {
            stop();
          }
        }

        clock.runUntil(100);

        const expected = [...events.entries()]
          .filter(([, {cancel}]) => !cancel)
          .sort(([a, x], [b, y]) => x.delay - y.delay || a - b)
          .map(([index]) => index);
        expect(ran).toEqual(expected);
      }),
    );
  });
});

describe('Random', () => {
  it('gives the same sequence for the same seed, and another for another', () => {
    const draw = (seed: number) => Array.from({length: 5}, (_, i) => new Random(seed).fork(`${i}`).next());

    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('follows the reference sequence of xoshiro128** from a known state', () => {
    // State 1, 2, 3, 4, from the reference implementation in C.
    const random = Random.fromState([1, 2, 3, 4]);

    expect([random.next(), random.next(), random.next()]).toEqual([11_520, 0, 5_927_040]);
  });

  it('draws integers evenly', () => {
    const random = new Random(7);
    const counts = [0, 0, 0];

    for (let draw = 0; draw < 30_000; draw++) {
      const value = random.integer(3);
      counts[value] = (counts[value] ?? 0) + 1;
    }

    for (const count of counts) {
      expect(count).toBeGreaterThan(9_700);
      expect(count).toBeLessThan(10_300);
    }
  });

  it('does not let one consumer change the draws of another', () => {
    const random = new Random(3);
    const before = random.fork('scheduler').next();
    random.fork('kubelet').next();

    expect(random.fork('scheduler').next()).toBe(before);
  });
});
