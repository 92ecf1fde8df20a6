/** Whether an eviction to which no answer is known has happened. Pure. */
import {isTerminating, type Pod} from '../cluster/pod.ts';
import type {MoveRecord} from './mover.ts';

/**
 * How long an eviction without an answer may still take effect, milliseconds: our own time-out of 30 s and the 10 s for
 * which the API server repeats its own conflicts.
 */
const UNKNOWN_OUTCOME = 40_000;
/** The same where the connection was cut, or the process that asked has ended: the server drops the request with it. */
const CUT_OUTCOME = 12_000;

/** From when on the eviction cannot take effect any more, milliseconds since the epoch. */
export function certainAt({eviction, startedAt}: MoveRecord): number {
  return startedAt + (eviction === 'restored' || eviction === 'cut' ? CUT_OUTCOME : UNKNOWN_OUTCOME);
}

/**
 * Moves of which nothing is known but that the victim is alive in the caches. No request can take effect any more, so the
 * API server can say what has happened; the caches cannot, because they do not know how far they are behind.
 */
export function doubtfulMoves(
  inFlight: readonly MoveRecord[],
  pods: readonly Pod[],
  now: number,
): MoveRecord[] {
  if (inFlight.length === 0) {
    return [];
  }
  const alive = new Set(pods.filter((pod) => !isTerminating(pod)).map(({uid}) => uid));
  return inFlight.filter(
    (record) =>
      record.eviction !== 'evicted' &&
      record.hasSurvived !== true &&
      alive.has(record.podUID) &&
      now >= certainAt(record),
  );
}
