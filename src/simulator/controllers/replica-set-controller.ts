/**
 * Keeps as many pods as each ReplicaSet asks for.
 * Source: pkg/controller/replicaset/{replica_set,replica_set_utils}.go of Kubernetes 1.36.
 */
import {matchesSelector} from '../../cluster/label-selector.ts';
import type {ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {
  type Condition,
  conditionOf,
  controllerOf,
  controllerReference,
  fromKey,
  hasStatusCode,
  isPodActive,
  isPodFinished,
  isPodReady,
  keyOf,
  PODS,
  type PodObject,
  REPLICA_SETS,
  type ReplicaSetObject,
  type ReplicaSetStatus,
  writeStatus,
} from '../objects.ts';
import {timestamp} from '../timestamp.ts';
import {claim} from './claim.ts';
import {inDeletionOrder} from './deletion-order.ts';
import {WorkQueue} from './work-queue.ts';

const REPLICA_SET_CONTROLLER = 'replicaset-controller';
/** BurstReplicas: no more pods at once. */
const MOST_AT_ONCE = 500;

export class ReplicaSetController {
  readonly #context: SimulationContext;
  readonly #queue: WorkQueue;

  constructor(context: SimulationContext) {
    this.#context = context;
    const {controllerMilliseconds} = context.parameters;
    this.#queue = new WorkQueue(context.clock, controllerMilliseconds, (key) => this.#sync(key));
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    if (resource === REPLICA_SETS && type !== 'DELETED') {
      this.#queue.add(keyOf(object.metadata));
    } else if (resource === PODS) {
      this.#enqueueOwner(object as PodObject);
      if (previous !== undefined && controllerOf(previous)?.uid !== controllerOf(object)?.uid) {
        this.#enqueueOwner(previous as PodObject);
      }
      const isFreeToAdopt =
        type !== 'DELETED' &&
        controllerOf(object) === undefined &&
        (previous === undefined ||
          previous.metadata.labels !== object.metadata.labels ||
          controllerOf(previous) !== undefined);
      if (isFreeToAdopt) {
        for (const replicaSet of this.#context.api.list(REPLICA_SETS, object.metadata.namespace)) {
          if (matches(replicaSet as ReplicaSetObject, object)) {
            this.#queue.add(keyOf(replicaSet.metadata));
          }
        }
      }
    }
  }

  #enqueueOwner(pod: PodObject): void {
    const owner = controllerOf(pod);
    if (owner?.kind === 'ReplicaSet') {
      this.#queue.add(`${pod.metadata.namespace}/${owner.name}`);
    }
  }

  #sync(key: string): void {
    const {namespace, name} = fromKey(key);
    const {api, index, clock} = this.#context;
    const replicaSet = api.get(REPLICA_SETS, namespace, name) as ReplicaSetObject | undefined;
    if (replicaSet === undefined) {
      return;
    }
    const {uid, deletionTimestamp} = replicaSet.metadata;
    const running = index.podsControlledBy(uid).filter(isPodActive);
    claim(
      this.#context,
      replicaSet,
      PODS,
      running,
      REPLICA_SET_CONTROLLER,
      (pod) => isPodActive(pod as PodObject) && matches(replicaSet, pod),
    );
    const controlled = index.podsControlledBy(uid);
    const pods = controlled.filter(isPodActive);
    const terminating = controlled.filter(
      (pod) => pod.metadata.deletionTimestamp !== undefined && !isPodFinished(pod),
    );
    const failure = deletionTimestamp === undefined ? this.#manage(replicaSet, pods) : undefined;
    const now = clock.now();
    const status = statusOf(replicaSet, pods, terminating.length, failure, now);
    writeStatus(api, REPLICA_SETS, replicaSet, REPLICA_SET_CONTROLLER, (current) =>
      isSameStatus((current as ReplicaSetObject).status, status) ? undefined : status,
    );
    if (failure !== undefined) {
      throw failure.error;
    }
    this.#lookAgain(key, replicaSet, pods, now);
  }

  /** manageReplicas: the error that kept it from making or deleting all that it wanted. */
  #manage(replicaSet: ReplicaSetObject, pods: readonly PodObject[]): Failure | undefined {
    const difference = pods.length - (replicaSet.spec.replicas ?? 1);
    try {
      if (difference < 0) {
        for (let count = Math.min(-difference, MOST_AT_ONCE); count > 0; count--) {
          this.#create(replicaSet);
        }
      } else if (difference > 0) {
        for (const pod of this.#toDelete(replicaSet, pods, Math.min(difference, MOST_AT_ONCE))) {
          this.#delete(replicaSet, pod);
        }
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TypeError) {
        throw error;
      }
      return {reason: difference < 0 ? 'FailedCreate' : 'FailedDelete', error};
    }
  }

  #create(replicaSet: ReplicaSetObject): void {
    const {api, events, random} = this.#context;
    const {template} = replicaSet.spec;
    const {namespace} = replicaSet.metadata;
    const name = `${replicaSet.metadata.name.slice(0, 58)}-${random.text(5)}`;
    try {
      api.create(
        PODS,
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: {
            generateName: `${replicaSet.metadata.name}-`,
            name,
            namespace,
            ...(template.metadata?.labels === undefined ? {} : {labels: template.metadata.labels}),
            ...(template.metadata?.annotations === undefined
              ? {}
              : {annotations: template.metadata.annotations}),
            ...(template.metadata?.['finalizers'] === undefined
              ? {}
              : {finalizers: template.metadata['finalizers']}),
            ownerReferences: [
              {...controllerReference(replicaSet), apiVersion: 'apps/v1', kind: 'ReplicaSet'},
            ],
          },
          spec: template.spec,
        },
        REPLICA_SET_CONTROLLER,
      );
    } catch (error) {
      if (error instanceof Error) {
        events.record(
          replicaSet,
          'Warning',
          'FailedCreate',
          `Error creating: ${error.message}`,
          REPLICA_SET_CONTROLLER,
        );
      }
      throw error;
    }
    events.record(replicaSet, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`, REPLICA_SET_CONTROLLER);
  }

  #delete(replicaSet: ReplicaSetObject, {metadata}: PodObject): void {
    const {api, events} = this.#context;
    try {
      api.delete(PODS, metadata.namespace, metadata.name, {
        uid: metadata.uid,
        actor: REPLICA_SET_CONTROLLER,
      });
    } catch (error) {
      if (hasStatusCode(error, 404)) {
        return;
      }
      throw error;
    }
    events.record(
      replicaSet,
      'Normal',
      'SuccessfulDelete',
      `Deleted pod: ${metadata.name}`,
      REPLICA_SET_CONTROLLER,
    );
  }

  #toDelete(replicaSet: ReplicaSetObject, pods: readonly PodObject[], count: number): readonly PodObject[] {
    if (count >= pods.length) {
      return pods;
    }
    const onNode = new Map<string, number>();
    for (const {spec} of this.#relatedPods(replicaSet)) {
      const node = spec.nodeName ?? '';
      onNode.set(node, (onNode.get(node) ?? 0) + 1);
    }
    const ranked = inDeletionOrder(
      pods,
      ({spec}) => onNode.get(spec.nodeName ?? '') ?? 0,
      this.#context.clock.now(),
    );
    return ranked.slice(0, count);
  }

  /** Of all ReplicaSets of the same Deployment: a rollout removes what is doubled up with the new template too. */
  #relatedPods(replicaSet: ReplicaSetObject): PodObject[] {
    const {index} = this.#context;
    const owner = controllerOf(replicaSet);
    const siblings =
      owner === undefined
        ? [replicaSet]
        : index
            .dependentsOf(owner.uid)
            .flatMap(({resource, object}) => (resource === REPLICA_SETS ? [object] : []));
    return siblings.flatMap(({metadata}) => index.podsControlledBy(metadata.uid)).filter(isPodActive);
  }

  /** A pod becomes available by the mere passing of minReadySeconds. */
  #lookAgain(key: string, {spec}: ReplicaSetObject, pods: readonly PodObject[], now: number): void {
    const {minReadySeconds = 0} = spec;
    const waits = pods
      .filter((pod) => isPodReady(pod) && !isAvailable(pod, minReadySeconds, now))
      .map((pod) => readySince(pod) + minReadySeconds * 1000 - now);
    if (waits.length > 0) {
      this.#queue.addAfter(key, Math.max(0, Math.min(...waits)));
    }
  }
}

interface Failure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly error: Error;
}

function matches({spec}: ReplicaSetObject, {metadata}: ObjectChange['object']): boolean {
  return matchesSelector(spec.selector, metadata.labels ?? {});
}

function statusOf(
  replicaSet: ReplicaSetObject,
  pods: readonly PodObject[],
  terminating: number,
  failure: Failure | undefined,
  now: number,
): ReplicaSetStatus {
  const {spec, status, metadata} = replicaSet;
  const templateLabels = Object.entries(spec.template.metadata?.labels ?? {});
  const labelled = pods.filter((pod) =>
    templateLabels.every(([key, value]) => pod.metadata.labels?.[key] === value),
  ).length;
  const ready = pods.filter(isPodReady);
  const available = ready.filter((pod) => isAvailable(pod, spec.minReadySeconds ?? 0, now)).length;
  const conditions = failureConditions(status?.conditions, failure, now);
  return {
    replicas: pods.length,
    ...(labelled === 0 ? {} : {fullyLabeledReplicas: labelled}),
    ...(ready.length === 0 ? {} : {readyReplicas: ready.length}),
    ...(available === 0 ? {} : {availableReplicas: available}),
    terminatingReplicas: terminating,
    observedGeneration: metadata.generation ?? 0,
    ...(conditions.length === 0 ? {} : {conditions}),
  };
}

function failureConditions(
  known: readonly Condition[] = [],
  failure: Failure | undefined,
  now: number,
): readonly Condition[] {
  if (failure === undefined) {
    return known.filter(({type}) => type !== 'ReplicaFailure');
  }
  if (known.some(({type}) => type === 'ReplicaFailure')) {
    return known;
  }
  return [
    ...known,
    {
      type: 'ReplicaFailure',
      status: 'True',
      lastTransitionTime: timestamp(now),
      reason: failure.reason,
      message: failure.error.message,
    },
  ];
}

function isSameStatus(a: ReplicaSetStatus | undefined, b: ReplicaSetStatus): boolean {
  return (
    a?.replicas === b.replicas &&
    a?.fullyLabeledReplicas === b.fullyLabeledReplicas &&
    a?.readyReplicas === b.readyReplicas &&
    a?.availableReplicas === b.availableReplicas &&
    a?.terminatingReplicas === b.terminatingReplicas &&
    a?.observedGeneration === b.observedGeneration &&
    (a?.conditions?.length ?? 0) === (b.conditions?.length ?? 0)
  );
}

function readySince(pod: PodObject): number {
  return Date.parse(conditionOf(pod.status, 'Ready')?.lastTransitionTime ?? '1970-01-01T00:00:00Z');
}

function isAvailable(pod: PodObject, minReadySeconds: number, now: number): boolean {
  return minReadySeconds === 0 || readySince(pod) + minReadySeconds * 1000 <= now;
}
