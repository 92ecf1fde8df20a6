/** How many replicas each cell and each domain holds, while they move. */
import {domainCost} from './levels.ts';
import type {Shape} from './shape.ts';

/** One move: indices into the cells. */
export interface Transfer {
  readonly from: number;
  readonly to: number;
}

/** For each level where the band of tolerated counts begins; 0 where none is chosen. */
export type Lows = readonly number[];

export class Placement {
  readonly shape: Shape;
  readonly counts: Int32Array;
  /** For each level what counts in each domain. */
  readonly sums: readonly Float64Array[];

  private constructor(shape: Shape, counts: Int32Array, sums: readonly Float64Array[]) {
    this.shape = shape;
    this.counts = counts;
    this.sums = sums;
  }

  static start(shape: Shape): Placement {
    const counts = Int32Array.from(shape.cells, ({count}) => count);
    const sums = shape.fixed.map((fixed) => Float64Array.from(fixed));
    const placement = new Placement(shape, new Int32Array(counts.length), sums);
    for (const [cell, count] of counts.entries()) {
      if (count > 0) {
        placement.add(cell, count);
      }
    }
    return placement;
  }

  fork(): Placement {
    return new Placement(
      this.shape,
      this.counts.slice(),
      this.sums.map((ofLevel) => ofLevel.slice()),
    );
  }

  add(cell: number, replicas: number): void {
    this.counts[cell] = (this.counts[cell] ?? 0) + replicas;
    for (let level = 0; level < this.sums.length; level++) {
      const sums = this.sums[level];
      const domain = this.shape.domainOf[level]?.[cell] ?? -1;
      if (sums !== undefined && domain >= 0) {
        sums[domain] = (sums[domain] ?? 0) + replicas;
      }
    }
  }

  transfer({from, to}: Transfer): void {
    this.add(from, -1);
    this.add(to, 1);
  }

  takesOne(cell: number): boolean {
    return (this.counts[cell] ?? 0) < (this.shape.cells[cell]?.room ?? 0);
  }

  /** How the cost of one level changes when so many replicas enter a domain (or, below 0, leave it). */
  domainChange(level: number, domain: number, replicas: number, lows: Lows): number {
    const {levels, rooms} = this.shape;
    const rule = levels[level];
    if (rule === undefined || domain < 0) {
      return 0;
    }
    const count = this.sums[level]?.[domain] ?? 0;
    const low = lows[level] ?? 0;
    const room = rooms[level]?.[domain] ?? 0;
    return domainCost(rule, count + replicas, low, room) - domainCost(rule, count, low, room);
  }

  /** How a transfer changes each entry of the objective, for given bands. */
  changeWith({from, to}: Transfer, lows: Lows): number[] {
    const {shape} = this;
    const change = Array<number>(shape.entries).fill(0);
    for (const level of shape.levels.keys()) {
      const entry = shape.entryOf[level] ?? 0;
      change[entry] = (change[entry] ?? 0) + this.#levelChange(level, {from, to}, lows);
    }
    return change;
  }

  /** The objective for given bands. */
  objectiveWith(lows: Lows): number[] {
    const {shape} = this;
    const objective = Array<number>(shape.entries).fill(0);
    for (const level of shape.levels.keys()) {
      const entry = shape.entryOf[level] ?? 0;
      objective[entry] = (objective[entry] ?? 0) + this.levelCost(level, lows[level] ?? 0);
    }
    return objective;
  }

  /** The objective with the best band for each level that tolerates differences. */
  objective(): number[] {
    return this.objectiveWith(this.bestLows());
  }

  bestLows(): number[] {
    return this.shape.levels.map((_, level) =>
      this.shape.tolerant.includes(level) ? this.#bestLow(level) : 0,
    );
  }

  levelCost(level: number, low: number): number {
    const {levels, rooms, cells} = this.shape;
    const rule = levels[level];
    let sum = 0;
    if (rule?.kind === 'cost') {
      for (let cell = 0; cell < this.counts.length; cell++) {
        const count = this.counts[cell] ?? 0;
        sum += count === 0 ? 0 : count * (cells[cell]?.costs?.[level] ?? 0);
      }
    } else if (rule !== undefined) {
      const sums = this.sums[level] ?? new Float64Array();
      for (let domain = 0; domain < sums.length; domain++) {
        sum += domainCost(rule, sums[domain] ?? 0, low, rooms[level]?.[domain] ?? 0);
      }
      for (const {domains, count, room} of rule.background ?? []) {
        sum += domains * domainCost(rule, count, low, room);
      }
    }
    return sum;
  }

  // Beyond the fullest domain a higher band only costs more below, so there are few to try.
  #bestLow(level: number): number {
    const {maxSkew = 1, background = []} = this.shape.levels[level] ?? {};
    let fullest = Math.max(0, ...background.map(({count}) => count));
    for (const count of this.sums[level] ?? []) {
      fullest = Math.max(fullest, count);
    }
    let best = 0;
    let bestCost = this.levelCost(level, 0);
    for (let low = 1; low <= fullest - maxSkew; low++) {
      const cost = this.levelCost(level, low);
      if (cost < bestCost) {
        best = low;
        bestCost = cost;
      }
    }
    return best;
  }

  #levelChange(level: number, {from, to}: Transfer, lows: Lows): number {
    const {levels, cells, domainOf} = this.shape;
    if (levels[level]?.kind === 'cost') {
      return (cells[to]?.costs?.[level] ?? 0) - (cells[from]?.costs?.[level] ?? 0);
    }
    const source = domainOf[level]?.[from] ?? -1;
    const target = domainOf[level]?.[to] ?? -1;
    return source === target
      ? 0
      : this.domainChange(level, source, -1, lows) + this.domainChange(level, target, 1, lows);
  }
}
