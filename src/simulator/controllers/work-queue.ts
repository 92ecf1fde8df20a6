import type {Clock} from '../../clock.ts';

// DefaultTypedControllerRateLimiter in k8s.io/client-go/util/workqueue/default_rate_limiters.go
const FIRST_RETRY_MILLISECONDS = 5;
const LAST_RETRY_MILLISECONDS = 1_000_000;

/**
 * client-go's work queue on a simulated clock: keys that changed, each at most once, worked off a moment later in the
 * order in which they came. A key whose work throws is tried again, later each time.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #latency: number;
  readonly #sync: (key: string) => void;
  readonly #waiting = new Set<string>();
  readonly #later = new Map<string, {readonly at: number; readonly cancel: () => void}>();
  readonly #failures = new Map<string, number>();

  /** `latency`: milliseconds from a change until it is worked on. */
  constructor(clock: Clock, latency: number, sync: (key: string) => void) {
    this.#clock = clock;
    this.#latency = latency;
    this.#sync = sync;
  }

  add(key: string): void {
    if (this.#waiting.has(key)) {
      return;
    }
    this.#waiting.add(key);
    this.#clock.after(this.#latency, () => {
      this.#waiting.delete(key);
      this.#work(key);
    });
  }

  /** Of several calls for one key the earliest counts, as in client-go. */
  addAfter(key: string, milliseconds: number): void {
    const at = this.#clock.now() + milliseconds;
    const known = this.#later.get(key);
    if (known !== undefined && known.at <= at) {
      return;
    }
    known?.cancel();
    const cancel = this.#clock.after(milliseconds, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, {at, cancel});
  }

  #work(key: string): void {
    try {
      this.#sync(key);
      this.#failures.delete(key);
    } catch (error) {
      // A defect of the simulator must not hide behind retries.
      if (error instanceof TypeError || error instanceof ReferenceError) {
        throw error;
      }
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      this.addAfter(key, Math.min(FIRST_RETRY_MILLISECONDS * 2 ** failures, LAST_RETRY_MILLISECONDS));
    }
  }
}
