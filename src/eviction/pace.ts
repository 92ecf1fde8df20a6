/** How many evictions the whole cluster sees: a token bucket that never makes its caller wait. */
export interface PaceOptions {
  /** Evictions per minute in the long run. */
  readonly perMinute: number;
  /** Evictions that may follow each other at once. */
  readonly burst: number;
}

export class Pace {
  readonly #perMillisecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /** @param now milliseconds since the Unix epoch, here and below */
  constructor({perMinute, burst}: PaceOptions, now: number) {
    if (!(perMinute > 0) || !(burst >= 1)) {
      throw new RangeError(`a pace needs perMinute > 0 and burst >= 1, got ${perMinute} and ${burst}`);
    }
    this.#perMillisecond = perMinute / 60_000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes up to `wanted` tokens and says how many. */
  take(wanted: number, now: number): number {
    this.#refill(now);
    const taken = Math.min(wanted, Math.floor(this.#tokens));
    this.#tokens -= taken;
    return taken;
  }

  /** Tokens of evictions that did not take place after all. */
  giveBack(tokens: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + tokens);
  }

  /** When the next token is there. */
  nextAt(now: number): number {
    this.#refill(now);
    return this.#tokens >= 1 ? now : now + Math.ceil((1 - this.#tokens) / this.#perMillisecond);
  }

  #refill(now: number): void {
    // A clock that was set back must not take tokens away.
    const elapsed = Math.max(0, now - this.#at);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsed * this.#perMillisecond);
    this.#at = now;
  }
}
