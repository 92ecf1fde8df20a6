import type {BlockedReason} from '../api/types.ts';

/**
 * What a person can do about it; the message beside it says what exactly stands in the way.
 *
 * @param clusterClosed why no node takes pods; undefined while one does
 */
export function howToUnblock(reason: BlockedReason, clusterClosed?: string): string {
  return clusterClosed !== undefined && IN_A_CLOSED_CLUSTER.has(reason) ? OPEN_NODES : ADVICE[reason];
}

/** What is no fault of the workload where no node takes pods. */
const IN_A_CLOSED_CLUSTER: ReadonlySet<BlockedReason> = new Set([
  'InsufficientDomains',
  'NotAvailable',
  'RolloutInProgress',
]);
const OPEN_NODES =
  'get nodes Ready again or uncordon them: `kubectl describe node` says what is wrong with one';

const ADVICE: Readonly<Record<BlockedReason, string>> = {
  InsufficientDomains:
    'add or uncordon nodes, lower spec.replicas, or let whenUnsatisfiable be Auto or ScheduleAnyway',
  NoFeasibleNode:
    'make room on the nodes that are named (requests, taints, affinity of the pod template), or add nodes',
  Pinned: 'loosen what ties the pod template to these nodes: node selector, node affinity, taints or volumes',
  PodDisruptionBudgetExhausted:
    'wait until all pods of the budget are healthy; if they are, give it maxUnavailable 1 or a lower minAvailable',
  MultiplePodDisruptionBudgets: 'keep one PodDisruptionBudget for each pod: `kubectl get pdb` lists them',
  EvictionRefused: 'see what refuses evictions: the operator’s rights, or an admission webhook',
  RolloutInProgress: 'wait for the rollout, or mend it: `kubectl rollout status` says where it stands',
  NotAvailable: 'get all replicas Ready first: `kubectl describe pod` says why one is not',
  TooFewReplicas: 'run more replicas, or lower eviction.minReplicas (never below 2)',
  InjectionConflict:
    'take the rule out of the manifest, or set injection.mode: Suggest and merge what `kubectl spread patch` prints',
  OutsideWindow: 'wait for the next window of eviction.windows',
  BackingOff:
    'nothing: it is tried again by itself; a placement rule in the template (injection.mode: Apply) helps the scheduler to choose right',
  CircuitOpen: 'get the nodes Ready again; the operator goes on by itself',
  Suspended: 'set spec.suspend: false in the policy',
  Excluded: 'take the annotation away that is named, if the replicas may be moved after all',
};
