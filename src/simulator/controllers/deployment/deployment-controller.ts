/**
 * Brings the ReplicaSets of each Deployment to its template and size, step by step.
 * Source: pkg/controller/deployment/{deployment_controller,rolling,recreate,sync}.go of Kubernetes 1.36.
 */
import type {ObjectChange} from '../../cluster-api.ts';
import type {SimulationContext} from '../../context.ts';
import {
  conditionOf,
  controllerOf,
  DEPLOYMENTS,
  type DeploymentObject,
  fromKey,
  isPodFinished,
  keyOf,
  PODS,
  REPLICA_SETS,
  type ReplicaSetObject,
  unlessGone,
  writeStatus,
} from '../../objects.ts';
import {WorkQueue} from '../work-queue.ts';
import {
  condition,
  countedStatus,
  hasProgressDeadline,
  isComplete,
  rolloutStatus,
  setCondition,
  untilDeadline,
} from './deployment-status.ts';
import {DEPLOYMENT_CONTROLLER, DeploymentReplicaSets} from './replica-sets.ts';
import {byCreation, desiredReplicasOf, revisionOf} from './revisions.ts';
import {
  isRollingUpdate,
  isSaturated,
  maxSurge,
  maxUnavailable,
  newReplicaSetReplicas,
  proportionOf,
  replicasOf,
  totalAvailable,
  totalReplicas,
} from './rollout-arithmetic.ts';

export class DeploymentController {
  readonly #context: SimulationContext;
  readonly #queue: WorkQueue;

  constructor(context: SimulationContext) {
    this.#context = context;
    const {controllerMilliseconds} = context.parameters;
    this.#queue = new WorkQueue(context.clock, controllerMilliseconds, (key) => this.#sync(key));
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    if (resource === DEPLOYMENTS && type !== 'DELETED') {
      this.#queue.add(keyOf(object.metadata));
    } else if (resource === REPLICA_SETS) {
      this.#enqueueOwner(object);
      if (previous !== undefined) {
        this.#enqueueOwner(previous);
      }
      if (type !== 'DELETED' && controllerOf(object) === undefined) {
        this.#enqueueAllOf(object.metadata.namespace);
      }
    } else if (resource === PODS && type === 'DELETED') {
      // Recreate waits for the last pod of the old template.
      const {namespace} = object.metadata;
      const owner = controllerOf(object);
      const replicaSet =
        owner?.kind === 'ReplicaSet' ? this.#context.api.get(REPLICA_SETS, namespace, owner.name) : undefined;
      if (replicaSet !== undefined) {
        this.#enqueueOwner(replicaSet);
      }
    }
  }

