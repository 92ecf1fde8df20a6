import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {ManualClock, settle} from '../kube/testing/manual-clock.ts';
import {WorkQueue} from './work-queue.ts';

function setUp() {
  const clock = new ManualClock();
  const depths: number[] = [];
  const queue = new WorkQueue({clock, random: () => 1, onDepth: (depth) => depths.push(depth)});
  return {clock, queue, depths};
}

describe('WorkQueue', () => {
  it('gives keys in order, each once however often it was added', async () => {
    const {queue, depths} = setUp();
    for (const key of ['a', 'b', 'a', 'b']) queue.add(key);

    expect([await queue.get(), await queue.get()]).toEqual(['a', 'b']);
    expect(queue.length).toBe(0);
    expect(depths).toEqual([1, 2, 1, 0]);
  });

  it('gives a key that was added while processed once more, but only after it is done', async () => {
    const {queue} = setUp();
    queue.add('a');
    await queue.get();

    queue.add('a');
    queue.add('a');
    const before = queue.length;
    queue.done('a');

    expect(before).toBe(0);
    expect(await queue.get()).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('wakes a waiting worker', async () => {
    const {queue} = setUp();
    const waiting = queue.get();

    queue.add('a');

    expect(await waiting).toBe('a');
  });

  it('adds later, at the earliest of several times', async () => {
    const {queue, clock} = setUp();
    queue.addAfter('a', 5_000);
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 9_000);

    await clock.advance(999);
    const before = queue.length;
    await clock.advance(1);

    expect([before, queue.length]).toEqual([0, 1]);
    expect(clock.pending).toBe(0);
  });

  it('backs off per key from 0.1 s to 5 minutes, until forgotten', () => {
    const {queue} = setUp();
    const delays = Array.from({length: 14}, () => queue.addRateLimited('a'));

    expect(delays.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(delays.at(-1)).toBe(300_000);
    expect(queue.addRateLimited('b')).toBe(100);
    queue.forget('a');
    expect(queue.addRateLimited('a')).toBe(100);
  });

  it('drains before it ends', async () => {
    const {queue} = setUp();
    queue.add('a');
    queue.add('b');
    const first = await queue.get();
    let drained = false;
    const drain = queue.shutDownWithDrain().then(() => (drained = true));

    queue.add('c');
    queue.done(first ?? '');
    await settle();
    const early = drained;
    expect(await queue.get()).toBe('b');
    queue.done('b');
    await drain;

    expect(early).toBe(false);
    expect(await queue.get()).toBeUndefined();
  });

  describe('run', () => {
    it('forgets the back-off after success, and asks again after an error or on request', async () => {
      const {queue, clock} = setUp();
      const controller = new AbortController();
      const handled: string[] = [];
      const errors: unknown[] = [];
      const running = queue.run({
        workers: 2,
        signal: controller.signal,
        handler: (key) => {
          handled.push(key);
          if (handled.length === 1) return Promise.reject(new Error('once'));
          return Promise.resolve(handled.length === 2 ? {afterMilliseconds: 5_000} : undefined);
        },
        onError: (key, error, retryIn) => errors.push([key, (error as Error).message, retryIn]),
      });

      queue.add('a');
      await clock.advance(100);
      const failures = queue.failures('a');
      await clock.advance(5_000);
      controller.abort();
      await running;

      expect(handled).toEqual(['a', 'a', 'a']);
      expect(errors).toEqual([['a', 'once', 100]]);
      expect(failures).toBe(0);
    });

    it('waits for running handlers when it is stopped, and drops what only waits', async () => {
      const {queue} = setUp();
      const controller = new AbortController();
      const handled: string[] = [];
      const gate = Promise.withResolvers<undefined>();
      let ended = false;
      const running = queue
        .run({
          workers: 1,
          signal: controller.signal,
          handler: (key) => {
            handled.push(key);
            return gate.promise;
          },
          onError: () => {},
        })
        .then(() => (ended = true));
      queue.add('a');
      queue.add('b');
      await settle();

      controller.abort();
      await settle();
      const early = ended;
      gate.resolve(undefined);
      await running;

      expect(early).toBe(false);
      expect(handled).toEqual(['a']);
    });
  });

  it('never processes a key twice at a time, and never loses an addition', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            what: fc.constantFrom('add', 'get', 'done', 'after'),
            key: fc.constantFrom('a', 'b', 'c'),
          }),
          {maxLength: 60},
        ),
        async (steps) => {
          const {queue, clock} = setUp();
          const processing = new Set<string>();
          /** Added since it was last taken. */
          const owed = new Set<string>();
          const take = async () => {
            if (queue.length === 0) return;
            const key = await queue.get();
            if (key === undefined) throw new Error('the queue is not shut down');
            expect(processing.has(key)).toBe(false);
            expect(owed.delete(key)).toBe(true);
            processing.add(key);
          };
          for (const {what, key} of steps) {
            if (what === 'add') {
              queue.add(key);
              owed.add(key);
            } else if (what === 'after') {
              queue.addAfter(key, 10);
              await clock.advance(10);
              owed.add(key);
            } else if (what === 'done') {
              if (processing.delete(key)) queue.done(key);
            } else {
              await take();
            }
          }
          for (const key of processing) queue.done(key);
          processing.clear();
          while (queue.length > 0) await take();

          expect([...owed]).toEqual([]);
        },
      ),
      {numRuns: 50},
    );
  });
});
