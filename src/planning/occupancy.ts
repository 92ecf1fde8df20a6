/** Where replicas are, by the numbers of the nodes and their domains: for hundreds of replicas a few short passes. */
import type {DomainColumn, NodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';

export interface Occupancy {
  readonly table: NodeTable;
  /** The nodes that hold replicas, in the order in which the replicas name them. */
  readonly numbers: Int32Array;
  /** How many each of them holds. */
  readonly counts: Int32Array;
}

/** What counts in each domain of one topology. */
export interface DomainTally {
  readonly column: DomainColumn;
  /** The domains that hold replicas, by number. */
  readonly domains: Int32Array;
  readonly counts: Int32Array;
  /** Replicas on nodes without the label. */
  readonly elsewhere: number;
}

export function occupancyOf(pods: readonly Pod[], table: NodeTable): Occupancy {
  const counter = counterOf(table, table.size);
  // By index: the iterator of a loop that is not compiled yet makes an object for each of hundreds of replicas.
  for (let index = 0; index < pods.length; index++) {
    const nodeName = pods[index]?.nodeName;
    const number = nodeName === undefined ? undefined : table.numberOf.get(nodeName);
    if (number !== undefined) {
      counter.add(number, 1);
    }
  }
  const {seen: numbers, counts} = counter.take();
  return {table, numbers, counts};
}

export function tallyOf(
  {
    table,
    numbers,
    counts,
  }: {
    readonly table: NodeTable;
    readonly numbers: ArrayLike<number>;
    readonly counts: ArrayLike<number>;
  },
  topologyKey: string,
): DomainTally {
  const column = table.domains(topologyKey);
  const counter = counterOf(table, column.names.length);
  let elsewhere = 0;
  for (let index = 0; index < numbers.length; index++) {
    const domain = column.ofNode[numbers[index] ?? 0] ?? -1;
    if (domain < 0) {
      elsewhere += counts[index] ?? 0;
    } else {
      counter.add(domain, counts[index] ?? 0);
    }
  }
  const taken = counter.take();
  return {column, domains: taken.seen, counts: taken.counts, elsewhere};
}

const knownCounts = new WeakMap<Occupancy, Int32Array>();

/** How many replicas each node holds, by its number; the same array for all who ask, to be read only. */
export function countsByNumber(occupancy: Occupancy): Int32Array {
  let all = knownCounts.get(occupancy);
  if (all === undefined) {
    const {table, numbers, counts} = occupancy;
    all = new Int32Array(table.size);
    for (let index = 0; index < numbers.length; index++) {
      all[numbers[index] ?? 0] = counts[index] ?? 0;
    }
    knownCounts.set(occupancy, all);
  }
  return all;
}

/** Counts by number, and remembers which numbers were counted: what was not is not gone through. */
class Counter {
  readonly #counts: Int32Array;
  readonly #seen: Int32Array;
  #distinct = 0;

  constructor(size: number) {
    this.#counts = new Int32Array(size);
    this.#seen = new Int32Array(size);
  }

  get size(): number {
    return this.#counts.length;
  }

  add(at: number, amount: number): void {
    const before = this.#counts[at] ?? 0;
    if (before === 0) {
      this.#seen[this.#distinct] = at;
      this.#distinct += 1;
    }
    this.#counts[at] = before + amount;
  }

  /** What was counted, in the order in which it was seen first; the counter is all zeros again. */
  take(): {readonly seen: Int32Array; readonly counts: Int32Array} {
    const seen = this.#seen.slice(0, this.#distinct);
    const counts = new Int32Array(seen.length);
    for (let index = 0; index < seen.length; index++) {
      const at = seen[index] ?? 0;
      counts[index] = this.#counts[at] ?? 0;
      this.#counts[at] = 0;
    }
    this.#distinct = 0;
    return {seen, counts};
  }
}

/** Of each table one that is lent out: to fill thousands of zeros anew each time would cost more than to count. */
const counters = new WeakMap<NodeTable, Counter>();

function counterOf(table: NodeTable, size: number): Counter {
  let counter = counters.get(table);
  if (counter === undefined || counter.size < size) {
    counter = new Counter(Math.max(size, table.size));
    counters.set(table, counter);
  }
  return counter;
}
