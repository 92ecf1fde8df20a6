import {hash} from 'node:crypto';
import type {Clock} from '../clock.ts';
import type {ApiObject, ClusterApi} from './cluster-api.ts';
import {EventCorrelator} from './event-correlator.ts';
import {EVENTS, unlessGone} from './objects.ts';
import {timestamp} from './timestamp.ts';

type EventType = 'Normal' | 'Warning';

/** The scheduler has a recorder of its own, which puts nothing together (tools/events of client-go). */
const SCHEDULER = 'default-scheduler';

/** Writes Events as client-go's recorder does: a repeated one counts up instead of filling the list. */
export interface EventRecorder {
  record(about: ApiObject, type: EventType, reason: string, message: string, component: string): void;
}

export const silentRecorder: EventRecorder = {record: () => undefined};

interface Known {
  readonly namespace: string;
  readonly name: string;
  /** When it is gone, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

export class ApiEventRecorder implements EventRecorder {
  readonly #api: ClusterApi;
  readonly #clock: Clock;
  readonly #timeToLive: number;
  readonly #correlator = new EventCorrelator();
  /** The oldest first. */
  readonly #known = new Map<string, Known>();
  #isSweepPlanned = false;
  #sequence = 0;

  /** `timeToLive` in milliseconds: an event is gone so long after it was first seen. */
  constructor(api: ClusterApi, clock: Clock, timeToLive: number) {
    this.#api = api;
    this.#clock = clock;
    this.#timeToLive = timeToLive;
  }

  record(about: ApiObject, type: EventType, reason: string, text: string, component: string): void {
    const {metadata} = about;
    const now = timestamp(this.#clock.now());
    const told = {uid: metadata.uid, type, reason, message: text, component};
    const correlated =
      component === SCHEDULER
        ? {key: Object.values(told).join('\u0000'), message: text}
        : this.#correlator.correlate(told, this.#clock.now());
    if (correlated === undefined) {
      return;
    }
    const {message} = correlated;
    // The digest, because the text tells all that the event does once more.
    const key = hash('sha256', correlated.key, 'base64');
    const known = this.#known.get(key);
    if (known !== undefined) {
      const counted = unlessGone(() =>
        this.#api.update(
          EVENTS,
          known.namespace,
          known.name,
          (event) => ({...event, message, count: Number(event['count'] ?? 1) + 1, lastTimestamp: now}),
          {actor: component},
        ),
      );
      if (counted) {
        return;
      }
    }
    const namespace = metadata.namespace ?? 'default';
    const name = `${metadata.name}.${(this.#sequence++).toString(16).padStart(16, '0')}`;
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {name, namespace},
      involvedObject: {
        kind: about.kind,
        ...(metadata.namespace === undefined ? {} : {namespace: metadata.namespace}),
        name: metadata.name,
        uid: metadata.uid,
        apiVersion: about.apiVersion,
        resourceVersion: metadata.resourceVersion,
      },
      reason,
      message,
      source: {component},
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      reportingComponent: component,
      reportingInstance: '',
    };
    try {
      this.#api.create(EVENTS, event, component);
    } catch {
      // As upstream: an event that cannot be written, such as in a namespace that ends, is lost.
      return;
    }
    // One that was deleted by somebody else may still be known, at its old place.
    this.#known.delete(key);
    this.#known.set(key, {namespace, name, expiresAt: this.#clock.now() + this.#timeToLive});
    if (!this.#isSweepPlanned) {
      this.#sweepAfter(this.#timeToLive);
    }
  }

  #sweepAfter(milliseconds: number): void {
    this.#isSweepPlanned = true;
    this.#clock.after(milliseconds, () => {
      this.#isSweepPlanned = false;
      for (const [key, {namespace, name, expiresAt}] of this.#known) {
        if (expiresAt > this.#clock.now()) {
          this.#sweepAfter(expiresAt - this.#clock.now());
          return;
        }
        this.#known.delete(key);
        unlessGone(() => this.#api.delete(EVENTS, namespace, name, {actor: 'kube-apiserver'}));
      }
    });
  }
}
