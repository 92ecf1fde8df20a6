/**
 * How many evictions the whole cluster sees: a token bucket that never makes its caller wait. Who finds none is told when
 * its turn is, so that hundreds who wait are not all back for every single token, and the one who has waited longest is
 * served first.
 */
export interface PaceOptions {
  /** Evictions per minute in the long run. */
  readonly perMinute: number;
  /** Evictions that may follow each other at once. */
  readonly burst: number;
}

/** Who has not come back so long after its turn, milliseconds, has lost it. */
const MISSED = 5000;

export class Pace {
  readonly #perMillisecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;
  /** Who waits, in their order, and when the turn of each is expected. */
  readonly #turns = new Map<string, number>();

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

  /** Takes up to `wanted` tokens and says how many; with none, `who` is in the line from now on. */
  take(who: string, wanted: number, now: number): number {
    this.#refill(now);
    const ahead = this.#aheadOf(who, now);
    const taken = Math.max(0, Math.min(wanted, Math.floor(this.#tokens) - ahead));
    if (taken === 0) {
      this.#turns.set(who, now + Math.max(0, Math.ceil((ahead + 1 - this.#tokens) / this.#perMillisecond)));
    } else {
      this.#turns.delete(who);
      this.#tokens -= taken;
    }
    return taken;
  }

  /** Tokens of evictions that did not take place after all. */
  giveBack(tokens: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + tokens);
  }

  /** When it is the turn of one who waits; now for anybody else. */
  turnOf(who: string, now: number): number {
    return Math.max(now, this.#turns.get(who) ?? now);
  }

  /** Who has waited longest: its turn may be sooner than it was told, when others have left. */
  get first(): string | undefined {
    const [first] = this.#turns.keys();
    return first;
  }

  /** Nobody need wait for this one any longer. Returns whether anybody did. */
  leave(who: string): boolean {
    return this.#turns.delete(who);
  }

  #aheadOf(who: string, now: number): number {
    let ahead = 0;
    for (const [other, turn] of this.#turns) {
      if (other === who) {
        break;
      }
      if (turn + MISSED < now) {
        this.#turns.delete(other);
      } else {
        ahead += 1;
      }
    }
    return ahead;
  }

  #refill(now: number): void {
    // A clock that was set back must not take tokens away.
    const elapsed = Math.max(0, now - this.#at);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsed * this.#perMillisecond);
    this.#at = now;
  }
}
