/**
 * How many replicas each ReplicaSet of a Deployment gets. Pure.
 * Source: pkg/controller/deployment/util/deployment_util.go of Kubernetes 1.36.
 */
import type {DeploymentObject, ReplicaSetObject} from '../../objects.ts';
import {desiredReplicasOf, maxReplicasOf} from './revisions.ts';

/** An int, or a percentage of `total`. intstr.GetScaledValueFromIntOrPercent. */
export function scaledValue(value: number | string | undefined, total: number, roundUp: boolean): number {
  if (value === undefined) {
    return 0;
  }
  if (typeof value === 'number') {
    return value;
  }
  const share = (Number.parseInt(value, 10) * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}

export function replicasOf({spec}: DeploymentObject | ReplicaSetObject): number {
  return spec.replicas ?? 1;
}

export function isRollingUpdate({spec}: DeploymentObject): boolean {
  return (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

/** maxSurge rounds up, maxUnavailable down; when both come to 0 one replica may be missing, or nothing would move. */
function fenceposts({spec}: DeploymentObject): {surge: number; unavailable: number} {
  const {maxSurge = '25%', maxUnavailable = '25%'} = spec.strategy?.rollingUpdate ?? {};
  const desired = spec.replicas ?? 1;
  const surge = scaledValue(maxSurge, desired, true);
  const unavailable = scaledValue(maxUnavailable, desired, false);
  return {surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable};
}

export function maxSurge(deployment: DeploymentObject): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0;
}

export function maxUnavailable(deployment: DeploymentObject): number {
  const desired = replicasOf(deployment);
  if (!isRollingUpdate(deployment) || desired === 0) {
    return 0;
  }
  return Math.min(fenceposts(deployment).unavailable, desired);
}

export function totalReplicas(replicaSets: Iterable<ReplicaSetObject>): number {
  let total = 0;
  for (const replicaSet of replicaSets) {
    total += replicasOf(replicaSet);
  }
  return total;
}

export function totalAvailable(replicaSets: Iterable<ReplicaSetObject>): number {
  let total = 0;
  for (const {status} of replicaSets) {
    total += status?.availableReplicas ?? 0;
  }
  return total;
}

/** NewRSNewReplicas: how large the newest ReplicaSet may be now. `all` includes it. */
export function newReplicaSetReplicas(
  deployment: DeploymentObject,
  all: Iterable<ReplicaSetObject>,
  current: number,
): number {
  const desired = replicasOf(deployment);
  if (!isRollingUpdate(deployment)) {
    return desired;
  }
  const room = desired + maxSurge(deployment) - totalReplicas(all);
  return room <= 0 ? current : current + Math.min(room, desired - current);
}

/** GetReplicaSetProportion: the share of a change of the Deployment's size that falls to one of its ReplicaSets. */
export function proportionOf(
  replicaSet: ReplicaSetObject,
  deployment: DeploymentObject,
  toAdd: number,
  added: number,
): number {
  if (replicasOf(replicaSet) === 0 || toAdd === 0 || toAdd === added) {
    return 0;
  }
  const fraction = fractionOf(replicaSet, deployment);
  const allowed = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed);
}

function fractionOf(replicaSet: ReplicaSetObject, deployment: DeploymentObject): number {
  const size = replicasOf(replicaSet);
  if (replicasOf(deployment) === 0) {
    return -size;
  }
  const before = maxReplicasOf(replicaSet) || (deployment.status?.replicas ?? 0);
  if (before === 0) {
    return 0;
  }
  const scaled = (size * (replicasOf(deployment) + maxSurge(deployment))) / before;
  return Math.sign(scaled) * Math.round(Math.abs(scaled)) - size;
}

/** IsSaturated: the ReplicaSet carries the whole Deployment, and is available. */
export function isSaturated(deployment: DeploymentObject, replicaSet: ReplicaSetObject | undefined): boolean {
  const desired = replicasOf(deployment);
  return (
    replicaSet !== undefined &&
    replicasOf(replicaSet) === desired &&
    desiredReplicasOf(replicaSet) === desired &&
    (replicaSet.status?.availableReplicas ?? 0) === desired
  );
}
