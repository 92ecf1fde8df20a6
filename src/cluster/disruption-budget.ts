import {type LabelSelector, matchesSelector} from './label-selector.ts';
import type {ApiMeta} from './node.ts';
import type {Pod} from './pod.ts';

/** What is read of a PodDisruptionBudget. */
export interface DisruptionBudget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly selector?: LabelSelector;
  /** As declared: a count or a percentage. */
  readonly minAvailable?: number | string;
  readonly maxUnavailable?: number | string;
  readonly unhealthyPodEvictionPolicy: 'IfHealthyBudget' | 'AlwaysAllow';
  readonly generation: number;
  readonly status: {
    readonly observedGeneration: number;
    readonly disruptionsAllowed: number;
    readonly currentHealthy: number;
    readonly desiredHealthy: number;
    readonly expectedPods: number;
  };
}

export interface ApiDisruptionBudget {
  metadata: ApiMeta;
  spec?: {
    selector?: LabelSelector;
    minAvailable?: number | string;
    maxUnavailable?: number | string;
    unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow';
  };
  status?: {
    observedGeneration?: number;
    disruptionsAllowed?: number;
    currentHealthy?: number;
    desiredHealthy?: number;
    expectedPods?: number;
  };
}

export function toDisruptionBudget(object: ApiDisruptionBudget): DisruptionBudget {
  const {metadata, spec, status} = object;
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    unhealthyPodEvictionPolicy: spec?.unhealthyPodEvictionPolicy ?? 'IfHealthyBudget',
    status: {
      observedGeneration: status?.observedGeneration ?? 0,
      disruptionsAllowed: status?.disruptionsAllowed ?? 0,
      currentHealthy: status?.currentHealthy ?? 0,
      desiredHealthy: status?.desiredHealthy ?? 0,
      expectedPods: status?.expectedPods ?? 0,
    },
    ...(spec?.selector === undefined ? {} : {selector: spec.selector}),
    ...(spec?.minAvailable === undefined ? {} : {minAvailable: spec.minAvailable}),
    ...(spec?.maxUnavailable === undefined ? {} : {maxUnavailable: spec.maxUnavailable}),
  };
}

/** The budgets that the eviction API would consult for this pod. policy/v1: an empty selector covers all pods. */
export function budgetsOf(pod: Pod, budgetsOfNamespace: Iterable<DisruptionBudget>): DisruptionBudget[] {
  const covering: DisruptionBudget[] = [];
  for (const budget of budgetsOfNamespace) {
    if (budget.namespace === pod.namespace && matchesSelector(budget.selector, pod.labels)) {
      covering.push(budget);
    }
  }
  return covering;
}

/** `web (maxUnavailable 0)`, for messages. */
export function describeBudget(budget: DisruptionBudget): string {
  const rule =
    budget.maxUnavailable !== undefined
      ? `maxUnavailable ${budget.maxUnavailable}`
      : budget.minAvailable !== undefined
        ? `minAvailable ${budget.minAvailable}`
        : 'no limit';
  return `${budget.name} (${rule})`;
}
