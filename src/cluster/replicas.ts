/** A workload with everything that belongs to it, and whether it is at rest. Pure. */
import {isFinished, type Pod} from './pod.ts';
import {summaryOf} from './replica-summary.ts';
import type {ReplicaSet, Workload} from './workload.ts';

export interface WorkloadReplicas {
  readonly workload: Workload;
  /** Those that the Deployment controls, by owner. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Pods of those ReplicaSets that are not finished; terminating and Pending ones included. */
  readonly pods: readonly Pod[];
}

/** The ReplicaSet of the current template; undefined until the Deployment controller has made it. */
export function currentReplicaSet({workload, replicaSets}: WorkloadReplicas): ReplicaSet | undefined {
  if (workload.revision === undefined || workload.status.observedGeneration < workload.generation) {
    return undefined;
  }
  return replicaSets.find((replicaSet) => replicaSet.revision === workload.revision);
}

export interface Unsettled {
  readonly reason: 'RolloutInProgress' | 'NotAvailable';
  readonly message: string;
}

/**
 * Why the template is on its way out to the replicas; undefined when all replicas are of the current one. A paused
 * Deployment counts: its template can be ahead of its replicas, and it rolls out when it is resumed.
 */
export function rolloutInProgress(replicas: WorkloadReplicas): Unsettled | undefined {
  const {workload, pods} = replicas;
  const {status} = workload;
  const inProgress = (message: string): Unsettled => ({reason: 'RolloutInProgress', message});
  if (workload.paused) {
    return inProgress('the Deployment is paused (spec.paused)');
  }
  if (status.observedGeneration < workload.generation) {
    return inProgress('the Deployment controller has not acted on the newest spec yet');
  }
  if (workload.progressDeadlineExceeded !== undefined) {
    return inProgress(`the rollout is stuck: ${workload.progressDeadlineExceeded}`);
  }
  const current = currentReplicaSet(replicas);
  if (current === undefined) {
    return workload.replicas === 0 ? undefined : inProgress('the current ReplicaSet does not exist yet');
  }
  for (const [uid, {staying}] of summaryOf(pods).byController) {
    if (uid !== current.uid && staying > 0) {
      return inProgress('replicas of an older template are still there');
    }
  }
  if (status.updatedReplicas < status.replicas) {
    return inProgress('the Deployment does not report all replicas as updated yet');
  }
  return undefined;
}

/** Why not every replica is there, scheduled, Ready and available; undefined when all are. */
export function unavailable({workload, pods}: WorkloadReplicas): Unsettled | undefined {
  const notAvailable = (message: string): Unsettled => ({reason: 'NotAvailable', message});
  const {
    terminating: [terminating],
    waiting: [pending],
    notReady: [notReady, ...more],
  } = summaryOf(pods);
  if (terminating !== undefined) {
    return notAvailable(`${terminating.name} is terminating`);
  }
  if (pending !== undefined) {
    const why = pending.unschedulable?.message ?? '';
    return notAvailable(`${pending.name} is Pending${why === '' ? '' : `: ${why}`}`);
  }
  if (notReady !== undefined) {
    const where = `${notReady.name} on ${notReady.nodeName}`;
    return notAvailable(
      more.length === 0 ? `${where} is not Ready` : `${where} and ${more.length} more are not Ready`,
    );
  }
  if (pods.length !== workload.replicas) {
    return notAvailable(`${pods.length} of ${workload.replicas} replicas exist`);
  }
  if (workload.status.replicas > workload.replicas) {
    return notAvailable(
      `the Deployment still counts ${workload.status.replicas} replicas, and ${workload.replicas} are wanted`,
    );
  }
  if (workload.status.availableReplicas < workload.replicas) {
    return notAvailable(
      `${workload.status.availableReplicas} of ${workload.replicas} replicas are available`,
    );
  }
  return undefined;
}

/** Why the workload is not at rest; undefined when it is settled but for the time that its replicas are Ready. */
export function unsettled(replicas: WorkloadReplicas): Unsettled | undefined {
  return rolloutInProgress(replicas) ?? unavailable(replicas);
}

/**
 * When the youngest readiness among the replicas began, milliseconds since the epoch. It is read from the pods, so a
 * restart of the operator forgets nothing.
 */
export function lastReadyAt({pods}: WorkloadReplicas): number {
  return summaryOf(pods).lastReadyAt;
}

/** Live replicas from the pods of a workload's ReplicaSets. */
export function liveReplicas(pods: Iterable<Pod>): Pod[] {
  const all = [...pods];
  return all.some(isFinished) ? all.filter((pod) => !isFinished(pod)) : all;
}
