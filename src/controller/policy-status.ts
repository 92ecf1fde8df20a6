/** The status of a policy from the entries of its workloads. Pure. */
import {type ConditionUpdate, removeCondition, setCondition} from '../api/conditions.ts';
import type {Condition, SpreadPolicyStatus, WorkloadState, WorkloadStatus} from '../api/types.ts';
import {compareText} from '../cluster/snapshot.ts';
import {listNames} from '../planning/explain.ts';
import {describePolicyProblems, type StoredPolicy} from './policy-index.ts';

const WORKLOADS_SHOWN = 100;
const NAMES_SHOWN = 3;

export interface PolicyFacts {
  readonly policy: StoredPolicy;
  /** Those that the policy governs. */
  readonly entries: readonly WorkloadStatus[];
  /** Workloads that it selects and that an older policy governs. */
  readonly conflicts: readonly {readonly workload: string; readonly policy: string}[];
  readonly circuitOpen: string | undefined;
  readonly now: number;
}

export function policyStatus(facts: PolicyFacts): SpreadPolicyStatus {
  const {policy} = facts;
  const entries = [...facts.entries].sort(worstFirst);
  const count = (state: WorkloadState) => entries.filter((entry) => entry.state === state).length;
  const shown = entries.slice(0, WORKLOADS_SHOWN);
  return {
    observedGeneration: policy.generation,
    conditions: conditionsOf(facts, entries),
    summary: {
      workloads: entries.length,
      spread: count('Spread'),
      moving: count('Moving'),
      blocked: count('Blocked'),
      // What is left alone needs nothing.
      movesNeeded: entries.reduce(
        (sum, entry) => sum + (entry.state === 'Excluded' ? 0 : entry.movesNeeded),
        0,
      ),
    },
    workloads: shown,
    ...(entries.length > shown.length ? {workloadsOmitted: entries.length - shown.length} : {}),
  };
}

// What must survive a restart comes first: moves that have begun and back-offs, so that the cap never cuts them off.
const BADNESS: Record<WorkloadState, number> = {
  Moving: 0,
  Blocked: 1,
  Injecting: 2,
  Waiting: 3,
  Planned: 4,
  Excluded: 6,
  Spread: 7,
};

function worstFirst(a: WorkloadStatus, b: WorkloadStatus): number {
  return badness(a) - badness(b) || b.movesNeeded - a.movesNeeded || compareText(a.name, b.name);
}

function badness(entry: WorkloadStatus): number {
  return entry.inFlight !== undefined || entry.backOff !== undefined ? 0 : BADNESS[entry.state];
}

function conditionsOf(facts: PolicyFacts, entries: readonly WorkloadStatus[]): Condition[] {
  const {policy, now} = facts;
  let conditions: Condition[] = policy.object.status?.conditions ?? [];
  for (const update of [ready(facts, entries), injected(facts, entries), spread(policy, entries)]) {
    conditions = setCondition(conditions, update, now);
  }
  const reconcilingNow = reconciling(facts, entries);
  conditions =
    reconcilingNow === undefined
      ? removeCondition(conditions, 'Reconciling')
      : setCondition(conditions, reconcilingNow, now);
  const stalledNow = stalled(facts);
  return stalledNow === undefined
    ? removeCondition(conditions, 'Stalled')
    : setCondition(conditions, stalledNow, now);
}

function stalled({policy, conflicts}: PolicyFacts): Extract<ConditionUpdate, {type: 'Stalled'}> | undefined {
  const {generation, problems} = policy;
  const base = {type: 'Stalled', status: 'True', observedGeneration: generation} as const;
  if (problems.length > 0) {
    const reason = problems.every(({kind}) => kind === 'Unsupported') ? 'Unsupported' : 'InvalidSpec';
    return {...base, reason, message: `${describePolicyProblems(policy)}. Nothing is changed until then`};
  }
  const [first] = conflicts;
  if (first !== undefined) {
    const names = listNames(
      conflicts.map(({workload}) => workload),
      NAMES_SHOWN,
    );
    const message = `Deployment ${names}: also selected by the older policy ${first.policy}, which has the say; narrow one of the selectors`;
    return {...base, reason: 'Conflict', message};
  }
  return undefined;
}

function ready(
  facts: PolicyFacts,
  entries: readonly WorkloadStatus[],
): Extract<ConditionUpdate, {type: 'Ready'}> {
  const {policy} = facts;
  const base = {type: 'Ready', observedGeneration: policy.generation} as const;
  const stalledNow = stalled(facts);
  if (stalledNow !== undefined) {
    return {...base, status: 'False', reason: stalledNow.reason, message: stalledNow.message};
  }
  if (policy.object.spec.suspend) {
    return {
      ...base,
      status: 'False',
      reason: 'Suspended',
      message: 'nothing is injected or evicted (spec.suspend)',
    };
  }
  if (entries.length === 0) {
    const message = 'the selector matches no Deployment of this namespace that another policy does not have';
    return {...base, status: 'True', reason: 'NoWorkloads', message};
  }
  const blocked = entries.filter(
    (entry) =>
      entry.state === 'Blocked' ||
      entry.injection?.state === 'Conflict' ||
      entry.blocked?.reason === 'InsufficientDomains',
  );
  const [first] = blocked;
  if (first !== undefined) {
    return {...base, status: 'False', reason: 'Blocked', message: describe(first, blocked.length)};
  }
  const busy = entries.filter(isBusy);
  const [busiest] = busy;
  if (busiest !== undefined) {
    return {...base, status: 'False', reason: 'Progressing', message: describe(busiest, busy.length)};
  }
  const planned = entries.filter((entry) => entry.state === 'Planned');
  const [next] = planned;
  if (next !== undefined) {
    return {...base, status: 'True', reason: 'DryRun', message: describe(next, planned.length)};
  }
  return {...base, status: 'True', reason: 'Spread', message: describeSpread(entries)};
}

