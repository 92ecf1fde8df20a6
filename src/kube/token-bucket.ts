import type {Clock} from '../clock.ts';

/** client-go's flowcontrol: `qps` on average, `burst` at once, first come, first served. */
export class TokenBucket {
  readonly #qps: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;

  constructor({qps, burst, clock}: {qps: number; burst: number; clock: Clock}) {
    if (!(qps > 0) || !(burst >= 1)) {
      throw new RangeError(`a rate limit needs qps > 0 and burst >= 1, got qps ${qps}, burst ${burst}`);
    }
    this.#qps = qps;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#at = clock.now();
  }

  /** Resolves when it is this caller's turn. */
  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const now = this.#clock.now();
    // A clock that was set back must not take tokens away.
    const elapsed = Math.max(0, now - this.#at);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed / 1000) * this.#qps);
    this.#at = now;
    // Below zero the bucket holds reservations, so whoever comes later waits longer.
    this.#tokens -= 1;
    if (this.#tokens >= 0) return;
    try {
      await this.#clock.sleep((-this.#tokens / this.#qps) * 1000, signal);
    } catch (error) {
      this.#tokens += 1;
      throw error;
    }
  }
}
