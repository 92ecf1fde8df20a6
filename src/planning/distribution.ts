/**
 * The integer problem inside a plan: replicas stand in cells (nodes that the topologies do not tell apart), a move
 * takes one from a cell to another, and the fewest moves to the best distribution are wanted. Pure numbers; which
 * pod moves and whether the scheduler agrees is decided in plan.ts.
 *
 * The cost of a domain with n replicas is n(n+1)/2, summed over the domains of each topology; topologies count in
 * their order (lexicographically). For one topology, and for nested ones such as hostname within zone, this is a
 * separable convex function over a laminar family, so it is M-natural-convex, and steepest descent with single moves
 * reaches, after k moves, the best distribution that any k moves can reach (A. Shioura, "M-convex function
 * minimization under L1-distance constraint", Mathematics of Operations Research 47(2), 2022). The number of steps
 * is therefore the minimum. docs/how-it-plans.md holds the argument at length.
 */

export interface Level {
  /** Differences up to this many replicas between two domains are tolerated: 1, or the policy's maxSkew. */
  readonly maxSkew: number;
}

export interface Cell {
  /** The cell's domain at each level; undefined where its nodes lack the topology key. */
  readonly domains: readonly (string | undefined)[];
  /** Replicas in it now. */
  readonly count: number;
  /** The most replicas that it may hold once it receives any; 0 for nodes that take no new replica. */
  readonly room: number;
}

/** One move: indices into the cells. */
export interface Transfer {
  readonly from: number;
  readonly to: number;
}

export interface Optimum {
  readonly way: readonly Transfer[];
  readonly objective: Objective;
}

/** Σ n(n+1)/2 over the domains of each level, in the order of the levels. Compared lexicographically. */
export type Objective = readonly number[];

/**
 * The counts of a distribution while it changes. Copies are cheap to make through `fork`, and a transfer costs the
 * number of levels.
 */
export class Distribution {
  readonly #levels: readonly Level[];
  readonly #cells: readonly Cell[];
  readonly #counts: number[];
  readonly #domainCounts: Map<string, number>[];
  readonly #sharedDomains: readonly ReadonlySet<string>[];

  constructor(levels: readonly Level[], cells: readonly Cell[]) {
    this.#levels = levels;
    this.#cells = cells;
    this.#counts = cells.map((cell) => cell.count);
    this.#domainCounts = levels.map((_, level) => countDomains(cells, level));
    this.#sharedDomains = levels.map((_, level) => domainsOfSeveralCells(cells, level));
  }

