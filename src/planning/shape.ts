/** What stays the same while replicas move: cells and domains as numbers, and how the domains lie in each other. */
import {isTolerant, type Level} from './levels.ts';

export interface Cell {
  /** The cell's domain at each level; undefined where its nodes lack the topology key. */
  readonly domains: readonly (string | undefined)[];
  /** Replicas in it now. */
  readonly count: number;
  /** The most replicas that it may hold once it receives any; 0 for nodes that take no new replica. */
  readonly room: number;
  /** What a replica in it costs at each level of kind `cost`. */
  readonly costs?: readonly number[];
}

export interface Shape {
  readonly levels: readonly Level[];
  /** How many entries the objective has. */
  readonly entries: number;
  readonly entryOf: readonly number[];
  readonly cells: readonly Cell[];
  /** For each level the domain of each cell, -1 for none. */
  readonly domainOf: readonly Int32Array[];
  readonly domainNames: readonly (readonly string[])[];
  /** What counts in each domain beside the cells. */
  readonly fixed: readonly (readonly number[])[];
  /** The room of each domain; only where differences are tolerated. */
  readonly rooms: readonly (readonly number[])[];
  /** Levels whose band of tolerated counts has to be chosen. */
  readonly tolerant: readonly number[];
  /** For each entry, whether some replica costs something there by its cell. */
  readonly costLevels: readonly number[];
}

export function shapeOf(levels: readonly Level[], cells: readonly Cell[]): Shape {
  const domainOf: Int32Array[] = [];
  const domainNames: string[][] = [];
  const fixed: number[][] = [];
  const rooms: number[][] = [];
  for (const [index, level] of levels.entries()) {
    const ids = new Map<string, number>();
    const offsets: number[] = [];
    for (const [name, count] of level.fixed ?? []) {
      ids.set(name, ids.size);
      offsets.push(count);
    }
    const ofCells = new Int32Array(cells.length).fill(-1);
    for (const [cell, {domains}] of cells.entries()) {
      const name = level.kind === 'cost' ? undefined : domains[index];
      if (name === undefined) {
        continue;
      }
      let id = ids.get(name);
      if (id === undefined) {
        id = ids.size;
        ids.set(name, id);
        offsets.push(0);
      }
      ofCells[cell] = id;
    }
    domainOf.push(ofCells);
    domainNames.push([...ids.keys()]);
    fixed.push(offsets);
    rooms.push(isTolerant(level) ? roomsOf(level, ids, ofCells, cells) : []);
  }
  const entryOf = levels.map(({entry}, index) => entry ?? index);
  const byKind = (matches: (level: Level) => boolean) =>
    levels.flatMap((level, index) => (matches(level) ? [index] : []));
  return {
    levels,
    entries: Math.max(-1, ...entryOf) + 1,
    entryOf,
    cells,
    domainOf,
    domainNames,
    fixed,
    rooms,
    tolerant: byKind(isTolerant),
    costLevels: byKind(({kind}) => kind === 'cost'),
  };
}

function roomsOf(
  {rooms}: Level,
  ids: ReadonlyMap<string, number>,
  ofCells: Int32Array,
  cells: readonly Cell[],
): number[] {
  const sums = Array<number>(ids.size).fill(0);
  for (const [cell, {room}] of cells.entries()) {
    const domain = ofCells[cell] ?? -1;
    if (domain >= 0) {
      sums[domain] = (sums[domain] ?? 0) + room;
    }
  }
  for (const [name, room] of rooms ?? []) {
    const id = ids.get(name);
    if (id !== undefined) {
      sums[id] = room;
    }
  }
  return sums;
}

/**
 * The domains as a family of sets of cells in which two are either disjoint or one contains the other. Set 0 contains
 * every cell; of the others only those with several cells are sets here, the rest belong to their one cell.
 */
export interface Forest {
  readonly parentOfSet: readonly number[];
  readonly levelOfSet: readonly number[];
  readonly domainOfSet: readonly number[];
  readonly parentOfCell: Int32Array;
  /** For each cell the levels at which it is alone in its domain. */
  readonly aloneAt: readonly (readonly number[])[];
}

/** Undefined when two domains overlap without one containing the other, such as racks that reach across zones. */
export function forestOf({levels, cells, domainOf, domainNames}: Shape): Forest | undefined {
  const sets: {level: number; domain: number; members: number[]}[] = [];
  const aloneAt: number[][] = cells.map(() => []);
  for (const level of levels.keys()) {
    const members: number[][] = (domainNames[level] ?? []).map(() => []);
    for (const [cell, domain] of (domainOf[level] ?? new Int32Array()).entries()) {
      members[domain]?.push(cell);
    }
    for (const [domain, ofDomain] of members.entries()) {
      const [only, ...more] = ofDomain.length > 1 ? [] : ofDomain;
      if (only !== undefined && more.length === 0) {
        aloneAt[only]?.push(level);
      } else if (ofDomain.length > 1) {
        sets.push({level, domain, members: ofDomain});
      }
    }
  }
  // From the largest: each one must lie wholly in the smallest of the earlier ones that it touches.
  sets.sort((a, b) => b.members.length - a.members.length);
  const forest = {parentOfSet: [-1], levelOfSet: [-1], domainOfSet: [-1]};
  const parentOfCell = new Int32Array(cells.length);
  for (const {level, domain, members} of sets) {
    const parent = parentOfCell[members[0] ?? 0] ?? 0;
    const index = forest.parentOfSet.length;
    for (const cell of members) {
      if (parentOfCell[cell] !== parent) {
        return undefined;
      }
      parentOfCell[cell] = index;
    }
    forest.parentOfSet.push(parent);
    forest.levelOfSet.push(level);
    forest.domainOfSet.push(domain);
  }
  return {...forest, parentOfCell, aloneAt};
}