function reconciling(
  {policy, circuitOpen}: PolicyFacts,
  entries: readonly WorkloadStatus[],
): Extract<ConditionUpdate, {type: 'Reconciling'}> | undefined {
  const base = {type: 'Reconciling', status: 'True', observedGeneration: policy.generation} as const;
  if (policy.deleting) {
    return {...base, reason: 'Deleting', message: 'taking the injected rules out of the pod templates'};
  }
  if (policy.problems.length > 0 || policy.object.spec.suspend) {
    return undefined;
  }
  const busy = entries.filter(isBusy);
  const [first] = busy;
  if (first === undefined) {
    return undefined;
  }
  if (circuitOpen !== undefined) {
    return {...base, reason: 'CircuitOpen', message: circuitOpen};
  }
  const reason = first.state === 'Moving' ? 'Moving' : first.state === 'Injecting' ? 'Injecting' : 'Waiting';
  return {...base, reason, message: describe(first, busy.length)};
}

function injected(
  {policy, circuitOpen}: PolicyFacts,
  entries: readonly WorkloadStatus[],
): Extract<ConditionUpdate, {type: 'Injected'}> {
  const base = {type: 'Injected', observedGeneration: policy.generation} as const;
  const {mode} = policy.object.spec.injection;
  if (mode === 'Disabled') {
    return {...base, status: 'False', reason: 'Disabled', message: 'injection.mode is Disabled'};
  }
  if (mode === 'Suggest') {
    const message = 'injection.mode is Suggest: see the patches in status.workloads[].injection.patch';
    return {...base, status: 'False', reason: 'Suggested', message};
  }
  if (policy.object.spec.suspend) {
    return {...base, status: 'False', reason: 'Suspended', message: 'nothing is injected (spec.suspend)'};
  }
  const withState = (state: string) => entries.filter((entry) => entry.injection?.state === state);
  const worded = (of: readonly WorkloadStatus[]) => {
    const [first] = of;
    const more = of.length > 1 ? ` (and ${of.length - 1} more)` : '';
    return `${first?.name ?? ''}: ${first?.injection?.message ?? ''}${more}`;
  };
  const conflicts = withState('Conflict');
  if (conflicts.length > 0) {
    return {...base, status: 'False', reason: 'InjectionConflict', message: worded(conflicts)};
  }
  const pending = withState('Pending');
  if (pending.length > 0) {
    const reason = circuitOpen === undefined ? 'Pending' : 'CircuitOpen';
    return {...base, status: 'False', reason, message: worded(pending)};
  }
  const suggested = withState('Suggested');
  if (suggested.length > 0) {
    return {...base, status: 'False', reason: 'Suggested', message: worded(suggested)};
  }
  const softened = entries.filter((entry) =>
    entry.injection?.message?.includes('does not know matchLabelKeys'),
  );
  if (softened.length > 0) {
    return {...base, status: 'True', reason: 'MatchLabelKeysUnsupported', message: worded(softened)};
  }
  const done = withState('Injected');
  if (done.length === 0) {
    return entries.length === 0
      ? {...base, status: 'True', reason: 'NoWorkloads', message: 'there is no template to inject into'}
      : {...base, status: 'True', reason: 'NotNeeded', message: worded(entries)};
  }
  return {
    ...base,
    status: 'True',
    reason: 'Injected',
    message: `the rule is in ${done.length} of ${entries.length} pod templates`,
  };
}

function spread(
  policy: StoredPolicy,
  entries: readonly WorkloadStatus[],
): Extract<ConditionUpdate, {type: 'Spread'}> {
  const base = {type: 'Spread', observedGeneration: policy.generation} as const;
  if (entries.length === 0) {
    return {
      ...base,
      status: policy.problems.length > 0 ? 'Unknown' : 'True',
      reason: 'NoWorkloads',
      message: 'there is nothing to spread',
    };
  }
  const open = entries.filter(notApart);
  const [worst] = open;
  if (worst === undefined) {
    const changing = entries.filter(isBusy).length;
    const message =
      changing === 0
        ? describeSpread(entries)
        : `the replicas are apart; ${changing} of ${entries.length} workloads are changing`;
    return {...base, status: 'True', reason: 'Spread', message};
  }
  const reason = worst.state === 'Blocked' ? 'Blocked' : worst.state === 'Moving' ? 'Moving' : 'MovesNeeded';
  return {...base, status: 'False', reason, message: describe(worst, open.length)};
}

// A rollout over replicas that are apart leaves them apart, as far as anyone knows.
function notApart({movesNeeded, state}: WorkloadStatus): boolean {
  return state !== 'Excluded' && (movesNeeded > 0 || state === 'Moving' || state === 'Blocked');
}

function isBusy({state}: WorkloadStatus): boolean {
  return state === 'Moving' || state === 'Injecting' || state === 'Waiting';
}

function describe(entry: WorkloadStatus, all: number): string {
  const more = all > 1 ? ` (and ${all - 1} more)` : '';
  // Replicas may be spread although something stands in the way of their rule.
  const {name, blocked, message} = entry;
  const what = blocked === undefined ? message : `${blocked.reason}: ${blocked.message}`;
  return `${name}: ${what}${more}`;
}

function describeSpread(entries: readonly WorkloadStatus[]): string {
  const [only, ...more] = entries;
  if (only !== undefined && more.length === 0) {
    return `${only.name}: ${only.message}`;
  }
  const excluded = entries.filter(({state}) => state === 'Excluded').length;
  const counted = entries.length - excluded;
  return `all ${counted} workloads are spread${excluded === 0 ? '' : `, ${excluded} more are left alone`}`;
}
