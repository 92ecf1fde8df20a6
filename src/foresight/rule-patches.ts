/** The placement rules that policies want, as patches for the manifests of the Deployments. Pure. */
import {FIELD_MANAGER} from '../api/names.ts';
import type {Clock} from '../clock.ts';
import {workloadKey} from '../cluster/cluster-cache.ts';
import type {PodAffinityTerm, WeightedPodAffinityTerm} from '../cluster/pod-spec.ts';
import type {Workload} from '../cluster/workload.ts';
import {Looks} from '../controller/looks.ts';
import type {StoredPolicy} from '../controller/policy-index.ts';
import {wantedRule} from '../controller/wanted-rule.ts';
import {
  capabilitiesOf,
  injectedRule,
  isEmptyRule,
  NO_RULE,
  type PlacementRule,
  ruleText,
  templatePatch,
} from '../injection/rule.ts';
import type {ClusterCaches, ClusterPicture} from './cluster-picture.ts';

export interface RulePatch {
  readonly workload: Workload;
  readonly policy: StoredPolicy;
  /** A strategic merge patch of the Deployment; absent when nothing is to be patched. */
  readonly patch?: object;
  /** For people: why there is no patch, what was left out or softened, what of the manifest was kept. */
  readonly notes: readonly string[];
}

/** Undefined where no policy selects the Deployment. */
export function rulePatchOf(
  workload: Workload,
  {cache, policies}: ClusterCaches,
  {server, takenAt}: Pick<ClusterPicture, 'server' | 'takenAt'>,
): RulePatch | undefined {
  const policy = policies.governing(workload);
  if (policy === undefined) {
    return undefined;
  }
  const key = workloadKey(workload);
  const looks = new Looks({
    cache,
    policies,
    excludedNamespaces: new Set(),
    clock: {now: () => takenAt} as Clock,
    expectedBesides: () => [],
  });
  const look = looks.at(key, policy, workload, looks.memoryOf(key, policy, workload));
  const {rule, notes} = wantedRule(look, {cache, capabilities: capabilitiesOf(server)}).rule;
  const excluded = looks.excluded(workload);
  if (excluded !== undefined) {
    return {workload, policy, notes: [`left alone: ${excluded}`]};
  }
  if (isEmptyRule(rule)) {
    return {workload, policy, notes: ['no rule is wanted', ...notes]};
  }
  if (isWrittenAlready(workload, rule)) {
    return {workload, policy, notes: ['the rule is in the manifest already', ...notes]};
  }
  const {namespace, name} = workload;
  const {rule: merged, kept} = withTheirs(workload, rule);
  return {
    workload,
    policy,
    patch: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {namespace, name},
      spec: templatePatch(merged),
    },
    notes: [
      ...notes,
      ...(kept === 0
        ? []
        : [
            `with ${kept === 1 ? 'the anti-affinity term' : `the ${kept} anti-affinity terms`} that the manifest has: a patch replaces the list as a whole`,
          ]),
    ],
  };
}

// A patch that is merged replaces a list of anti-affinity as a whole. What is the operator's is not the manifest's.
function withTheirs(
  workload: Workload,
  rule: PlacementRule,
): {readonly rule: PlacementRule; readonly kept: number} {
  const {required, preferred} = workload.template.spec.podAntiAffinity;
  const injected = injectedRule(workload, FIELD_MANAGER);
  const theirs = {
    required: injected.required.length > 0 || rule.required.length === 0 ? [] : required,
    preferred: injected.preferred.length > 0 || rule.preferred.length === 0 ? [] : preferred,
  };
  const known = new Set([...rule.required.map(textOfRequired), ...rule.preferred.map(textOfPreferred)]);
  const kept = {
    required: theirs.required.filter((term) => !known.has(textOfRequired(term))),
    preferred: theirs.preferred.filter((term) => !known.has(textOfPreferred(term))),
  };
  return {
    rule: {
      ...rule,
      required: [...kept.required, ...rule.required],
      preferred: [...kept.preferred, ...rule.preferred],
    },
    kept: kept.required.length + kept.preferred.length,
  };
}

/** By somebody else than the operator, whose edits are in no manifest. */
function isWrittenAlready(workload: Workload, rule: PlacementRule): boolean {
  const {podAntiAffinity, topologySpreadConstraints} = workload.template.spec;
  const injected = injectedRule(workload, FIELD_MANAGER);
  const textOfConstraint = (constraint: PlacementRule['topologySpreadConstraints'][number]) =>
    ruleText({...NO_RULE, topologySpreadConstraints: [constraint]});
  const known = new Set([
    ...(injected.required.length > 0 ? [] : podAntiAffinity.required.map(textOfRequired)),
    ...(injected.preferred.length > 0 ? [] : podAntiAffinity.preferred.map(textOfPreferred)),
    ...topologySpreadConstraints
      .filter((constraint) => !injected.topologySpreadConstraints.includes(constraint))
      .map(textOfConstraint),
  ]);
  return [
    ...rule.required.map(textOfRequired),
    ...rule.preferred.map(textOfPreferred),
    ...rule.topologySpreadConstraints.map(textOfConstraint),
  ].every((text) => known.has(text));
}

function textOfRequired(term: PodAffinityTerm): string {
  return ruleText({...NO_RULE, required: [term]});
}

function textOfPreferred(term: WeightedPodAffinityTerm): string {
  return ruleText({...NO_RULE, preferred: [term]});
}
