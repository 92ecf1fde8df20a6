/** Why a move is planned, for people. */
import type {Distribution, Transfer} from './distribution.ts';
import {listChoices} from './explain.ts';
import type {PlannedMove} from './plan.ts';
import type {Problem} from './problem.ts';

/** @param conflicts what is wrong with where the replica is, by the entry of the objective that it counts in */
export function describeMove(
  problem: Problem,
  distribution: Distribution,
  transfer: Transfer,
  targets: readonly string[],
  certainty: PlannedMove['certainty'],
  feasible: number,
  conflicts: {readonly hard?: string; readonly soft?: string} = {},
): string {
  const change = distribution.changeOf(transfer);
  const entry = change.findIndex((value) => value < 0);
  const conflict = entry === 0 ? conflicts.hard : entry === change.length - 1 ? conflicts.soft : undefined;
  const because = conflict ?? describeCounts(problem, distribution, transfer, entry);
  const why =
    certainty === 'certain'
      ? feasible === 1
        ? 'the only node that takes it'
        : 'every node that takes it improves the spread'
      : 'where the scheduler scores highest';
  return `${because}; the replacement goes to ${listChoices(targets)}: ${why}`;
}

// The domains of the first level that the move improves, or else in which the two ends differ.
function describeCounts(
  {levels, cells}: Problem,
  distribution: Distribution,
  {from, to}: Transfer,
  entry: number,
): string {
  const source = cells[from]?.domains ?? [];
  const target = cells[to]?.domains ?? [];
  const differing = [...levels.keys()].filter((index) => source[index] !== target[index]);
  const level = differing.find((index) => (levels[index]?.entry ?? index) === entry) ?? differing[0];
  if (level === undefined) {
    return 'both ends lie in the same domains';
  }
  // A rule of the template can be about a label that one of the two nodes lacks.
  const nameOf = (domain: string | undefined) => domain ?? 'no domain';
  return (
    `${nameOf(source[level])} holds ${distribution.domainCount(from, level)}, ` +
    `${nameOf(target[level])} ${distribution.domainCount(to, level)}`
  );
}
