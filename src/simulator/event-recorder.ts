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
}

export class ApiEventRecorder implements EventRecorder {
  readonly #api: ClusterApi;
  readonly #clock: Clock;
  readonly #timeToLive: number;
  readonly #correlator = new EventCorrelator();
  readonly #known = new Map<string, Known>();
  readonly #expiring: {readonly key: string; readonly at: number}[] = [];
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
    const {key, message} = correlated;
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
    this.#known.set(key, {namespace, name});
    this.#expire(key);
  }

  #expire(key: string): void {
    this.#expiring.push({key, at: this.#clock.now() + this.#timeToLive});
    if (this.#expiring.length === 1) {
      this.#sweepAfter(this.#timeToLive);
    }
  }

  #sweepAfter(milliseconds: number): void {
    this.#clock.after(milliseconds, () => {
      const due = this.#expiring.findIndex(({at}) => at > this.#clock.now());
      for (const {key} of this.#expiring.splice(0, due < 0 ? this.#expiring.length : due)) {
        const known = this.#known.get(key);
        this.#known.delete(key);
        if (known !== undefined) {
          unlessGone(() => this.#api.delete(EVENTS, known.namespace, known.name, {actor: 'kube-apiserver'}));
        }
      }
      const [next] = this.#expiring;
      if (next !== undefined) {
        this.#sweepAfter(next.at - this.#clock.now());
      }
    });
  }
}
