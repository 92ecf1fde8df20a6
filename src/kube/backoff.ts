import type {Clock} from '../clock.ts';

export interface BackoffOptions {
  readonly firstMilliseconds: number;
  readonly longestMilliseconds: number;
  /** After this long without a failure, the next one counts as the first again. */
  readonly resetMilliseconds: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** client-go's ExponentialBackoffManager: doubling, jittered, and forgetful after a quiet time. */
export class Backoff {
  readonly #options: BackoffOptions;
  #next: number;
  #lastAt: number | undefined;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#next = options.firstMilliseconds;
  }

  /** Milliseconds to wait this time: between the current step and twice that, within the limit. */
  next(): number {
    const {clock, random, resetMilliseconds, longestMilliseconds} = this.#options;
    const now = clock.now();
    if (this.#lastAt !== undefined && now - this.#lastAt > resetMilliseconds) this.reset();
    this.#lastAt = now;
    const step = this.#next;
    this.#next = Math.min(longestMilliseconds, step * 2);
    // At the limit, jitter downwards, or all clients of a restarted server would come back in the same second.
    return step >= longestMilliseconds
      ? longestMilliseconds * (0.5 + random() / 2)
      : Math.min(longestMilliseconds, step * (1 + random()));
  }

  reset(): void {
    this.#next = this.#options.firstMilliseconds;
  }
}
