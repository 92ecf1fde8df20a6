/**
 * What to do about one workload now: move replicas, wait, or nothing, always with the reason. A decision is a value;
 * the controller carries it out. Pure: time and the state of the cluster come in as arguments.
 */
import {toTimestamp} from '../api/conditions.ts';
import type {BlockedReason, Eviction} from '../api/types.ts';
import {budgetsOf, type DisruptionBudget, describeBudget} from '../cluster/disruption-budget.ts';
import {isTerminating} from '../cluster/pod.ts';
import {summaryOf} from '../cluster/replica-summary.ts';
import {
  lastReadyAt,
  rolloutInProgress,
  type Unsettled,
  unsettled,
  type WorkloadReplicas,
} from '../cluster/replicas.ts';
import {closedClusterOf} from '../planning/closed-cluster.ts';
import {isLess, type Objective} from '../planning/distribution.ts';
import {describeViolations, listChoices} from '../planning/explain.ts';
import type {Beneficiary, Plan, PlannedMove} from '../planning/plan.ts';
import {certainAt} from './outcome.ts';

/** A move that has begun. Written to the policy's status before the eviction, so that a restart knows of it. */
export interface MoveRecord {
  readonly pod: string;
  readonly podUID: string;
  readonly from: string;
  /** Where the replacement was expected. */
  readonly to: readonly string[];
  /** Milliseconds since the epoch, whole seconds. */
  readonly startedAt: number;
  /** spec.replicas when it began: with another number, before and after cannot be compared. */
  readonly replicas: number;
  readonly objectiveBefore: Objective;
  /** Where the move was not made for the workload's own sake. */
  readonly makesRoomFor?: Beneficiary;
  /**
   * What is known of the eviction: `planned` before the call, `evicted` after the server's yes, `unknown` when no
   * answer came in time, `cut` when the connection was lost, `restored` when the record was read from status after a
   * restart.
   */
  readonly eviction: 'planned' | 'evicted' | 'unknown' | 'cut' | 'restored';
  /** The API server has said, when the eviction could not take effect any more, that the pod is there. */
  readonly hasSurvived?: boolean;
}

export interface BackOffRecord {
  /** How many moves in a row did not help. */
  readonly failures: number;
  readonly seconds: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly message: string;
}

/** What is remembered of a workload between decisions; all of it stands in the policy's status. */
export interface MoveMemory {
  readonly inFlight: readonly MoveRecord[];
  readonly backOff?: BackOffRecord;
}

export const NO_MEMORY: MoveMemory = {inFlight: []};

export interface BackOffOptions {
  readonly firstSeconds: number;
  readonly longestSeconds: number;
}

/** The API server's word against an eviction. */
export interface RefusalRecord {
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly message: string;
  /** Several disruption budgets cover the pod. */
  readonly several: boolean;
  /** It was a disruption budget that said no. */
  readonly budget: boolean;
}

/** How soon to look again whether the circuit breaker has closed, milliseconds, should nobody tell. */
const CIRCUIT_RECHECK = 10_000;

export interface MoveFacts {
  readonly replicas: WorkloadReplicas;
  readonly plan: Plan;
  readonly eviction: Eviction;
  readonly suspended: boolean;
  /** Budgets of the workload's namespace. */
  readonly budgets: Iterable<DisruptionBudget>;
  readonly memory: MoveMemory;
  /** Why nothing may be moved in the whole cluster. */
  readonly circuitOpen: string | undefined;
  /** The API server's own word against the last eviction, and until when it is taken as given. */
  readonly refusal: RefusalRecord | undefined;
  readonly backOff: BackOffOptions;
  readonly now: number;
  /** Whether the other workload has come, or can come, nearer to its best with the room that a move has made. */
  readonly isRoomUsed: (beneficiary: Beneficiary) => boolean;
}

export interface Blocked {
  readonly reason: BlockedReason;
  readonly message: string;
}