  fork(): Distribution {
    return new Distribution(this.#levels, this.cells());
  }

  /** The cells with the counts of now. */
  cells(): Cell[] {
    return this.#cells.map((cell, index) => ({...cell, count: this.#counts[index] ?? 0}));
  }

  objective(): Objective {
    return this.#domainCounts.map((counts) => {
      let sum = 0;
      for (const count of counts.values()) {
        sum += (count * (count + 1)) / 2;
      }
      return sum;
    });
  }

  count(cell: number): number {
    return this.#counts[cell] ?? 0;
  }

  /** Replicas in the cell's domain at a level. */
  domainCount(cell: number, level: number): number {
    const domain = this.#domain(cell, level);
    return domain === undefined ? 0 : this.#domainCountOf(level, domain);
  }

  transfer({from, to}: Transfer): void {
    this.#add(from, -1);
    this.#add(to, 1);
  }

  /** The transfer that improves the distribution most; undefined when none does. Ties: the first cells. */
  steepest(): Transfer | undefined {
    let best: Transfer | undefined;
    let bestChange: readonly number[] | undefined;
    const receivers = this.#representatives((index) => this.#takesOne(index));
    for (const from of this.#representatives((index) => this.count(index) > 0)) {
      for (const to of receivers) {
        const change = this.changeOf({from, to});
        if (from !== to && isNegative(change) && (bestChange === undefined || isLess(change, bestChange))) {
          best = {from, to};
          bestChange = change;
        }
      }
    }
    return best;
  }

  /** The fewest transfers to the optimum, in order; the distribution itself stays as it is. */
  shortestWay(): readonly Transfer[] {
    return this.optimum().way;
  }

  /** The best distribution that can be reached, and the fewest transfers to it. */
  optimum(): Optimum {
    const descent = this.fork();
    const way: Transfer[] = [];
    for (let step = descent.steepest(); step !== undefined; step = descent.steepest()) {
      descent.transfer(step);
      way.push(step);
    }
    return {way, objective: descent.objective()};
  }

  isImprovedBy(transfer: Transfer): boolean {
    return isNegative(this.changeOf(transfer));
  }

  /** How a transfer changes the cost of each level, tolerated differences counted as none. */
  changeOf({from, to}: Transfer): number[] {
    return this.#levels.map(({maxSkew}, level) => {
      const source = this.#domain(from, level);
      const target = this.#domain(to, level);
      if (source === target) {
        return 0;
      }
      // A domain that lacks the key is outside of this topology: entering or leaving it changes only the other.
      const n = source === undefined ? undefined : this.#domainCountOf(level, source);
      const m = target === undefined ? undefined : this.#domainCountOf(level, target);
      if (n === undefined || m === undefined) {
        return (m === undefined ? 0 : m + 1) - (n ?? 0);
      }
      return n > m && n - m <= maxSkew ? 0 : m + 1 - n;
    });
  }

  #takesOne(index: number): boolean {
    return this.count(index) < (this.#cells[index]?.room ?? 0);
  }

  #domain(cell: number, level: number): string | undefined {
    return this.#cells[cell]?.domains[level];
  }

  #domainCountOf(level: number, domain: string): number {
    return this.#domainCounts[level]?.get(domain) ?? 0;
  }

  #add(cell: number, replicas: number): void {
    this.#counts[cell] = this.count(cell) + replicas;
    for (const [level, counts] of this.#domainCounts.entries()) {
      const domain = this.#domain(cell, level);
      if (domain !== undefined) {
        counts.set(domain, (counts.get(domain) ?? 0) + replicas);
      }
    }
  }

  // Cells with the same counts, and in the same domains wherever a domain holds several cells, are
  // interchangeable: one of them stands for all, which keeps the search far below cells × cells.
  #representatives(belongs: (index: number) => boolean): number[] {
    const seen = new Set<string>();
    const chosen: number[] = [];
    for (const [index, cell] of this.#cells.entries()) {
      if (!belongs(index)) {
        continue;
      }
      const signature = cell.domains
        .map((domain, level) => {
          if (domain === undefined) {
            return '-';
          }
          return this.#sharedDomains[level]?.has(domain)
            ? `=${domain}`
            : `${this.#domainCountOf(level, domain)}`;
        })
        .join('\u0000');
      if (!seen.has(signature)) {
        seen.add(signature);
        chosen.push(index);
      }
    }
    return chosen;
  }
}

/** The least objective and how many moves it takes. */
export function shortestWay(levels: readonly Level[], cells: readonly Cell[]): readonly Transfer[] {
  return new Distribution(levels, cells).shortestWay();
}

export function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) {
      return value < other;
    }
  }
  return false;
}

function isNegative(change: readonly number[]): boolean {
  return isLess(
    change,
    change.map(() => 0),
  );
}

function countDomains(cells: readonly Cell[], level: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const cell of cells) {
    const domain = cell.domains[level];
    if (domain !== undefined) {
      counts.set(domain, (counts.get(domain) ?? 0) + cell.count);
    }
  }
  return counts;
}

function domainsOfSeveralCells(cells: readonly Cell[], level: number): Set<string> {
  const once = new Set<string>();
  const shared = new Set<string>();
  for (const cell of cells) {
    const domain = cell.domains[level];
    if (domain === undefined) {
      continue;
    }
    (once.has(domain) ? shared : once).add(domain);
  }
  return shared;
}
