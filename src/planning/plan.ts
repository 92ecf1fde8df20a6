/**
 * Which replicas to move, in which order, and why that is right; or the reason why none is moved. May import
 * `cluster/` and `scheduling/`; no I/O, no clock, no randomness: the same request gives the same plan.
 */
import type {Pod} from '../cluster/pod.ts';
import {compareText, withChanges} from '../cluster/snapshot.ts';
import {describeRefusals} from '../scheduling/explain-refusals.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {bestNodes, filterNodes, scoreNodes} from '../scheduling/scheduler.ts';
import {type Assessment, type AssessRequest, assess, type Problem} from './assess.ts';
import {Distribution, isLess, type Objective, type Optimum, type Transfer} from './distribution.ts';
import type {IneligibleNode} from './eligibility.ts';
import {listChoices, listNames, summariseIneligible} from './explain.ts';

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
  /** `certain`: every node that the hard rules allow is right. `likely`: the best-scored ones are. */
  readonly certainty: 'certain' | 'likely';
  readonly objectiveBefore: Objective;
  readonly objectiveAfter: Objective;
  /** For people: why this replica, and why there. */
  readonly reason: string;
}

export interface PlanRefusal {
  readonly reason: 'InsufficientDomains' | 'NoFeasibleNode' | 'Pinned' | 'Excluded';
  /** Names the nodes and what each of them objects to. */
  readonly message: string;
}

export interface Plan {
  readonly assessment: Assessment;
  /** The next moves, in order; at most `detailedMoves`. */
  readonly moves: readonly PlannedMove[];
  /** Why the first move that is wanted is not planned; absent when it is planned or none is wanted. */
  readonly refusal?: PlanRefusal;
}

export function plan(request: PlanRequest): Plan {
  const assessment = request.assessment ?? assess(request);
  if (assessment.movesNeeded === 0) {
    const refusal = refusalWithoutMoves(assessment);
    return {assessment, moves: [], ...(refusal === undefined ? {} : {refusal})};
  }
  const unpredictable = unpredictableBecause(request.replacement);
  if (unpredictable !== undefined) {
    return {assessment, moves: [], refusal: {reason: 'Pinned', message: unpredictable}};
  }
  const moves: PlannedMove[] = [];
  let {snapshot} = request;
  let replicas = request.replicas;
  let problem = assessment.problem;
  while (moves.length < Math.min(request.detailedMoves, assessment.movesNeeded)) {
    const step = nextMove({...request, replicas, snapshot}, problem);
    if ('reason' in step) {
      return moves.length > 0 ? {assessment, moves} : {assessment, moves, refusal: step};
    }
    moves.push(step.move);
    const moved = arrivalOf(step.move, request.replacement);
    snapshot = withChanges(snapshot, {remove: [step.move.pod], add: [moved]});
    replicas = [...replicas.filter((pod) => pod.uid !== step.move.pod.uid), moved];
    problem = step.problem;
  }
  return {assessment, moves};
}

/** What decides where the replacement can go and is not modelled: then it is not known to fit anywhere else. */
function unpredictableBecause({spec}: PodToSchedule): string | undefined {
  if (spec.schedulerName !== 'default-scheduler') {
    return `the pods are placed by ${spec.schedulerName}, whose rules are not known`;
  }
  if (spec.claims.length > 0) {
    return `the pods mount PersistentVolumeClaim ${listNames(spec.claims)}, and where a volume can be attached is not checked yet`;
  }
  if (spec.resourceClaims.length > 0) {
    return `the pods use resource claims (${listNames(spec.resourceClaims)}), and where those can be met is not checked yet`;
  }
  return undefined;
}

interface NextMove {
  readonly move: PlannedMove;
  /** The placement after it. */
  readonly problem: Problem;
}

interface Candidate {
  readonly pod: Pod;
  readonly cell: number;
}

interface Attempt {
  readonly pod: Pod;
  readonly from: string;
  /** Nodes where the replacement is wanted. */
  readonly wanted: readonly string[];
  readonly refusals: readonly Refusal[];
  /** Set when the filters allow a wanted node but the scheduler would choose another. */
  readonly preferred?: {
    readonly nodes: readonly string[];
    readonly score: number;
    readonly wantedScore: number;
  };
}

