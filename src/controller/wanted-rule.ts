/** The rule that a policy wants in a workload's pod template, by the nodes and replicas of now. */

import {FIELD_MANAGER} from '../api/names.ts';
import type {ClusterCache} from '../cluster/cluster-cache.ts';
import {isTerminating} from '../cluster/pod.ts';
import {summaryOf} from '../cluster/replica-summary.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import {decideAuto} from '../injection/auto.ts';
import {
  aboutReplicas,
  desiredRule,
  type Hardness,
  hardnessIn,
  injectedRule,
  type RuleDecision,
  type ServerCapabilities,
} from '../injection/rule.ts';
import {type Look, topologyOf} from './look.ts';

export interface WantedRule {
  readonly rule: RuleDecision;
  /** When an Auto rule may change, milliseconds since the epoch. */
  readonly recheckAt?: number;
}

/** Remembers in the look's memory since when an Auto rule should be of the other kind. */
export function wantedRule(
  look: Look,
  {
    cache,
    capabilities,
  }: {readonly cache: Pick<ClusterCache, 'maxReplicasOf'>; readonly capabilities: ServerCapabilities},
): WantedRule {
  const {workload, policy, memory, replicas, now} = look;
  const current = aboutReplicas(injectedRule(workload, FIELD_MANAGER), workload);
  const rechecks: number[] = [];
  const resolveAuto = (topologyKey: string): Hardness => {
    const hardness = hardnessIn(current, topologyKey);
    const topology = topologyOf(look, topologyKey);
    const maxReplicas = cache.maxReplicasOf(workload);
    const eligible = topology?.eligibleDomains ?? 0;
    // A rule becomes hard where its rollout can end: full nodes do not count. It stays hard while they fill up. Where
    // there are too few domains anyway, the nodes are not asked for their room, which is the dear part of a look.
    const asksForRoom = hardness !== 'DoNotSchedule' && maxReplicas <= eligible;
    const decision = decideAuto({
      current: hardness,
      maxReplicas,
      eligibleDomains: asksForRoom ? (topology?.domainsWithRoom ?? 0) : eligible,
      pendingSince: hardness === 'DoNotSchedule' ? pendingSince(replicas) : undefined,
      wantedSince: memory.autoWantedSince.get(topologyKey),
      lastFlip: memory.injection.flips > 0 ? memory.injection.lastChange : undefined,
      now,
    });
    if (decision.wanted === decision.hardness) {
      memory.autoWantedSince.delete(topologyKey);
    } else if (!memory.autoWantedSince.has(topologyKey)) {
      memory.autoWantedSince.set(topologyKey, now);
    }
    if (decision.recheckAt !== undefined) {
      rechecks.push(decision.recheckAt);
    }
    return decision.hardness;
  };
  const rule = desiredRule({
    workload,
    spec: policy.object.spec,
    eligibleNodes: (topologyKey) => topologyOf(look, topologyKey)?.eligibleNodes ?? 0,
    capabilities,
    resolveAuto,
  });
  return rechecks.length === 0 ? {rule} : {rule, recheckAt: Math.min(...rechecks)};
}

// Only a refusal by a constraint that an injected rule can be the cause of.
function pendingSince({pods}: WorkloadReplicas): number | undefined {
  let first: number | undefined;
  for (const pod of summaryOf(pods).waiting) {
    const {unschedulable} = pod;
    if (
      unschedulable !== undefined &&
      !isTerminating(pod) &&
      /anti-affinity|topology spread constraints/.test(unschedulable.message)
    ) {
      first = Math.min(first ?? unschedulable.since, unschedulable.since);
    }
  }
  return first;
}
