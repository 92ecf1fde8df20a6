/**
 * What a Deployment says of its rollout. Pure.
 * Source: pkg/controller/deployment/{sync,progress}.go of Kubernetes 1.36.
 */
import {
  type Condition,
  conditionOf,
  type DeploymentObject,
  type DeploymentStatus,
  type ReplicaSetObject,
} from '../../objects.ts';
import {timestamp} from '../../timestamp.ts';
import {maxUnavailable, replicasOf, totalAvailable, totalReplicas} from './rollout-arithmetic.ts';

/** calculateStatus: counts, and whether the minimum is available. `all` includes the newest ReplicaSet. */
export function countedStatus(
  deployment: DeploymentObject,
  all: readonly ReplicaSetObject[],
  newest: ReplicaSetObject | undefined,
  now: number,
): DeploymentStatus {
  const {status: before, metadata} = deployment;
  const available = totalAvailable(all);
  const sum = (field: 'replicas' | 'readyReplicas' | 'terminatingReplicas') =>
    all.reduce((total, {status}) => total + (status?.[field] ?? 0), 0);
  const isAvailable = available >= replicasOf(deployment) - maxUnavailable(deployment);
  return {
    observedGeneration: metadata.generation ?? 0,
    ...positive('replicas', sum('replicas')),
    ...positive('updatedReplicas', newest?.status?.replicas ?? 0),
    ...positive('readyReplicas', sum('readyReplicas')),
    ...positive('availableReplicas', available),
    ...positive('unavailableReplicas', Math.max(0, totalReplicas(all) - available)),
    terminatingReplicas: sum('terminatingReplicas'),
    ...(before?.collisionCount === undefined ? {} : {collisionCount: before.collisionCount}),
    conditions: setCondition(
      before?.conditions,
      isAvailable
        ? condition(
            'Available',
            'True',
            'MinimumReplicasAvailable',
            'Deployment has minimum availability.',
            now,
          )
        : condition(
            'Available',
            'False',
            'MinimumReplicasUnavailable',
            'Deployment does not have minimum availability.',
            now,
          ),
    ),
  };
}

/** syncRolloutStatus: the counts, and whether the rollout goes on, is done or is late. */
export function rolloutStatus(
  deployment: DeploymentObject,
  all: readonly ReplicaSetObject[],
  newest: ReplicaSetObject | undefined,
  now: number,
): DeploymentStatus {
  const status = countedStatus(deployment, all, newest, now);
  const conditions = progressConditions(deployment, status, newest, now);
  const failure = replicaFailure(all, newest);
  return {
    ...status,
    conditions:
      failure === undefined ? without(conditions, 'ReplicaFailure') : setCondition(conditions, failure),
  };
}

function progressConditions(
  deployment: DeploymentObject,
  status: DeploymentStatus,
  newest: ReplicaSetObject | undefined,
  now: number,
): readonly Condition[] {
  const conditions = status.conditions ?? [];
  if (!hasProgressDeadline(deployment)) {
    return without(conditions, 'Progressing');
  }
  const current = conditionOf(deployment.status, 'Progressing');
  const isResync =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  if (isResync) {
    return conditions;
  }
  const what =
    newest === undefined
      ? `Deployment "${deployment.metadata.name}"`
      : `ReplicaSet "${newest.metadata.name}"`;
  const progressing = (conditionStatus: Condition['status'], reason: string, message: string) =>
    condition('Progressing', conditionStatus, reason, `${what} ${message}`, now);

  if (isComplete(deployment, status)) {
    return setCondition(
      conditions,
      progressing('True', 'NewReplicaSetAvailable', 'has successfully progressed.'),
    );
  }
  if (hasProgressed(deployment.status ?? {}, status)) {
    const next = progressing('True', 'ReplicaSetUpdated', 'is progressing.');
    // Unlike other conditions it is renewed with the same reason, so that the deadline counts from the last progress.
    return setCondition(
      without(conditions, 'Progressing'),
      current?.status === 'True' && current.lastTransitionTime !== undefined
        ? {...next, lastTransitionTime: current.lastTransitionTime}
        : next,
    );
  }
  if (isTimedOut(deployment, conditionOf(status, 'Progressing'), now)) {
    return setCondition(
      conditions,
      progressing('False', 'ProgressDeadlineExceeded', 'has timed out progressing.'),
    );
  }
  return conditions;
}

export function isComplete(deployment: DeploymentObject, status: DeploymentStatus): boolean {
  const desired = replicasOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isTimedOut({spec}: DeploymentObject, progressing: Condition | undefined, now: number): boolean {
  if (progressing === undefined || progressing.reason === 'NewReplicaSetAvailable') {
    return false;
  }
  if (progressing.reason === 'ProgressDeadlineExceeded') {
    return true;
  }
  return deadlineOf(spec.progressDeadlineSeconds, progressing) < now;
}

/** Milliseconds until the rollout should be looked at again because nothing may happen; undefined when never. */
export function untilDeadline(deployment: DeploymentObject, now: number): number | undefined {
  const {spec, status} = deployment;
  const progressing = conditionOf(status, 'Progressing');
  if (
    !hasProgressDeadline(deployment) ||
    progressing === undefined ||
    progressing.reason === 'ProgressDeadlineExceeded' ||
    isComplete(deployment, status ?? {})
  ) {
    return undefined;
  }
  // A second more than the rest, as upstream: the timestamps know no fractions.
  return Math.max(0, deadlineOf(spec.progressDeadlineSeconds, progressing) - now) + 1000;
}

function deadlineOf(seconds: number | undefined, {lastUpdateTime}: Condition): number {
  return Date.parse(lastUpdateTime ?? '1970-01-01T00:00:00Z') + (seconds ?? 600) * 1000;
}

/** math.MaxInt32 means none. */
export function hasProgressDeadline({spec}: DeploymentObject): boolean {
  return spec.progressDeadlineSeconds !== 2 ** 31 - 1;
}

function replicaFailure(
  all: readonly ReplicaSetObject[],
  newest: ReplicaSetObject | undefined,
): Condition | undefined {
  for (const replicaSet of newest === undefined ? all : [newest, ...all]) {
    const failure = conditionOf(replicaSet.status, 'ReplicaFailure');
    if (failure !== undefined) {
      return {...failure, ...updated(failure.lastTransitionTime)};
    }
  }
  return undefined;
}

function updated(lastTransitionTime: string | undefined): {lastUpdateTime?: string} {
  return lastTransitionTime === undefined ? {} : {lastUpdateTime: lastTransitionTime};
}

export function condition(
  type: string,
  status: Condition['status'],
  reason: string,
  message: string,
  now: number,
): Condition {
  const time = timestamp(now);
  return {type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message};
}

/** SetDeploymentCondition: nothing changes while status and reason are the same. */
export function setCondition(conditions: readonly Condition[] | undefined, next: Condition): Condition[] {
  const known = conditions?.find(({type}) => type === next.type);
  if (known?.status === next.status && known.reason === next.reason) {
    return [...(conditions ?? [])];
  }
  const kept =
    known?.status === next.status && known.lastTransitionTime !== undefined
      ? {...next, lastTransitionTime: known.lastTransitionTime}
      : next;
  return [...without(conditions, next.type), kept];
}

function without(conditions: readonly Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter((each) => each.type !== type);
}

// As Go's omitempty leaves them out.
function positive<K extends string>(name: K, value: number): {[P in K]?: number} {
  return value === 0 ? {} : ({[name]: value} as {[P in K]?: number});
}