function nextMove(request: PlanRequest, problem: Problem): NextMove | PlanRefusal {
  const distribution = new Distribution(problem.levels, problem.cells);
  const steps = new StepCache(distribution, problem);
  const candidates = candidatesOf(request.replicas, problem, steps);
  const movable = candidates.filter(({pod}) => pod.doNotDisrupt === undefined);
  if (movable.length === 0) {
    const kept = candidates.map(({pod}) => `${pod.name} (${pod.doNotDisrupt ?? ''})`);
    return {
      reason: 'Excluded',
      message: `the replicas that would have to move are not to be disrupted: ${listNames(kept)}`,
    };
  }
  const attempts: Attempt[] = [];
  const tried = new Set<string>();
  for (const candidate of movable) {
    // Replicas of one template on one node differ only in who goes first: the first speaks for all.
    if (tried.has(candidate.pod.nodeName ?? '')) {
      continue;
    }
    tried.add(candidate.pod.nodeName ?? '');
    const outcome = tryMove(request, problem, distribution, steps, candidate);
    if ('move' in outcome) {
      return outcome;
    }
    attempts.push(outcome);
  }
  return explainAttempts(attempts);
}

/** Remembers, for a victim's cell and a landing cell, whether the landing brings the optimum one move nearer. */
class StepCache {
  readonly #distribution: Distribution;
  readonly #goal: Optimum;
  readonly #levels: Problem['levels'];
  readonly #known = new Map<string, boolean>();

  constructor(distribution: Distribution, {levels}: Problem) {
    this.#distribution = distribution;
    this.#goal = distribution.optimum();
    this.#levels = levels;
  }

