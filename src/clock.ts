/**
 * Time as an argument. Everything outside `main.ts` takes a Clock, so that the same code runs in the operator,
 * in a simulator and under a test's own clock.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after the given time; rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after the given time; the returned function cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

// setTimeout treats anything above 2^31-1 ms as 1 ms.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),

  sleep: (milliseconds, signal) => sleepOn(systemClock, milliseconds, signal),

  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(milliseconds, LONGEST_TIMEOUT));
    return () => clearTimeout(timer);
  },
};

/** {@link Clock.sleep} of a clock that has the rest. */
export function sleepOn(
  {after}: Pick<Clock, 'after'>,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(asError(signal.reason));
      return;
    }
    const cancel = after(milliseconds, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = () => {
      cancel();
      reject(asError(signal?.reason));
    };
    signal?.addEventListener('abort', onAbort, {once: true});
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
