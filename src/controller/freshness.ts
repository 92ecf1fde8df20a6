import type {Clock} from '../clock.ts';

/** How long a watch may be interrupted before what it told is no longer acted on, milliseconds. */
const BEHIND = 20_000;
/** How long the changes that were missed may take to arrive when a watch goes on, milliseconds. */
const CATCH_UP = 1000;

/** Whether the caches follow the cluster. All spans are timers, so that a clock that is set does no harm. */
export class Freshness {
  readonly #clock: Clock;
  readonly #onCaughtUp: () => void;
  /** Not followed, but not for long, and how to call off that they count as behind. */
  readonly #interrupted = new Map<string, () => void>();
  readonly #behind = new Set<string>();
  /** Followed again, and how to call off that they count as caught up. */
  readonly #catchingUp = new Map<string, () => void>();

  /** `onCaughtUp`: what was put off while the caches were behind can be looked at again. */
  constructor(clock: Clock, onCaughtUp: () => void) {
    this.#clock = clock;
    this.#onCaughtUp = onCaughtUp;
  }

  failed(resource: string): void {
    if (this.#behind.has(resource)) {
      this.#callOff(this.#catchingUp, resource);
    } else if (!this.#interrupted.has(resource)) {
      const cancel = this.#clock.after(BEHIND, () => {
        this.#interrupted.delete(resource);
        this.#behind.add(resource);
      });
      this.#interrupted.set(resource, cancel);
    }
  }

  /** Nothing was heard of it for longer than an interruption may last; nobody knows since when news was lost. */
  silent(resource: string): void {
    this.#callOff(this.#interrupted, resource);
    this.#callOff(this.#catchingUp, resource);
    this.#behind.add(resource);
  }

  followed(resource: string): void {
    this.#callOff(this.#interrupted, resource);
    if (!this.#behind.has(resource) || this.#catchingUp.has(resource)) {
      return;
    }
    // The watch goes on, but what it has missed is not here yet.
    const cancel = this.#clock.after(CATCH_UP, () => {
      this.#catchingUp.delete(resource);
      this.#behind.delete(resource);
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
    return this.#behind.size === 0
      ? undefined
      : `changes of ${[...this.#behind].join(', ')} have not been seen for a while`;
  }

  #callOff(timers: Map<string, () => void>, resource: string): void {
    timers.get(resource)?.();
    timers.delete(resource);
  }
}
