/**
 * Which replicas to move, in which order, and why that is right; or the reason why none is moved. May import
 * `cluster/` and `scheduling/`; no I/O, no clock, no randomness: the same request gives the same plan.
 */
import {nodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';
import {compareText} from '../cluster/snapshot.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';
import {Prospect} from '../scheduling/prospect.ts';
import {type Assessment, type AssessRequest, assess, type Problem} from './assess.ts';
import {describeMove} from './describe-move.ts';
import {Distribution, type Objective} from './distribution.ts';
import {listNames} from './explain.ts';
import {
  type Attempt,
  explainAttempts,
  type PlanRefusal,
  type Preference,
  refusalWithoutMoves,
  withViolations,
} from './plan-refusal.ts';
import {unpredictableBecause} from './predictability.ts';
import {receptionAfter} from './reception.ts';
import {isRoomierWithout} from './room.ts';
import {Steps} from './steps.ts';
import {Targets} from './targets.ts';

export interface PlanRequest extends AssessRequest {
  /** Of this very request, where the caller has it already. */
  readonly assessment?: Assessment;
  /** How many moves to work out in detail, each on the predicted result of the one before. */
  readonly detailedMoves: number;
}

export interface PlannedMove {
  readonly pod: Pod;
  /** The node that it leaves. */
  readonly from: string;
  /** Where the scheduler will put the replacement: one of these. */
  readonly to: readonly string[];
  /**
   * `certain`: every node that the hard rules allow is right, while the replica shuts down and when it has gone.
   * `likely`: the best-scored ones are.
   */
  readonly certainty: 'certain' | 'likely';
  readonly objectiveBefore: Objective;
  readonly objectiveAfter: Objective;
  /** Where another workload needs the room on `from`: then the move need not improve the objective of its own. */
  readonly makesRoomFor?: Beneficiary;
  /** For people: why this replica, and why there. */
  readonly reason: string;
}

/** The workload that a move makes room for. */
export interface Beneficiary {
  readonly workload: string;
  /** Its own, before there is room. */
  readonly objectiveBefore: Objective;
}

export interface Plan {
  readonly assessment: Assessment;
  /** The next moves, in order; at most `detailedMoves`. */
  readonly moves: readonly PlannedMove[];
  /** Why the first move that is wanted is not planned; absent when it is planned or none is wanted. */
  readonly refusal?: PlanRefusal;
}

/**
 * For every victim that is tried all nodes are scored. On clusters of thousands of nodes not all of them are tried, or a
 * workload that cannot be helped would hold everything else up at each look.
 */
const MOST_JUDGEMENTS = 25_000;
const FEWEST_TRIED = 4;
/** A move that follows another one is only shown, and worked out anew when its turn comes: it is worth less. */
const MOST_JUDGEMENTS_FOR_MORE_MOVES = 10_000;
/** Of nodes that lie alike so many more are told apart than a shortest way could touch. */
const SPARE_NODES = 4;

export function plan(request: PlanRequest): Plan {
  const given = request.assessment;
  // What is kept of nodes is kept by their numbers.
  const isOfNow = given?.table === nodeTable(request.snapshot);
  const assessment = given !== undefined && isOfNow ? given : assess(request);
  // Before the room is asked for: a replacement whose volumes are not known seems to fit nowhere.
  const isWanted = assessment.movesNeeded > 0 || assessment.movesWanted > 0;
  const unpredictable = isWanted ? unpredictableBecause(request) : undefined;
  if (unpredictable !== undefined) {
    return {assessment, moves: [], refusal: {reason: 'Pinned', message: unpredictable}};
  }
  if (assessment.movesNeeded === 0) {
    const refusal = refusalWithoutMoves(assessment);
    return {assessment, moves: [], ...(refusal === undefined ? {} : {refusal})};
  }
  if (request.detailedMoves === 0) {
    // What the moves are worked out from costs as much as the cluster has nodes.
    return {assessment, moves: []};
  }
  const moves: PlannedMove[] = [];
  let prospect = Prospect.of(request.replacement, request.snapshot);
  let replicas = request.replicas;
  const judgements = {left: MOST_JUDGEMENTS};
  const isRoomier = isRoomierWithout(request.replicas, request.replacement, request.snapshot);
  while (moves.length < Math.min(request.detailedMoves, assessment.movesNeeded)) {
    // Each planned move shortens the way by one.
    const left = assessment.exact ? assessment.movesNeeded - moves.length : undefined;
    const problemWith = (shown: readonly string[]) =>
      assessment.problemNear(replicas, (left ?? Number.POSITIVE_INFINITY) + SPARE_NODES, shown);
    const problem = problemWith([]);
    const distribution = new Distribution(problem.levels, problem.cells);
    const steps = new Steps(distribution, left === undefined ? undefined : {way: {length: left}});
    const targets = new Targets(problem, steps, prospect.table.size);
    const picture = {problem, problemWith, steps, targets, assessment, isRoomier};
    const step = nextMove({replicas, prospect}, picture, judgements);
    if ('message' in step) {
      return moves.length > 0
        ? {assessment, moves}
        : {assessment, moves, refusal: withViolations(step, assessment)};
    }
    moves.push(step);
    const moved = arrivalOf(step, request.replacement);
    prospect = prospect.with({remove: [step.pod], add: [moved]});
    replicas = [...replicas.filter((pod) => pod.uid !== step.pod.uid), moved];
    const judged = MOST_JUDGEMENTS - judgements.left;
    if (judged + problem.cellOfNode.size > MOST_JUDGEMENTS_FOR_MORE_MOVES) {
      break;
    }
  }
  return {assessment, moves};
}

interface Picture {
  readonly problem: Problem;
  /** The same with these nodes by themselves. */
  readonly problemWith: (shown: readonly string[]) => Problem;
  readonly steps: Steps;
  readonly targets: Targets;
  readonly assessment: Assessment;
  /** Whether each node that takes a replica has room for one in the eyes of the assessment, too. */
  readonly isRoomier: boolean;
}

/** Before a move. */
interface Situation {
  readonly replicas: readonly Pod[];
  readonly prospect: Prospect;
}

interface Candidate {
  readonly pod: Pod;
  readonly cell: number;
}

function nextMove(
  {replicas, prospect}: Situation,
  picture: Picture,
  judgements: {left: number},
): PlannedMove | PlanRefusal {
  const {problem, steps} = picture;
  const candidates = candidatesOf(replicas, problem, steps);
  const movable = candidates.filter(({pod}) => pod.doNotDisrupt === undefined);
  if (candidates.length === 0) {
    return {reason: 'NoFeasibleNode', message: 'no single move improves the placement'};
  }
  if (movable.length === 0) {
    const kept = candidates.map(({pod}) => `${pod.name} (${pod.doNotDisrupt ?? ''})`);
    return {
      reason: 'Excluded',
      message: `the replicas that would have to move are not to be disrupted: ${listNames(kept)}`,
    };
  }
  const attempts: Attempt[] = [];
  const nodes = problem.cellOfNode.size;
  for (const candidate of tryingOrder(movable, steps, judgements.left / nodes)) {
    if (attempts.length >= FEWEST_TRIED && judgements.left < nodes) {
      break;
    }
    judgements.left -= nodes;
    const outcome = tryMove(prospect, picture, candidate);
    if ('to' in outcome) {
      return outcome;
    }
    attempts.push(outcome);
  }
  return explainAttempts(attempts);
}

/**
 * Replicas of one template on one node differ only in who goes first: the first speaks for all. Where not all that are
 * left can be tried, those that lie differently come first.
 */
function tryingOrder(movable: readonly Candidate[], steps: Steps, most: number): readonly Candidate[] {
  const nodes = new Set<string>();
  const distinct = movable.filter(({pod: {nodeName = ''}}) => nodes.size < nodes.add(nodeName).size);
  if (distinct.length <= most) {
    return distinct;
  }
  const classes = new Set<number>();
  const first = distinct.filter(({cell}) => classes.size < classes.add(steps.classOf(cell)).size);
  const chosen = new Set(first);
  return [...first, ...distinct.filter((candidate) => !chosen.has(candidate))];
}

// Replicas whose move can bring the optimum nearer, in the order in which Kubernetes itself would rather lose pods.
function candidatesOf(replicas: readonly Pod[], problem: Problem, steps: Steps): Candidate[] {
  const candidates: Candidate[] = [];
  for (const pod of replicas) {
    const cell = problem.cellOfNode.get(pod.nodeName ?? '');
    if (cell === undefined || pod.deletionTimestamp !== undefined) {
      continue;
    }
    if (steps.gives(cell)) {
      candidates.push({pod, cell});
    }
  }
  return candidates.sort((a, b) => compareVictims(a.pod, b.pod));
}

/** The replica that Kubernetes itself would rather lose comes first. */
export function compareVictims(a: Pod, b: Pod): number {
  return (
    a.deletionCost - b.deletionCost ||
    Number(a.ready) - Number(b.ready) ||
    b.createdAt - a.createdAt ||
    compareText(a.name, b.name)
  );
}

function tryMove(
  prospect: Prospect,
  {problem, problemWith, targets, assessment, isRoomier}: Picture,
  {pod, cell}: Candidate,
): PlannedMove | Attempt {
  const from = pod.nodeName ?? '';
  const {numbers: possible, refusals, occasions} = receptionAfter(prospect, pod);
  const {numberOf} = prospect.table;
  const isRight = (node: string) => targets.areRight(cell, numberOf.get(node) ?? -1, false);
  const wantedNodes = () => [...problem.cellOfNode.keys()].filter(isRight);
  let right = 0;
  for (let index = 0; index < possible.length; index++) {
    right += targets.areRight(cell, possible[index] ?? -1, isRoomier) ? 1 : 0;
  }
  if (right === 0) {
    return {pod, from, wanted: wantedNodes, refusals: () => refusals().filter(({node}) => isRight(node))};
  }
  const certainty = right === possible.length ? 'certain' : 'likely';
  const wrong = occasions.find(({targets}) => !targets.every(isRight));
  if (certainty === 'likely' && wrong !== undefined) {
    return {pod, from, wanted: wantedNodes, refusals: () => [], preferred: () => preferredOf(wrong, isRight)};
  }
  const best = [...new Set(occasions.flatMap(({targets}) => targets))];
  // Cells stand for nodes that lie alike; what is told is about these two.
  const shown = problemWith([from, best[0] ?? from]);
  const source = shown.cellOfNode.get(from) ?? 0;
  const transfer = {from: source, to: shown.cellOfNode.get(best[0] ?? '') ?? source};
  const distribution = new Distribution(shown.levels, shown.cells);
  const after = distribution.fork();
  after.transfer(transfer);
  return {
    pod,
    from,
    to: best,
    certainty,
    objectiveBefore: distribution.objective(),
    objectiveAfter: after.objective(),
    reason: describeMove(
      shown,
      distribution,
      transfer,
      best,
      certainty,
      possible.length,
      conflictOf(pod, assessment),
    ),
  };
}

// Of a sample of the nodes, the scheduler may choose one that scores less than a wanted one outside of it.
function preferredOf({ranking, table}: Prospect, isRight: (node: string) => boolean): Preference {
  const {numbers, totals} = ranking;
  const ranked = Array.from(numbers, (number) => table.names[number] ?? '');
  const score = totals[ranked.findIndex((node) => !isRight(node))] ?? 0;
  const nodes = ranked.filter((_, rank) => totals[rank] === score);
  const wantedScore = totals[ranked.findIndex(isRight)];
  return {nodes, score, ...(wantedScore === undefined ? {} : {wantedScore})};
}

function conflictOf(
  {name}: Pod,
  {violations, unwantedNeighbours}: Assessment,
): {hard?: string; soft?: string} {
  const hard = violations.find(({pod}) => pod === name)?.message;
  const soft = unwantedNeighbours.find(({pod}) => pod === name)?.message;
  return {...(hard === undefined ? {} : {hard}), ...(soft === undefined ? {} : {soft})};
}

/** The replacement, as it will run where it is expected. */
export function arrivalOf(move: Pick<PlannedMove, 'pod' | 'from' | 'to'>, replacement: PodToSchedule): Pod {
  return {
    ...move.pod,
    uid: `${move.pod.uid}-replacement`,
    name: `${move.pod.name}-replacement`,
    labels: replacement.labels,
    spec: replacement.spec,
    nodeName: move.to[0] ?? move.from,
  };
}
