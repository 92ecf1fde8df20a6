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
  /** Followed again, and how to call off that it counts as caught up. */
  readonly #catchingUp = new Map<string, () => void>();

  /** `onCaughtUp`: what was put off while the caches were behind can be looked at again. */
  constructor(clock: Clock, onCaughtUp: () => void) {
    this.#clock = clock;
    this.#onCaughtUp = onCaughtUp;
  }

  /** @param since when it was last heard of, milliseconds since the epoch; now unless it was noticed late */
  failed(resource: string, since = this.#clock.now()): void {
    this.#catchingUp.get(resource)?.();
    this.#catchingUp.delete(resource);
    if (!this.#failingSince.has(resource)) {
      this.#failingSince.set(resource, since);
    }
  }

  followed(resource: string): void {
    if (this.#catchingUp.has(resource)) {
      return;
    }
    if (!this.#isBehind(resource)) {
      this.#failingSince.delete(resource);
      return;
    }
    // The watch goes on, but what it has missed is not here yet.
    const cancel = this.#clock.after(CATCH_UP, () => {
      this.#catchingUp.delete(resource);
      this.#failingSince.delete(resource);
      if (this.behind() === undefined) {
        this.#onCaughtUp();
      }
    });
    this.#catchingUp.set(resource, cancel);
  }

  /**
   * Why decisions would be made on old news: a watch that has been cut for a while. Undefined while all are followed.
   */
  behind(): string | undefined {
    const behind = [...this.#failingSince.keys()].filter((resource) => this.#isBehind(resource));
    return behind.length === 0 ? undefined : `changes of ${behind.join(', ')} have not been seen for a while`;
  }

  #isBehind(resource: string): boolean {
    const since = this.#failingSince.get(resource);
    return since !== undefined && this.#clock.now() - since > BEHIND;
  }
}
