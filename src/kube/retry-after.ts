/**
 * When a request is asked again, and after how long. As client-go's rest client: only when asking twice cannot act
 * twice. Not retried: time-outs (a slow server is not helped by more requests) and every other code than 429 and 503.
 */
import {ApiError, ConnectionError} from './api-error.ts';

export const RETRY_LIMIT = 5;
const FIRST_DELAY = 250;
const LONGEST_DELAY = 8_000;
/** A server that asks for more is not waited for inside a request: the caller has better things to do meanwhile. */
const LONGEST_RETRY_AFTER_SECONDS = 30;

/** Milliseconds to wait before attempt number `attempt + 1`, or undefined when the error is final. */
export function retryDelay(error: unknown, attempt: number, random: () => number): number | undefined {
  if (attempt >= RETRY_LIMIT) return undefined;
  const backoff = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1));
  const jittered = backoff * (0.5 + random() / 2);
  if (error instanceof ConnectionError) return error.timedOut ? undefined : jittered;
  if (!isRetryable(error)) return undefined;
  const seconds = error.retryAfterSeconds;
  if (seconds === undefined || seconds <= 0) return jittered;
  if (seconds > LONGEST_RETRY_AFTER_SECONDS) return undefined;
  // Everyone was told the same second: what is added keeps them from coming back together.
  return seconds * 1000 + jittered * random();
}

function isRetryable(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.code === 429 || error.code === 503);
}

/** Seconds from a Retry-After header, which is a number or a date. */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
