/**
 * events.k8s.io/v1 as client-go's tools/events writes them: the first occurrence creates an Event, repetitions within
 * six minutes become its series. Recording returns at once and never fails; what cannot be written is logged and lost.
 */
import {hostname} from 'node:os';
import type {Clock} from '../clock.ts';
import type {Log} from '../log.ts';
import {ApiError, describeError, isAlreadyExists, isNotFound} from './api-error.ts';
import {MERGE_PATCH_CONTENT_TYPE, type Requests} from './client.ts';
import {microTime} from './micro-time.ts';
import {resourcePath} from './paths.ts';

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface EventDetails {
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for machines: why. */
  readonly reason: string;
  /** CamelCase, for machines: what was or was not done. */
  readonly action: string;
  /** For people. Only the first of a series is kept. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: Requests;
  readonly clock: Clock;
  readonly log: Log;
  /** As events name their writer. */
  readonly controller?: string;
  readonly instance?: string;
  /** The least time between two writes of one series. */
  readonly seriesIntervalMilliseconds?: number;
  /** Events that wait to be written; beyond it the newest are dropped. */
  readonly queueLimit?: number;
}

interface Series {
  readonly key: string;
  readonly event: EventDetails;
  readonly namespace: string;
  readonly name: string;
  readonly eventTime: number;
  count: number;
  lastObservedAt: number;
  /** What the server has. */
  writtenCount: number;
  writtenAt: number;
  cancelWrite: (() => void) | undefined;
}

// client-go's finishTime: after this long without repetition, the next occurrence is a new Event.
const FINISH_MILLISECONDS = 6 * 60_000;
const NOTE_BYTES = 1024;
const ATTEMPTS = 3;
const PAUSE_MILLISECONDS = 2_000;
const INSTANCE_LENGTH = 128;
const API_VERSION = 'events.k8s.io/v1';

