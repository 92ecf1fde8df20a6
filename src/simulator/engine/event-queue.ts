import {Heap} from '../../heap.ts';

export interface ScheduledEvent {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
  cancelled: boolean;
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
    const event: ScheduledEvent = {at, sequence: this.#sequence++, run, cancelled: false};
    this.#heap.push(event);
    return event;
  }

  /** A cancelled event stays in the heap until its time comes; only its work is forgotten. */
  cancel(event: ScheduledEvent): void {
    if (!event.cancelled) {
      event.cancelled = true;
      this.#cancelled++;
    }
  }

  /** When the next event is due; undefined when there is none. */
  get nextAt(): number | undefined {
    this.#dropCancelled();
    return this.#heap.first?.at;
  }

  /** Takes out the next event. */
  pop(): ScheduledEvent | undefined {
    this.#dropCancelled();
    const next = this.#heap.pop();
    if (next !== undefined) {
      // So that a late cancel of an event that has run counts for nothing.
      next.cancelled = true;
    }
    return next;
  }

  #dropCancelled(): void {
    while (this.#heap.first?.cancelled === true) {
      this.#heap.pop();
      this.#cancelled--;
    }
  }
}
