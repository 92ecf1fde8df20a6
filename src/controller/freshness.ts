import type {Clock} from '../clock.ts';

/** How long a watch may be interrupted before what it told is no longer acted on, milliseconds. */
const BEHIND = 20_000;
/** How long the changes that were missed may take to arrive when a watch goes on, milliseconds. */
const CATCH_UP = 1000;

/** Whether the caches follow the cluster. */
export class Freshness {
  readonly #clock: Clock;
  readonly #onCaughtUp: () => void;
  /** Since when a resource has not been followed, milliseconds since the epoch. */
  readonly #failingSince = new Map<string, number>();

  /** `onCaughtUp`: what was put off while the caches were behind can be looked at again. */
  constructor(clock: Clock, onCaughtUp: () => void) {
    this.#clock = clock;
    this.#onCaughtUp = onCaughtUp;
  }

  failed(resource: string): void {
    if (!this.#failingSince.has(resource)) {
      this.#failingSince.set(resource, this.#clock.now());
    }
  }

  followed(resource: string): void {
    const wasBehind = this.behind() !== undefined;
    this.#failingSince.delete(resource);
    if (wasBehind && this.behind() === undefined) {
      this.#clock.after(CATCH_UP, this.#onCaughtUp);
    }
  }

  /**
   * Why decisions would be made on old news: a watch that has been cut for a while. Undefined while all are followed.
   */
  behind(): string | undefined {
    const now = this.#clock.now();
    const behind = [...this.#failingSince]
      .filter(([, since]) => now - since > BEHIND)
      .map(([resource]) => resource);
    return behind.length === 0 ? undefined : `changes of ${behind.join(', ')} have not been seen for a while`;
  }
}
