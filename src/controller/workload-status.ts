/** A workload's entry in the status of its policy: the decision in the words that people read. Pure. */
import {toTimestamp} from '../api/conditions.ts';
import type {
  Blocked,
  InjectionStatus,
  PlannedMove as PlannedMoveStatus,
  TopologyStatus,
  WorkloadStatus,
} from '../api/types.ts';
import type {WorkloadKey} from '../cluster/cluster-cache.ts';
import {summaryOf} from '../cluster/replica-summary.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import type {MoveDecision} from '../eviction/mover.ts';
import type {InjectionBlocked, InjectionDecision} from '../injection/decide.ts';
import {type Hardness, hardestRule} from '../injection/rule.ts';
import type {Assessment} from '../planning/assess.ts';
import {closedClusterOf} from '../planning/closed-cluster.ts';
import {describeViolations, listChoices} from '../planning/explain.ts';
import type {Plan, PlannedMove} from '../planning/plan.ts';
import {refusalWithoutMoves} from '../planning/plan-refusal.ts';
import {toBackOff, toMoveInFlight, type WorkloadMemory} from './workload-memory.ts';

const DOMAINS_SHOWN = 20;
const MOVES_SHOWN = 10;
const TARGETS_SHOWN = 10;
// The limits of the schema, in characters.
const LONGEST_MESSAGE = 4096;
const LONGEST_PATCH = 16_384;
const LONGEST_REASON = 1024;

export interface EntryFacts {
  readonly replicas: WorkloadReplicas;
  readonly assessment: Assessment;
  readonly memory: WorkloadMemory;
  readonly now: number;
}

export type EntryCause =
  | {readonly kind: 'excluded'; readonly message: string}
  | {readonly kind: 'injecting' | 'waiting'; readonly message: string; readonly injection: InjectionStatus}
  | {readonly kind: 'blocked'; readonly blocked: InjectionBlocked; readonly injection: InjectionStatus}
  | {
      readonly kind: 'decided';
      readonly decision: Exclude<MoveDecision, {kind: 'evict'}>;
      readonly plan: Plan;
      readonly injection: InjectionDecision;
    };

export function workloadEntry(facts: EntryFacts, cause: EntryCause): WorkloadStatus {
  return withinLimits(entryOf(facts, cause));
}

function entryOf(facts: EntryFacts, cause: EntryCause): WorkloadStatus {
  switch (cause.kind) {
    case 'excluded': {
      const blocked = blockedSince(facts, {reason: 'Excluded', message: cause.message});
      return {...baseOf(facts), state: 'Excluded', message: cause.message, blocked};
    }
    case 'injecting':
      return {...baseOf(facts), state: 'Injecting', message: cause.message, injection: cause.injection};
    case 'waiting':
      return {...baseOf(facts), state: 'Waiting', message: cause.message, injection: cause.injection};
    case 'blocked':
      return blockedEntry(facts, cause.blocked, cause.injection);
    case 'decided':
      return decidedEntry(facts, cause.decision, cause.plan, cause.injection);
  }
}

/** The entry that is written before the eviction and stands until the move is over. */
export function movingEntry(
  facts: EntryFacts,
  moves: readonly PlannedMove[],
  injection: InjectionStatus,
): WorkloadStatus {
  const names = moves.map(({pod, from, to, makesRoomFor}) => {
    const why = makesRoomFor === undefined ? '' : `, which makes room for ${titleOf(makesRoomFor.workload)}`;
    return `${pod.name} from ${from} to ${listChoices(to)}${why}`;
  });
  return withinLimits({
    ...baseOf(facts),
    state: 'Moving',
    message: `moving ${names.join(', ')}`,
    moves: moves.slice(0, MOVES_SHOWN).map(toMoveStatus),
    injection,
  });
}

/** The name without the namespace, which is that of the policy. */
export function titleOf(key: WorkloadKey): string {
  return `Deployment ${key.slice(key.indexOf('/') + 1)}`;
}

// The API server refuses the whole status for one text that is too long, and with it everything else that it says.
function withinLimits(entry: WorkloadStatus): WorkloadStatus {
  const {blocked, injection, backOff} = entry;
  return {
    ...entry,
    message: cut(entry.message, LONGEST_MESSAGE),
    ...(blocked === undefined ? {} : {blocked: {...blocked, message: cut(blocked.message, LONGEST_MESSAGE)}}),
    ...(backOff === undefined ? {} : {backOff: {...backOff, message: cut(backOff.message, LONGEST_MESSAGE)}}),
    ...(injection === undefined ? {} : {injection: injectionWithinLimits(injection)}),
  };
}

