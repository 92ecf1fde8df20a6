/**
 * What a workload does for the others of its policy. Whoever is about to evict asks whether its move takes room that
 * another one needs more; whoever finds no room asks whether another one can make some. What comes out is a plan for
 * the one that asks; the others are only asked for another look, and decide for themselves.
 */
import type {WorkloadStatus} from '../api/types.ts';
import type {WorkloadKey} from '../cluster/cluster-cache.ts';
import type {Pod} from '../cluster/pod.ts';
import type {MoveDecision} from '../eviction/mover.ts';
import {isLess} from '../planning/distribution.ts';
import {listChoices} from '../planning/explain.ts';
import {controllerOf, describeBlockers, withBlockers} from '../planning/joint-blockers.ts';
import {type Beneficiary, type Plan, type PlannedMove, plan} from '../planning/plan.ts';
import type {PlanRefusal} from '../planning/plan-refusal.ts';
import {keepsTheEnd, type TogetherMove} from '../planning/together.ts';
import {FruitlessSearches} from './fruitless-searches.ts';
import type {Look} from './look.ts';
import {isSearchedWell, type Joint, Neighbours, type NeighboursOptions} from './neighbours.ts';
import {Newcomers, type NewcomersOptions} from './newcomers.ts';
import {policyKey} from './policy-index.ts';
import {titleOf} from './workload-status.ts';

/** How long a workload that is asked to make room has for it before it is asked again, milliseconds. */
const ASKED = 30_000;
/** How soon a workload looks again whether it still has to wait for another one: later and later, milliseconds. */
const WAITING = 5000;
const LONGEST_WAITING = 60_000;
/** The same while another one's replacement has no node yet: the scheduler is quick. */
const UNPLACED = 1000;
/** Where there is always another pod on its way, a foreseen landing is waited for no longer than this, milliseconds. */
const LONGEST_UNREST = 30_000;

export interface ContentionOptions extends NeighboursOptions, NewcomersOptions {
  /** Asks for another look at a workload. */
  readonly enqueue: (key: WorkloadKey) => void;
}

/** What changes in what a workload would do if it were alone. */
export interface Arrangement {
  /** In place of its own plan. */
  readonly plan?: Plan;
  /** Why it does not move now, although it could. */
  readonly wait?: string;
  /** Milliseconds since the epoch. */
  readonly recheckAt?: number;
}

interface Request {
  /** For whom. */
  readonly beneficiary: WorkloadKey;
  /** Until when it need not be asked again, milliseconds since the epoch. */
  readonly until: number;
  readonly message: string;
  /** The one that was asked sees no way. */
  readonly isDeclined?: true;
}

interface Making {
  /** For whom. */
  readonly beneficiary: WorkloadKey;
  /** The node on which there is room then. */
  readonly on: string;
}

export class Contention {
  readonly #options: ContentionOptions;
  readonly #neighbours: Neighbours;
  /** Who is asked to make room. */
  readonly #asked = new Map<WorkloadKey, Request>();
  /** Who is making room right now. */
  readonly #making = new Map<WorkloadKey, Making>();
  /** Whom each workload has asked for a look since when: two that ask each other must not keep the queue busy. */
  readonly #nudged = new Map<WorkloadKey, {readonly at: number; readonly targets: Set<WorkloadKey>}>();
  /** Since when a workload holds a move back for another one's sake. */
  readonly #waitingSince = new Map<WorkloadKey, number>();
  /** Since when a workload waits for the scheduler to be done with others. */
  readonly #unrestSince = new Map<WorkloadKey, number>();
  readonly #fruitless = new FruitlessSearches();
  readonly #newcomers: Newcomers;

  constructor(options: ContentionOptions) {
    this.#options = options;
    this.#newcomers = new Newcomers(options);
    this.#neighbours = new Neighbours(options);
  }

  /**
   * To be told what is reported of each workload, and of those of which nothing is known yet.
   *
   * @param before what was reported last
   */
  saw(
    policy: string,
    key: WorkloadKey,
    entry: WorkloadStatus | undefined,
    before: WorkloadStatus | undefined,
  ): void {
    for (const blocked of this.#fruitless.noteNews(policy, key, before, entry)) {
      this.#options.enqueue(blocked);
    }
    const {movesNeeded, state, inFlight} = entry ?? {};
    this.#neighbours.saw(policy, key, movesNeeded === 0 || state === 'Excluded');
    const move = inFlight?.find(({makesRoomFor}) => makesRoomFor !== undefined);
    const making = this.#making.get(key);
    if (move?.makesRoomFor !== undefined) {
      this.#making.set(key, {beneficiary: move.makesRoomFor.workload, on: move.from});
    } else if (making !== undefined) {
      this.#options.enqueue(making.beneficiary);
      this.#making.delete(key);
    }
  }

  forget(key: WorkloadKey): void {
    this.#neighbours.forget(key);
    this.#fruitless.delete(key);
    for (const map of this.#maps()) {
      map.delete(key);
    }
  }