export class EventRecorder {
  readonly #client: Requests;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #controller: string;
  readonly #instance: string;
  readonly #interval: number;
  readonly #queueLimit: number;
  /** In the order of their last occurrence. */
  readonly #series = new Map<string, Series>();
  readonly #queue = new Set<Series>();
  #writing: Promise<void> | undefined;
  #sequence = 0;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#controller = options.controller ?? 'spread-operator';
    this.#instance = (options.instance ?? `spread-operator-${hostname()}`).slice(0, INSTANCE_LENGTH);
    this.#interval = options.seriesIntervalMilliseconds ?? 60_000;
    this.#queueLimit = options.queueLimit ?? 1_000;
  }

  record(event: EventDetails): void {
    const now = this.#clock.now();
    this.#finishOld(now);
    const key = seriesKey(event);
    const known = this.#series.get(key);
    if (known !== undefined) {
      known.count++;
      known.lastObservedAt = now;
      // Last in the map again, which is in the order of last occurrence.
      this.#series.delete(key);
      this.#series.set(key, known);
      known.cancelWrite ??= this.#clock.after(Math.max(0, known.writtenAt + this.#interval - now), () => {
        known.cancelWrite = undefined;
        this.#enqueue(known);
      });
      return;
    }
    if (this.#queue.size >= this.#queueLimit) {
      this.#drop(event);
      return;
    }
    const series: Series = {
      key,
      event,
      // Events about objects without a namespace live in "default", as everybody's do.
      namespace: event.regarding.namespace || 'default',
      name: this.#uniqueName(event.regarding.name, now),
      eventTime: now,
      count: 1,
      lastObservedAt: now,
      writtenCount: 0,
      writtenAt: now,
      cancelWrite: undefined,
    };
    this.#series.set(key, series);
    this.#enqueue(series);
  }

  /** Writes what waits, repetitions included; gives up when the signal aborts. */
  async flush(signal?: AbortSignal): Promise<void> {
    for (const series of this.#series.values()) {
      series.cancelWrite?.();
      series.cancelWrite = undefined;
      if (series.count > series.writtenCount) this.#enqueue(series);
    }
    const aborted = Promise.withResolvers<void>();
    const onAbort = () => {
      this.#queue.clear();
      aborted.resolve();
    };
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, {once: true});
    await Promise.race([this.#writing, aborted.promise]);
    signal?.removeEventListener('abort', onAbort);
  }

  #finishOld(now: number): void {
    for (const series of this.#series.values()) {
      if (now - series.lastObservedAt < FINISH_MILLISECONDS) return;
      this.#series.delete(series.key);
    }
  }

  #drop(event: EventDetails): void {
    this.#dropped++;
    // One line for a flood, not a flood of lines.
    if (this.#dropped > 1) return;
    this.#log.warn('Too many events wait to be written; dropping new ones', {
      reason: event.reason,
      object: describeReference(event.regarding),
    });
  }

  #enqueue(series: Series): void {
    this.#queue.add(series);
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  async #drain(): Promise<void> {
    // One after the other: events must never take the rate limit away from evictions.
    for (const series of this.#queue) {
      await this.#write(series);
      this.#queue.delete(series);
    }
    if (this.#dropped > 0) this.#log.warn('Events were dropped', {events: this.#dropped});
    this.#dropped = 0;
  }

  async #write(series: Series): Promise<void> {
    for (let attempt = 1; this.#queue.has(series); attempt++) {
      const {count} = series;
      try {
        await this.#send(series);
        series.writtenCount = count;
        series.writtenAt = this.#clock.now();
        return;
      } catch (error) {
        // The server understood and refused (a namespace that is going away, RBAC): it would again.
        const isFinal = error instanceof ApiError && error.code < 500 && error.code !== 429;
        if (isFinal || attempt === ATTEMPTS) {
          series.writtenCount = count;
          this.#log.warn('An event could not be written', {
            reason: series.event.reason,
            object: describeReference(series.event.regarding),
            error: describeError(error),
          });
          return;
        }
        await this.#clock.sleep(PAUSE_MILLISECONDS * attempt);
      }
    }
  }

  async #send(series: Series): Promise<void> {
    const {namespace, name, count} = series;
    if (series.writtenCount > 0) {
      try {
        await this.#client.request({
          method: 'PATCH',
          path: resourcePath(API_VERSION, 'events', {namespace, name}),
          contentType: MERGE_PATCH_CONTENT_TYPE,
          body: {series: {count, lastObservedTime: microTime(series.lastObservedAt)}},
          retry: 'never',
        });
        return;
      } catch (error) {
        // Events live for an hour by default; the series goes on in a new one.
        if (!isNotFound(error)) throw error;
      }
    }
    try {
      await this.#client.request({
        method: 'POST',
        path: resourcePath(API_VERSION, 'events', {namespace}),
        body: this.#toEvent(series),
        retry: 'never',
      });
    } catch (error) {
      // Written by an attempt whose answer was lost.
      if (!isAlreadyExists(error)) throw error;
    }
  }

  #toEvent(series: Series): object {
    const {event, namespace, name, count} = series;
    return {
      apiVersion: API_VERSION,
      kind: 'Event',
      metadata: {namespace, name},
      eventTime: microTime(series.eventTime),
      reportingController: this.#controller,
      reportingInstance: this.#instance,
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: truncate(event.note, NOTE_BYTES),
      regarding: event.regarding,
      ...(event.related === undefined ? {} : {related: event.related}),
      ...(count > 1 ? {series: {count, lastObservedTime: microTime(series.lastObservedAt)}} : {}),
    };
  }

  /** `<object>.<time in hex>` as client-go; the sequence tells two of one millisecond apart. */
  #uniqueName(objectName: string, now: number): string {
    this.#sequence = (this.#sequence + 1) % 1_000_000;
    const suffix = (BigInt(now) * 1_000_000n + BigInt(this.#sequence)).toString(16);
    // 253: the longest name; a cut must not leave a dot or dash before ours.
    return `${objectName.slice(0, 252 - suffix.length).replace(/[.-]+$/, '')}.${suffix}`;
  }
}

export function describeReference({kind, namespace, name}: ObjectReference): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

function seriesKey({regarding, related, type, reason, action}: EventDetails): string {
  const reference = (object: ObjectReference | undefined) =>
    object && [object.apiVersion, object.kind, object.namespace, object.name, object.uid];
  return JSON.stringify([reference(regarding), reference(related), type, reason, action]);
}

/** At most so many bytes of UTF-8, which is how the API server counts, without half a character at the end. */
function truncate(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  const ellipsis = '…';
  let end = bytes - Buffer.byteLength(ellipsis);
  // Continuation bytes of UTF-8 are 10xxxxxx.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end) + ellipsis;
}