  isOnShortestWay(transfer: Transfer): boolean {
    const key = `${transfer.from}>${transfer.to}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = transfer.from !== transfer.to && this.#improves(transfer);
      this.#known.set(key, known);
    }
    return known;
  }

  // Fewer moves to the end are not enough: a replica that has left a node that takes none back (a cordoned one) can
  // put the best distribution out of reach, and then there is nothing left to do because nothing more can be done.
  #improves(transfer: Transfer): boolean {
    if (!this.#distribution.isImprovedBy(transfer)) {
      return false;
    }
    const after = this.#distribution.fork();
    after.transfer(transfer);
    const goal = after.optimum();
    return goal.way.length < this.#goal.way.length && !isLess(this.#exact(this.#goal), this.#exact(goal));
  }

  // Where differences are tolerated, distributions of different cost are equally good.
  #exact({objective}: Optimum): number[] {
    return objective.filter((_, level) => this.#levels[level]?.maxSkew === 1);
  }
}

// Replicas whose move can bring the optimum nearer, in the order in which Kubernetes itself would rather lose pods.
function candidatesOf(replicas: readonly Pod[], problem: Problem, steps: StepCache): Candidate[] {
  const receivers = problem.cells.flatMap((cell, index) => (cell.count < cell.room ? [index] : []));
  const gives = new Map<number, boolean>();
  const candidates: Candidate[] = [];
  for (const pod of replicas) {
    const cell = problem.cellOfNode.get(pod.nodeName ?? '');
    if (cell === undefined || pod.deletionTimestamp !== undefined) {
      continue;
    }
    let given = gives.get(cell);
    if (given === undefined) {
      given = receivers.some((to) => steps.isOnShortestWay({from: cell, to}));
      gives.set(cell, given);
    }
    if (given) {
      candidates.push({pod, cell});
    }
  }
  return candidates.sort(
    (a, b) =>
      a.pod.deletionCost - b.pod.deletionCost ||
      Number(a.pod.ready) - Number(b.pod.ready) ||
      b.pod.createdAt - a.pod.createdAt ||
      compareText(a.pod.name, b.pod.name),
  );
}

function tryMove(
  request: PlanRequest,
  problem: Problem,
  distribution: Distribution,
  steps: StepCache,
  {pod, cell}: Candidate,
): NextMove | Attempt {
  const from = pod.nodeName ?? '';
  const without = withChanges(request.snapshot, {remove: [pod]});
  const {feasible, refusals} = filterNodes(request.replacement, without);
  const isRight = (node: string): boolean => {
    const to = problem.cellOfNode.get(node);
    return to !== undefined && steps.isOnShortestWay({from: cell, to});
  };
  const wanted = [...problem.cellOfNode.keys()].filter(isRight);
  const right = feasible.filter((info) => isRight(info.node.name));
  if (right.length === 0) {
    return {pod, from, wanted, refusals: refusals.filter((refusal) => wanted.includes(refusal.node))};
  }
  const scores = scoreNodes(request.replacement, without, feasible);
  const best = bestNodes(scores).map((score) => score.node);
  const certainty = right.length === feasible.length ? 'certain' : 'likely';
  if (certainty === 'likely' && !best.every(isRight)) {
    const preferred = scores[0]?.total ?? 0;
    const wantedScore = Math.max(
      ...scores.filter((score) => isRight(score.node)).map((score) => score.total),
    );
    return {pod, from, wanted, refusals: [], preferred: {nodes: best, score: preferred, wantedScore}};
  }
  const to = problem.cellOfNode.get(best[0] ?? '') ?? cell;
  const after = distribution.fork();
  after.transfer({from: cell, to});
  const move: PlannedMove = {
    pod,
    from,
    to: best,
    certainty,
    objectiveBefore: distribution.objective(),
    objectiveAfter: after.objective(),
    reason: describeMove(problem, distribution, {from: cell, to}, best, certainty, feasible.length),
  };
  return {move, problem: {...problem, cells: after.cells()}};
}

function describeMove(
  problem: Problem,
  distribution: Distribution,
  {from, to}: Transfer,
  targets: readonly string[],
  certainty: PlannedMove['certainty'],
  feasible: number,
): string {
  const source = problem.cells[from]?.domains ?? [];
  const target = problem.cells[to]?.domains ?? [];
  // Domains are named from the first topology in which the two differ: the one that the move improves.
  const level = Math.max(
    0,
    source.findIndex((domain, index) => domain !== target[index]),
  );
  const counts = `${source[level]} holds ${distribution.domainCount(from, level)}, ${target[level]} ${distribution.domainCount(to, level)}`;
  const why =
    certainty === 'certain'
      ? feasible === 1
        ? 'the only node that takes it'
        : 'every node that takes it improves the spread'
      : 'where the scheduler scores highest';
  return `${counts}; the replacement goes to ${listChoices(targets)}: ${why}`;
}

function explainAttempts(attempts: readonly Attempt[]): PlanRefusal {
  const overruled = attempts.find((attempt) => attempt.preferred !== undefined);
  if (overruled?.preferred !== undefined) {
    const {nodes, score, wantedScore} = overruled.preferred;
    return {
      reason: 'NoFeasibleNode',
      message:
        `the scheduler would put a replacement of ${overruled.pod.name} on ${listChoices(nodes)} (score ${score}) ` +
        `rather than on ${listChoices(overruled.wanted)} (score ${wantedScore}), so evicting it would not help; ` +
        'a placement rule in the pod template (injection.mode Apply) would change that',
    };
  }
  const refusals = attempts[0]?.refusals ?? [];
  return {reason: 'NoFeasibleNode', message: `no node takes a replacement: ${describeRefusals(refusals)}`};
}

function refusalWithoutMoves(assessment: Assessment): PlanRefusal | undefined {
  if (assessment.movesWanted > 0) {
    return {
      reason: 'NoFeasibleNode',
      message: `no node has room for a replacement: ${describeRefusals(assessment.noRoom)}`,
    };
  }
  const first = assessment.topologies[0];
  // Replicas that are apart need no other domain: a drain of the other nodes is no reason to complain.
  const together = first?.domains.some(({replicas}) => replicas > 1) ?? false;
  if (first === undefined || first.eligibleDomains > 1 || !together) {
    return undefined;
  }
  const domains = `${first.eligibleDomains === 0 ? 'no' : 'only one'} domain of ${first.topologyKey} is eligible`;
  const pinnedBy = (cause: IneligibleNode['cause']) => cause === 'NodeAffinity' || cause === 'Taint';
  const reason = assessment.ineligible.some(({cause}) => pinnedBy(cause)) ? 'Pinned' : 'InsufficientDomains';
  const others = assessment.ineligible.length > 0 ? ` (${summariseIneligible(assessment.ineligible)})` : '';
  return {reason, message: `${domains}${others}`};
}

/** The replacement, as it will run where it is expected. */
export function arrivalOf(move: PlannedMove, replacement: PodToSchedule): Pod {
  return {
    ...move.pod,
    uid: `${move.pod.uid}-replacement`,
    name: `${move.pod.name}-replacement`,
    labels: replacement.labels,
    spec: replacement.spec,
    nodeName: move.to[0] ?? move.from,
  };
}
