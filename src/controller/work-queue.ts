/**
 * client-go's util/workqueue: what is added while waiting is handled once, what is added while being handled is handled
 * again afterwards, and no key is ever handled by two workers at a time.
 */
import {type Clock, systemClock} from '../clock.ts';

/** How long keys are handled before the event loop gets its turn, milliseconds. */
const LONGEST_TURN = 10;

export interface WorkQueueOptions {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Of the per-key exponential back-off: 100 ms, doubling to 5 minutes. */
  readonly firstBackoffMilliseconds?: number;
  readonly longestBackoffMilliseconds?: number;
  /** How many keys wait for a worker, at each change. */
  readonly onDepth?: (depth: number) => void;
}

/** A handler may ask to see the key again. */
export interface Requeue {
  readonly afterMilliseconds: number;
}

export interface RunOptions {
  readonly workers: number;
  /** Success forgets the key's back-off; an error is reported and the key handled again after it. */
  readonly handler: (key: string, signal: AbortSignal) => Promise<Requeue | undefined>;
  readonly onError: (key: string, error: unknown, retryInMilliseconds: number) => void;
  readonly signal: AbortSignal;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #first: number;
  readonly #longest: number;
  readonly #onDepth: (depth: number) => void;
  /** Ready for a worker, in order. */
  readonly #queue = new Set<string>();
  /** To be handled: those in the queue, and those added again while they are processed. */
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #delayed = new Map<string, {readyAt: number; cancel: () => void}>();
  readonly #failures = new Map<string, number>();
  readonly #waiting: ((key: string | undefined) => void)[] = [];
  #drained: (() => void)[] = [];
  #shuttingDown = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#first = options.firstBackoffMilliseconds ?? 100;
    this.#longest = options.longestBackoffMilliseconds ?? 300_000;
    this.#onDepth = options.onDepth ?? (() => {});
  }

  /** Keys that wait for a worker; not those that wait for a time. */
  get length(): number {
    return this.#queue.size;
  }

  add(key: string): void {
    if (this.#shuttingDown || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#enqueue(key);
  }

  /** Of several delays for one key, the earliest counts. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#shuttingDown) return;
    if (milliseconds <= 0) {
      this.add(key);
      return;
    }
    const readyAt = this.#clock.now() + milliseconds;
    const known = this.#delayed.get(key);
    if (known !== undefined) {
      if (known.readyAt <= readyAt) return;
      known.cancel();
    }
    const cancel = this.#clock.after(milliseconds, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, {readyAt, cancel});
  }

  /** Adds the key after its back-off, which grows until `forget`; returns the back-off. */
  addRateLimited(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    // 2^1000 is Infinity, and the limit holds all the same.
    const step = Math.min(this.#longest, this.#first * 2 ** failures);
    const milliseconds = Math.round(step * (0.75 + this.#random() / 4));
    this.addAfter(key, milliseconds);
    return milliseconds;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, which must be given back with `done`; undefined once the queue is shut down and empty. */
  get(): Promise<string | undefined> {
    const next = this.#take();
    if (next !== undefined || this.#shuttingDown) return Promise.resolve(next);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#enqueue(key);
    this.#checkDrained();
  }

  /** Nothing more is added; workers get what is queued, then undefined. */
  shutDown(): void {
    this.#shuttingDown = true;
    for (const {cancel} of this.#delayed.values()) cancel();
    this.#delayed.clear();
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
    this.#checkDrained();
  }

  /** Shuts down, and resolves when everything queued has been handled. */
  shutDownWithDrain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.shutDown();
    });
  }

  /**
   * Handles keys until the signal; then lets running handlers, which see the same signal, come to their end. Keys that
   * only wait are dropped: whoever starts next looks at everything anyway.
   */
  async run({workers, handler, onError, signal}: RunOptions): Promise<void> {
    const stop = () => {
      this.#queue.clear();
      this.#dirty.clear();
      this.shutDown();
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, {once: true});
    let began = this.#clock.now();
    const work = async () => {
      for (let key = await this.get(); key !== undefined; key = await this.get()) {
        // Handlers that find everything in memory never wait, and a long queue of them would starve lease renewals,
        // watches and probes. A clock that was set back says nothing, so the turn ends there too.
        const elapsed = this.#clock.now() - began;
        if (elapsed >= LONGEST_TURN || elapsed < 0) {
          await this.#clock.sleep(0);
          began = this.#clock.now();
        }
        try {
          const requeue = await handler(key, signal);
          this.forget(key);
          if (requeue !== undefined) this.addAfter(key, requeue.afterMilliseconds);
        } catch (error) {
          // What a stopped handler throws is the stop itself.
          if (!signal.aborted) onError(key, error, this.addRateLimited(key));
        } finally {
          this.done(key);
        }
      }
    };
    try {
      await Promise.all(Array.from({length: workers}, work));
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #enqueue(key: string): void {
    this.#queue.add(key);
    const resolve = this.#waiting.shift();
    if (resolve === undefined) this.#onDepth(this.#queue.size);
    else resolve(this.#take());
  }

  #take(): string | undefined {
    for (const key of this.#queue) {
      this.#queue.delete(key);
      this.#processing.add(key);
      this.#dirty.delete(key);
      this.#onDepth(this.#queue.size);
      return key;
    }
    return undefined;
  }

  #checkDrained(): void {
    if (!this.#shuttingDown || this.#queue.size > 0 || this.#processing.size > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
