/**
 * How many pods each PodDisruptionBudget can spare now; the eviction API reads it from the status.
 * Source: pkg/controller/disruption/disruption.go of Kubernetes 1.36.
 */

import type {LabelSelector} from '../../cluster/label-selector.ts';
import {matchesSelector} from '../../cluster/label-selector.ts';
import type {ApiObject, ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {
  BUDGETS,
  type Condition,
  conditionOf,
  controllerOf,
  DEPLOYMENTS,
  fromKey,
  isPodReady,
  keyOf,
  PODS,
  type PodObject,
  REPLICA_SETS,
  withCondition,
  writeStatus,
} from '../objects.ts';
import {timestamp} from '../timestamp.ts';
import {scaledValue} from './deployment/rollout-arithmetic.ts';
import {WorkQueue} from './work-queue.ts';

const DISRUPTION_CONTROLLER = 'disruption-controller';
/** DeletionTimeout: an eviction that was granted but not followed by a deletion counts for so long. */
const DELETION_TIMEOUT = 120_000;
/** stalePodDisruptionTimeout: so long a pod that was not deleted after all keeps its DisruptionTarget condition. */
const STALE_TIMEOUT = 120_000;

interface BudgetStatus {
  readonly disruptionsAllowed?: number;
  readonly currentHealthy?: number;
  readonly desiredHealthy?: number;
  readonly expectedPods?: number;
  readonly observedGeneration?: number;
  readonly disruptedPods?: Readonly<Record<string, string>>;
  readonly conditions?: readonly Condition[];
}

interface BudgetObject extends ApiObject {
  readonly spec?: {
    readonly selector?: LabelSelector;
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
  };
  readonly status?: BudgetStatus;
}

export class DisruptionController {
  readonly #context: SimulationContext;
  readonly #queue: WorkQueue;

  constructor(context: SimulationContext) {
    this.#context = context;
    const {controllerMilliseconds} = context.parameters;
    this.#queue = new WorkQueue(context.clock, controllerMilliseconds, (key) => this.#sync(key));
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    if (resource === BUDGETS && type !== 'DELETED') {
      this.#queue.add(keyOf(object.metadata));
    } else if (resource === PODS) {
      this.#enqueueOf(object);
      if (previous !== undefined && previous.metadata.labels !== object.metadata.labels) {
        this.#enqueueOf(previous);
      }
      this.#clearStaleTarget(object as PodObject);
    } else if (resource === DEPLOYMENTS || resource === REPLICA_SETS) {
      this.#enqueueScaled(object, previous);
    }
  }

  #enqueueOf({metadata}: ApiObject): void {
    for (const budget of this.#context.api.list(BUDGETS, metadata.namespace)) {
      if (matchesSelector((budget as BudgetObject).spec?.selector, metadata.labels ?? {})) {
        this.#queue.add(keyOf(budget.metadata));
      }
    }
  }

  // Upstream does not watch scales: it notices with the next pod. The scale follows before the pods in any case here.
  #enqueueScaled(object: ApiObject, previous: ApiObject | undefined): void {
    const replicas = (each: ApiObject | undefined) =>
      (each?.['spec'] as {replicas?: number} | undefined)?.replicas;
    if (previous !== undefined && replicas(previous) !== replicas(object)) {
      for (const {metadata} of this.#context.api.list(BUDGETS, object.metadata.namespace)) {
        this.#queue.add(keyOf(metadata));
      }
    }
  }

  #sync(key: string): void {
    const {namespace, name} = fromKey(key);
    const {api, clock, events} = this.#context;
    const budget = api.get(BUDGETS, namespace, name);
    if (budget === undefined) {
      return;
    }
    const pods = this.#podsOf(budget);
    if (pods.length === 0) {
      events.record(budget, 'Normal', 'NoPods', 'No matching pods found', 'controllermanager');
    }
    const now = clock.now();
    const disrupted = stillDisrupted(budget, pods, now);
    const {expected, desired} = this.#expectation(budget, pods);
    const healthy = pods.filter(
      (pod) =>
        pod.metadata.deletionTimestamp === undefined && !(pod.metadata.name in disrupted) && isPodReady(pod),
    ).length;
    const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
    const status: BudgetStatus = {
      ...(Object.keys(disrupted).length === 0 ? {} : {disruptedPods: disrupted}),
      conditions: withAllowed(budget, allowed, now),
      currentHealthy: healthy,
      desiredHealthy: desired,
      disruptionsAllowed: allowed,
      expectedPods: expected,
      observedGeneration: budget.metadata.generation ?? 0,
    };
    writeStatus(api, BUDGETS, budget, DISRUPTION_CONTROLLER, () => status);
    const recheck = Object.values(disrupted).map((time) => Date.parse(time) + DELETION_TIMEOUT - now);
    if (recheck.length > 0) {
      this.#queue.addAfter(key, Math.max(0, Math.min(...recheck)) + 1);
    }
  }

  #podsOf({metadata, spec}: BudgetObject): PodObject[] {
    const pods: PodObject[] = [];
    for (const pod of this.#context.index.podsOfNamespace(metadata.namespace ?? '')) {
      if (matchesSelector(spec?.selector, pod.metadata.labels ?? {})) {
        pods.push(pod);
      }
    }
    return pods;
  }

  /** getExpectedPodCount: percentages are of what the pods' controllers ask for, not of the pods that are there. */
  #expectation({spec}: BudgetObject, pods: readonly PodObject[]): {expected: number; desired: number} {
    const {minAvailable, maxUnavailable} = spec ?? {};
    if (maxUnavailable !== undefined) {
      const expected = this.#expectedScale(pods);
      return {expected, desired: Math.max(0, expected - scaledValue(maxUnavailable, expected, true))};
    }
    if (typeof minAvailable === 'number') {
      return {expected: pods.length, desired: minAvailable};
    }
    if (minAvailable !== undefined) {
      const expected = this.#expectedScale(pods);
      return {expected, desired: scaledValue(minAvailable, expected, true)};
    }
    return {expected: 0, desired: 0};
  }

  #expectedScale(pods: readonly PodObject[]): number {
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (owner !== undefined && !scales.has(owner.uid)) {
        const {key, replicas} = this.#scaleOf(pod, owner);
        scales.set(owner.uid, 0);
        scales.set(key, replicas);
      }
    }
    return [...scales.values()].reduce((total, scale) => total + scale, 0);
  }

  /** The finders: a ReplicaSet of a Deployment counts as the Deployment. */
  #scaleOf(
    {metadata}: PodObject,
    owner: NonNullable<ReturnType<typeof controllerOf>>,
  ): {key: string; replicas: number} {
    const {api} = this.#context;
    const resource = SCALED[owner.kind];
    const found = resource === undefined ? undefined : api.get(resource, metadata.namespace, owner.name);
    if (found === undefined || found.metadata.uid !== owner.uid) {
      return {key: owner.uid, replicas: 0};
    }
    const above = owner.kind === 'ReplicaSet' ? controllerOf(found) : undefined;
    const deployment =
      above?.kind === 'Deployment' ? api.get(DEPLOYMENTS, metadata.namespace, above.name) : undefined;
    const scaled = deployment ?? found;
    return {
      key: `${scaled.metadata.uid}/scale`,
      replicas: (scaled['spec'] as {replicas?: number} | undefined)?.replicas ?? 1,
    };
  }

  #clearStaleTarget(pod: PodObject): void {
    const target = conditionOf(pod.status, 'DisruptionTarget');
    if (target?.status !== 'True' || pod.metadata.deletionTimestamp !== undefined) {
      return;
    }
    const {api, clock} = this.#context;
    const since = Date.parse(target.lastTransitionTime ?? '1970-01-01T00:00:00Z');
    clock.after(Math.max(0, since + STALE_TIMEOUT - clock.now()), () =>
      writeStatus(api, PODS, pod, DISRUPTION_CONTROLLER, (current) => {
        const {status, metadata} = current as PodObject;
        const now = conditionOf(status, 'DisruptionTarget');
        const isStale =
          metadata.deletionTimestamp === undefined && now?.lastTransitionTime === target.lastTransitionTime;
        return isStale && now?.status === 'True'
          ? {
              ...status,
              conditions: withCondition(status?.conditions, {
                type: 'DisruptionTarget',
                status: 'False',
                lastTransitionTime: timestamp(clock.now()),
              }),
            }
          : undefined;
      }),
    );
  }
}

const SCALED: Readonly<Record<string, string>> = {
  ReplicaSet: REPLICA_SETS,
  StatefulSet: 'statefulsets.apps',
  ReplicationController: 'replicationcontrollers',
};

/** buildDisruptedPodMap: evictions that were granted and whose pods have not begun to go. */
function stillDisrupted(
  {status}: BudgetObject,
  pods: readonly PodObject[],
  now: number,
): Record<string, string> {
  const disrupted: Record<string, string> = {};
  for (const {metadata} of pods) {
    const time = status?.disruptedPods?.[metadata.name];
    if (
      time !== undefined &&
      metadata.deletionTimestamp === undefined &&
      Date.parse(time) + DELETION_TIMEOUT >= now
    ) {
      disrupted[metadata.name] = time;
    }
  }
  return disrupted;
}

// UpdateDisruptionAllowedCondition in k8s.io/component-helpers/apps/poddisruptionbudget/helpers.go
function withAllowed({status, metadata}: BudgetObject, allowed: number, now: number): readonly Condition[] {
  return withCondition(status?.conditions, {
    type: 'DisruptionAllowed',
    status: allowed > 0 ? 'True' : 'False',
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: metadata.generation ?? 0,
    lastTransitionTime: timestamp(now),
  });
}