  #enqueueOwner(object: ObjectChange['object']): void {
    const owner = controllerOf(object);
    if (owner?.kind === 'Deployment') {
      this.#queue.add(`${object.metadata.namespace}/${owner.name}`);
    }
  }

  #enqueueAllOf(namespace: string | undefined): void {
    for (const {metadata} of this.#context.api.list(DEPLOYMENTS, namespace)) {
      this.#queue.add(keyOf(metadata));
    }
  }

  #sync(key: string): void {
    const {namespace, name} = fromKey(key);
    const found = this.#context.api.get(DEPLOYMENTS, namespace, name);
    if (found === undefined) {
      return;
    }
    const replicaSets = new DeploymentReplicaSets(this.#context, found as DeploymentObject);
    replicaSets.claim();
    if (found.metadata.deletionTimestamp !== undefined) {
      replicaSets.syncRevision(false);
      this.#writeStatus(replicaSets, countedStatus);
      return;
    }
    this.#checkPaused(replicaSets.deployment);
    if (replicaSets.deployment.spec.paused === true || this.#isScalingEvent(replicaSets)) {
      this.#scale(replicaSets);
    } else if (isRollingUpdate(replicaSets.deployment)) {
      this.#rollOut(replicaSets);
    } else {
      this.#recreate(replicaSets);
    }
  }

  /** So that the time of a pause does not count against the progress deadline. */
  #checkPaused(deployment: DeploymentObject): void {
    const progressing = conditionOf(deployment.status, 'Progressing');
    if (!hasProgressDeadline(deployment) || progressing?.reason === 'ProgressDeadlineExceeded') {
      return;
    }
    const isPaused = deployment.spec.paused === true;
    if (isPaused === (progressing?.reason === 'DeploymentPaused')) {
      return;
    }
    const now = this.#context.clock.now();
    const next = isPaused
      ? condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', now)
      : condition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now);
    writeStatus(this.#context.api, DEPLOYMENTS, deployment, DEPLOYMENT_CONTROLLER, (current) => {
      const {status} = current as DeploymentObject;
      return {...status, conditions: setCondition(status?.conditions, next)};
    });
  }

  #isScalingEvent(replicaSets: DeploymentReplicaSets): boolean {
    replicaSets.syncRevision(false);
    const desired = replicasOf(replicaSets.deployment);
    return active(replicaSets.all).some((replicaSet) => {
      const annotated = desiredReplicasOf(replicaSet);
      return annotated !== undefined && annotated !== desired;
    });
  }

  /** sync: while paused, and when the size changes, all ReplicaSets grow or shrink in proportion. */
  #scale(replicaSets: DeploymentReplicaSets): void {
    replicaSets.syncRevision(false);
    const {deployment, newest} = replicaSets;
    const [only, ...others] = activeOrLatest(replicaSets);
    if (only !== undefined && others.length === 0) {
      // Forced, unlike upstream's: a size that is right already still gets its annotation, or it would look like a
      // scaling event for ever.
      replicaSets.scale(only, replicasOf(deployment), desiredReplicasOf(only) !== replicasOf(deployment));
    } else if (isSaturated(deployment, newest)) {
      for (const old of active(replicaSets.old)) {
        replicaSets.scale(old, 0);
      }
    } else if (isRollingUpdate(deployment)) {
      this.#scaleInProportion(replicaSets);
    }
    if (deployment.spec.paused === true) {
      this.#cleanUp(replicaSets);
    }
    this.#writeStatus(replicaSets, countedStatus);
  }

  #scaleInProportion(replicaSets: DeploymentReplicaSets): void {
    const {deployment} = replicaSets;
    const all = active(replicaSets.all);
    const desired = replicasOf(deployment);
    const toAdd = (desired > 0 ? desired + maxSurge(deployment) : 0) - totalReplicas(all);
    const newerFirst = toAdd > 0 ? -1 : 1;
    all.sort((a, b) => replicasOf(b) - replicasOf(a) || newerFirst * byCreation(a, b));
    let added = 0;
    const sizes = all.map((replicaSet) => {
      const proportion = proportionOf(replicaSet, deployment, toAdd, added);
      added += proportion;
      return replicasOf(replicaSet) + proportion;
    });
    for (const [index, replicaSet] of all.entries()) {
      const leftover = index === 0 ? toAdd - added : 0;
      replicaSets.scale(replicaSet, Math.max(0, (sizes[index] ?? 0) + leftover), true);
    }
  }

  #rollOut(replicaSets: DeploymentReplicaSets): void {
    const newest = replicaSets.syncRevision(true);
    if (newest === undefined) {
      return;
    }
    const isScaled =
      this.#scaleNewest(replicaSets, newest) || this.#scaleDownOld(replicaSets, replicaSets.newest ?? newest);
    const {deployment} = replicaSets;
    if (!isScaled && isComplete(deployment, deployment.status ?? {})) {
      this.#cleanUp(replicaSets);
    }
    this.#writeStatus(replicaSets, rolloutStatus);
  }

  #scaleNewest(replicaSets: DeploymentReplicaSets, newest: ReplicaSetObject): boolean {
    const {deployment} = replicaSets;
    const desired = replicasOf(deployment);
    const size = replicasOf(newest);
    return replicaSets.scale(
      newest,
      size >= desired ? desired : newReplicaSetReplicas(deployment, replicaSets.all, size),
    );
  }

  /** reconcileOldReplicaSets: first what is not available anyway, then as much as maxUnavailable allows. */
  #scaleDownOld(replicaSets: DeploymentReplicaSets, newest: ReplicaSetObject): boolean {
    const {deployment} = replicaSets;
    const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
    const newUnavailable = replicasOf(newest) - (newest.status?.availableReplicas ?? 0);
    const mayGo = totalReplicas(replicaSets.all) - minAvailable - newUnavailable;
    if (mayGo <= 0) {
      return false;
    }
    let cleaned = 0;
    for (const old of active(replicaSets.old).sort(byCreation)) {
      const unhealthy = replicasOf(old) - (old.status?.availableReplicas ?? 0);
      if (unhealthy < 0 && cleaned < mayGo) {
        // Its status still counts pods that an earlier step took: upstream gives up with an error until it is newer.
        return false;
      }
      const count = Math.min(mayGo - cleaned, unhealthy);
      if (count > 0) {
        replicaSets.scale(old, replicasOf(old) - count);
        cleaned += count;
      }
    }
    let spare = totalAvailable(replicaSets.all) - minAvailable;
    let scaledDown = 0;
    for (const old of active(replicaSets.old).sort(byCreation)) {
      const count = Math.min(replicasOf(old), spare);
      if (count > 0) {
        replicaSets.scale(old, replicasOf(old) - count);
        spare -= count;
        scaledDown += count;
      }
    }
    return cleaned + scaledDown > 0;
  }

  #recreate(replicaSets: DeploymentReplicaSets): void {
    replicaSets.syncRevision(false);
    let scaledDown = false;
    for (const old of active(replicaSets.old)) {
      scaledDown = replicaSets.scale(old, 0) || scaledDown;
    }
    if (!scaledDown && !this.#hasOldPods(replicaSets)) {
      const newest = replicaSets.syncRevision(true);
      if (newest !== undefined) {
        replicaSets.scale(newest, replicasOf(replicaSets.deployment));
      }
      const {deployment} = replicaSets;
      if (isComplete(deployment, deployment.status ?? {})) {
        this.#cleanUp(replicaSets);
      }
    }
    this.#writeStatus(replicaSets, rolloutStatus);
  }

  #hasOldPods({old}: DeploymentReplicaSets): boolean {
    return old.some(
      ({metadata, status}) =>
        (status?.replicas ?? 0) > 0 ||
        this.#context.index.podsControlledBy(metadata.uid).some((pod) => !isPodFinished(pod)),
    );
  }

  /** cleanupDeployment: keeps the newest old ReplicaSets that revisionHistoryLimit allows. */
  #cleanUp({deployment, old}: DeploymentReplicaSets): void {
    const {revisionHistoryLimit = 10} = deployment.spec;
    const cleanable = old
      .filter(({metadata}) => metadata.deletionTimestamp === undefined)
      .sort((a, b) => revisionOf(a) - revisionOf(b));
    for (const {metadata, spec, status} of cleanable.slice(
      0,
      Math.max(0, cleanable.length - revisionHistoryLimit),
    )) {
      const isSettled = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
      if ((status?.replicas ?? 0) === 0 && (spec.replicas ?? 1) === 0 && isSettled) {
        unlessGone(() =>
          this.#context.api.delete(REPLICA_SETS, metadata.namespace, metadata.name, {
            uid: metadata.uid,
            propagationPolicy: 'Background',
            actor: DEPLOYMENT_CONTROLLER,
          }),
        );
      }
    }
  }

  #writeStatus(replicaSets: DeploymentReplicaSets, compute: typeof countedStatus): void {
    const {deployment, all, newest} = replicaSets;
    const now = this.#context.clock.now();
    const status = compute(deployment, all, newest, now);
    writeStatus(this.#context.api, DEPLOYMENTS, deployment, DEPLOYMENT_CONTROLLER, (current) => {
      const {status: known} = current as DeploymentObject;
      return JSON.stringify(known) === JSON.stringify(status) ? undefined : status;
    });
    const wait = untilDeadline(replicaSets.deployment, now);
    if (wait !== undefined) {
      this.#queue.addAfter(keyOf(deployment.metadata), wait);
    }
  }
}

function active(replicaSets: readonly ReplicaSetObject[]): ReplicaSetObject[] {
  return replicaSets.filter((replicaSet) => replicasOf(replicaSet) > 0);
}

/** FindActiveOrLatest: the one to scale, or several when the change has to be shared out. */
function activeOrLatest({all, newest, old}: DeploymentReplicaSets): ReplicaSetObject[] {
  const running = active(all);
  if (running.length > 0) {
    return running;
  }
  const latest = newest ?? [...old].sort(byCreation).at(-1);
  return latest === undefined ? [] : [latest];
}
