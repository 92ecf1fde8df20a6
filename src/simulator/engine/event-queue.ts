import {Heap} from '../../heap.ts';

/** A class, as V8 would put literals that lived long in a rush among its long-lived objects ever after. */
export class ScheduledEvent {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly sequence: number;
  /** Gone once it has run or is cancelled, with all that it holds. */
  run: (() => void) | undefined;

  constructor(at: number, sequence: number, run: () => void) {
    this.at = at;
    this.sequence = sequence;
    this.run = run;
  }
}

/** What is to happen when: by time and, at the same time, by who was added first. */
export class EventQueue {
  readonly #heap = new Heap<ScheduledEvent>((a, b) => a.at - b.at || a.sequence - b.sequence);
  #sequence = 0;
  #cancelled = 0;

  get size(): number {
    return this.#heap.size - this.#cancelled;
  }

  add(at: number, run: () => void): ScheduledEvent {
    const event = new ScheduledEvent(at, this.#sequence++, run);
    this.#heap.push(event);
    return event;
  }

  /** A cancelled event stays in the heap until its time comes; only what it runs is forgotten. */
  cancel(event: ScheduledEvent): void {
    if (event.run !== undefined) {
      event.run = undefined;
      this.#cancelled++;
    }
  }

  /** When the next event is due; undefined when there is none. */
  get nextAt(): number | undefined {
    this.#dropCancelled();
    return this.#heap.first?.at;
  }

  /** Takes out the next event, and gives what it runs. */
  pop(): (() => void) | undefined {
    this.#dropCancelled();
    const next = this.#heap.pop();
    const run = next?.run;
    if (next !== undefined) {
      // A late cancel counts for nothing then, too.
      next.run = undefined;
    }
    return run;
  }

  #dropCancelled(): void {
    while (this.#heap.first !== undefined && this.#heap.first.run === undefined) {
      this.#heap.pop();
      this.#cancelled--;
    }
  }
}
