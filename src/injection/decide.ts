/**
 * Whether a workload's pod template is to be edited now, and if not, why. A decision is a value; the controller
 * carries it out. Pure: time and the state of the cluster come in as arguments.
 */
import {stringify} from 'yaml';
import {toTimestamp} from '../api/conditions.ts';
import {FIELD_MANAGER} from '../api/names.ts';
import type {BlockedReason, InjectionMode, InjectionStatus} from '../api/types.ts';
import {rolloutInProgress, unavailable, type WorkloadReplicas} from '../cluster/replicas.ts';
import type {Workload} from '../cluster/workload.ts';
import {
  aboutReplicas,
  type FieldConflict,
  foreseeConflicts,
  hardnessIn,
  injectedRule,
  isEmptyRule,
  NO_RULE,
  type PlacementRule,
  type RuleDecision,
  ruleText,
  sameRule,
  templatePatch,
} from './rule.ts';

/** The least time between two edits of one template, milliseconds: if somebody keeps undoing them, do not fight. */
const BETWEEN_EDITS = 60_000;
const LONGEST_BETWEEN_EDITS = 60 * 60_000;
/** How soon to look again whether there is room for a rollout, milliseconds. */
const BETWEEN_LOOKS_FOR_ROOM = 60_000;

/** What is remembered of a workload's injection. */
export interface InjectionMemory {
  /** When the operator last edited the template, milliseconds since the epoch. */
  readonly lastChange?: number;
  /** How often an Auto rule has changed between hard and soft. */
  readonly flips: number;
  /** How often in a row the rule was found changed or taken out by somebody else. */
  readonly undone: number;
  /** What was applied last, and the generation that it led to. */
  readonly applied?: {readonly text: string; readonly generation: number};
  /** The answer of the API server to an apply that conflicted, and the generation that it was about. */
  readonly refused?: {readonly generation: number; readonly conflicts: readonly FieldConflict[]};
}

export const NO_INJECTION_MEMORY: InjectionMemory = {flips: 0, undone: 0};

export interface InjectionFacts {
  readonly replicas: WorkloadReplicas;
  readonly mode: InjectionMode;
  readonly suspended: boolean;
  /** What the policy wants in the template when it injects. */
  readonly desired: RuleDecision;
  /** A move of the workload is going on. */
  readonly moving: boolean;
  /** Another workload of the policy whose template was edited and that still rolls out. */
  readonly rollingOut: string | undefined;
  readonly circuitOpen: string | undefined;
  /** Eligible domains of a topology key that have room for a replica. */
  readonly eligibleDomains: (topologyKey: string) => number;
  /** Why no node takes one replica more with this rule in its template; undefined when one does. */
  readonly noRoomFor: (rule: PlacementRule) => string | undefined;
  readonly memory: InjectionMemory;
  readonly now: number;
}

export type InjectionDecision =
  /** The template is as it should be, or is left as it is for a reason that does not keep replicas from moving. */
  | {
      readonly kind: 'rest';
      readonly status: InjectionStatus;
      readonly blocked?: InjectionBlocked;
      readonly recheckAt?: number;
    }
  /** An edit is due but not now. Moving waits for it: the rollout often spreads the replicas by itself. */
  | {
      readonly kind: 'wait';
      readonly status: InjectionStatus;
      readonly message: string;
      readonly blocked?: InjectionBlocked;
      readonly recheckAt?: number;
    }
  | {
      readonly kind: 'apply';
      readonly rule: PlacementRule;
      readonly status: InjectionStatus;
      readonly message: string;
    };

export interface InjectionBlocked {
  readonly reason: BlockedReason;
  readonly message: string;
}

