/**
 * Which pods a ReplicaSet deletes first when it shrinks. Pure.
 * Source: ActivePodsWithRanks.Less in pkg/controller/controller_utils.go of Kubernetes 1.36.
 */
import {compareText} from '../../cluster/snapshot.ts';
import {conditionOf, isPodReady, type PodObject} from '../objects.ts';

const PHASES: Readonly<Record<string, number>> = {Pending: 0, Unknown: 1, Running: 2};
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

/** The pods, those to delete first in front. `ranks`: active pods of the same owner on the pod's node. */
export function inDeletionOrder(
  pods: readonly PodObject[],
  ranks: (pod: PodObject) => number,
  now: number,
): PodObject[] {
  return [...pods].sort((a, b) => compare(a, b, ranks, now));
}

function compare(a: PodObject, b: PodObject, ranks: (pod: PodObject) => number, now: number): number {
  const isReady = isPodReady(a);
  const order =
    Number(a.spec.nodeName !== undefined) - Number(b.spec.nodeName !== undefined) ||
    phaseOf(a) - phaseOf(b) ||
    Number(isReady) - Number(isPodReady(b)) ||
    deletionCostOf(a) - deletionCostOf(b) ||
    // Doubled up goes before alone.
    ranks(b) - ranks(a);
  if (order !== 0) {
    return order;
  }
  if (isReady) {
    const byReadiness = youngerFirst(readySince(a), readySince(b), a, b, now);
    if (byReadiness !== 0) {
      return byReadiness;
    }
  }
  return restartsOf(b) - restartsOf(a) || youngerFirst(createdAt(a), createdAt(b), a, b, now);
}

/** LogarithmicScaleDown: ages of the same power of two count as equal, and then the uid decides. */
function youngerFirst(
  a: number | undefined,
  b: number | undefined,
  podA: PodObject,
  podB: PodObject,
  now: number,
): number {
  if (a === b) {
    return 0;
  }
  if (a === undefined || b === undefined) {
    return a === undefined ? -1 : 1;
  }
  return magnitude(now - a) - magnitude(now - b) || compareText(podA.metadata.uid, podB.metadata.uid);
}

// Upstream counts in nanoseconds; the power of two depends on the unit.
function magnitude(milliseconds: number): number {
  return milliseconds <= 0 ? -1 : Math.floor(Math.log2(milliseconds * 1e6));
}

function phaseOf({status}: PodObject): number {
  return PHASES[status?.phase ?? 'Pending'] ?? 0;
}

function deletionCostOf({metadata}: PodObject): number {
  return Number.parseInt(metadata.annotations?.[DELETION_COST] ?? '0', 10) || 0;
}

function readySince({status}: PodObject): number | undefined {
  const ready = conditionOf(status, 'Ready');
  return ready?.lastTransitionTime === undefined ? undefined : Date.parse(ready.lastTransitionTime);
}

function createdAt({metadata}: PodObject): number {
  return Date.parse(metadata.creationTimestamp);
}

function restartsOf({status}: PodObject): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({restartCount}) => restartCount));
}
