/**
 * Steepest descent: again and again the one transfer that lowers the objective most. Where the domains lie in each
 * other the best transfer is found without trying all pairs: the best giver and the best receiver of a set are those
 * of its parts, and a transfer costs nothing at a level whose domain both ends share.
 */
import {Heap} from '../heap.ts';
import type {Lows, Placement, Transfer} from './placement.ts';
import type {Forest, Shape} from './shape.ts';
import {compareVectors, isNegative, sumOf} from './vectors.ts';

/** Transfers, in order, until none improves the placement; the placement is changed by them. Ties: the first cells. */
export function descend(placement: Placement, forest: Forest | undefined, lows: Lows): Transfer[] {
  const way: Transfer[] = [];
  const search =
    forest === undefined ? new PairSearch(placement, lows) : new ForestSearch(placement, forest, lows);
  for (let step = search.steepest(); step !== undefined; step = search.steepest()) {
    placement.transfer(step);
    search.moved(step);
    way.push(step);
  }
  return way;
}

/** What the best cell of a set changes when it gives or receives a replica, at the levels inside the set. */
interface Best {
  readonly change: readonly number[];
  readonly cell: number;
}

type Direction = -1 | 1;

/** One direction of the search, giving or receiving: for each set its parts, the best one first. */
class Side {
  readonly #placement: Placement;
  readonly #forest: Forest;
  readonly #lows: Lows;
  readonly #direction: Direction;
  readonly #ofCell: (Best | undefined)[];
  readonly #ofSet: (Best | undefined)[];
  readonly #parts: Heap<Best & {readonly part: number}>[];

  constructor(placement: Placement, forest: Forest, lows: Lows, direction: Direction) {
    this.#placement = placement;
    this.#forest = forest;
    this.#lows = lows;
    this.#direction = direction;
    const members: (Best & {readonly part: number})[][] = forest.parentOfSet.map(() => []);
    this.#ofCell = placement.shape.cells.map((_, cell) => this.#cellBest(cell));
    for (const [cell, best] of this.#ofCell.entries()) {
      if (best !== undefined) {
        members[forest.parentOfCell[cell] ?? 0]?.push(entryOf(best, cell));
      }
    }
    this.#ofSet = members.map(() => undefined);
    this.#parts = [];
    // Sets stand behind those that contain them, so the smallest come first.
    for (let set = members.length - 1; set >= 0; set--) {
      this.#parts[set] = new Heap(compareBest, members[set] ?? []);
      const best = this.#setBest(set);
      this.#ofSet[set] = best;
      if (best !== undefined && set > 0) {
        members[forest.parentOfSet[set] ?? 0]?.push(entryOf(best, -set));
      }
    }
  }

  /** The best cell of a set, without what the set itself costs. */
  top(set: number): Best | undefined {
    const parts = this.#parts[set];
    // What has changed since was put in anew.
    for (let top = parts?.first; top !== undefined; top = parts?.first) {
      if (this.#current(top.part)?.change === top.change) {
        return top;
      }
      parts?.pop();
    }
    return undefined;
  }

  refresh(cell: number): void {
    const {parentOfCell, parentOfSet} = this.#forest;
    const best = this.#cellBest(cell);
    this.#ofCell[cell] = best;
    let set = parentOfCell[cell] ?? 0;
    if (best !== undefined) {
      this.#parts[set]?.push(entryOf(best, cell));
    }
    while (set > 0) {
      const bestOfSet = this.#setBest(set);
      this.#ofSet[set] = bestOfSet;
      const parent = parentOfSet[set] ?? 0;
      if (bestOfSet !== undefined) {
        this.#parts[parent]?.push(entryOf(bestOfSet, -set));
      }
      set = parent;
    }
  }

  #current(part: number): Best | undefined {
    return part < 0 ? this.#ofSet[-part] : this.#ofCell[part];
  }

  #cellBest(cell: number): Best | undefined {
    const placement = this.#placement;
    const {shape} = placement;
    const possible = this.#direction < 0 ? (placement.counts[cell] ?? 0) > 0 : placement.takesOne(cell);
    if (!possible) {
      return undefined;
    }
    const change = Array<number>(shape.entries).fill(0);
    for (const level of this.#forest.aloneAt[cell] ?? []) {
      this.#addLevel(change, level, shape.domainOf[level]?.[cell] ?? -1);
    }
    for (const level of shape.costLevels) {
      const entry = shape.entryOf[level] ?? 0;
      change[entry] = (change[entry] ?? 0) + this.#direction * (shape.cells[cell]?.costs?.[level] ?? 0);
    }
    return {change, cell};
  }

  #setBest(set: number): Best | undefined {
    const top = this.top(set);
    if (top === undefined || set === 0) {
      return top;
    }
    const change = [...top.change];
    this.#addLevel(change, this.#forest.levelOfSet[set] ?? 0, this.#forest.domainOfSet[set] ?? -1);
    return {change, cell: top.cell};
  }

  #addLevel(change: number[], level: number, domain: number): void {
    const entry = this.#placement.shape.entryOf[level] ?? 0;
    change[entry] =
      (change[entry] ?? 0) + this.#placement.domainChange(level, domain, this.#direction, this.#lows);
  }
}

