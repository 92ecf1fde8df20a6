/**
 * Carries out planned moves: writes down what is about to happen, looks again, evicts, and remembers what came of it.
 */
import type {InjectionStatus, WorkloadStatus} from '../api/types.ts';
import type {Clock} from '../clock.ts';
import type {ClusterCache, WorkloadKey} from '../cluster/cluster-cache.ts';
import {budgetsOf, type DisruptionBudget} from '../cluster/disruption-budget.ts';
import type {Pod} from '../cluster/pod.ts';
import {BudgetDraws} from '../eviction/budget-draws.ts';
import type {FinishedMove, MoveRecord} from '../eviction/mover.ts';
import type {Pace} from '../eviction/pace.ts';
import {ConnectionError} from '../kube/api-error.ts';
import type {EvictionResult} from '../kube/eviction.ts';
import type {Log} from '../log.ts';
import {listChoices} from '../planning/explain.ts';
import type {PlannedMove} from '../planning/plan.ts';
import type {ClusterActions} from './actions.ts';
import {Arrivals, type Replacement} from './arrivals.ts';
import type {Look} from './look.ts';
import {policyKey} from './policy-index.ts';
import type {Requeue} from './work-queue.ts';
import type {WorkloadMemory} from './workload-memory.ts';
import {movingEntry} from './workload-status.ts';

const FIRST_REFUSAL_SECONDS = 5;
const LONGEST_REFUSAL_SECONDS = 5 * 60;
/** For how long after a decision the evictions of it are sent, milliseconds. */
const DECISION_HOLDS = 1000;
const FIRST_MISS = 200;
const LONGEST_MISS = 30_000;

export interface MoveRunnerOptions {
  readonly cache: ClusterCache;
  readonly actions: ClusterActions;
  readonly pace: Pace;
  /** Why nothing may be moved in the whole cluster. */
  readonly circuitOpen: () => string | undefined;
  /** Writes the status of the look's policy, with this entry in it; resolves when it is written. */
  readonly writeAhead: (look: Look, entry: WorkloadStatus, signal: AbortSignal) => Promise<void>;
  /** Decides anew from the state of now: what of these moves is still right. */
  readonly confirm: (look: Look, moves: readonly PlannedMove[]) => readonly PlannedMove[];
  /** Asks for another look at a workload. */
  readonly enqueue: (key: WorkloadKey) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly onTarget: (node: string) => void;
  readonly onEviction: (result: EvictionResult['kind']) => void;
  readonly onMove: (result: FinishedMove['result']) => void;
}

export interface EvictOutcome {
  readonly requeue?: Requeue;
  /** Why nothing is on the move after all, and no refusal by the API server says so. */
  readonly notMoved?: string;
}

const WORLD_CHANGED = 'the world has changed; looking again';

export class MoveRunner {
  readonly #options: MoveRunnerOptions;
  readonly #arrivals: Arrivals;
  /** So that two workloads under one budget do not count on the same disruption. */
  readonly #draws = new BudgetDraws();

  constructor(options: MoveRunnerOptions) {
    this.#options = options;
    this.#arrivals = new Arrivals(options.cache);
  }

  /** Pods that the moves of other workloads will bring. */
  expectedBesides(key: WorkloadKey): Pod[] {
    return this.#arrivals.besides(key).map(({pod}) => pod);
  }

  /** The same, with whose they are and since when. */
  replacementsBesides(key: WorkloadKey): Replacement[] {
    return this.#arrivals.besides(key);
  }

  /** Pods that the moves of one workload will bring. */
  expectedOf(key: WorkloadKey): readonly Pod[] {
    return this.#arrivals.of(key);
  }

  /** What was expected of a workload has arrived, or will not. */
  arrived(key: WorkloadKey): void {
    this.#arrivals.forget(key);
  }

  /** The workload is not about to move anything: its turn is another one's. */
  rests(key: WorkloadKey): void {
    if (this.#options.pace.leave(key)) {
      this.#callFirst();
    }
  }

  /** The namespace's disruption budgets, less what the evictions of this very moment take from them. */
  budgetsLeft(namespace: string): DisruptionBudget[] {
    return this.#draws.left(this.#options.cache.budgetsOf(namespace));
  }

  clear(): void {
    this.#arrivals.clear();
    this.#draws.clear();
  }

