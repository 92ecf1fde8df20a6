/**
 * One workload, again and again: keeps the rule in its template, then moves its replicas. All decisions are made by
 * pure code (`injection/`, `planning/`, `eviction/`); TemplateEditor and MoveRunner carry them out.
 */

import {FIELD_MANAGER} from '../api/names.ts';
import type {WorkloadStatus} from '../api/types.ts';
import type {Clock} from '../clock.ts';
import {type ClusterCache, type WorkloadKey, workloadKey} from '../cluster/cluster-cache.ts';
import {rolloutInProgress, unavailable, unsettled} from '../cluster/replicas.ts';
import type {Workload} from '../cluster/workload.ts';
import {
  type BackOffOptions,
  decide,
  type FinishedMove,
  type MoveDecision,
  type MoveMemory,
} from '../eviction/mover.ts';
import {doubtfulMoves} from '../eviction/outcome.ts';
import type {Pace} from '../eviction/pace.ts';
import type {InjectionDecision} from '../injection/decide.ts';
import {injectedRule, isEmptyRule, type ServerCapabilities} from '../injection/rule.ts';
import type {EvictionResult} from '../kube/eviction.ts';
import type {Log} from '../log.ts';
import {type Beneficiary, type Plan, type PlannedMove, plan} from '../planning/plan.ts';
import type {ClusterActions} from './actions.ts';
import {type Arrangement, Contention} from './contention.ts';
import type {Look} from './look.ts';
import {Looks} from './looks.ts';
import {MoveRunner} from './move-runner.ts';
import {type PolicyIndex, policyKey, type StoredPolicy, selects} from './policy-index.ts';
import type {PolicyReports} from './policy-reports.ts';
import {TemplateEditor} from './template-editor.ts';
import type {Requeue} from './work-queue.ts';
import {type EntryCause, workloadEntry} from './workload-status.ts';

/** Planned moves shown in status: a few while they are made, as many as it holds for a dry run. */
const MOVES_SHOWN = 3;
const MOVES_SHOWN_IN_DRY_RUN = 10;
/** How soon a workload that is not spread is looked at although nothing has told of a change, milliseconds. */
const RESYNC = 5 * 60_000;

export interface WorkloadReconcilerOptions {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  readonly reports: PolicyReports;
  readonly actions: ClusterActions;
  readonly capabilities: () => ServerCapabilities;
  /** Why nothing may be moved or injected in the whole cluster. */
  readonly circuitOpen: () => string | undefined;
  readonly onTarget: (node: string) => void;
  readonly pace: Pace;
  readonly backOff: BackOffOptions;
  readonly excludedNamespaces: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEviction: (result: EvictionResult['kind']) => void;
  readonly onMove: (result: FinishedMove['result']) => void;
  /** Asks for another look at a workload. */
  readonly enqueue: (key: WorkloadKey) => void;
}

export class WorkloadReconciler {
  readonly #options: WorkloadReconcilerOptions;
  readonly #looks: Looks;
  readonly #editor: TemplateEditor;
  readonly #runner: MoveRunner;
  readonly #contention: Contention;