export function decideInjection(facts: InjectionFacts): InjectionDecision {
  const {replicas, mode, desired, memory} = facts;
  const {workload} = replicas;
  const current = injectedRule(workload, FIELD_MANAGER);
  const wanted = mode === 'Apply' ? desired.rule : NO_RULE;
  const notes = desired.notes.join('; ');

  if (sameRule(current, wanted) || isInPlace(workload, memory, wanted)) {
    return {kind: 'rest', status: restingStatus(facts, current, notes)};
  }
  if (facts.suspended) {
    return {
      kind: 'rest',
      status: statusOf(facts, 'Pending', current, 'the policy is suspended (spec.suspend)'),
    };
  }
  const conflicts = [
    ...foreseeConflicts(workload, wanted, FIELD_MANAGER),
    ...refusedConflicts(workload, memory),
  ];
  if (conflicts.length > 0) {
    const message = describeConflicts(workload, conflicts);
    return {
      kind: 'rest',
      status: {...statusOf(facts, 'Conflict', current, message), patch: patchOf(workload, desired.rule)},
      blocked: {reason: 'InjectionConflict', message},
    };
  }
  if (workload.strategy === 'Recreate' && workload.replicas > 0 && !isEmptyRule(wanted)) {
    const message =
      'strategy.type is Recreate: the rollout of an edit would stop all replicas at once; put the patch into the manifest yourself';
    return {
      kind: 'rest',
      status: {...statusOf(facts, 'Suggested', current, message), patch: patchOf(workload, desired.rule)},
    };
  }
  const tooTight = unsatisfiableTerm(facts, current, wanted);
  if (tooTight !== undefined) {
    return {
      kind: 'rest',
      status: statusOf(facts, 'Pending', current, tooTight),
      blocked: {reason: 'InsufficientDomains', message: tooTight},
    };
  }
  const toWait = reasonToWait(facts, current, wanted);
  if (toWait !== undefined) {
    return toWait;
  }
  const noRoom = withoutRoomToRollOut(facts, current, wanted);
  if (noRoom !== undefined) {
    return {
      kind: 'rest',
      status: statusOf(facts, 'Pending', current, noRoom),
      blocked: {reason: 'NoFeasibleNode', message: noRoom},
      recheckAt: facts.now + BETWEEN_LOOKS_FOR_ROOM,
    };
  }
  return {
    kind: 'apply',
    rule: wanted,
    status: statusOf(facts, isEmptyRule(wanted) ? 'Removed' : 'Injected', wanted, notes),
    message: describeEdit(current, wanted),
  };
}

function reasonToWait(
  facts: InjectionFacts,
  current: PlacementRule,
  wanted: PlacementRule,
): InjectionDecision | undefined {
  const {replicas, memory, now} = facts;
  const wait = (message: string, blocked?: BlockedReason, recheckAt?: number): InjectionDecision => ({
    kind: 'wait',
    status: statusOf(facts, 'Pending', current, message),
    message,
    ...(blocked === undefined ? {} : {blocked: {reason: blocked, message}}),
    ...(recheckAt === undefined ? {} : {recheckAt}),
  });
  const edited = isEmptyRule(wanted) ? 'taken out' : 'injected';
  if (facts.circuitOpen !== undefined) {
    return wait(`injections are stopped in the whole cluster: ${facts.circuitOpen}`, 'CircuitOpen');
  }
  if (facts.moving) {
    return wait(`the rule is ${edited} when the move that has begun is finished`);
  }
  // A rule that keeps replicas Pending is softened although, and because, not all are available: under it a rollout
  // may never end.
  const unblocks = softens(current, wanted) && !replicas.workload.paused;
  // While it is paused an edit starts no rollout, and to take the rule out is what the user has asked for.
  const startsNothing = isEmptyRule(wanted) && replicas.workload.paused;
  const rollout = rolloutInProgress(replicas);
  if (rollout !== undefined && !unblocks && !startsNothing) {
    return wait(`the rule is ${edited} after the rollout: ${rollout.message}`, rollout.reason);
  }
  const missing = unavailable(replicas);
  if (missing !== undefined && !unblocks && !startsNothing) {
    return wait(`the rule is ${edited} when all replicas are available: ${missing.message}`, missing.reason);
  }
  if (facts.rollingOut !== undefined) {
    return wait(
      `the rule is ${edited} after ${facts.rollingOut} has rolled out: one workload of a policy at a time`,
    );
  }
  const pause = Math.min(BETWEEN_EDITS * 2 ** (memory.undone - 1), LONGEST_BETWEEN_EDITS);
  const nextEdit = (memory.lastChange ?? Number.NEGATIVE_INFINITY) + pause;
  if (memory.undone > 0 && nextEdit > now) {
    return wait(
      'somebody changed or removed the injected rule; it is injected again after a pause',
      undefined,
      nextEdit,
    );
  }
  return undefined;
}

// What the server made of our apply may read differently, by its defaults or by a webhook. As long as nobody has changed
// the Deployment since, it is what was applied.
function isInPlace(workload: Workload, {applied}: InjectionMemory, wanted: PlacementRule): boolean {
  return applied?.generation === workload.generation && applied.text === ruleText(wanted);
}

// With more replicas than domains the rollout of a hard rule would never end: some replicas of the new template would
// stay Pending for ever, and their Deployment would be stuck between two templates.
function unsatisfiableTerm(
  {replicas, eligibleDomains}: InjectionFacts,
  current: PlacementRule,
  wanted: PlacementRule,
): string | undefined {
  const {workload} = replicas;
  const apartNow = aboutReplicas(current, workload);
  const tight = wanted.required.find(
    (term) =>
      term.matchLabelKeys !== undefined &&
      workload.replicas > eligibleDomains(term.topologyKey) &&
      hardnessIn(apartNow, term.topologyKey) !== 'DoNotSchedule',
  );
  return tight === undefined
    ? undefined
    : `the hard rule for ${tight.topologyKey} is not injected: ${workload.replicas} replicas need as many eligible ` +
        `domains with room, there are ${eligibleDomains(tight.topologyKey)}, and the rollout would never end; ` +
        'add nodes, or set whenUnsatisfiable to Auto or ScheduleAnyway';
}

