/**
 * The integer problem inside a plan: replicas stand in cells (nodes that the topologies do not tell apart), a move
 * takes one from a cell to another, and the fewest moves to the best distribution are wanted. Pure numbers; which
 * pod moves and whether the scheduler agrees is decided in plan.ts.
 *
 * Each level costs a convex function of the replicas in each of its domains, and the entries of the objective count
 * in their order (lexicographically). Where the domains lie in each other, such as hostname within zone, the cost is
 * M-natural-convex, and steepest descent with single moves reaches, after k moves, the best distribution that any k
 * moves can reach (A. Shioura, "M-convex function minimization under L1-distance constraint", Mathematics of
 * Operations Research 47(2), 2022). The number of steps is therefore the minimum. docs/how-it-plans.md holds the
 * argument at length, and what is done where domains overlap.
 */
import {lowChoices} from './bands.ts';
import {descend} from './descent.ts';
import type {Level} from './levels.ts';
import {type Lows, Placement, type Transfer} from './placement.ts';
import {type Budget, searchBest, wayBetween} from './search.ts';
import {type Cell, type Forest, forestOf, type Shape, shapeOf} from './shape.ts';
import {compareVectors, isLess, isNegative} from './vectors.ts';

export type {Level} from './levels.ts';
export type {Transfer} from './placement.ts';
export type {Cell} from './shape.ts';
export {isLess} from './vectors.ts';

/** How many placements are looked at, at most, where topologies overlap. */
const SEARCH_BUDGET = 20_000;

export interface Optimum {
  readonly way: readonly Transfer[];
  readonly objective: Objective;
  /** Whether no distribution is better and no way to one as good is shorter. */
  readonly exact: boolean;
  /** No way to the best distribution is shorter than this; the length of the way where that is exact. */
  readonly atLeast: number;
}

/** What each entry costs, the most important first. Compared lexicographically. */
export type Objective = readonly number[];

/**
 * The counts of a distribution while it changes. Copies are cheap to make through `fork`, and a transfer costs the
 * number of levels.
 */
export class Distribution {
  readonly #shape: Shape;
  readonly #placement: Placement;
  readonly #structure: {forest?: Forest | undefined};

  constructor(levels: readonly Level[], cells: readonly Cell[], copyOf?: Distribution) {
    this.#shape = copyOf === undefined ? shapeOf(levels, cells) : copyOf.#shape;
    this.#placement = copyOf === undefined ? Placement.start(this.#shape) : copyOf.#placement.fork();
    this.#structure = copyOf === undefined ? {} : copyOf.#structure;
  }