  clear(): void {
    this.#neighbours.clear();
    this.#fruitless.clear();
    for (const map of this.#maps()) {
      map.clear();
    }
  }

  /** @param decision what was decided on the workload's own plan */
  arrange(look: Look, own: Plan, decision: MoveDecision): Arrangement {
    if (decision.kind === 'evict') {
      return this.#takeTurns(look, own);
    }
    this.#waitingSince.delete(look.key);
    if (decision.kind === 'spread') {
      return this.#makeRoom(look);
    }
    const {refusal} = own;
    if (
      refusal === undefined ||
      decision.kind !== 'blocked' ||
      decision.blocked.reason !== 'NoFeasibleNode'
    ) {
      return {};
    }
    // Who cannot help himself can still help another one.
    const helping = this.#makeRoom(look);
    return helping.plan === undefined ? this.#findRoom(look, own, refusal) : helping;
  }

  /**
   * Why moves that are about to be made are not: what the scheduler's scores have foreseen of them is only right when
   * nobody else comes to those nodes first. A move that is right wherever it ends need not wait for that.
   */
  waitForScheduler(look: Look, moves: readonly PlannedMove[]): Arrangement {
    const {key, now} = look;
    const nodes = moves.flatMap(({certainty, to}) => (certainty === 'likely' ? to : []));
    const newcomer = nodes.length === 0 ? undefined : this.#newcomers.headedFor([...new Set(nodes)], look);
    if (newcomer === undefined) {
      this.#unrestSince.delete(key);
      return {};
    }
    const since = this.#unrestSince.get(key) ?? now;
    this.#unrestSince.set(key, since);
    return now - since >= LONGEST_UNREST
      ? {}
      : {
          wait: `waiting until the scheduler has placed ${newcomer}, which may come to ${listChoices(nodes)} first`,
          recheckAt: now + UNPLACED,
        };
  }

  /** Whether the workload that room was made for has come nearer to its best, or can come nearer now. */
  isRoomUsed({workload, objectiveBefore}: Beneficiary, maker: WorkloadKey): boolean {
    const look = this.#options.lookAt(workload);
    return (
      // That it is gone by now, or is to be left alone, is not the maker's fault.
      look === undefined ||
      look.memory.moves.inFlight.length > 0 ||
      isLess(look.assessment.objective, objectiveBefore) ||
      nextOf(look).refusal === undefined ||
      this.#neighbours.chainFor(look, maker) !== undefined
    );
  }

  #maps(): readonly Map<WorkloadKey, unknown>[] {
    return [this.#asked, this.#making, this.#nudged, this.#waitingSince, this.#unrestSince];
  }

  #takeTurns(look: Look, own: Plan): Arrangement {
    const {key, now, policy} = look;
    const [move] = own.moves;
    const since = this.#waitingSince.get(key) ?? now;
    if (move === undefined || now - since >= policy.object.spec.eviction.moveTimeoutSeconds * 1000) {
      return {};
    }
    const joint = this.#neighbours.contending(look, move, key);
    if (joint !== undefined && 'unplaced' in joint) {
      this.#waitingSince.set(key, since);
      const wait = `waiting until the scheduler has placed the replacement of ${titleOf(joint.unplaced)}: the room on the nodes is scarce`;
      return {wait, recheckAt: now + UNPLACED};
    }
    const first =
      joint === undefined
        ? undefined
        : (this.#promised(look, move) ?? firstInstead(joint, {workload: key, move}));
    if (first === undefined || first.workload === key) {
      this.#waitingSince.delete(key);
      // Where room is scarce only this move was looked into, so no others are made beside it.
      return joint === undefined ? {} : {plan: {...own, moves: [first?.move ?? move]}};
    }
    this.#waitingSince.set(key, since);
    const recheckAt = now + Math.min(Math.max(WAITING, (now - since) / 2), LONGEST_WAITING);
    const wait =
      `waiting for ${titleOf(first.workload)} to go first: the replacement of ${move.pod.name} may take the room that ` +
      `the policy's workloads need in another order (${listChoices(move.to)})`;
    if (first.move.makesRoomFor !== undefined) {
      this.#asked.set(first.workload, {beneficiary: key, until: recheckAt, message: wait});
    }
    this.#nudge(key, first.workload, now);
    return {wait, recheckAt};
  }

