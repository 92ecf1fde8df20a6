/** What the controllers do to a cluster; `kube/` does it to a real one. */
import type {SpreadPolicyStatus} from '../api/types.ts';
import type {Pod} from '../cluster/pod.ts';
import type {Workload} from '../cluster/workload.ts';
import type {FieldConflict, PlacementRule} from '../injection/rule.ts';
import type {EvictionResult} from '../kube/eviction.ts';

export interface ClusterActions {
  /** Puts the rule into the pod template in place of the one before; an empty rule takes it out. */
  applyRule(workload: Workload, rule: PlacementRule, signal: AbortSignal): Promise<ApplyRuleResult>;
  evict(pod: Pod, signal: AbortSignal): Promise<EvictionResult>;
  /** Whether the API server has this very pod, and has not been asked to delete it: the caches may be behind. */
  isAlive(pod: PodReference, signal: AbortSignal): Promise<boolean>;
  /** Undefined when the policy is gone. */
  writeStatus(
    policy: PolicyReference,
    status: SpreadPolicyStatus,
    signal: AbortSignal,
  ): Promise<StoredStatus | undefined>;
  event(event: PolicyEvent): void;
}

export type ApplyRuleResult =
  | {readonly kind: 'applied'; readonly generation: number}
  | {readonly kind: 'conflict'; readonly conflicts: readonly FieldConflict[]}
  /** Another Deployment has the name by now, or none has. */
  | {readonly kind: 'gone'};

export interface PolicyReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A status as the API server has it after a write. */
export interface StoredStatus {
  readonly resourceVersion: string;
  readonly status: SpreadPolicyStatus;
}

export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** An event about a policy; `related` is the pod or Deployment that it speaks of. */
export interface PolicyEvent {
  readonly policy: PolicyReference;
  readonly related?: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}
