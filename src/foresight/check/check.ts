/** Manifests judged before they are pushed: where their replicas would go, and what is wrong. Pure. */

import {lazy} from '../../planning/lazy.ts';
import {keyOf} from '../../simulator/objects.ts';
import {cpuDemandOf} from '../cpu-demand.ts';
import {foresee} from '../foresee.ts';
import {inServedVersion} from './api-versions.ts';
import type {CheckContext, CheckRule} from './context.ts';
import {compareFindings, type Finding} from './finding.ts';
import {governedWorkloads} from './inject.ts';
import {cpuCascade} from './rules/cpu-cascade.ts';
import {disruptionBudget} from './rules/disruption-budget.ts';
import {duplicateObject} from './rules/duplicate-object.ts';
import {invalidObject} from './rules/invalid-object.ts';
import {removedApiVersion} from './rules/removed-api-version.ts';
import {rolloutDeadlock} from './rules/rollout-deadlock.ts';
import {selectorMismatch} from './rules/selector-mismatch.ts';
import {selectorWithoutPods} from './rules/selector-without-pods.ts';
import {serviceLoss} from './rules/service-loss.ts';
import {sharedClaim} from './rules/shared-claim.ts';
import {singlePointOfFailure} from './rules/single-point-of-failure.ts';
import {singleReplica} from './rules/single-replica.ts';
import {spreadPolicy} from './rules/spread-policy.ts';
import {unschedulable} from './rules/unschedulable.ts';
import {type StageRequest, stageManifests} from './stage.ts';
import {type SuppressionEntry, withSuppressions} from './suppression.ts';
import {viewOf} from './view.ts';

export interface CheckRequest extends Omit<StageRequest, 'rules' | 'onlyNode'> {
  /** Whether the cluster is only assumed: what its nodes are labelled with is not known then. */
  readonly isAssumed: boolean;
  readonly suppressions?: readonly SuppressionEntry[];
  /** What it is at, for people who wait. */
  readonly tell?: (doing: string) => void;
  /** True once no more simulations are to be begun. */
  readonly isBudgetSpent?: () => boolean;
}

export interface CheckReport {
  readonly context: CheckContext;
  /** By file and line; the suppressed ones too. */
  readonly findings: readonly Finding[];
}

export const CHECK_RULES: readonly CheckRule[] = [
  invalidObject,
  duplicateObject,
  selectorMismatch,
  removedApiVersion,
  unschedulable,
  rolloutDeadlock,
  cpuCascade,
  sharedClaim,
  singlePointOfFailure,
  serviceLoss,
  singleReplica,
  disruptionBudget,
  selectorWithoutPods,
  spreadPolicy,
];

/** Half an hour of load: several rounds of a cascade. */
const CALM_SECONDS = 1800;

export function checkManifests(request: CheckRequest): CheckReport {
  const context = contextOf(request);
  const findings = CHECK_RULES.flatMap((rule) => rule.find(context)).sort(compareFindings);
  return {context, findings: withSuppressions(findings, request, request.suppressions ?? [])};
}

/** Applies the manifests, and whatever the operator would inject then. */
export function contextOf(request: CheckRequest): CheckContext {
  const {
    isAssumed,
    suppressions: _,
    tell = () => undefined,
    isBudgetSpent = () => false,
    ...stageRequest
  } = request;
  const first = viewOf(stageManifests(stageRequest));
  const governed = governedWorkloads(first.caches, request.picture.server, first.picture.takenAt);
  const rules = new Map(
    governed.flatMap(({workload, rule}) => (rule === undefined ? [] : [[keyOf(workload), rule] as const])),
  );
  const view = rules.size === 0 ? first : viewOf(stageManifests({...stageRequest, rules}));
  return {
    request: stageRequest,
    isAssumed,
    view,
    governed,
    manifests: request.manifests.map(inServedVersion),
    cpuBasis: lazy(() => cpuDemandOf(view.picture).basis),
    calm: lazy(() => foresee(view.picture, [], {horizonSeconds: CALM_SECONDS})),
    tell,
    isBudgetSpent,
  };
}