  fork(): Distribution {
    return new Distribution(this.#shape.levels, this.#shape.cells, this);
  }

  get levels(): readonly Level[] {
    return this.#shape.levels;
  }

  get size(): number {
    return this.#shape.cells.length;
  }

  /** Whether of any two domains that share a cell one contains the other. */
  get isNested(): boolean {
    return this.#forest !== undefined;
  }

  /** The placement underneath; to be read only. */
  get placement(): Placement {
    return this.#placement;
  }

  get forest(): Forest | undefined {
    return this.#forest;
  }

  /** The cells with the counts of now. */
  cells(): Cell[] {
    return this.#shape.cells.map((cell, index) => ({...cell, count: this.count(index)}));
  }

  objective(): Objective {
    return this.#placement.objective();
  }

  count(cell: number): number {
    return this.#placement.counts[cell] ?? 0;
  }

  takesOne(cell: number): boolean {
    return this.#placement.takesOne(cell);
  }

  /** What counts in the cell's domain at a level. */
  domainCount(cell: number, level: number): number {
    const domain = this.#shape.domainOf[level]?.[cell] ?? -1;
    return domain < 0 ? 0 : (this.#placement.sums[level]?.[domain] ?? 0);
  }

  transfer(transfer: Transfer): void {
    this.#placement.transfer(transfer);
  }

  /** The transfer that improves the distribution most; undefined when none does. Ties: the first cells. */
  steepest(): Transfer | undefined {
    return this.optimum().way[0];
  }

  /** The fewest transfers to the optimum, in order; the distribution itself stays as it is. */
  shortestWay(): readonly Transfer[] {
    return this.optimum().way;
  }

  /** The best distribution that can be reached, and the fewest transfers to it. */
  optimum(): Optimum {
    const now = this.#shape.tolerant.length === 0 ? undefined : this.objective();
    if (now?.every((cost) => cost === 0) === true) {
      return {way: [], objective: now, exact: true, atLeast: 0};
    }
    const {choices, complete} = lowChoices(this.#placement);
    const {way, objective} = this.#descended(choices);
    if (this.isNested) {
      return {way, objective, exact: complete, atLeast: complete ? way.length : Math.min(1, way.length)};
    }
    return this.#searched({way, objective});
  }

  /** Whether so many moves can lead to a distribution that is no worse. False, too, when the budget of a search ends. */
  reaches(objective: Objective, moves: number, budget: Budget): boolean {
    const descended = this.#descended(lowChoices(this.#placement).choices);
    if (!isLess(objective, descended.objective) && descended.way.length <= moves) {
      return true;
    }
    if (this.isNested || budget.left <= 0) {
      return false;
    }
    const found = searchBest(this.#placement, {objective, moves: moves + 1}, budget);
    return found !== undefined && found !== 'known' && found.moves <= moves;
  }

  isImprovedBy(transfer: Transfer): boolean {
    return isNegative(this.changeOf(transfer));
  }

  /** How a transfer changes each entry of the objective. */
  changeOf(transfer: Transfer): number[] {
    if (this.#shape.tolerant.length === 0) {
      return this.#placement.changeWith(transfer, []);
    }
    const before = this.objective();
    const after = this.#placement.fork();
    after.transfer(transfer);
    return after.objective().map((cost, entry) => cost - (before[entry] ?? 0));
  }

  #descended(choices: readonly Lows[]): {readonly way: readonly Transfer[]; readonly objective: Objective} {
    let best: {way: Transfer[]; objective: readonly number[]} | undefined;
    for (const lows of choices) {
      const placement = this.#placement.fork();
      const way = descend(placement, this.#forest, lows);
      const objective = placement.objectiveWith(lows);
      const order = best === undefined ? -1 : compareVectors(objective, best.objective);
      if (order < 0 || (order === 0 && way.length < (best?.way.length ?? 0))) {
        best = {way, objective};
      }
    }
    return best ?? {way: [], objective: this.objective()};
  }

  // Descent may have stopped too early, or have gone a longer way than needed.
  #searched({way, objective}: {readonly way: readonly Transfer[]; readonly objective: Objective}): Optimum {
    const found = searchBest(this.#placement, {objective, moves: way.length}, {left: SEARCH_BUDGET});
    if (found === 'known') {
      return {way, objective, exact: true, atLeast: way.length};
    }
    if (found !== undefined) {
      const shortest = wayBetween(this.#placement, found.counts);
      return {way: shortest, objective: found.objective, exact: true, atLeast: shortest.length};
    }
    const atLeast = this.#nestedPart().optimum().atLeast;
    return {way, objective, exact: false, atLeast: Math.min(atLeast, way.length)};
  }

  // The best distributions by all entries are among the best by the first few, so the way to those is no longer.
  #nestedPart(): Distribution {
    const {levels, entries, entryOf} = this.#shape;
    const cells = this.cells();
    for (let kept = entries - 1; kept > 0; kept--) {
      const part = new Distribution(
        levels.map((level, index) =>
          (entryOf[index] ?? 0) < kept ? {...level, entry: entryOf[index] ?? 0} : NOTHING,
        ),
        cells,
      );
      if (part.isNested) {
        return part;
      }
    }
    return new Distribution([], cells);
  }

  get #forest(): Forest | undefined {
    if (!('forest' in this.#structure)) {
      this.#structure.forest = forestOf(this.#shape);
    }
    return this.#structure.forest;
  }
}

const NOTHING: Level = {maxSkew: 1, kind: 'cost', entry: 0};

/** The fewest moves to the least objective. */
export function shortestWay(levels: readonly Level[], cells: readonly Cell[]): readonly Transfer[] {
  return new Distribution(levels, cells).shortestWay();
}