export type MoveDecision = {
  /** What to remember from now on. */
  readonly memory: MoveMemory;
  /** Moves that came to their end with this decision. */
  readonly finished: readonly FinishedMove[];
  /** When to decide again if nothing happens before, milliseconds since the epoch. */
  readonly recheckAt?: number;
} & (
  | {readonly kind: 'spread'; readonly message: string}
  | {readonly kind: 'moving'; readonly message: string}
  /** `overdue` while a replacement of our own making is later than moveTimeoutSeconds. */
  | {readonly kind: 'blocked'; readonly blocked: Blocked; readonly overdue?: boolean}
  | {readonly kind: 'settling'; readonly message: string}
  | {readonly kind: 'planned'; readonly message: string}
  | {readonly kind: 'evict'; readonly moves: readonly PlannedMove[]}
);

export interface FinishedMove {
  readonly record: MoveRecord;
  readonly result: 'improved' | 'unchanged' | 'incomparable' | 'not-evicted';
  readonly message: string;
}

export function decide(facts: MoveFacts): MoveDecision {
  const followed = followMoves(facts);
  if ('kind' in followed) {
    return followed;
  }
  const {memory, finished} = followed;
  const {plan, replicas, eviction, now} = facts;
  const {workload} = replicas;
  const end = {memory, finished};
  const blocked = (reason: BlockedReason, message: string, recheckAt?: number): MoveDecision => ({
    ...end,
    kind: 'blocked',
    blocked: {reason, message},
    ...(recheckAt === undefined ? {} : {recheckAt}),
  });

  const unrest = unrestOf(facts);
  const homeless = unrest === undefined ? undefined : withoutDomain(facts);
  if (homeless !== undefined) {
    return blocked('InsufficientDomains', homeless);
  }
  if (plan.assessment.movesNeeded === 0 && plan.refusal === undefined && plan.moves.length === 0) {
    return unrest === undefined ? spreadDecision(facts, followed) : blocked(unrest.reason, unrest.message);
  }
  if (facts.suspended) {
    return blocked('Suspended', 'the policy is suspended (spec.suspend)');
  }
  if (eviction.mode === 'Disabled') {
    return {
      ...end,
      kind: 'planned',
      message: `${describeMoves(plan)}; nothing is evicted: eviction.mode is Disabled`,
    };
  }
  const fewest = Math.max(2, eviction.minReplicas);
  if (workload.replicas < fewest) {
    const limit = `workloads of fewer than ${fewest} replicas are never evicted (eviction.minReplicas)`;
    return blocked('TooFewReplicas', `spec.replicas is ${workload.replicas}: ${limit}`);
  }
  if (unrest !== undefined) {
    return blocked(unrest.reason, unrest.message);
  }
  if (plan.refusal !== undefined) {
    return blocked(plan.refusal.reason, plan.refusal.message);
  }
  const pointless = plan.moves.slice(0, concurrentMoves(facts, fewest)).find(isPointless);
  if (pointless !== undefined) {
    return blocked('NoFeasibleNode', describePointless(pointless));
  }
  if (eviction.mode === 'DryRun') {
    return {
      ...end,
      kind: 'planned',
      message: `${describeMoves(plan)}; nothing is evicted: eviction.mode is DryRun`,
    };
  }
  if (facts.circuitOpen !== undefined) {
    return blocked(
      'CircuitOpen',
      `evictions are stopped in the whole cluster: ${facts.circuitOpen}`,
      now + CIRCUIT_RECHECK,
    );
  }
  if (memory.backOff !== undefined && memory.backOff.until > now) {
    const {until, seconds, message} = memory.backOff;
    return blocked(
      'BackingOff',
      `${message}; next attempt at ${toTimestamp(until)} (after ${seconds} s)`,
      until,
    );
  }
  const moves = limitByBudgets(plan.moves.slice(0, concurrentMoves(facts, fewest)), facts);
  if ('reason' in moves) {
    return blocked(moves.reason, moves.message);
  }
  if (facts.refusal !== undefined && facts.refusal.until > now) {
    const {until, several, budget, message} = facts.refusal;
    const reason = several
      ? 'MultiplePodDisruptionBudgets'
      : budget
        ? 'PodDisruptionBudgetExhausted'
        : 'EvictionRefused';
    return blocked(reason, `the API server refused the eviction: ${message}`, until);
  }
  const settledAt = settlesAt(facts);
  if (settledAt > now) {
    const message = `settling: every replica will have been Ready for ${settleSecondsOf(facts)} s at ${toTimestamp(settledAt)}`;
    return {...end, kind: 'settling', message, recheckAt: settledAt};
  }
  return {...end, kind: 'evict', moves};
}

