/**
 * Which single transfers bring the optimum one move nearer. Cells that are alike are judged once: of each class only
 * as many take part as a shortest way could touch, so the cost does not grow with the number of nodes.
 */
import {sharedDomains, signatureOf} from './descent.ts';
import {Distribution, type Level, type Optimum, type Transfer} from './distribution.ts';
import {type BackgroundDomains, isTolerant} from './levels.ts';
import type {Placement} from './placement.ts';
import type {Cell} from './shape.ts';
import {compareVectors, isNegative} from './vectors.ts';

const SEARCH_BUDGET = 20_000;

export class Steps {
  readonly #classes: Classes;
  readonly #small: Distribution;
  readonly #goal: Optimum;
  /** What the steepest transfer changes, where each that changes as much begins a shortest way. */
  readonly #steepest: readonly number[] | undefined;
  readonly #known = new Map<number, boolean>();
  readonly #gives = new Map<number, boolean>();
  /** Where topologies overlap: a step that is not known to be right in time is not taken. */
  readonly #budget = {left: SEARCH_BUDGET};

  /** @param goal the optimum of the distribution, where it is known already; of the way only its length */
  constructor(
    distribution: Distribution,
    goal: {readonly way: {readonly length: number}} = distribution.optimum(),
  ) {
    this.#classes = classesOf(distribution, goal.way.length + 3);
    this.#small = this.#classes.small;
    this.#goal = this.#small.optimum();
    const [first] = this.#goal.way;
    this.#steepest =
      this.#small.isNested && !this.#small.levels.some(isTolerant) && first !== undefined
        ? this.#small.changeOf(first)
        : undefined;
  }

  isOnShortestWay({from, to}: Transfer): boolean {
    return from !== to && this.#isRight(this.classOf(from), this.classOf(to));
  }

  /** Whether some transfer from the cell is on a shortest way. */
  gives(cell: number): boolean {
    const from = this.classOf(cell);
    let gives = this.#gives.get(from);
    if (gives === undefined) {
      gives = this.#classes.members.some((_, to) => this.#isRight(from, to));
      this.#gives.set(from, gives);
    }
    return gives;
  }

  /** Transfers from (or to) the cells of one class are all on a shortest way, or none is. */
  classOf(cell: number): number {
    return this.#classes.ofCell[cell] ?? -1;
  }

  #isRight(from: number, to: number): boolean {
    const key = from * this.#classes.members.length + to;
    let right = this.#known.get(key);
    if (right === undefined) {
      const [source] = this.#classes.members[from] ?? [];
      const target = this.#classes.members[to]?.find((cell) => cell !== source);
      right = source !== undefined && target !== undefined && this.#bringsNearer({from: source, to: target});
      this.#known.set(key, right);
    }
    return right;
  }

  // Fewer moves to the end are not enough: a replica that has left a node that takes none back (a cordoned one) can
  // put the best distribution out of reach, and then there is nothing left to do because nothing more can be done.
  #bringsNearer(transfer: Transfer): boolean {
    const small = this.#small;
    if (small.count(transfer.from) === 0 || !small.takesOne(transfer.to)) {
      return false;
    }
    // A step that helps only together with the next one would look, once made, like one that the scheduler undid.
    const change = small.changeOf(transfer);
    if (!isNegative(change)) {
      return false;
    }
    if (this.#steepest !== undefined && compareVectors(change, this.#steepest) === 0) {
      return true;
    }
    const after = small.fork();
    after.transfer(transfer);
    return after.reaches(this.#goal.objective, this.#goal.way.length - 1, this.#budget);
  }
}

interface Classes {
  readonly ofCell: Int32Array;
  /** For each class those of its cells that take part, as cells of `small`. */
  readonly members: readonly (readonly number[])[];
  readonly small: Distribution;
}

function classesOf(distribution: Distribution, limit: number): Classes {
  const {forest, placement} = distribution;
  const {cells} = placement.shape;
  const shared = sharedDomains(placement.shape);
  const rooms =
    forest === undefined
      ? Float64Array.from(cells, ({room}) => room)
      : roomsThatMatter(placement, shared, limit);
  const ids = new Map<string, number>();
  const ofCell = new Int32Array(distribution.size);
  const all: number[][] = [];
  for (const cell of cells.keys()) {
    const count = distribution.count(cell);
    const spare = Math.max(-limit, Math.min(limit, (rooms[cell] ?? 0) - count));
    const signature = `${signatureOf(placement, cell, shared)} ${count} ${spare}`;
    let id = ids.get(signature);
    if (id === undefined) {
      id = ids.size;
      ids.set(signature, id);
      all.push([]);
    }
    ofCell[cell] = id;
    all[id]?.push(cell);
  }
  if (forest === undefined) {
    return {ofCell, members: all, small: distribution};
  }
  const kept = all.flatMap((members) => members.slice(0, limit)).sort((a, b) => a - b);
  const positions = new Map(kept.map((cell, position) => [cell, position]));
  const isWhole =
    kept.length === distribution.size && kept.every((cell) => rooms[cell] === cells[cell]?.room);
  return {
    ofCell,
    members: all.map((members) => members.slice(0, limit).map((cell) => positions.get(cell) ?? 0)),
    small: isWhole ? distribution : restricted(distribution, kept, rooms),
  };
}

