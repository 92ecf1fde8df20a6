/**
 * Several workloads that contend for the same room, planned together: an order of moves in which no two of them
 * promise the same slot, with moves of other workloads that make room where that brings all of them nearer to their
 * best. May import `cluster/` and `scheduling/`; the same request gives the same plan, in whatever order it names the
 * workloads.
 */
import {compareText, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import {assess} from './assess.ts';
import {describeMove} from './describe-move.ts';
import {isLess, type Objective} from './distribution.ts';
import {listChoices} from './explain.ts';
import {controllerOf, describeBlockers, type OwnerOf, withBlockers} from './joint-blockers.ts';
import {JointModel, type JointState, type Measure, type Member, type Step} from './joint-model.ts';
import {type Found, isBetter, type Score, type SearchResult, search} from './joint-search.ts';
import {arrivalOf, type PlannedMove, plan} from './plan.ts';
import type {PlanRefusal} from './plan-refusal.ts';
import {unpredictableBecause} from './predictability.ts';

export {judgeEachOther} from './joint-terms.ts';

export type TogetherWorkload = Member;

export interface TogetherRequest {
  readonly workloads: readonly TogetherWorkload[];
  readonly snapshot: SchedulingSnapshot;
  readonly limits?: Partial<TogetherLimits>;
  /** For the refusals; by the pods' controllers where it is left out. */
  readonly ownerOf?: OwnerOf;
}

/** In judgements: how often one node is judged for one pod. */
export interface TogetherLimits {
  /** For the search of a better order, and of moves that make room. */
  readonly search: number;
  /** For the proof that no other moves end better; 0 leaves it out. */
  readonly proof: number;
}

const DEFAULT_LIMITS: TogetherLimits = {search: 100_000, proof: 2_000_000};

/** More landings that the scheduler may choose from at random than this are not followed one by one. */
const LANDINGS_FOLLOWED = 4;

export interface TogetherMove {
  /** The workload's key. */
  readonly workload: string;
  readonly move: PlannedMove;
}

export interface TogetherPlan {
  /** In order, each on the predicted result of those before. */
  readonly moves: readonly TogetherMove[];
  /** By key, why a workload that may be moved does not come to the best placement that it could have alone. */
  readonly refusals: ReadonlyMap<string, PlanRefusal>;
  /** By key, the workloads that end better than they began. */
  readonly improved: ReadonlySet<string>;
  /** Of all workloads, added up; now and after the moves. */
  readonly objectiveBefore: Objective;
  readonly objective: Objective;
  /** No moves whatever, wherever the scheduler puts the replacements, end better than this. */
  readonly lowerBound: Score;
  /** The plan is as good as the bound: nothing better, and nothing as good with fewer moves, exists. */
  readonly exact: boolean;
  /** The limits were wide enough to try everything: what is not in the plan is not foreseen to be possible. */
  readonly isComplete: boolean;
}

export function planTogether(request: TogetherRequest): TogetherPlan {
  const limits = {...DEFAULT_LIMITS, ...request.limits};
  const model = modelOf(request);
  const measure = model.measure(model.start);
  let lowerBound = boundOf(measure);

  model.effort.grant(limits.search);
  let found = oneAfterAnother(model);
  let isComplete = true;
  if (isBetter(lowerBound, found.score)) {
    const result = searchForeseen(model, lowerBound, limits.search);
    // Of equally good ones that of the single plans: then it does not matter whether others were looked at.
    found = isBetter(result.best.score, found.score) ? result.best : found;
    isComplete = result.isComplete;
  }
  if (model.isBounded && limits.proof > 0 && isBetter(lowerBound, found.score)) {
    model.effort.grant(limits.proof);
    lowerBound = search(model, (state) => model.possible(state)).bound;
  }
  const nothingKnown: Score = {objective: measure.objective.map(() => 0), moves: 0};
  return {
    moves: describeSteps(model, found.steps),
    refusals: refusalsAt(model, found.state, request.ownerOf ?? controllerOf),
    improved: new Set(
      improvedBetween(model, model.start, found.state).map((index) => model.members[index]?.key ?? ''),
    ),
    objectiveBefore: measure.objective,
    objective: found.score.objective,
    lowerBound: model.isBounded ? lowerBound : nothingKnown,
    exact: model.isBounded && !isBetter(lowerBound, found.score),
    isComplete,
  };
}

/**
 * Whether a move that could be made now leaves the others, and all of them together, as good an end as the plan has,
 * with one move fewer to go; wherever of its targets the replacement lands.
 */
export function keepsTheEnd(
  request: TogetherRequest,
  joint: TogetherPlan,
  {workload, move}: TogetherMove,
): boolean {
  if (move.to.length > LANDINGS_FOLLOWED) {
    return false;
  }
  const [first] = joint.moves;
  const isFirst = first?.workload === workload && first.move.from === move.from;
  // The rest of the plan is what comes after this one.
  const isPlanned = (node: string) => isFirst && first.move.to[0] === node;
  const goal = {objective: joint.objective, moves: joint.moves.length - 1};
  return move.to.every((node) => isPlanned(node) || reaches(afterMove(request, workload, move, node), goal));
}

/** Whether there are moves that end no worse than this, as far as the search sees. */
function reaches(request: TogetherRequest, goal: Score): boolean {
  const {search: effort} = {...DEFAULT_LIMITS, ...request.limits};
  const model = modelOf(request);
  const bound = boundOf(model.measure(model.start));
  if (model.isBounded && isBetter(goal, bound)) {
    return false;
  }
  model.effort.grant(effort);
  const isReachedBy = ({score}: Found) => !isBetter(goal, score);
  return isReachedBy(oneAfterAnother(model)) || isReachedBy(searchForeseen(model, bound, effort, goal).best);
}

function modelOf({workloads, snapshot}: TogetherRequest): JointModel {
  const members = workloads.map((member) => {
    const movable = member.movable && unpredictableBecause({...member.request, snapshot}) === undefined;
    return {...member, movable};
  });
  return new JointModel(
    members.sort((a, b) => compareText(a.key, b.key)),
    snapshot,
  );
}

/** No moves from here end better than this. */
function boundOf({optimum, moves}: Measure): Score {
  return {objective: optimum, moves};
}

/** The same request when the move has been made. */
function afterMove(
  request: TogetherRequest,
  workload: string,
  move: PlannedMove,
  node: string,
): TogetherRequest {
  let {snapshot} = request;
  const workloads = request.workloads.map((member) => {
    if (member.key !== workload) {
      return member;
    }
    const newcomer = arrivalOf({...move, to: [node]}, member.request.replacement);
    snapshot = withChanges(snapshot, {remove: [move.pod], add: [newcomer]});
    const replicas = [...member.request.replicas.filter(({uid}) => uid !== move.pod.uid), newcomer];
    return {...member, request: {...member.request, replicas}};
  });
  return {...request, workloads, snapshot};
}

/**
 * The best order of foreseen moves. Each has its reason by itself, as the end that it is a part of may not come: a
 * workload that moves for its own sake has fewer moves to go after it, and one that gains nothing makes room for
 * another one. Only what meets the bound is proven to be shortest as a whole and may take the room as given that others
 * are yet to make.
 */
function searchForeseen(model: JointModel, bound: Score, effort: number, goal?: Score): SearchResult {
  let inRoomThatIs = false;
  const staying = new Set<number>();
  for (;;) {
    const result = search(
      model,
      (state) =>
        model
          .foreseen(state, inRoomThatIs)
          .filter((step) => !staying.has(step.member) || !model.isNeutral(state, step)),
      goal,
    );
    const {steps} = result.best;
    const isProven = model.isBounded && !isBetter(bound, result.best.score);
    if (
      !inRoomThatIs &&
      !isProven &&
      !alongTheWay(model, steps).every((at) => isNearerOrNeutral(model, at))
    ) {
      inRoomThatIs = true;
    } else {
      const idle = alongTheWay(model, steps).find((at) => isIdle(model, at));
      if (idle === undefined) {
        return result;
      }
      staying.add(idle.step.member);
    }
    model.effort.grant(effort);
  }
}

/** A step, where it begins and ends, and what comes after it. */
interface OnTheWay {
  readonly before: JointState;
  readonly step: Step;
  readonly after: JointState;
  readonly later: readonly OnTheWay[];
}

function alongTheWay(model: JointModel, steps: readonly Step[], before = model.start): OnTheWay[] {
  const [step, ...rest] = steps;
  if (step === undefined) {
    return [];
  }
  const after = model.after(before, step, step.to[0] ?? step.from);
  const later = alongTheWay(model, rest, after);
  return [{before, step, after, later}, ...later];
}

function isNearerOrNeutral(model: JointModel, {before, step}: OnTheWay): boolean {
  return model.isNeutral(before, step) || model.bringsNearer(before, step);
}

/** Whether a step neither improves anything by itself nor makes room that another workload goes on to use. */
function isIdle(model: JointModel, at: OnTheWay): boolean {
  return model.isNeutral(at.before, at.step) && helpedBy(model, at) === undefined;
}

/** For whose sake a workload moves that gains nothing by it. */
function helpedBy(model: JointModel, at: OnTheWay): number | undefined {
  const [helped] = improvedBetween(model, at.before, at.after).filter((index) => index !== at.step.member);
  return helped ?? beneficiaryOf(model, at);
}

/** Each workload planned on the predicted result of those before it, as it would be alone. */
function oneAfterAnother(model: JointModel): Found {
  let state = model.start;
  const steps: Step[] = [];
  for (const [index, member] of model.members.entries()) {
    if (!member.movable) {
      continue;
    }
    for (const planned of movesAlone(model, index, state)) {
      const {pod, from, to, certainty} = planned;
      const after = model.after(state, {member: index, pod, from}, to[0] ?? from);
      if (model.harms(state, after, index)) {
        break;
      }
      steps.push({member: index, pod, from, to, certainty, feasible: to.length, planned});
      model.spendMove();
      state = after;
    }
  }
  const {objective} = model.measure(state);
  return {state, steps, score: {objective, moves: steps.length}};
}

function movesAlone(model: JointModel, index: number, state: JointState): readonly PlannedMove[] {
  const request = model.members[index]?.request;
  const replicas = state.replicas[index] ?? [];
  const detailedMoves = model.movesWithin();
  return request === undefined || detailedMoves === 0
    ? []
    : plan({...request, replicas, snapshot: state.snapshot, detailedMoves}).moves;
}

function describeSteps(model: JointModel, steps: readonly Step[]): TogetherMove[] {
  return alongTheWay(model, steps).map((at) => {
    const workload = model.members[at.step.member]?.key ?? '';
    return {workload, move: at.step.planned ?? plannedMove(model, at)};
  });
}

function plannedMove(model: JointModel, at: OnTheWay): PlannedMove {
  const {before, step, after} = at;
  const {member, pod, from, to, certainty, feasible} = step;
  const view = model.view(before, member);
  const objectiveAfter = model.view(after, member).objective;
  const move = {pod, from, to, certainty, objectiveBefore: view.objective, objectiveAfter};
  if (!isLess(objectiveAfter, view.objective)) {
    const index = helpedBy(model, at);
    const other = model.members[index ?? -1];
    if (index !== undefined && other !== undefined) {
      const reason = `makes room for ${other.title ?? other.key} on ${from}, and is no worse off on ${listChoices(to)}`;
      const makesRoomFor = {workload: other.key, objectiveBefore: model.view(before, index).objective};
      return {...move, makesRoomFor, reason};
    }
  }
  const {cellOfNode} = view.problem;
  const transfer = {from: cellOfNode.get(from) ?? 0, to: cellOfNode.get(to[0] ?? '') ?? 0};
  return {
    ...move,
    reason: describeMove(view.problem, view.distribution, transfer, to, certainty, feasible),
  };
}

function improvedBetween(model: JointModel, before: JointState, after: JointState): number[] {
  return [...model.members.keys()].filter((index) =>
    isLess(model.view(after, index).objective, model.view(before, index).objective),
  );
}

/**
 * For whom the room on the node that a step leaves is wanted in the end: who takes it and gains nothing by that makes
 * room himself.
 */
function beneficiaryOf(
  model: JointModel,
  {before, step: {member, from}, later}: OnTheWay,
): number | undefined {
  let vacated = from;
  let last: number | undefined;
  for (const {before: then, step: next} of later) {
    if (next.member !== member && next.to.includes(vacated)) {
      last = next.member;
      vacated = next.from;
      if (!model.isNeutral(then, next)) {
        return last;
      }
    }
  }
  // Not every move that helps leaves room behind: it can be the scheduler who sees the nodes in another order after it.
  const next = later.find(({step}) => step.member !== member)?.step;
  return last ?? (next === undefined || model.foresees(before, next) ? undefined : next.member);
}

function refusalsAt(model: JointModel, state: JointState, ownerOf: OwnerOf): Map<string, PlanRefusal> {
  const refusals = new Map<string, PlanRefusal>();
  for (const [index, {key, request, movable}] of model.members.entries()) {
    const {objective, optimum} = model.view(state, index);
    if (!movable || !isLess(optimum, objective)) {
      continue;
    }
    const here = {...request, replicas: state.replicas[index] ?? [], snapshot: state.snapshot};
    const assessment = assess(here);
    const {refusal} = plan({...here, assessment, detailedMoves: 1});
    const said = refusal ?? {
      reason: 'NoFeasibleNode',
      message: 'the room that it could still take is needed by other workloads of the policy',
    };
    refusals.set(key, withBlockers(said, describeBlockers(assessment.noRoom, state.snapshot, ownerOf)));
  }
  return refusals;
}