  async evict(
    look: Look,
    planned: readonly PlannedMove[],
    injection: InjectionStatus,
    signal: AbortSignal,
  ): Promise<EvictOutcome> {
    const {pace, clock, circuitOpen} = this.#options;
    const {memory, key} = look;
    const tokens = pace.take(key, planned.length, clock.now());
    if (tokens === 0) {
      const requeue = {afterMilliseconds: pace.turnOf(key, clock.now()) - clock.now()};
      return {requeue, notMoved: 'waiting for the cluster-wide pace of evictions'};
    }
    this.#callFirst();
    const moves = planned.slice(0, tokens);
    // From here on other plans see the room as taken.
    this.#arrivals.expect(key, moves, look.request.replacement, clock.now());
    memory.moves = {...memory.moves, inFlight: moves.map((move) => recordOf(look, move, clock.now()))};
    try {
      // Written before the eviction: whoever takes over after a crash knows that a move may have begun.
      await this.#options.writeAhead(look, movingEntry(look, moves, injection), signal);
    } catch (error) {
      this.#abandon(look, moves);
      throw error;
    }
    // The write took a moment, in which the world may have moved on.
    const confirmed = signal.aborted ? [] : this.#options.confirm(look, moves);
    if (confirmed.length < moves.length) {
      this.#abandon(look, moves);
      // Each try costs a write: where the world never stands still, more and more time is between them.
      const again = memory.misses === 0 ? 0 : missPause(memory.misses);
      memory.misses += 1;
      return {requeue: {afterMilliseconds: again}, notMoved: WORLD_CHANGED};
    }
    const confirmedAt = clock.now();
    let outcome: EvictOutcome = {};
    for (const [index, move] of moves.entries()) {
      // An answer may have been late, and the first replacement may show where the second one would go.
      const isStale = clock.now() - confirmedAt > DECISION_HOLDS;
      if (signal.aborted || circuitOpen() !== undefined || isStale) {
        this.#abandon(look, moves.slice(index));
        return index === 0 ? {notMoved: WORLD_CHANGED} : {...outcome, requeue: {afterMilliseconds: 0}};
      }
      this.#mark(memory, move.pod.uid, {startedAt: wholeSeconds(clock.now())});
      const budgets = budgetsOf(move.pod, this.#options.cache.budgetsOf(move.pod.namespace));
      this.#draws.draw(budgets);
      const result = await this.#options.actions.evict(move.pod, signal);
      outcome = this.#afterEviction(look, move, index, result);
      if (result.kind !== 'evicted') {
        this.#draws.giveBack(budgets);
        this.#abandon(look, moves.slice(index + 1));
        break;
      }
    }
    return outcome;
  }

  /** Asks the API server what has become of evictions to which no answer came. Throws when it does not say. */
  async findOut(
    {memory, workload}: Look,
    doubtful: readonly MoveRecord[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const {pod: name, podUID: uid} of doubtful) {
      const pod = {namespace: workload.namespace, name, uid};
      const isAlive = await this.#options.actions.isAlive(pod, signal);
      this.#mark(memory, uid, isAlive ? {hasSurvived: true} : {eviction: 'evicted'});
    }
  }

  /** Tells of moves that have come to their end, and learns from them. */
  finish({key, memory, now}: Look, finished: readonly FinishedMove[]): void {
    const {log, onMove} = this.#options;
    for (const {record, result, message} of finished) {
      onMove(result);
      const seconds = Math.round((now - record.startedAt) / 1000);
      log.info('A move has ended', {
        workload: key,
        pod: record.pod,
        from: record.from,
        result,
        reason: message,
        seconds,
      });
      if (result === 'not-evicted' && (record.eviction === 'unknown' || record.eviction === 'cut')) {
        this.#refuse(memory, {
          message: 'no answer to the last eviction came, and it did not happen',
          several: false,
          budget: false,
          retryAfterSeconds: 0,
        });
      }
    }
    if (finished.length > 0) {
      this.#arrivals.forget(key);
    }
  }

  // It was told when its turn would be as if all before it took a token, and is told anew.
  #callFirst(): void {
    const {first} = this.#options.pace;
    if (first !== undefined) {
      this.#options.enqueue(first);
    }
  }

  /** Moves for which the API server was not asked. */
  #abandon({memory, key}: Look, moves: readonly PlannedMove[]): void {
    this.#options.pace.giveBack(moves.length);
    this.#unmark(memory, moves);
    if (memory.moves.inFlight.length === 0) {
      this.#arrivals.forget(key);
    }
  }

  #afterEviction(look: Look, move: PlannedMove, index: number, result: EvictionResult): EvictOutcome {
    const {log, onEviction, onTarget} = this.#options;
    const {memory, key, policy} = look;
    onEviction(result.kind);
    const meta = {workload: key, policy: policyKey(policy), pod: move.pod.name, from: move.from};
    switch (result.kind) {
      case 'evicted': {
        delete memory.refusal;
        memory.misses = 0;
        this.#mark(memory, move.pod.uid, {eviction: 'evicted'});
        for (const node of move.to) {
          onTarget(node);
        }
        log.info('Evicted a replica', {
          ...meta,
          to: listChoices(move.to),
          certainty: move.certainty,
          reason: move.reason,
        });
        this.#announce(look, move, index);
        return {};
      }
      case 'unknown':
        this.#mark(memory, move.pod.uid, {eviction: isCut(result.error) ? 'cut' : 'unknown'});
        log.warn('No answer to an eviction; waiting to see whether it happened', {
          ...meta,
          error: String(result.error),
        });
        return {requeue: {afterMilliseconds: 1000}};
      case 'gone':
      case 'changed': {
        this.#unmark(memory, [move]);
        memory.misses += 1;
        log.info('The replica to evict has changed meanwhile; looking again', {...meta, result: result.kind});
        return {requeue: {afterMilliseconds: missPause(memory.misses)}, notMoved: WORLD_CHANGED};
      }
      case 'refused':
      case 'throttled':
      case 'misconfigured':
      case 'failed': {
        this.#unmark(memory, [move]);
        const refusal = refusalOf(result);
        const seconds = this.#refuse(memory, refusal);
        log.warn('An eviction was refused', {
          ...meta,
          result: result.kind,
          reason: refusal.message,
          retryInSeconds: seconds,
        });
        // The look that follows at once tells of it.
        return {requeue: {afterMilliseconds: 0}};
      }
    }
  }

  #announce(
    {policy, workload, assessment}: Look,
    {pod, from, certainty, reason, makesRoomFor}: PlannedMove,
    index: number,
  ): void {
    const remaining = Math.max(0, assessment.movesNeeded - index - (makesRoomFor === undefined ? 1 : 0));
    const more =
      makesRoomFor === undefined && remaining === 0
        ? 'the last move needed'
        : `${remaining} more needed after it`;
    this.#options.actions.event({
      policy,
      related: {apiVersion: 'v1', kind: 'Pod', namespace: pod.namespace, name: pod.name, uid: pod.uid},
      type: 'Normal',
      reason: 'Evicted',
      action: 'Move',
      note: `Deployment ${workload.name}: evicted ${pod.name} from ${from} (${certainty}): ${reason}; ${more}`,
    });
  }

  /** @returns for how many seconds no further eviction is tried */
  #refuse(memory: WorkloadMemory, {retryAfterSeconds, ...refusal}: Refusal): number {
    const attempts = (memory.refusal?.attempts ?? 0) + 1;
    const growing = Math.min(FIRST_REFUSAL_SECONDS * 2 ** (attempts - 1), LONGEST_REFUSAL_SECONDS);
    const seconds = Math.max(retryAfterSeconds, growing);
    memory.refusal = {...refusal, attempts, until: this.#options.clock.now() + seconds * 1000};
    return seconds;
  }

  #mark(memory: WorkloadMemory, podUID: string, change: Partial<MoveRecord>): void {
    const inFlight = memory.moves.inFlight.map((record) =>
      record.podUID === podUID ? {...record, ...change} : record,
    );
    memory.moves = {...memory.moves, inFlight};
  }

  #unmark(memory: WorkloadMemory, moves: readonly PlannedMove[]): void {
    const uids = new Set(moves.map(({pod}) => pod.uid));
    const inFlight = memory.moves.inFlight.filter(({podUID}) => !uids.has(podUID));
    memory.moves = {...memory.moves, inFlight};
  }
}