/**
 * The last guard: whoever planned it, a move that improves nothing and makes no room for anybody is not made. It could
 * not be told afterwards from one that the scheduler undid.
 */
function isPointless({objectiveBefore, objectiveAfter, makesRoomFor}: PlannedMove): boolean {
  return makesRoomFor === undefined && !isLess(objectiveAfter, objectiveBefore);
}

function describePointless({pod, from, to}: PlannedMove): string {
  return `moving ${pod.name} from ${from} to ${listChoices(to)} would improve nothing by itself and make room for nobody`;
}

/** Replicas of nodes that have fallen silent are not Ready either, and no other node takes their place. */
function unrestOf({replicas, plan}: MoveFacts): Unsettled | undefined {
  const unrest = unsettled(replicas);
  const closed = closedClusterOf(plan.assessment);
  return unrest === undefined || closed === undefined
    ? unrest
    : {...unrest, message: `${unrest.message}; ${closed}`};
}

/** A replica that a hard rule keeps Pending because every eligible domain has one; undefined when there is none. */
function withoutDomain({replicas, plan}: MoveFacts): string | undefined {
  const {workload, pods} = replicas;
  const {required} = workload.template.spec.podAntiAffinity;
  const waiting = summaryOf(pods).waiting.find(
    (pod) => pod.unschedulable !== undefined && !isTerminating(pod),
  );
  const tight = plan.assessment.topologies.find(
    ({topologyKey, eligibleDomains}) =>
      workload.replicas > eligibleDomains && required.some((term) => term.topologyKey === topologyKey),
  );
  if (waiting === undefined || tight === undefined) {
    return undefined;
  }
  const closed = closedClusterOf(plan.assessment);
  if (closed !== undefined) {
    return `${waiting.name} stays Pending: ${closed}`;
  }
  return (
    `${workload.replicas} replicas under a hard rule need as many domains of ${tight.topologyKey}, and ` +
    `${tight.eligibleDomains} are eligible: ${waiting.name} stays Pending`
  );
}

// A back-off is forgotten when it has run out, not before: what looks spread while a node is cordoned may not be.
function spreadDecision({plan, replicas, now}: MoveFacts, {memory, finished}: Followed): MoveDecision {
  const {backOff} = memory;
  const message = describeSpread(plan, replicas.workload.replicas);
  return backOff === undefined || backOff.until <= now
    ? {memory: {inFlight: []}, finished, kind: 'spread', message}
    : {memory, finished, kind: 'spread', message, recheckAt: backOff.until};
}

interface Followed {
  readonly memory: MoveMemory;
  readonly finished: readonly FinishedMove[];
}