  /**
   * The move of another workload for whose sake room was made where this one would go. Were it taken, all of them might
   * end as well, but whoever has made it would have done so in vain.
   */
  #promised({key, policy}: Look, {to}: PlannedMove): TogetherMove | undefined {
    for (const {beneficiary, on} of this.#making.values()) {
      const look = beneficiary === key || !to.includes(on) ? undefined : this.#options.lookAt(beneficiary);
      if (look?.policy.uid !== policy.uid) {
        continue;
      }
      const [move] = nextOf(look).moves;
      if (move?.to.includes(on) && this.#neighbours.isAble(look, move, key)) {
        return {workload: beneficiary, move};
      }
    }
    return undefined;
  }

  #findRoom(look: Look, own: Plan, refusal: PlanRefusal): Arrangement {
    const {key, assessment, request, now} = look;
    const blockers = describeBlockers(assessment.noRoom, request.snapshot, (pod) => this.#ownerOf(look, pod));
    const explained = withBlockers(refusal, blockers);
    const blocked = (addition: string): Plan => {
      return {...own, refusal: {...refusal, message: `${explained.message}; ${addition}`}};
    };
    for (const [maker, {beneficiary}] of this.#making) {
      if (beneficiary === key) {
        return {plan: blocked(`${titleOf(maker)} is making room`)};
      }
    }
    for (const request of this.#asked.values()) {
      if (request.beneficiary === key && request.until > now) {
        const plan = request.isDeclined === true ? {...own, refusal: explained} : blocked(request.message);
        return {plan, recheckAt: request.until};
      }
    }
    const pausedUntil = this.#fruitless.pausedUntil(key, now);
    const first = pausedUntil === undefined ? this.#neighbours.chainFor(look, key)?.first : undefined;
    if (first === undefined) {
      const recheckAt = pausedUntil ?? this.#fruitless.add(key, policyKey(look.policy), now);
      return {plan: {...own, refusal: explained}, recheckAt};
    }
    this.#fruitless.delete(key);
    const {workload, move} = first;
    if (workload === key) {
      return {plan: {assessment, moves: [move]}};
    }
    const message = `${titleOf(workload)} makes room: ${move.pod.name} from ${move.from} to ${listChoices(move.to)}`;
    const until = now + ASKED;
    this.#asked.set(workload, {beneficiary: key, until, message});
    this.#nudge(key, workload, now);
    return {plan: blocked(message), recheckAt: until};
  }

  #makeRoom(look: Look): Arrangement {
    const {key, assessment} = look;
    const request = this.#asked.get(key);
    if (request === undefined || request.isDeclined === true) {
      return {};
    }
    if (request.until < look.now) {
      // Who still needs the room asks again.
      this.#asked.delete(key);
      return {};
    }
    // Looked for anew: what was right when the other one asked may not be so any more.
    const first = this.#roomWantedBy(request.beneficiary, key);
    if (first?.workload !== key || first.move.makesRoomFor === undefined) {
      this.#asked.set(key, {...request, isDeclined: true});
      return {};
    }
    const helping: Plan = {assessment, moves: [first.move]};
    const decision = this.#options.decide(look, helping, true);
    // A spread workload that cannot help now is still a spread workload.
    return decision.kind === 'evict'
      ? {plan: helping}
      : decision.recheckAt === undefined
        ? {}
        : {recheckAt: decision.recheckAt};
  }

  #roomWantedBy(beneficiary: WorkloadKey, maker: WorkloadKey): TogetherMove | undefined {
    const asking = this.#options.lookAt(beneficiary);
    if (asking === undefined) {
      return undefined;
    }
    const {moves, refusal} = nextOf(asking);
    const [move] = moves;
    if (move !== undefined) {
      const joint = this.#neighbours.contending(asking, move, maker);
      return joint === undefined || 'unplaced' in joint
        ? undefined
        : firstInstead(joint, {workload: beneficiary, move});
    }
    return refusal?.reason === 'NoFeasibleNode' ? this.#neighbours.chainFor(asking, maker)?.first : undefined;
  }

  #nudge(asker: WorkloadKey, target: WorkloadKey, now: number): void {
    const last = this.#nudged.get(asker);
    const nudged =
      last === undefined || now - last.at >= WAITING ? {at: now, targets: new Set<WorkloadKey>()} : last;
    this.#nudged.set(asker, nudged);
    if (!nudged.targets.has(target)) {
      nudged.targets.add(target);
      this.#options.enqueue(target);
    }
  }

  #ownerOf({workload}: Look, pod: Pod): string {
    const key = this.#options.workloadOf(pod);
    if (key === undefined) {
      return controllerOf(pod);
    }
    return pod.namespace === workload.namespace ? titleOf(key) : `Deployment ${key}`;
  }
}

/** The workload's own plan, as far as its next move. */
function nextOf({request, assessment}: Look): Plan {
  return plan({...request, assessment, detailedMoves: 1});
}

/** What is to be moved first in place of a move that would leave all of them together with a worse end. */
function firstInstead(joint: Joint, move: TogetherMove): TogetherMove | undefined {
  const {request, plan, first} = joint;
  if (first === undefined || !isSearchedWell(joint) || keepsTheEnd(request, plan, move)) {
    return undefined;
  }
  // Where the scheduler chooses at random between several nodes, each of them must do.
  const isSafe = first.move.to.length === 1 || first.workload === move.workload;
  return isSafe || first.move.makesRoomFor === undefined || keepsTheEnd(request, plan, first)
    ? first
    : undefined;
}
