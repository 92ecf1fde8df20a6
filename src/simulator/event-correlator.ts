/**
 * What client-go's recorder makes of a flood of events: from the tenth different message on, those about one object with
 * one reason become a single event that counts; and who tells too much about one object is not heard any more.
 * Pure. Source: tools/record/events_cache.go of client-go (EventAggregator, EventSourceObjectSpamFilter).
 */
export interface RecordedEvent {
  /** Of the object that it is about. */
  readonly uid: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly component: string;
}

export interface CorrelatedEvent {
  /** Events with the same key are one object, which counts them. */
  readonly key: string;
  readonly message: string;
}

/** defaultAggregateMaxEvents, defaultAggregateIntervalInSeconds */
const AGGREGATE_FROM = 10;
const FORGET_MILLISECONDS = 600_000;
/** defaultSpamBurst, defaultSpamQPS */
const BURST = 25;
const REFILL_MILLISECONDS = 300_000;
/** maxLruCacheEntries */
const REMEMBERED = 4096;

interface Messages {
  readonly seen: Set<string>;
  lastAt: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

export class EventCorrelator {
  readonly #messages = new Map<string, Messages>();
  readonly #buckets = new Map<string, Bucket>();

  /** Undefined when it is not to be written. `now` in milliseconds. */
  correlate(event: RecordedEvent, now: number): CorrelatedEvent | undefined {
    const correlated = this.#aggregate(event, now);
    return this.#isSpam(event, now) ? undefined : correlated;
  }

  #aggregate({uid, type, reason, message, component}: RecordedEvent, now: number): CorrelatedEvent {
    const aggregateKey = [component, uid, type, reason].join('\u0000');
    let known = remembered(this.#messages, aggregateKey);
    if (known === undefined || now - known.lastAt > FORGET_MILLISECONDS) {
      known = {seen: new Set(), lastAt: now};
    }
    known.seen.add(message);
    known.lastAt = now;
    remember(this.#messages, aggregateKey, known);
    if (known.seen.size < AGGREGATE_FROM) {
      return {key: `${aggregateKey}\u0000${message}`, message};
    }
    known.seen.delete(known.seen.values().next().value ?? '');
    return {key: aggregateKey, message: `(combined from similar events): ${message}`};
  }

  #isSpam({uid, component}: RecordedEvent, now: number): boolean {
    const key = `${component}\u0000${uid}`;
    const bucket = remembered(this.#buckets, key) ?? {tokens: BURST, filledAt: now};
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.filledAt) / REFILL_MILLISECONDS);
    bucket.filledAt = now;
    const isSpam = bucket.tokens < 1;
    if (!isSpam) {
      bucket.tokens--;
    }
    remember(this.#buckets, key, bucket);
    return isSpam;
  }
}

function remembered<T>(cache: Map<string, T>, key: string): T | undefined {
  const value = cache.get(key);
  cache.delete(key);
  return value;
}

/** The least recently used one goes. */
function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  cache.set(key, value);
  if (cache.size > REMEMBERED) {
    cache.delete(cache.keys().next().value ?? '');
  }
}
