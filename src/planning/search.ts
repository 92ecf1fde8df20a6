/**
 * Branch and bound over all placements, for topologies that overlap, where descent may end in a placement that is only
 * locally the best. It looks at so many placements at most and otherwise says that it does not know.
 */
import {domainCost, isTolerant} from './levels.ts';
import type {Placement, Transfer} from './placement.ts';
import {compareVectors} from './vectors.ts';

const MOST_CELLS = 40;
const MOST_REPLICAS = 60;

/** How many placements may still be looked at; shared by the searches that belong together. */
export interface Budget {
  left: number;
}

export interface Found {
  readonly counts: readonly number[];
  readonly objective: readonly number[];
  readonly moves: number;
}

/**
 * The best placement, and among the best the one with the fewest moves, if it is better than the one that is known.
 * `known` when there is none better; undefined when the budget ran out first.
 */
export function searchBest(
  start: Placement,
  known: Pick<Found, 'objective' | 'moves'>,
  budget: Budget,
): Found | 'known' | undefined {
  const {shape} = start;
  const replicas = start.counts.reduce((sum, count) => sum + count, 0);
  if (shape.cells.length > MOST_CELLS || replicas > MOST_REPLICAS) {
    return undefined;
  }
  const search = new Search(start, known, budget);
  return search.run(replicas);
}

class Search {
  readonly #start: Placement;
  readonly #order: readonly number[];
  /** Whether a cell is like the one before it in the order: then it need not hold more. */
  readonly #likePrevious: readonly boolean[];
  /** From each position on, whether a cell is outside of the level's domains. */
  readonly #openFrom: readonly (readonly boolean[])[];
  /** From each position on, the domains of each level that still have cells. */
  readonly #domainsFrom: readonly (readonly (readonly number[])[])[];
  readonly #roomFrom: readonly number[];
  #known: Pick<Found, 'objective' | 'moves'>;
  #found: Found | undefined;
  readonly #budget: Budget;
  readonly #placement: Placement;

