/**
 * The machine that an operator runs on: a clock that may be wrong, a process that may stand still and that may die. What
 * reaches the process (timers, answers) goes through here, so that a dead one does nothing more, at whichever await it was.
 */
import {type Clock, sleepOn} from '../../src/clock.ts';

export class Host implements Clock {
  readonly #time: Clock;
  readonly #onWake: () => void;
  #skew = 0;
  #isDead = false;
  /** What has come in while the process stood still: timers before answers, as an event loop has them. */
  #held: {readonly timers: (() => void)[]; readonly answers: (() => void)[]} | undefined;

  /** `onWake` is called before anything of the operator runs. */
  constructor(time: Clock, onWake: () => void) {
    this.#time = time;
    this.#onWake = onWake;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isPaused(): boolean {
    return this.#held !== undefined;
  }

  now(): number {
    return this.#time.now() + this.#skew;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return sleepOn({after: (wait, callback) => this.after(wait, callback)}, milliseconds, signal);
  }

  after(milliseconds: number, callback: () => void): () => void {
    let isCancelled = false;
    const wake = () => {
      if (!isCancelled) {
        callback();
      }
    };
    // As the timers of Node, in whole milliseconds.
    const cancel = this.#time.after(Math.ceil(milliseconds), () => this.#reach(wake, 'timers'));
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  /** Something arrives from outside of the process. */
  receive(callback: () => void): void {
    this.#reach(callback, 'answers');
  }

  /** The clock is set; timers go on as before. */
  jump(milliseconds: number): void {
    this.#skew += milliseconds;
  }

  /** The clock is right again. */
  setRight(): void {
    this.#skew = 0;
  }

  pause(): void {
    this.#held ??= {timers: [], answers: []};
  }

  /** What was due comes one after the other, each as an event of its own. */
  resume(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const callback of [...(held?.timers ?? []), ...(held?.answers ?? [])]) {
      this.#time.after(0, () => this.#reach(callback, 'timers'));
    }
  }

  kill(): void {
    this.#isDead = true;
  }

  #reach(callback: () => void, kind: 'timers' | 'answers'): void {
    if (this.#isDead) {
      return;
    }
    if (this.#held !== undefined) {
      this.#held[kind].push(callback);
      return;
    }
    this.#onWake();
    callback();
  }
}