interface Refusal {
  readonly message: string;
  /** Several disruption budgets cover the pod. */
  readonly several: boolean;
  /** It was a disruption budget that said no. */
  readonly budget: boolean;
  readonly retryAfterSeconds: number;
}

function refusalOf(
  result: Extract<EvictionResult, {kind: 'refused' | 'throttled' | 'misconfigured' | 'failed'}>,
): Refusal {
  switch (result.kind) {
    case 'failed':
      return {message: result.error.message, several: false, budget: false, retryAfterSeconds: 0};
    case 'misconfigured':
      return {message: result.message, several: true, budget: true, retryAfterSeconds: 60};
    case 'refused':
      return {
        message: result.message,
        several: false,
        budget: true,
        retryAfterSeconds: result.retryAfterSeconds ?? 0,
      };
    case 'throttled':
      return {
        message: result.message,
        several: false,
        budget: false,
        retryAfterSeconds: result.retryAfterSeconds,
      };
  }
}

function missPause(misses: number): number {
  return Math.min(FIRST_MISS * 2 ** (misses - 1), LONGEST_MISS);
}

// Without an answer in time the request may still be at work; a connection that was cut took it along.
function isCut(error: unknown): boolean {
  return error instanceof ConnectionError && !error.timedOut;
}

function recordOf(
  {workload, assessment}: Look,
  {pod, from, to, makesRoomFor}: PlannedMove,
  now: number,
): MoveRecord {
  return {
    pod: pod.name,
    podUID: pod.uid,
    from,
    to,
    startedAt: wholeSeconds(now),
    replicas: workload.replicas,
    objectiveBefore: assessment.objective,
    ...(makesRoomFor === undefined ? {} : {makesRoomFor}),
    eviction: 'planned',
  };
}

// As it is written to status, so that a restored record is the same.
function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}