  constructor(start: Placement, known: Pick<Found, 'objective' | 'moves'>, budget: Budget) {
    const {shape} = start;
    this.#start = start;
    this.#known = known;
    this.#budget = budget;
    const likeness = likenessOf(start);
    this.#order = [...shape.cells.keys()].sort(
      (a, b) => compare(likeness[a] ?? '', likeness[b] ?? '') || a - b,
    );
    this.#likePrevious = this.#order.map(
      (cell, position) => position > 0 && likeness[cell] === likeness[this.#order[position - 1] ?? -1],
    );
    const remaining = this.#order.map((_, position) => this.#order.slice(position));
    this.#openFrom = remaining.map((cells) =>
      shape.levels.map((_, level) => cells.some((cell) => (shape.domainOf[level]?.[cell] ?? -1) < 0)),
    );
    this.#domainsFrom = remaining.map((cells) =>
      shape.levels.map((_, level) => [
        ...new Set(cells.map((cell) => shape.domainOf[level]?.[cell] ?? -1).filter((domain) => domain >= 0)),
      ]),
    );
    this.#roomFrom = [...remaining, []].map((cells) =>
      cells.reduce((sum, cell) => sum + this.#most(cell), 0),
    );
    this.#placement = start.fork();
    for (const [cell, count] of start.counts.entries()) {
      this.#placement.add(cell, -count);
    }
  }

  run(replicas: number): Found | 'known' | undefined {
    this.#visit(0, replicas, 0, 0);
    return this.#budget.left < 0 ? undefined : (this.#found ?? 'known');
  }

  #most(cell: number): number {
    return Math.max(this.#start.counts[cell] ?? 0, this.#start.shape.cells[cell]?.room ?? 0);
  }

  #visit(position: number, left: number, entered: number, gone: number): void {
    this.#budget.left -= 1;
    if (this.#budget.left < 0 || left > (this.#roomFrom[position] ?? 0)) {
      return;
    }
    const cell = this.#order[position];
    if (cell === undefined) {
      this.#consider(entered);
      return;
    }
    const moves = Math.max(entered, gone);
    if (!this.#canBeBetter(this.#bound(position, left), moves)) {
      return;
    }
    const before = this.#order[position - 1] ?? -1;
    const most = Math.min(
      left,
      this.#most(cell),
      this.#likePrevious[position] === true ? (this.#placement.counts[before] ?? 0) : left,
    );
    const now = this.#start.counts[cell] ?? 0;
    // What moves least comes first: a good placement that is found early cuts the most.
    const choices = Array.from({length: most + 1}, (_, count) => count).sort(
      (a, b) => Math.abs(a - now) - Math.abs(b - now),
    );
    for (const count of choices) {
      this.#placement.add(cell, count);
      this.#visit(
        position + 1,
        left - count,
        entered + Math.max(0, count - now),
        gone + Math.max(0, now - count),
      );
      this.#placement.add(cell, -count);
    }
  }

  #consider(moves: number): void {
    const objective = this.#placement.objective();
    if (this.#canBeBetter(objective, moves)) {
      this.#known = {objective, moves};
      this.#found = {objective, moves, counts: [...this.#placement.counts]};
    }
  }

  #canBeBetter(objective: readonly number[], moves: number): boolean {
    const difference = compareVectors(objective, this.#known.objective);
    return difference < 0 || (difference === 0 && moves < this.#known.moves);
  }

  /** For each entry no more than any completion of the placement costs. */
  #bound(position: number, left: number): number[] {
    const {shape} = this.#placement;
    const bound = Array<number>(shape.entries).fill(0);
    for (const level of shape.levels.keys()) {
      const entry = shape.entryOf[level] ?? 0;
      bound[entry] = (bound[entry] ?? 0) + this.#levelBound(level, position, left);
    }
    return bound;
  }

  #levelBound(level: number, position: number, left: number): number {
    const {shape, sums} = this.#placement;
    const rule = shape.levels[level];
    if (rule === undefined || isTolerant(rule)) {
      return 0;
    }
    const cost = this.#placement.levelCost(level, 0);
    if (rule.kind === 'cost' || this.#openFrom[position]?.[level] === true) {
      return cost;
    }
    // The rest goes where it costs least, one by one: the least for convex costs, rooms left aside.
    const counts = (this.#domainsFrom[position]?.[level] ?? []).map((domain) => sums[level]?.[domain] ?? 0);
    let added = 0;
    for (let replica = 0; replica < left; replica++) {
      const least = Math.min(...counts);
      const index = counts.indexOf(least);
      counts[index] = least + 1;
      added += domainCost(rule, least + 1, 0, 0) - domainCost(rule, least, 0, 0);
    }
    return cost + added;
  }
}

// Two cells that share every domain with several cells, and are alike otherwise, can change places.
function likenessOf({shape, counts}: Placement): string[] {
  const sizes = shape.levels.map((_, level) => {
    const ofLevel = new Map<number, number>();
    for (const domain of shape.domainOf[level] ?? []) {
      ofLevel.set(domain, (ofLevel.get(domain) ?? 0) + 1);
    }
    return ofLevel;
  });
  return shape.cells.map(({room, costs}, cell) => {
    const domains = shape.levels.map((_, level) => {
      const domain = shape.domainOf[level]?.[cell] ?? -1;
      const alone = domain >= 0 && sizes[level]?.get(domain) === 1;
      return alone ? `alone with ${shape.fixed[level]?.[domain] ?? 0}` : domain;
    });
    return JSON.stringify([domains, counts[cell], room, costs]);
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Transfers from one placement to another, the most helpful first. */
export function wayBetween(start: Placement, goal: readonly number[]): Transfer[] {
  const placement = start.fork();
  const lows = placement.bestLows();
  const way: Transfer[] = [];
  for (;;) {
    let best: {transfer: Transfer; change: readonly number[]} | undefined;
    for (const from of surplusOf(placement, goal, 1)) {
      for (const to of surplusOf(placement, goal, -1)) {
        const change = placement.changeWith({from, to}, lows);
        if (best === undefined || compareVectors(change, best.change) < 0) {
          best = {transfer: {from, to}, change};
        }
      }
    }
    if (best === undefined) {
      return way;
    }
    placement.transfer(best.transfer);
    way.push(best.transfer);
  }
}

function surplusOf({counts}: {readonly counts: Int32Array}, goal: readonly number[], sign: 1 | -1): number[] {
  return goal.flatMap((wanted, cell) => (sign * ((counts[cell] ?? 0) - wanted) > 0 ? [cell] : []));
}