  constructor(options: WorkloadReconcilerOptions) {
    const {reports, cache} = options;
    this.#options = options;
    this.#looks = new Looks({...options, expectedBesides: (key) => this.#runner.expectedBesides(key)});
    this.#editor = new TemplateEditor(options);
    this.#runner = new MoveRunner({
      ...options,
      writeAhead: async (look, entry, signal) => {
        this.#report(look, entry);
        await reports.flush(policyKey(look.policy), signal);
      },
      confirm: (look, moves) => this.#confirm(look, moves),
    });
    this.#contention = new Contention({
      ...options,
      lookAt: (key) => this.#looks.atKnown(key),
      decide: (look, planned, isSelf) => {
        const {moves} = look.memory;
        return this.#decide(look, planned, isSelf ? {...moves, inFlight: []} : moves, () => true);
      },
      workloadOf: (pod) => cache.workloadOfPod(pod),
      replacementsBesides: (key) => this.#runner.replacementsBesides(key),
      expectedOf: (key) => this.#runner.expectedOf(key),
      snapshotBesides: (key) => this.#looks.snapshotBesides(key),
    });
  }

  /** To be called before the first look: takes over what an earlier process has left. */
  resume(): void {
    const {cache, policies, reports} = this.#options;
    for (const workload of cache.workloads()) {
      const policy = policies.governing(workload);
      if (policy !== undefined) {
        const key = workloadKey(workload);
        const {entry} = this.#looks.memoryOf(key, policy, workload);
        if (entry !== undefined) {
          // Or the first write, made for another workload of the policy, would leave out what is known of this one.
          reports.set(policyKey(policy), key, entry);
        }
        this.#contention.saw(policyKey(policy), key, entry, entry);
        this.#editor.resume(key, policy, cache.replicasOf(workload));
      }
    }
  }

  async reconcile(key: WorkloadKey, signal: AbortSignal): Promise<Requeue | undefined> {
    const {cache, policies} = this.#options;
    const workload = cache.workload(key);
    if (workload === undefined || workload.deletionTimestamp !== undefined) {
      this.#forget(key);
      return undefined;
    }
    const policy = policies.governing(workload);
    if (policy === undefined) {
      return await this.#leave(key, workload, signal);
    }
    const memory = this.#looks.memoryOf(key, policy, workload);
    if (policy.problems.length > 0 || cache.namespace(workload.namespace)?.terminating === true) {
      // A policy that cannot be acted on changes nothing, neither forwards nor backwards; what is known stays known.
      if (memory.entry !== undefined) {
        this.#options.reports.set(policyKey(policy), key, memory.entry);
      }
      this.#runner.rests(key);
      return undefined;
    }
    const excluded = this.#looks.excluded(workload);
    const look = this.#looks.at(key, policy, workload, memory);
    if (memory.moves.inFlight.length === 0) {
      this.#runner.arrived(key);
    }
    if (excluded !== undefined) {
      this.#editor.release(key);
      this.#runner.rests(key);
      this.#report(look, workloadEntry(look, {kind: 'excluded', message: excluded}));
      return undefined;
    }
    if (workload.generation < memory.editedGeneration) {
      // The cache is behind our own edit; its event brings us back.
      return undefined;
    }
    const outcome = await this.#editor.edit(look, signal);
    switch (outcome.kind) {
      case 'gone':
        return {afterMilliseconds: 1000};
      case 'edited':
        this.#report(
          look,
          workloadEntry(look, {kind: 'injecting', message: outcome.message, injection: outcome.status}),
        );
        return undefined;
      case 'unchanged':
        return await this.reconcile(key, signal);
      case 'decided':
        return await this.#move(look, outcome.decision, signal);
    }
  }

  forgetEverything(): void {
    for (const key of this.#looks.known()) {
      this.#forget(key);
    }
    this.#editor.clear();
    this.#runner.clear();
    this.#contention.clear();
  }

  /** Whether an injected rule is still in a template that this policy selects and that no policy wants it in. */
  hasOrphans(policy: StoredPolicy): boolean {
    const {cache, policies} = this.#options;
    return [...cache.workloadsOf(policy.namespace)].some(
      (workload) =>
        workload.deletionTimestamp === undefined &&
        selects(policy, workload) &&
        policies.governing(workload) === undefined &&
        this.#looks.excluded(workload) === undefined &&
        !isEmptyRule(injectedRule(workload, FIELD_MANAGER)),
    );
  }

  // --- Leaving -------------------------------------------------------------------------------------------------------

  /** No policy selects the workload any more: what was injected goes, unless its owner wants it left alone. */
  async #leave(key: WorkloadKey, workload: Workload, signal: AbortSignal): Promise<Requeue | undefined> {
    this.#looks.forget(key);
    this.#runner.arrived(key);
    this.#runner.rests(key);
    this.#contention.forget(key);
    this.#options.reports.remove(key);
    const requeue =
      this.#looks.excluded(workload) === undefined
        ? await this.#editor.revert(key, workload, signal)
        : undefined;
    // A policy that waits for its deletion may have waited for this.
    for (const policy of this.#options.policies.of(workload.namespace)) {
      if (policy.deleting) {
        this.#options.reports.touch(policyKey(policy));
      }
    }
    return requeue;
  }

  // --- Moving --------------------------------------------------------------------------------------------------------

  async #move(
    look: Look,
    injection: Exclude<InjectionDecision, {kind: 'apply'}>,
    signal: AbortSignal,
  ): Promise<Requeue | undefined> {
    const {key, replicas, memory} = look;
    const doubtful = doubtfulMoves(memory.moves.inFlight, replicas.pods, look.now);
    if (doubtful.length > 0) {
      await this.#runner.findOut(look, doubtful, signal);
      // The answer took a moment, in which the world may have moved on.
      return await this.reconcile(key, signal);
    }
    const moving = memory.moves.inFlight.length > 0;
    const rollout = rolloutInProgress(replicas);
    if (!moving && rollout !== undefined && this.#editor.isRollingOut(key)) {
      const message = `rolling out the edited template: ${rollout.message}`;
      return this.#wait(look, {kind: 'injecting', message, injection: injection.status}, injection.recheckAt);
    }
    if (!moving && injection.kind === 'wait') {
      const {message, blocked, status} = injection;
      const cause: EntryCause =
        blocked === undefined
          ? {kind: 'waiting', message, injection: status}
          : {kind: 'blocked', blocked, injection: status};
      return this.#wait(look, cause, injection.recheckAt);
    }
    const own = this.#planOf(look);
    const ownDecision = this.#decide(look, own, memory.moves);
    memory.moves = ownDecision.memory;
    this.#runner.finish(look, ownDecision.finished);
    const arranged = this.#arrange(look, own, ownDecision, memory.moves);
    const {planned, decision} = arranged;
    if (arranged.wait !== undefined) {
      const cause: EntryCause = {kind: 'waiting', message: arranged.wait, injection: injection.status};
      return this.#wait(look, cause, arranged.recheckAt, injection.recheckAt);
    }
    if (decision.kind === 'evict') {
      const {requeue, notMoved} = await this.#runner.evict(look, decision.moves, injection.status, signal);
      if (notMoved !== undefined && memory.moves.inFlight.length === 0) {
        // The entry of a move that was not made must go.
        const cause: EntryCause = {kind: 'waiting', message: notMoved, injection: injection.status};
        this.#report(look, workloadEntry(look, cause));
      }
      return requeue;
    }
    if (decision.kind !== 'moving' || unavailable(replicas) === undefined) {
      this.#runner.arrived(key);
    }
    const cause: EntryCause = {kind: 'decided', decision, plan: planned, injection};
    return this.#wait(look, cause, decision.recheckAt, arranged.recheckAt, injection.recheckAt);
  }

  /** What the workload does with regard to the others of its policy. */
  #arrange(
    look: Look,
    own: Plan,
    ownDecision: MoveDecision,
    moves: MoveMemory,
  ): Arrangement & {readonly planned: Plan; readonly decision: MoveDecision} {
    const arrangement = this.#contention.arrange(look, own, ownDecision);
    const planned = arrangement.plan ?? own;
    const decision = planned === own ? ownDecision : this.#decide(look, planned, moves);
    const turn =
      decision.kind === 'evict' && arrangement.wait === undefined
        ? this.#contention.waitForScheduler(look, decision.moves)
        : {};
    return {...arrangement, ...turn, planned, decision};
  }

  #wait(look: Look, cause: EntryCause, ...times: readonly (number | undefined)[]): Requeue | undefined {
    const entry = workloadEntry(look, cause);
    // Who waits for something that passes keeps its place in the line.
    if (cause.kind !== 'waiting') {
      this.#runner.rests(look.key);
    }
    this.#report(look, entry);
    const now = this.#options.clock.now();
    const known = times.filter((time) => time !== undefined);
    if (entry.state !== 'Spread' && entry.state !== 'Excluded') {
      known.push(now + RESYNC);
    }
    return known.length === 0 ? undefined : {afterMilliseconds: Math.max(0, Math.min(...known) - now)};
  }

  #decide(
    look: Look,
    planned: Plan,
    moves: MoveMemory,
    isRoomUsed = (beneficiary: Beneficiary) => this.#contention.isRoomUsed(beneficiary, look.key),
  ): MoveDecision {
    const {policy, replicas, memory, workload} = look;
    const {eviction, suspend} = policy.object.spec;
    const {circuitOpen, backOff, clock} = this.#options;
    return decide({
      replicas,
      plan: planned,
      eviction,
      suspended: suspend,
      budgets: this.#runner.budgetsLeft(workload.namespace),
      memory: moves,
      circuitOpen: circuitOpen(),
      refusal: memory.refusal,
      backOff,
      now: clock.now(),
      isRoomUsed,
    });
  }

  #planOf({request, assessment, replicas, policy}: Look): Plan {
    const {mode, maxConcurrentMoves} = policy.object.spec.eviction;
    // While the workload is not settled nothing is moved, so the moves need not be worked out.
    const shown = mode === 'DryRun' ? MOVES_SHOWN_IN_DRY_RUN : Math.max(MOVES_SHOWN, maxConcurrentMoves);
    const detailedMoves = unsettled(replicas) === undefined ? shown : 0;
    return plan({...request, assessment, detailedMoves});
  }

  /** The moves that would be decided on now, of those that were decided on before the status was written. */
  #confirm(before: Look, moves: readonly PlannedMove[]): readonly PlannedMove[] {
    const {cache, policies} = this.#options;
    const {key, memory} = before;
    const workload = cache.workload(key);
    const policy = workload === undefined ? undefined : policies.governing(workload);
    if (
      workload === undefined ||
      workload.uid !== before.workload.uid ||
      policy === undefined ||
      policy.uid !== before.policy.uid ||
      policy.generation !== before.policy.generation ||
      cache.namespace(workload.namespace)?.terminating === true ||
      this.#looks.excluded(workload) !== undefined
    ) {
      return [];
    }
    const look = this.#looks.at(key, policy, workload, memory);
    const own = this.#planOf(look);
    const moving = {...memory.moves, inFlight: []};
    const {decision, wait} = this.#arrange(look, own, this.#decide(look, own, moving), moving);
    if (decision.kind !== 'evict' || wait !== undefined) {
      return [];
    }
    return moves.filter((move) => decision.moves.some((now) => isStillRight(move, now)));
  }

  // --- Reporting -----------------------------------------------------------------------------------------------------

  #report({key, policy, memory}: Look, entry: WorkloadStatus): void {
    const before = memory.entry;
    memory.entry = entry;
    const reason = entry.blocked === undefined ? '' : `${entry.blocked.reason}: ${entry.blocked.message}`;
    // While a workload rolls out or settles, its messages change with each pod; the state says enough.
    const busy = entry.state === 'Injecting' || entry.state === 'Waiting';
    const line = `${entry.state} ${busy ? (entry.blocked?.reason ?? '') : `${entry.message} ${reason}`}`;
    // The eviction itself is a line of its own.
    if (line !== memory.logged && entry.state !== 'Moving') {
      memory.logged = line;
      this.#options.log.info('Looked at a workload', {
        workload: key,
        policy: policyKey(policy),
        state: entry.state,
        reason: reason === '' ? entry.message : reason,
        movesNeeded: entry.movesNeeded,
      });
    }
    this.#contention.saw(policyKey(policy), key, entry, before);
    this.#options.reports.set(policyKey(policy), key, entry);
  }

  #forget(key: WorkloadKey): void {
    this.#looks.forget(key);
    this.#runner.arrived(key);
    this.#runner.rests(key);
    this.#editor.release(key);
    this.#contention.forget(key);
    this.#options.reports.remove(key);
  }
}

/** Whether a move that was written down is the one that would be decided on now, and leads where it was said to. */
function isStillRight(written: PlannedMove, now: PlannedMove): boolean {
  const isSame = written.pod.uid === now.pod.uid && written.from === now.from;
  // One that is right wherever it ends, and is judged by that alone, need not end where it was expected.
  const isBound = now.certainty === 'likely' || now.makesRoomFor !== undefined;
  return (
    isSame &&
    written.makesRoomFor?.workload === now.makesRoomFor?.workload &&
    (!isBound || now.to.every((node) => written.to.includes(node)))
  );
}