// A rolling update that may take no replica down first needs room for one more. Without it, the first new replica would
// stay Pending and the rollout would never end. A rule that goes, or that keeps replicas Pending, goes all the same.
function withoutRoomToRollOut(
  {replicas: {workload}, noRoomFor}: InjectionFacts,
  current: PlacementRule,
  wanted: PlacementRule,
): string | undefined {
  if (
    isEmptyRule(wanted) ||
    softens(current, wanted) ||
    workload.replicas === 0 ||
    workload.maxUnavailable > 0
  ) {
    return undefined;
  }
  const full = noRoomFor(wanted);
  return full === undefined
    ? undefined
    : 'the rule is not injected: its rollout takes no replica down before another one is up (maxUnavailable is 0), ' +
        `no node has room for one more, and so it would never end: ${full}`;
}

/** Whether the step only takes hardness away. */
function softens(current: PlacementRule, wanted: PlacementRule): boolean {
  const hardConstraints = (rule: PlacementRule) =>
    rule.topologySpreadConstraints.filter((constraint) => constraint.whenUnsatisfiable === 'DoNotSchedule')
      .length;
  return (
    wanted.required.length + hardConstraints(wanted) < current.required.length + hardConstraints(current) &&
    wanted.required.length <= current.required.length
  );
}

function restingStatus(facts: InjectionFacts, current: PlacementRule, notes: string): InjectionStatus {
  const {mode, desired, replicas} = facts;
  if (mode === 'Suggest') {
    return {
      ...statusOf(facts, 'Suggested', current, notes),
      patch: patchOf(replicas.workload, desired.rule),
    };
  }
  if (mode === 'Disabled') {
    return statusOf(facts, 'Disabled', current, '');
  }
  return statusOf(facts, isEmptyRule(current) ? 'NotNeeded' : 'Injected', current, notes);
}

function statusOf(
  {memory, replicas}: InjectionFacts,
  state: InjectionStatus['state'],
  rule: PlacementRule,
  message: string,
): InjectionStatus {
  const hardness = firstHardness(aboutReplicas(rule, replicas.workload)) ?? firstHardness(rule);
  return {
    state,
    ...(hardness === undefined ? {} : {whenUnsatisfiable: hardness}),
    ...(memory.lastChange === undefined ? {} : {lastChangeTime: toTimestamp(memory.lastChange)}),
    ...(memory.flips === 0 ? {} : {flips: memory.flips}),
    ...(message === '' ? {} : {message}),
  };
}

function firstHardness(rule: PlacementRule): InjectionStatus['whenUnsatisfiable'] {
  const key =
    rule.required[0]?.topologyKey ??
    rule.topologySpreadConstraints[0]?.topologyKey ??
    rule.preferred[0]?.podAffinityTerm.topologyKey;
  return key === undefined ? undefined : hardnessIn(rule, key);
}

// The server's word counts as long as the template is the one that it judged.
function refusedConflicts(workload: Workload, {refused}: InjectionMemory): readonly FieldConflict[] {
  return refused?.generation === workload.generation ? refused.conflicts : [];
}

function describeConflicts(workload: Workload, conflicts: readonly FieldConflict[]): string {
  const owners = [...new Set(conflicts.map(({manager, field}) => `${manager} owns ${field}`))].join('; ');
  return (
    `Deployment ${workload.namespace}/${workload.name} has a placement rule of its own (${owners}) and is left as it is; ` +
    'take it out of the manifest, or set injection.mode Suggest and merge the patch by hand'
  );
}

function describeEdit(current: PlacementRule, wanted: PlacementRule): string {
  if (isEmptyRule(wanted)) {
    return 'removed the injected placement rule from the pod template';
  }
  return `${isEmptyRule(current) ? 'injected' : 'changed'} the placement rule in the pod template: ${describeRule(wanted)}`;
}

export function describeRule({required, preferred, topologySpreadConstraints}: PlacementRule): string {
  return [
    ...required.map((term) => `required anti-affinity on ${term.topologyKey}`),
    ...preferred.map(({podAffinityTerm}) => `preferred anti-affinity on ${podAffinityTerm.topologyKey}`),
    ...topologySpreadConstraints.map(
      ({topologyKey, maxSkew, whenUnsatisfiable}) =>
        `spread on ${topologyKey} (maxSkew ${maxSkew}, ${whenUnsatisfiable})`,
    ),
  ].join(', ');
}

/** The rule as a patch of the Deployment, in YAML. */
export function patchOf({namespace, name}: Workload, rule: PlacementRule): string {
  return stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {namespace, name},
    spec: templatePatch(rule),
  });
}
