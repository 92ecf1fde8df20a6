/** What the operator would do with the pod templates that a SpreadPolicy governs, by the operator's own decision. Pure. */
import type {SpreadPolicy} from '../../api/types.ts';
import type {ClusterCache} from '../../cluster/cluster-cache.ts';
import {currentReplicaSet} from '../../cluster/replicas.ts';
import type {Workload} from '../../cluster/workload.ts';
import type {StoredPolicy} from '../../controller/policy-index.ts';
import {decideAuto} from '../../injection/auto.ts';
import {decideInjection, type InjectionDecision, NO_INJECTION_MEMORY} from '../../injection/decide.ts';
import {
  capabilitiesOf,
  desiredRule,
  type PlacementRule,
  type RuleDecision,
  templateWith,
} from '../../injection/rule.ts';
import {eligibilityOf} from '../../planning/eligibility.ts';
import {newcomerOf, refusedEverywhere} from '../../planning/newcomer.ts';
import {replacementOf} from '../../planning/replacement.ts';
import {describeRefusals} from '../../scheduling/explain-refusals.ts';
import type {ClusterCaches, ClusterPicture} from '../cluster-picture.ts';

export interface GovernedWorkload {
  readonly workload: Workload;
  readonly policy: StoredPolicy;
  readonly desired: RuleDecision;
  readonly decision: InjectionDecision;
  /** What the template gets; absent where it stays as it is. */
  readonly rule?: PlacementRule;
}

/** Left alone by the operator unless it is told otherwise. */
const SYSTEM_NAMESPACES: ReadonlySet<string> = new Set(['kube-system']);

/** Of every workload that a valid policy governs and that nobody took out. */
export function governedWorkloads(
  {cache, policies}: ClusterCaches,
  server: ClusterPicture['server'],
  now: number,
): GovernedWorkload[] {
  return [...cache.workloads()].flatMap((workload) => {
    const policy = policies.governing(workload);
    const isExcluded =
      workload.excluded !== undefined ||
      cache.namespace(workload.namespace)?.excluded !== undefined ||
      SYSTEM_NAMESPACES.has(workload.namespace);
    if (policy === undefined || policy.problems.length > 0 || isExcluded) {
      return [];
    }
    const {desired, decision} = decide(workload, policy.object, cache, server, now);
    return [
      {workload, policy, desired, decision, ...(decision.kind === 'apply' ? {rule: decision.rule} : {})},
    ];
  });
}

function decide(
  workload: Workload,
  policy: SpreadPolicy,
  cache: ClusterCache,
  server: ClusterPicture['server'],
  now: number,
): {readonly desired: RuleDecision; readonly decision: InjectionDecision} {
  const replicas = cache.replicasOf(workload);
  const replacement = replacementOf(workload, currentReplicaSet(replicas), replicas.pods);
  const {topologies} = policy.spec;
  const {domains} = eligibilityOf(replacement, topologies, cache.state);
  const nodesOf = (key: string) =>
    [...(domains.get(key)?.values() ?? [])].reduce((sum, each) => sum + each, 0);
  const domainsOf = (key: string) => domains.get(key)?.size ?? 0;
  const desired = desiredRule({
    workload,
    spec: policy.spec,
    eligibleNodes: nodesOf,
    capabilities: capabilitiesOf(server),
    resolveAuto: (key) =>
      decideAuto({
        current: undefined,
        maxReplicas: cache.maxReplicasOf(workload),
        eligibleDomains: domainsOf(key),
        pendingSince: undefined,
        wantedSince: undefined,
        lastFlip: undefined,
        now,
      }).hardness,
  });
  const decision = decideInjection({
    replicas,
    mode: policy.spec.injection.mode,
    suspended: policy.spec.suspend,
    desired,
    moving: false,
    rollingOut: undefined,
    circuitOpen: undefined,
    eligibleDomains: domainsOf,
    noRoomFor: (rule) => {
      const refusals = refusedEverywhere(newcomerOf(replacement, templateWith(workload, rule)), cache.state);
      return refusals === undefined ? undefined : describeRefusals(refusals);
    },
    memory: NO_INJECTION_MEMORY,
    now,
  });
  return {desired, decision};
}
