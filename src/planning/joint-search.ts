/**
 * Best-first search over placements of several workloads: the least objective, and the fewest moves to it (A*, with the
 * moves that each workload needs on its own as the estimate, which is never too high).
 */

import {Heap} from '../heap.ts';
import type {Objective} from './distribution.ts';
import type {JointModel, JointState, Measure, Step} from './joint-model.ts';
import {compareVectors} from './vectors.ts';

/** Ordered by the objective, then by the moves. */
export interface Score {
  readonly objective: Objective;
  readonly moves: number;
}

export interface Found {
  readonly state: JointState;
  readonly steps: readonly Step[];
  readonly score: Score;
}

export interface SearchResult {
  readonly best: Found;
  /** No way that the search could have taken ends better than this; that of `best` when the search is complete. */
  readonly bound: Score;
  /** The search ended because there was nothing left to try. */
  readonly isComplete: boolean;
}

interface Candidate {
  readonly state: JointState;
  readonly moves: number;
  readonly before?: {readonly candidate: Candidate; readonly step: Step};
  readonly measure: Measure;
  readonly estimate: Score;
  readonly order: number;
}

/**
 * @param goal what is good enough: the search ends with the first way that is no worse, and follows none that cannot be
 */
export function search(
  model: JointModel,
  stepsFrom: (state: JointState) => readonly Step[],
  goal?: Score,
): SearchResult {
  const open = new Heap<Candidate>(compareCandidates);
  const fewest = new Map<string, number>();
  let order = 0;
  const candidateOf = (state: JointState, moves: number, before?: Candidate['before']): Candidate => {
    const measure = model.measure(state);
    order += 1;
    const estimate = {objective: measure.optimum, moves: moves + measure.moves};
    return {state, moves, measure, estimate, order, ...(before === undefined ? {} : {before})};
  };
  let best = candidateOf(model.start, 0);
  fewest.set(best.state.key, 0);
  open.push(best);
  const leads = ({estimate}: Candidate) =>
    isBetter(estimate, scoreOf(best)) && (goal === undefined || !isBetter(goal, estimate));
  for (;;) {
    const candidate = open.pop();
    if (candidate === undefined || !leads(candidate)) {
      return {best: foundAt(best), bound: scoreOf(best), isComplete: true};
    }
    if ((fewest.get(candidate.state.key) ?? 0) < candidate.moves) {
      continue;
    }
    for (const step of stepsFrom(candidate.state)) {
      const state = model.after(candidate.state, step, step.to[0] ?? step.from);
      const moves = candidate.moves + 1;
      if ((fewest.get(state.key) ?? Number.POSITIVE_INFINITY) <= moves) {
        continue;
      }
      if (model.harms(candidate.state, state, step.member)) {
        continue;
      }
      fewest.set(state.key, moves);
      const next = candidateOf(state, moves, {candidate, step});
      if (isBetter(scoreOf(next), scoreOf(best))) {
        best = next;
        if (goal !== undefined && !isBetter(goal, scoreOf(best))) {
          return {best: foundAt(best), bound: candidate.estimate, isComplete: false};
        }
      }
      if (leads(next)) {
        open.push(next);
      }
    }
    // When the effort is spent, maybe not all steps from here were seen; whatever they lead to is no better than this.
    if (model.effort.isSpent && isBetter(candidate.estimate, scoreOf(best))) {
      return {best: foundAt(best), bound: candidate.estimate, isComplete: false};
    }
  }
}

export function isBetter(a: Score, b: Score): boolean {
  return (compareVectors(a.objective, b.objective) || a.moves - b.moves) < 0;
}

function scoreOf({measure, moves}: Candidate): Score {
  return {objective: measure.objective, moves};
}

function foundAt(candidate: Candidate): Found {
  const steps: Step[] = [];
  for (let at = candidate.before; at !== undefined; at = at.candidate.before) {
    steps.unshift(at.step);
  }
  return {state: candidate.state, steps, score: scoreOf(candidate)};
}

/** The best estimate first; of equal ones that with the better placement already, then the older. */
function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    compareVectors(a.estimate.objective, b.estimate.objective) ||
    a.estimate.moves - b.estimate.moves ||
    compareVectors(a.measure.objective, b.measure.objective) ||
    a.order - b.order
  );
}
