/** What a disruption budget demands, counted from the pods and not from the budget's status. */
import {type DeploymentObject, keyOf, type PodObject} from '../../src/simulator/objects.ts';
import {type BudgetObject, deploymentOf, type Facts, isHealthy, matches} from './facts.ts';

/** Why the eviction takes the budget below what it keeps; undefined when it does not. */
export function breachOf(facts: Facts, budget: BudgetObject, pod: PodObject): string | undefined {
  const pods = (facts.list('pods') as PodObject[]).filter(
    ({metadata}) =>
      metadata.namespace === budget.metadata.namespace &&
      matches(budget.spec.selector?.matchLabels, metadata.labels),
  );
  const disrupted = budget.status?.disruptedPods ?? {};
  const healthy = pods.filter((each) => isHealthy(each) && !(each.metadata.name in disrupted)).length;
  const desired = desiredOf(facts, budget, pods);
  const name = keyOf(budget.metadata);
  if (isHealthy(pod)) {
    return healthy - 1 < desired
      ? `PodDisruptionBudget ${name} keeps ${desired} healthy pods; ${healthy} are, and ${pod.metadata.name} is evicted`
      : undefined;
  }
  return budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || healthy >= desired
    ? undefined
    : `PodDisruptionBudget ${name} keeps ${desired} healthy pods; ${healthy} are, and ${pod.metadata.name}, which is not, is evicted`;
}

function desiredOf(facts: Facts, {spec}: BudgetObject, pods: readonly PodObject[]): number {
  const {minAvailable, maxUnavailable} = spec;
  if (typeof minAvailable === 'number') {
    return minAvailable;
  }
  const owners = new Map<string, number>();
  for (const pod of pods) {
    const owner: DeploymentObject | undefined = deploymentOf(facts, pod);
    if (owner !== undefined) {
      owners.set(owner.metadata.uid, owner.spec.replicas ?? 1);
    }
  }
  const expected = [...owners.values()].reduce((sum, replicas) => sum + replicas, 0);
  return minAvailable === undefined
    ? Math.max(0, expected - scaled(maxUnavailable ?? 0, expected))
    : scaled(minAvailable, expected);
}

/** Percentages are rounded up, also those of maxUnavailable. */
function scaled(value: number | string, of: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * of) / 100);
}
