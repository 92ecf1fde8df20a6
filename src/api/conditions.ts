/**
 * The conditions of a SpreadPolicy: which there are, for which reasons, and how a list of them changes. They follow
 * kstatus (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus), by which Flux, Argo CD and
 * `kubectl wait` tell health: Reconciling and Stalled are abnormal-true, so they are True or not there at all.
 */
import type {Condition} from './types.ts';

/**
 * - `InvalidSpec`: the operator cannot read the spec.
 * - `Unsupported`: the spec asks for something that this version cannot do.
 * - `Conflict`: an older policy selects the same workloads.
 */
const stalledReasons = ['InvalidSpec', 'Unsupported', 'Conflict'] as const;

/** The reasons of each condition type; docs/api.md says what each means and what to do about it. */
export const conditionReasons = {
  Ready: ['Spread', 'NoWorkloads', 'DryRun', 'Progressing', 'Blocked', 'Suspended', ...stalledReasons],
  Reconciling: ['Injecting', 'Moving', 'Waiting', 'CircuitOpen', 'Deleting'],
  Stalled: stalledReasons,
  Injected: [
    'Injected',
    'NoWorkloads',
    'NotNeeded',
    'MatchLabelKeysUnsupported',
    'Pending',
    'Suggested',
    'Disabled',
    'InjectionConflict',
    'CircuitOpen',
    'Suspended',
  ],
  Spread: ['Spread', 'NoWorkloads', 'Moving', 'MovesNeeded', 'Blocked'],
} as const;

export type ConditionReasons = {
  [Type in keyof typeof conditionReasons]: (typeof conditionReasons)[Type][number];
};

export type StalledReason = (typeof stalledReasons)[number];

export type ConditionType = keyof ConditionReasons;

/** The condition types that are either True or missing. */
export type AbnormalConditionType = 'Reconciling' | 'Stalled';

/** A condition to set, without the time, which depends on what was there before. */
export type ConditionUpdate = {
  [Type in ConditionType]: {
    type: Type;
    status: Type extends AbnormalConditionType ? 'True' : Condition['status'];
    reason: ConditionReasons[Type];
    message: string;
    observedGeneration: number;
  };
}[ConditionType];

const order: readonly string[] = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Injected',
  'Spread',
] satisfies ConditionType[];

/** As metav1.Time writes it: RFC 3339 in UTC, whole seconds. */
export function toTimestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}Z`;
}

/**
 * The list with the condition set. lastTransitionTime stays while the status does, even when reason or message change.
 * @param now milliseconds since the Unix epoch
 */
export function setCondition(
  conditions: readonly Condition[],
  update: ConditionUpdate,
  now: number,
): Condition[] {
  const before = findCondition(conditions, update.type);
  const lastTransitionTime = before?.status === update.status ? before.lastTransitionTime : toTimestamp(now);
  return [...conditions.filter(({type}) => type !== update.type), {...update, lastTransitionTime}].sort(
    (a, b) => rank(a) - rank(b),
  );
}

/** The list without the condition: how Reconciling and Stalled become false. */
export function removeCondition(conditions: readonly Condition[], type: AbnormalConditionType): Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}

export function findCondition(conditions: readonly Condition[], type: ConditionType): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly Condition[], type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

// Conditions of other owners come last, in the order in which they were.
function rank({type}: Condition): number {
  const index = order.indexOf(type);
  return index === -1 ? order.length : index;
}
