import {setTimeout as sleep} from 'node:timers/promises';

export interface WaitOptions {
  /** Milliseconds; 30 s when absent. */
  timeout?: number;
  /** Milliseconds between two looks. */
  interval?: number;
  /** Called when the deadline passes: what to print, so that a failure explains itself. */
  state?: () => Promise<string> | string;
}

/**
 * Looks again and again until `probe` returns something truthy, and returns that. An error in the probe means "not
 * yet" (a server that restarts refuses connections for a while), and the last one is part of the final message.
 */
export async function waitFor<T>(
  description: string,
  probe: () => Promise<T> | T,
  options: WaitOptions = {},
): Promise<NonNullable<T>> {
  const {timeout = 30_000, interval = 100} = options;
  const deadline = Date.now() + timeout;
  let lastError: Error | undefined;
  do {
    try {
      const result = await probe();
      lastError = undefined;
      if (result) {
        return result;
      }
    } catch (error) {
      if (error instanceof GiveUp) {
        throw error;
      }
      lastError = error as Error;
    }
    await sleep(interval);
  } while (Date.now() < deadline);

  const lines = [`Waited ${timeout / 1000} s in vain until ${description}.`];
  if (lastError !== undefined) {
    lines.push(`The last look failed: ${lastError.message}`);
  }
  if (options.state !== undefined) {
    try {
      lines.push(await options.state());
    } catch (error) {
      lines.push(`(The state could not be read: ${(error as Error).message})`);
    }
  }
  throw new Error(lines.join('\n'), {cause: lastError});
}

/** Thrown by a probe when waiting longer makes no sense. */
export class GiveUp extends Error {
  override name = 'GiveUp';
}
