/**
 * `whenUnsatisfiable: Auto`: hard while every replica can have a domain of its own, soft otherwise. Each change is a
 * rollout, so it needs a reason that lasted, and happens at most once an hour. Pure; time comes in as an argument.
 */
import type {Hardness} from './rule.ts';

/** How long a reason to become hard must last. A new node may go away again. */
export const LASTING_TOWARDS_HARD = 10 * 60_000;
/** The same towards soft, while every replica runs: a node may be rebooting. */
export const LASTING_TOWARDS_SOFT = 10 * 60_000;
/** The same towards soft while a replica is Pending because of the hard rule. */
export const LASTING_WHILE_PENDING = 60_000;
export const BETWEEN_FLIPS = 60 * 60_000;

export interface AutoFacts {
  /** As the rule stands in the template; undefined before the first injection. */
  readonly current: Hardness | undefined;
  /** max(spec.replicas, maxReplicas of an HPA that targets the workload) */
  readonly maxReplicas: number;
  readonly eligibleDomains: number;
  /** Since when a replica has been Pending because of the hard rule; undefined when none is. */
  readonly pendingSince: number | undefined;
  /** Since when the facts have asked for something else than `current`; undefined when that is new. */
  readonly wantedSince: number | undefined;
  /** When the rule last changed between hard and soft; undefined when it never did. */
  readonly lastFlip: number | undefined;
  readonly now: number;
}

export interface AutoDecision {
  readonly hardness: Hardness;
  /** What the facts ask for; differs from `hardness` while the reason has not lasted. */
  readonly wanted: Hardness;
  /** When to look again, milliseconds since the epoch. */
  readonly recheckAt?: number;
  readonly reason: string;
}

export function decideAuto(facts: AutoFacts): AutoDecision {
  const {current, maxReplicas, eligibleDomains, pendingSince, now} = facts;
  const fits = maxReplicas <= eligibleDomains;
  const wanted: Hardness = fits && pendingSince === undefined ? 'DoNotSchedule' : 'ScheduleAnyway';
  const reason =
    pendingSince !== undefined && current === 'DoNotSchedule'
      ? 'a replica stays Pending under the hard rule'
      : `${maxReplicas} replicas at most, ${eligibleDomains} eligible domains`;
  if (current === undefined || wanted === current) {
    return {hardness: wanted, wanted, reason};
  }
  const pending = wanted === 'ScheduleAnyway' && pendingSince !== undefined;
  const since = pending ? pendingSince : (facts.wantedSince ?? now);
  const lasting = pending
    ? LASTING_WHILE_PENDING
    : wanted === 'DoNotSchedule'
      ? LASTING_TOWARDS_HARD
      : LASTING_TOWARDS_SOFT;
  const recheckAt = Math.max(since + lasting, (facts.lastFlip ?? Number.NEGATIVE_INFINITY) + BETWEEN_FLIPS);
  return recheckAt <= now
    ? {hardness: wanted, wanted, reason}
    : {hardness: current, wanted, recheckAt, reason};
}
