/**
 * Pods that wait for a node: those to try now, those that back off, and those that no node takes until something
 * changes. Pure but for the clock that it is given.
 * Source: pkg/scheduler/backend/queue/{scheduling_queue,active_queue,backoff_queue}.go of Kubernetes 1.36.
 */
import type {Clock} from '../../clock.ts';
import {Heap} from '../../heap.ts';
import type {SimulationParameters} from '../parameters.ts';
import {type ClusterEvent, mayHelp, type RefusedBy} from './cluster-events.ts';

export interface QueuedPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly priority: number;
  /** When it was last put into the queue or found unschedulable. */
  timestamp: number;
  /** Tells apart what came at the same millisecond. */
  order: number;
  attempts: number;
  refusedBy: RefusedBy;
  place: 'active' | 'backoff' | 'unschedulable' | 'none';
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #parameters: SimulationParameters;
  readonly #pods = new Map<string, QueuedPod>();
  readonly #active = new Heap<QueuedPod>(
    (a, b) => b.priority - a.priority || a.timestamp - b.timestamp || a.order - b.order,
  );
  readonly #backoff = new Heap<{readonly pod: QueuedPod; readonly until: number}>(
    (a, b) => a.until - b.until,
  );
  readonly #unschedulable = new Map<string, QueuedPod>();
  #activeCount = 0;
  #order = 0;

  constructor(clock: Clock, parameters: SimulationParameters) {
    this.#clock = clock;
    this.#parameters = parameters;
  }

  get(uid: string): QueuedPod | undefined {
    return this.#pods.get(uid);
  }

  add(pod: Pick<QueuedPod, 'uid' | 'namespace' | 'name' | 'priority'>): void {
    if (!this.#pods.has(pod.uid)) {
      const queued: QueuedPod = {
        ...pod,
        timestamp: this.#clock.now(),
        order: this.#order++,
        attempts: 0,
        refusedBy: new Set(),
        place: 'none',
      };
      this.#pods.set(pod.uid, queued);
      this.#activate(queued);
    }
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod !== undefined) {
      this.#pods.delete(uid);
      this.#unschedulable.delete(uid);
      this.#leave(pod);
    }
  }

  /** Whether there is a pod to try now. */
  get hasNext(): boolean {
    return this.#activeCount > 0 || this.#firstBackingOff() !== undefined;
  }

  /** The most important pod, of equal ones the one that waited longest. Takes it out until it is put back. */
  pop(): QueuedPod | undefined {
    const now = this.#clock.now();
    for (let due = this.#backoff.first; due !== undefined && due.until <= now; due = this.#backoff.first) {
      this.#backoff.pop();
      if (due.pod.place === 'backoff') {
        this.#activate(due.pod);
      }
    }
    for (let pod = this.#active.pop(); pod !== undefined; pod = this.#active.pop()) {
      if (pod.place === 'active') {
        this.#leave(pod);
        pod.attempts++;
        return pod;
      }
    }
    // SchedulerPopFromBackoffQ, on by default: an idle scheduler does not wait for the back-off to end.
    const pod = this.#firstBackingOff();
    if (pod !== undefined) {
      this.#backoff.pop();
      this.#leave(pod);
      pod.attempts++;
    }
    return pod;
  }

  /** After a cycle in which no node took the pod. */
  addUnschedulable(pod: QueuedPod, refusedBy: RefusedBy): void {
    if (this.#pods.get(pod.uid) !== pod) {
      return;
    }
    pod.refusedBy = refusedBy;
    pod.timestamp = this.#clock.now();
    pod.order = this.#order++;
    pod.place = 'unschedulable';
    this.#unschedulable.set(pod.uid, pod);
  }

  /** After an error that says nothing about the pod: tried again after its back-off, however idle the scheduler is. */
  addFailed(pod: QueuedPod, onReady: () => void): void {
    if (this.#pods.get(pod.uid) !== pod) {
      return;
    }
    pod.timestamp = this.#clock.now();
    pod.order = this.#order++;
    this.#clock.after(this.#backoffEnd(pod) - pod.timestamp, () => {
      if (this.#pods.get(pod.uid) === pod && pod.place === 'none') {
        this.#activate(pod);
        onReady();
      }
    });
  }

  /** The pods that the event may help are tried again, after their back-off. */
  moveFor(event: ClusterEvent): void {
    for (const pod of Array.from(this.#unschedulable.values())) {
      if (mayHelp(event, pod.refusedBy)) {
        this.#retry(pod);
      }
    }
  }

  /** The pods that waited for too long are tried again, whatever happened. When the next look is due, or undefined. */
  flush(): number | undefined {
    const limit = this.#parameters.unschedulableFlushSeconds * 1000;
    const now = this.#clock.now();
    let next: number | undefined;
    for (const pod of Array.from(this.#unschedulable.values())) {
      if (now - pod.timestamp > limit) {
        this.#retry(pod);
      } else {
        next = Math.min(next ?? Number.POSITIVE_INFINITY, pod.timestamp + limit + 1);
      }
    }
    return next;
  }

  #retry(pod: QueuedPod): void {
    this.#unschedulable.delete(pod.uid);
    if (this.#backoffEnd(pod) > this.#clock.now()) {
      this.#backOff(pod);
    } else {
      this.#activate(pod);
    }
  }

  #activate(pod: QueuedPod): void {
    pod.place = 'active';
    this.#activeCount++;
    this.#active.push(pod);
  }

  #backOff(pod: QueuedPod): void {
    pod.place = 'backoff';
    this.#backoff.push({pod, until: this.#backoffEnd(pod)});
  }

  #leave(pod: QueuedPod): void {
    if (pod.place === 'active') {
      this.#activeCount--;
    }
    pod.place = 'none';
  }

  #firstBackingOff(): QueuedPod | undefined {
    for (let entry = this.#backoff.first; entry !== undefined; entry = this.#backoff.first) {
      if (entry.pod.place === 'backoff') {
        return entry.pod;
      }
      this.#backoff.pop();
    }
    return undefined;
  }

  /** calculateBackoffDuration: doubling with each attempt. */
  #backoffEnd({attempts, timestamp}: QueuedPod): number {
    const {podInitialBackoffSeconds, podMaxBackoffSeconds} = this.#parameters;
    const seconds = Math.min(podInitialBackoffSeconds * 2 ** Math.max(0, attempts - 1), podMaxBackoffSeconds);
    return timestamp + seconds * 1000;
  }
}
