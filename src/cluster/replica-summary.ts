import {isTerminating, type Pod} from './pod.ts';
import type {PodSpec} from './pod-spec.ts';

/** What decisions ask of a workload's replicas. */
export interface ReplicaSummary {
  readonly terminating: readonly Pod[];
  /** Without a node. */
  readonly waiting: readonly Pod[];
  readonly notReady: readonly Pod[];
  /** On a node and not terminating. */
  readonly placed: readonly Pod[];
  /** When the youngest readiness began, milliseconds since the epoch; 0 without replicas. */
  readonly lastReadyAt: number;
  /** By the uid of the controller; undefined for pods without one. */
  readonly byController: ReadonlyMap<string | undefined, ControlledReplicas>;
}

export interface ControlledReplicas {
  readonly specs: ReadonlySet<PodSpec>;
  /** How many are not terminating. */
  readonly staying: number;
}

const known = new WeakMap<readonly Pod[], ReplicaSummary>();

/**
 * Of hundreds of replicas each lies somewhere else in memory, so they are gone through once for all that is asked of them.
 * The list must not change.
 */
export function summaryOf(pods: readonly Pod[]): ReplicaSummary {
  let summary = known.get(pods);
  if (summary === undefined) {
    summary = summarise(pods);
    known.set(pods, summary);
  }
  return summary;
}

function summarise(pods: readonly Pod[]): ReplicaSummary {
  const terminating: Pod[] = [];
  const waiting: Pod[] = [];
  const notReady: Pod[] = [];
  const byController = new Map<string | undefined, {specs: Set<PodSpec>; staying: number}>();
  let last: {uid: string | undefined; of: {specs: Set<PodSpec>; staying: number}; spec: PodSpec} | undefined;
  let lastReadyAt = 0;
  for (const pod of pods) {
    const uid = pod.controller?.uid;
    // Nearly all are of one ReplicaSet and have one spec.
    if (last === undefined || last.uid !== uid || last.spec !== pod.spec) {
      const of = byController.get(uid) ?? {specs: new Set(), staying: 0};
      of.specs.add(pod.spec);
      byController.set(uid, of);
      last = {uid, of, spec: pod.spec};
    }
    if (isTerminating(pod)) {
      terminating.push(pod);
    } else {
      last.of.staying += 1;
    }
    if (pod.nodeName === undefined) {
      waiting.push(pod);
    }
    if (!pod.ready) {
      notReady.push(pod);
    }
    lastReadyAt = Math.max(lastReadyAt, pod.readyChangedAt ?? pod.createdAt);
  }
  const isPlaced = (pod: Pod) => pod.nodeName !== undefined && !isTerminating(pod);
  const placed = terminating.length + waiting.length === 0 ? pods : pods.filter(isPlaced);
  return {terminating, waiting, notReady, placed, lastReadyAt, byController};
}
