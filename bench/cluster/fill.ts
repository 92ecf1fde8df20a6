import {ClusterCache} from '../../src/cluster/cluster-cache.ts';
import {toDisruptionBudget} from '../../src/cluster/disruption-budget.ts';
import {toNode} from '../../src/cluster/node.ts';
import {createPodTrimmer, type PodTrimmer} from '../../src/cluster/pod-trimmer.ts';
import {
  toHorizontalPodAutoscaler,
  toNamespace,
  toReplicaSet,
  toWorkload,
} from '../../src/cluster/workload.ts';
import {PolicyIndex, toStoredPolicy} from '../../src/controller/policy-index.ts';
import type {ClusterLayout} from './layout.ts';
import {
  apiAutoscalers,
  apiBudgets,
  apiDeployments,
  apiNamespaces,
  apiNodes,
  apiPods,
  apiReplicaSets,
  spreadPolicies,
} from './objects.ts';

export interface FilledCluster {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  /** As the operator's watch of pods trims them. */
  readonly trim: PodTrimmer;
}

/** The operator's caches with everything of the layout in them, put in as its watches do. */
export function fill(
  layout: ClusterLayout,
  {cache, policies}: {readonly cache: ClusterCache; readonly policies: PolicyIndex} = {
    cache: new ClusterCache(),
    policies: new PolicyIndex(),
  },
): FilledCluster {
  const trim = createPodTrimmer();
  for (const namespace of apiNamespaces(layout)) {
    cache.setNamespace(toNamespace(namespace));
  }
  for (const node of apiNodes(layout)) {
    cache.setNode(toNode(node));
  }
  for (const deployment of apiDeployments(layout)) {
    cache.setWorkload(toWorkload(deployment));
  }
  for (const replicaSet of apiReplicaSets(layout)) {
    cache.setReplicaSet(toReplicaSet(replicaSet));
  }
  for (const budget of apiBudgets(layout)) {
    cache.setBudget(toDisruptionBudget(budget));
  }
  for (const autoscaler of apiAutoscalers(layout)) {
    cache.setAutoscaler(toHorizontalPodAutoscaler(autoscaler));
  }
  for (const policy of spreadPolicies(layout)) {
    policies.set(toStoredPolicy(policy));
  }
  for (const pod of apiPods(layout)) {
    cache.setPod(trim(pod));
  }
  return {cache, policies, trim};
}