/**
 * The rooms, less what no shortest way would use. A node that is a domain of its own holds at most one replica in the
 * end, or those it has now, as long as another one like it is empty: to move the second one there would cost nothing
 * elsewhere. Where there are more empty ones than moves, one is always left. So nodes need not be told apart by the room
 * that they have, which on a large cluster makes a handful of classes out of hundreds.
 */
function roomsThatMatter(
  placement: Placement,
  shared: readonly ReadonlySet<number>[],
  limit: number,
): Float64Array {
  const {shape, counts} = placement;
  const rooms = Float64Array.from(shape.cells, ({room}) => room);
  const likes = new Map<string, number[]>();
  for (const cell of shape.cells.keys()) {
    const place = placeOfItsOwn(placement, cell, shared);
    if (place !== undefined) {
      const like = likes.get(place);
      if (like === undefined) {
        likes.set(place, [cell]);
      } else {
        like.push(cell);
      }
    }
  }
  for (const like of likes.values()) {
    const free = like.filter((cell) => counts[cell] === 0 && (rooms[cell] ?? 0) > 0);
    if (free.length >= limit) {
      for (const cell of like) {
        rooms[cell] = Math.min(rooms[cell] ?? 0, Math.max(1, counts[cell] ?? 0));
      }
    }
  }
  return rooms;
}

/** What a cell has in common with others, where it is alone in each of its other domains and these only want evenness. */
function placeOfItsOwn(
  {shape, counts, sums}: Placement,
  cell: number,
  shared: readonly ReadonlySet<number>[],
): string | undefined {
  let place = '';
  let isAlone = false;
  for (const [level, {kind = 'even', maxSkew}] of shape.levels.entries()) {
    const domain = shape.domainOf[level]?.[cell] ?? -1;
    if (kind === 'cost') {
      place += `$${shape.cells[cell]?.costs?.[level] ?? 0};`;
    } else if (domain < 0 || shared[level]?.has(domain) === true) {
      place += `${domain};`;
    } else if (kind === 'even' && maxSkew === 1 && sums[level]?.[domain] === counts[cell]) {
      isAlone = true;
    } else {
      return undefined;
    }
  }
  return isAlone ? place : undefined;
}

/** The same problem with only some cells; what the others hold stays where it is. */
function restricted(distribution: Distribution, kept: readonly number[], rooms: Float64Array): Distribution {
  const {shape, sums} = distribution.placement;
  const cells = kept.map((cell): Cell => {
    const original = shape.cells[cell] ?? {domains: [], count: 0, room: 0};
    return {...original, count: distribution.count(cell), room: rooms[cell] ?? 0};
  });
  const levels = shape.levels.map((level, index): Level => {
    const remaining = Float64Array.from(sums[index] ?? []);
    const isKept = new Set<number>();
    for (const cell of kept) {
      const domain = shape.domainOf[index]?.[cell] ?? -1;
      if (domain >= 0) {
        isKept.add(domain);
        remaining[domain] = (remaining[domain] ?? 0) - distribution.count(cell);
      }
    }
    const tolerant = isTolerant(level);
    const fixed = new Map<string, number>();
    const rooms = new Map<string, number>();
    const background = new Map<string, BackgroundDomains>();
    for (const {count, room, domains} of level.background ?? []) {
      background.set(`${count}/${room}`, {count, room, domains});
    }
    for (const [domain, name] of (shape.domainNames[index] ?? []).entries()) {
      const count = remaining[domain] ?? 0;
      const room = shape.rooms[index]?.[domain] ?? 0;
      if (isKept.has(domain)) {
        if (count !== 0) {
          fixed.set(name, count);
        }
        if (tolerant) {
          rooms.set(name, room);
        }
      } else if (tolerant) {
        // Otherwise a domain that nothing enters or leaves costs the same throughout.
        const domains = 1 + (background.get(`${count}/${room}`)?.domains ?? 0);
        background.set(`${count}/${room}`, {count, room, domains});
      }
    }
    const {fixed: _fixed, ...rule} = level;
    return {
      ...rule,
      entry: shape.entryOf[index] ?? index,
      ...(fixed.size === 0 ? {} : {fixed}),
      ...(tolerant ? {rooms, background: [...background.values()]} : {}),
    };
  });
  return new Distribution(levels, cells);
}
