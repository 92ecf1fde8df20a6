import {type Clock, sleepOn} from '../../clock.ts';
import {EventQueue} from './event-queue.ts';

/**
 * The simulated cluster's time. It stands still between events and jumps from one to the next; nothing in it knows
 * the machine's time. Whatever takes a `Clock`, the operator included, can live on it.
 *
 * Pure: no I/O, no system clock, no randomness. Two runs with the same calls make the same events in the same order.
 */
export class SimulationClock implements Clock {
  readonly #queue = new EventQueue();
  #now: number;

  /** Milliseconds since the Unix epoch. */
  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const event = this.#queue.add(this.#now + Math.max(0, milliseconds), callback);
    return () => this.#queue.cancel(event);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return sleepOn({after: (wait, callback) => this.after(wait, callback)}, milliseconds, signal);
  }

  /** When the next event is due; undefined when nothing is going to happen. */
  get nextAt(): number | undefined {
    return this.#queue.nextAt;
  }

  /** How many events wait. */
  get pending(): number {
    return this.#queue.size;
  }

  /** Jumps to the next event that is due by `until` and runs it. False when there is none: the time stays. */
  step(until = Number.POSITIVE_INFINITY): boolean {
    const at = this.#queue.nextAt;
    if (at === undefined || at > until) {
      return false;
    }
    const run = this.#queue.pop();
    this.#now = Math.max(this.#now, at);
    run?.();
    return true;
  }

  /** Runs every event up to and including the time; then it is that time. */
  runUntil(time: number): void {
    while (this.step(time)) {
      // Each step may add events, which are run too when they are due.
    }
    this.#now = Math.max(this.#now, time);
  }
}