function entryOf({change, cell}: Best, part: number): Best & {readonly part: number} {
  return {change, cell, part};
}

function compareBest(a: Best, b: Best): number {
  return compareVectors(a.change, b.change) || a.cell - b.cell;
}

class ForestSearch {
  readonly #givers: Side;
  readonly #receivers: Side;
  readonly #sets: number;

  constructor(placement: Placement, forest: Forest, lows: Lows) {
    this.#givers = new Side(placement, forest, lows, -1);
    this.#receivers = new Side(placement, forest, lows, 1);
    this.#sets = forest.parentOfSet.length;
  }

  // For two cells that share more than the set, the sum is too high, and the smaller set has them with the right one:
  // the lowest sum of all is always the change that its transfer makes.
  steepest(): Transfer | undefined {
    let best: {change: readonly number[]; from: number; to: number} | undefined;
    for (let set = 0; set < this.#sets; set++) {
      const giver = this.#givers.top(set);
      const receiver = this.#receivers.top(set);
      if (giver === undefined || receiver === undefined || giver.cell === receiver.cell) {
        continue;
      }
      const change = sumOf(giver.change, receiver.change);
      const {cell: from} = giver;
      const {cell: to} = receiver;
      const order =
        best === undefined ? -1 : compareVectors(change, best.change) || from - best.from || to - best.to;
      if (isNegative(change) && order < 0) {
        best = {change, from, to};
      }
    }
    return best === undefined ? undefined : {from: best.from, to: best.to};
  }

  moved({from, to}: Transfer): void {
    for (const side of [this.#givers, this.#receivers]) {
      side.refresh(from);
      side.refresh(to);
    }
  }
}

/** For domains that overlap: every pair of cells that differ. */
class PairSearch {
  readonly #placement: Placement;
  readonly #lows: Lows;
  readonly #shared: readonly ReadonlySet<number>[];

  constructor(placement: Placement, lows: Lows) {
    this.#placement = placement;
    this.#lows = lows;
    this.#shared = sharedDomains(placement.shape);
  }

  steepest(): Transfer | undefined {
    const placement = this.#placement;
    const givers = this.#representatives((cell) => (placement.counts[cell] ?? 0) > 0);
    const receivers = this.#representatives((cell) => placement.takesOne(cell));
    let best: Transfer | undefined;
    let bestChange: readonly number[] | undefined;
    for (const from of givers) {
      for (const to of receivers) {
        const change = placement.changeWith({from, to}, this.#lows);
        if (
          from !== to &&
          isNegative(change) &&
          (bestChange === undefined || compareVectors(change, bestChange) < 0)
        ) {
          best = {from, to};
          bestChange = change;
        }
      }
    }
    return best;
  }

  moved(): void {}

  #representatives(belongs: (cell: number) => boolean): number[] {
    const chosen = new Map<string, number>();
    for (const cell of this.#placement.counts.keys()) {
      if (belongs(cell)) {
        const signature = signatureOf(this.#placement, cell, this.#shared);
        if (!chosen.has(signature)) {
          chosen.set(signature, cell);
        }
      }
    }
    return [...chosen.values()];
  }
}

/** For each level the domains with several cells. */
export function sharedDomains({levels, cells, domainOf}: Shape): Set<number>[] {
  return levels.map((_, level) => {
    const once = new Set<number>();
    const shared = new Set<number>();
    for (const cell of cells.keys()) {
      const domain = domainOf[level]?.[cell] ?? -1;
      (once.has(domain) ? shared : once).add(domain);
    }
    return shared;
  });
}

/** Cells of one signature change the objective alike, whatever they give or receive. */
export function signatureOf(
  {shape, sums}: Placement,
  cell: number,
  shared: readonly ReadonlySet<number>[],
): string {
  let signature = '';
  for (const level of shape.levels.keys()) {
    const domain = shape.domainOf[level]?.[cell] ?? -1;
    const isShared = domain < 0 || shared[level]?.has(domain) === true;
    const room = shape.rooms[level]?.[domain] ?? '';
    signature += isShared ? `=${domain};` : `${sums[level]?.[domain] ?? 0}/${room};`;
  }
  for (const level of shape.costLevels) {
    signature += `$${shape.cells[cell]?.costs?.[level] ?? 0}`;
  }
  return signature;
}