/** Where the moves stand that have begun. A decision while they go on; otherwise what they came to. */
function followMoves(facts: MoveFacts): Followed | MoveDecision {
  const {replicas, plan, eviction, memory, now} = facts;
  if (memory.inFlight.length === 0) {
    return {memory, finished: []};
  }
  const alive = new Set(replicas.pods.filter((pod) => !isTerminating(pod)).map((pod) => pod.uid));
  const notEvicted = memory.inFlight.filter(
    (record) => alive.has(record.podUID) && record.hasSurvived === true,
  );
  if (notEvicted.length > 0) {
    const inFlight = memory.inFlight.filter((record) => !notEvicted.includes(record));
    const rest = followMoves({...facts, memory: {...memory, inFlight}});
    const finished = notEvicted.map((record): FinishedMove => {
      return {record, result: 'not-evicted', message: `${record.pod} was not evicted after all`};
    });
    return {...rest, finished: [...finished, ...rest.finished]};
  }

  const names = memory.inFlight.map(({pod, from}) => `${pod} from ${from}`).join(', ');
  const waiting = memory.inFlight.find((record) => alive.has(record.podUID));
  if (waiting !== undefined) {
    return stillThere(facts, waiting, names);
  }

  const rollout = rolloutInProgress(replicas);
  if (rollout !== undefined) {
    return {memory, finished: [], kind: 'blocked', blocked: rollout};
  }
  const startedAt = Math.min(...memory.inFlight.map((record) => record.startedAt));
  const overdueAt = startedAt + eviction.moveTimeoutSeconds * 1000;
  const waitUntil = (recheckAt: number): MoveDecision => ({
    memory,
    finished: [],
    kind: 'moving',
    message: `evicted ${names}; waiting until the replacement is Ready and has stayed so for ${settleSecondsOf(facts)} s`,
    recheckAt,
  });
  const unrest = unrestOf(facts);
  if (unrest !== undefined) {
    if (now < overdueAt) {
      return waitUntil(overdueAt);
    }
    const message =
      `no replacement for ${names} became available within ${eviction.moveTimeoutSeconds} s (eviction.moveTimeoutSeconds): ` +
      `${unrest.message}; nothing more is evicted until it is`;
    return {memory, finished: [], kind: 'blocked', blocked: {reason: 'NotAvailable', message}, overdue: true};
  }
  const settledAt = settlesAt(facts);
  if (settledAt > now) {
    return waitUntil(settledAt);
  }
  return hasChanged(facts) ? judgeChanged(facts) : judge(facts, plan.assessment.objective);
}

function settlesAt(facts: MoveFacts): number {
  return lastReadyAt(facts.replicas) + settleSecondsOf(facts) * 1000;
}

// The Deployment counts minReadySeconds, too, but news of it can be older than that of its pods.
function settleSecondsOf({eviction, replicas}: MoveFacts): number {
  return Math.max(eviction.settleSeconds, replicas.workload.minReadySeconds);
}

/** The victim is alive although its eviction was asked for: the cache is behind, or no answer came yet. */
function stillThere({memory, eviction, now}: MoveFacts, record: MoveRecord, names: string): MoveDecision {
  const overdueAt = record.startedAt + eviction.moveTimeoutSeconds * 1000;
  if (record.eviction === 'evicted' && now >= overdueAt) {
    const message = `the eviction of ${record.pod} was accepted, and the pod is still there after ${eviction.moveTimeoutSeconds} s`;
    return {memory, finished: [], kind: 'blocked', blocked: {reason: 'NotAvailable', message}, overdue: true};
  }
  const recheckAt = record.eviction === 'evicted' ? overdueAt : certainAt(record);
  return {memory, finished: [], kind: 'moving', message: `evicting ${names}`, recheckAt};
}

/**
 * Whether the workload was scaled or rolled out since, or its policy has other topologies (or fewer of them are
 * carried by nodes): then before and after cannot be compared.
 */
function hasChanged({memory, replicas, plan}: MoveFacts): boolean {
  const {pods, workload} = replicas;
  const started = Math.min(...memory.inFlight.map(({startedAt}) => startedAt));
  const rolledOut = pods.length > memory.inFlight.length && pods.every(({createdAt}) => createdAt >= started);
  const entries = plan.assessment.objective.length;
  return (
    rolledOut ||
    memory.inFlight.some(
      (record) => record.replicas !== workload.replicas || record.objectiveBefore.length !== entries,
    )
  );
}

