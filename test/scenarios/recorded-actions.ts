import type {SpreadPolicyStatus} from '../../src/api/types.ts';
import type {Pod} from '../../src/cluster/pod.ts';
import type {Workload} from '../../src/cluster/workload.ts';
import type {
  ApplyRuleResult,
  ClusterActions,
  PodReference,
  PolicyEvent,
  PolicyReference,
  StoredStatus,
} from '../../src/controller/actions.ts';
import type {PlacementRule} from '../../src/injection/rule.ts';
import type {EvictionResult} from '../../src/kube/eviction.ts';

/** A cluster that says yes to everything, unless told otherwise, and keeps what was asked of it in order. */
export class RecordedActions implements ClusterActions {
  /** `status`, `evict web-1`, `ask for web-1`, `apply web`. */
  readonly calls: string[] = [];
  readonly statuses: SpreadPolicyStatus[] = [];
  readonly rules: PlacementRule[] = [];
  readonly events: PolicyEvent[] = [];
  /** What happens while a status is written; an error is the answer. */
  onStatus: (status: SpreadPolicyStatus) => void | Promise<void> = () => {};
  onEvict: (pod: Pod) => EvictionResult | Promise<EvictionResult> = () => ({kind: 'evicted'});
  onIsAlive: (pod: PodReference) => boolean | Promise<boolean> = () => true;
  onApply: (workload: Workload) => ApplyRuleResult = ({generation}) => ({
    kind: 'applied',
    generation: generation + 1,
  });

  get evicted(): string[] {
    return this.calls.filter((call) => call.startsWith('evict ')).map((call) => call.slice('evict '.length));
  }

  applyRule(workload: Workload, rule: PlacementRule): Promise<ApplyRuleResult> {
    this.calls.push(`apply ${workload.name}`);
    this.rules.push(rule);
    return Promise.resolve(this.onApply(workload));
  }

  async evict(pod: Pod): Promise<EvictionResult> {
    this.calls.push(`evict ${pod.name}`);
    return await this.onEvict(pod);
  }

  async isAlive(pod: PodReference): Promise<boolean> {
    this.calls.push(`ask for ${pod.name}`);
    return await this.onIsAlive(pod);
  }

  async writeStatus(_policy: PolicyReference, status: SpreadPolicyStatus): Promise<StoredStatus> {
    this.calls.push('status');
    await this.onStatus(status);
    this.statuses.push(status);
    return {resourceVersion: String(100 + this.statuses.length), status};
  }

  event(event: PolicyEvent): void {
    this.events.push(event);
  }
}