function injectionWithinLimits({message, patch, ...rest}: InjectionStatus): InjectionStatus {
  // A patch that is cut is none.
  const shown = patch !== undefined && patch.length <= LONGEST_PATCH ? patch : undefined;
  return {
    ...rest,
    ...(message === undefined ? {} : {message: cut(message, LONGEST_MESSAGE)}),
    ...(shown === undefined ? {} : {patch: shown}),
  };
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

function decidedEntry(
  facts: EntryFacts,
  decision: Exclude<MoveDecision, {kind: 'evict'}>,
  plan: Plan,
  injection: InjectionDecision,
): WorkloadStatus {
  const base = {
    ...baseOf(facts),
    ...(plan.moves.length === 0 ? {} : {moves: plan.moves.slice(0, MOVES_SHOWN).map(toMoveStatus)}),
    injection: injection.status,
  };
  // What stands in the way of the rule is told as long as nothing stands in the way of the replicas.
  const conflict =
    injection.kind === 'apply' || injection.blocked === undefined
      ? {}
      : {blocked: blockedSince(facts, injection.blocked)};
  switch (decision.kind) {
    case 'spread':
      return {...base, state: 'Spread', message: decision.message, ...conflict};
    case 'planned':
      return {...base, state: 'Planned', message: decision.message, ...conflict};
    case 'settling':
      return {...base, state: 'Waiting', message: withViolations(decision.message, facts), ...conflict};
    case 'moving':
      return entryOfMoves(facts) ?? {...base, state: 'Moving', message: decision.message};
    case 'blocked':
      return {
        ...blockedEntry(facts, withAdvice(facts, decision.blocked, plan, injection), injection.status),
        ...(base.moves ? {moves: base.moves} : {}),
      };
  }
}

// Written once when the moves began: counts that change every second would be written every second. Those that were
// not made after all must not stand there.
function entryOfMoves({memory: {entry, moves}}: EntryFacts): WorkloadStatus | undefined {
  const isOfThem = (entry?.inFlight ?? []).length === moves.inFlight.length;
  return entry?.state === 'Moving' && isOfThem ? entry : undefined;
}

// A scheduler that would choose a wrong node follows a placement rule, if there is one to come.
function withAdvice(
  {replicas: {workload}, assessment}: EntryFacts,
  blocked: InjectionBlocked,
  {refusal}: Plan,
  {status}: InjectionDecision,
): InjectionBlocked {
  if (refusal?.isOverruled !== true || blocked.message !== refusal.message) {
    return blocked;
  }
  const keys = assessment.topologies.map(({topologyKey}) => topologyKey);
  const advice = adviceOn(hardestRule(workload, keys), status);
  return advice === undefined ? blocked : {...blocked, message: `${blocked.message}; ${advice}`};
}

/** @param present how hard the rule is that the template has about its replicas already, whoever wrote it */
function adviceOn(present: Hardness | undefined, {state, message}: InjectionStatus): string | undefined {
  if (present !== undefined) {
    return present === 'ScheduleAnyway'
      ? 'the placement rule in the pod template is soft (ScheduleAnyway), and other scores outweigh it'
      : 'the placement rule in the pod template allows both';
  }
  switch (state) {
    case 'Disabled':
      return 'a placement rule in the pod template (injection.mode Apply) could change that';
    case 'Suggested':
      return 'the placement rule that injection.patch suggests could change that';
    case 'Conflict':
    case 'Pending':
      return `the placement rule that could change that is not in the pod template: ${message ?? state}`;
    case 'Injected':
    case 'NotNeeded':
    case 'Removed':
      // What is injected is about other pods.
      return undefined;
  }
}

function blockedEntry(
  facts: EntryFacts,
  blocked: InjectionBlocked,
  injection: InjectionStatus,
): WorkloadStatus {
  const base = baseOf(facts);
  // A workload in the middle of a rollout that needs no moves is not blocked, it is busy.
  const busy =
    base.movesNeeded === 0 &&
    (blocked.reason === 'RolloutInProgress' || blocked.reason === 'NotAvailable') &&
    !isStuckTogether(facts);
  return {
    ...base,
    state: busy ? 'Waiting' : 'Blocked',
    message: withViolations(blocked.message, facts),
    blocked: blockedSince(facts, blocked),
    injection,
  };
}

/** Replicas that share a domain while no node takes any: no moves are counted then, and they are not apart. */
function isStuckTogether({assessment}: EntryFacts): boolean {
  return closedClusterOf(assessment) !== undefined && refusalWithoutMoves(assessment) !== undefined;
}

/** The hard rules that are broken come with whatever keeps them from being repaired. */
function withViolations(message: string, {assessment: {violations}}: EntryFacts): string {
  const described = describeViolations(violations);
  return violations.length === 0 || message.includes(described) ? message : `${described}; ${message}`;
}

function blockedSince({memory, now}: EntryFacts, {reason, message}: InjectionBlocked): Blocked {
  const before = memory.entry?.blocked;
  return {reason, message, since: before?.reason === reason ? before.since : toTimestamp(now)};
}

type EntryBase = Pick<WorkloadStatus, 'kind' | 'name' | 'replicas' | 'movesNeeded' | 'topologies'> &
  Partial<Pick<WorkloadStatus, 'inFlight' | 'backOff'>>;

function baseOf({replicas, assessment, memory}: EntryFacts): EntryBase {
  const {inFlight, backOff} = memory.moves;
  return {
    kind: replicas.workload.kind,
    name: replicas.workload.name,
    replicas: replicas.pods.length - summaryOf(replicas.pods).terminating.length,
    movesNeeded: Math.max(assessment.movesNeeded, assessment.movesWanted),
    topologies: assessment.topologies.map(toTopologyStatus),
    ...(inFlight.length === 0 ? {} : {inFlight: inFlight.map(toMoveInFlight)}),
    ...(backOff === undefined ? {} : {backOff: toBackOff(backOff)}),
  };
}

function toTopologyStatus({
  topologyKey,
  eligibleDomains,
  skew,
  fullest,
}: Assessment['topologies'][number]): TopologyStatus {
  return {
    topologyKey,
    eligibleDomains,
    skew,
    domains: fullest(DOMAINS_SHOWN).map(({name, replicas}) => ({name, replicas})),
  };
}

function toMoveStatus({pod, from, to, certainty, reason}: PlannedMove): PlannedMoveStatus {
  return {
    pod: pod.name,
    from,
    to: to.slice(0, TARGETS_SHOWN),
    certainty,
    reason: cut(reason, LONGEST_REASON),
  };
}