// A replacement that arrived where it was expected counts as good; if none did, a pause keeps an autoscaler
// that reacts to each eviction from making a loop of it. One that a scale-down took away says nothing.
function judgeChanged({memory, replicas, backOff, now}: MoveFacts): Followed {
  const isNewer = (createdAt: number) => memory.inFlight.some(({startedAt}) => createdAt >= startedAt);
  const takenAway =
    memory.inFlight.every((record) => replicas.workload.replicas < record.replicas) &&
    !replicas.pods.some(({createdAt}) => isNewer(createdAt));
  const arrived = memory.inFlight.every(({to, startedAt}) =>
    replicas.pods.some(({createdAt, nodeName}) => createdAt >= startedAt && to.includes(nodeName ?? '')),
  );
  const finished = memory.inFlight.map((record): FinishedMove => {
    return {
      record,
      result: 'incomparable',
      message: `the workload changed while ${record.pod} was being moved`,
    };
  });
  const pause: BackOffRecord = {
    failures: memory.backOff?.failures ?? 1,
    seconds: backOff.firstSeconds,
    until: now + backOff.firstSeconds * 1000,
    message: 'the workload changed during the last move, and no replacement came to the expected node',
  };
  const kept = arrived || takenAway ? memory.backOff : pause;
  return {memory: {inFlight: [], ...(kept === undefined ? {} : {backOff: kept})}, finished};
}

function judge(facts: MoveFacts, objective: Objective): Followed {
  const {memory, backOff, now} = facts;
  const failed = memory.inFlight.find((record) => !hasHelped(record, facts, objective));
  if (failed === undefined) {
    const finished = memory.inFlight.map((record): FinishedMove => {
      return {record, result: 'improved', message: `the replacement of ${record.pod} is Ready and settled`};
    });
    return {memory: {inFlight: []}, finished};
  }
  const failures = (memory.backOff?.failures ?? 0) + 1;
  const seconds = Math.min(backOff.firstSeconds * 2 ** (failures - 1), backOff.longestSeconds);
  const names = memory.inFlight.map(({pod}) => pod).join(', ');
  const expected = [...new Set(memory.inFlight.flatMap(({to}) => to))].join(', ');
  const message =
    failed.makesRoomFor === undefined
      ? `moving ${names} did not help: the scheduler put the replacement where the replicas are no better spread` +
        (expected === '' ? '' : ` (expected on ${expected})`)
      : `moving ${names} made no room that ${failed.makesRoomFor.workload} could use` +
        (expected === '' ? '' : ` (the replacement was expected on ${expected})`);
  const finished = memory.inFlight.map((record): FinishedMove => ({record, result: 'unchanged', message}));
  return {
    memory: {inFlight: [], backOff: {failures, seconds, until: now + seconds * 1000, message}},
    finished,
  };
}

function hasHelped(
  {objectiveBefore, makesRoomFor, to, startedAt}: MoveRecord,
  {replicas, isRoomUsed}: MoveFacts,
  objective: Objective,
): boolean {
  const hasArrived = replicas.pods.some(
    ({createdAt, nodeName}) => createdAt >= startedAt && to.includes(nodeName ?? ''),
  );
  if (makesRoomFor === undefined) {
    // A neighbour that came beside another replica meanwhile is not the move's fault.
    return (
      isLess(objective, objectiveBefore) ||
      (hasArrived && isLess(spreadOf(objective), spreadOf(objectiveBefore)))
    );
  }
  return hasArrived && !isLess(objectiveBefore, objective) && isRoomUsed(makesRoomFor);
}

/** What of an objective other pods have no part in: the topologies, between the hard rules and the soft ones. */
function spreadOf(objective: Objective): Objective {
  return objective.slice(1, -1);
}

// While several replicas are on their way at once, one more than minReplicas allows would be missing: the workload
// keeps at least minReplicas - 1 (so two replicas can be moved one at a time), and always one.
function concurrentMoves({eviction, replicas}: MoveFacts, fewest: number): number {
  return Math.max(1, Math.min(eviction.maxConcurrentMoves, replicas.workload.replicas - (fewest - 1)));
}

/** As many of the moves as the disruption budgets of their pods allow, or why they allow none. */
function limitByBudgets(moves: readonly PlannedMove[], facts: MoveFacts): PlannedMove[] | Blocked {
  const allowed: PlannedMove[] = [];
  const left = new Map<string, number>();
  const budgetsOfNamespace = [...facts.budgets];
  for (const move of moves) {
    const budgets = budgetsOf(move.pod, budgetsOfNamespace);
    const [budget, ...more] = budgets;
    if (budget !== undefined && more.length > 0) {
      const names = budgets.map(({name}) => name).sort();
      const message = `${move.pod.name} has ${budgets.length} PodDisruptionBudgets, with which the eviction API refuses every eviction: ${names.join(', ')}; keep one of them`;
      return allowed.length > 0 ? allowed : {reason: 'MultiplePodDisruptionBudgets', message};
    }
    if (budget !== undefined) {
      const remaining = left.get(budget.name) ?? disruptionsAllowed(budget);
      if (remaining < 1) {
        return allowed.length > 0
          ? allowed
          : {reason: 'PodDisruptionBudgetExhausted', message: describeExhausted(budget)};
      }
      left.set(budget.name, remaining - 1);
    }
    allowed.push(move);
  }
  return allowed;
}

// A status of an older generation speaks of a budget that is no more.
function disruptionsAllowed({generation, status}: DisruptionBudget): number {
  return status.observedGeneration < generation ? 0 : status.disruptionsAllowed;
}

function describeExhausted(budget: DisruptionBudget): string {
  const {currentHealthy, desiredHealthy, observedGeneration} = budget.status;
  return observedGeneration < budget.generation
    ? `PodDisruptionBudget ${describeBudget(budget)} has changed and the disruption controller has not computed it yet`
    : `PodDisruptionBudget ${describeBudget(budget)} allows no disruption now: ${currentHealthy} pods are healthy, ${desiredHealthy} must be`;
}

function describeMoves({assessment, moves}: Plan): string {
  const [next] = moves;
  const {violations} = assessment;
  const broken = violations.length === 0 ? '' : `${describeViolations(violations)}; `;
  const count = `${broken}${assessment.movesNeeded} ${assessment.movesNeeded === 1 ? 'move' : 'moves'} needed`;
  return next === undefined
    ? count
    : `${count}; next: ${next.pod.name} from ${next.from} to ${listChoices(next.to)}`;
}

function describeSpread({assessment}: Plan, replicas: number): string {
  const {topologies} = assessment;
  // A topology without a choice of domains (no node has the label) says nothing about how the replicas lie.
  const first = topologies.find(({eligibleDomains}) => eligibleDomains > 1) ?? topologies[0];
  if (first === undefined || replicas === 0) {
    return `${replicas} replicas`;
  }
  const closed = closedClusterOf(assessment);
  if (closed !== undefined) {
    return `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}, none of which shares a domain of ${first.topologyKey}; ${closed}`;
  }
  const {eligibleDomains, topologyKey, skew} = first;
  const domains = `${replicas} ${replicas === 1 ? 'replica' : 'replicas'} over ${eligibleDomains} eligible ${eligibleDomains === 1 ? 'domain' : 'domains'} of ${topologyKey}`;
  const {unwantedNeighbours} = assessment;
  const beside =
    unwantedNeighbours.length === 0
      ? ''
      : `; no better place is free: ${describeViolations(unwantedNeighbours)}`;
  return `${domains}, skew ${skew}${replicas > eligibleDomains ? `: as even as ${eligibleDomains} domains allow` : ''}${beside}`;
}
