/** Where replicas are, by the numbers of the nodes and their domains: for hundreds of replicas a few short passes. */
import type {DomainColumn, NodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';

export interface Occupancy {
  readonly table: NodeTable;
  /** The nodes that hold replicas, in the order in which the replicas name them. */
  readonly numbers: readonly number[];
  /** How many each of them holds. */
  readonly counts: readonly number[];
}

/** What counts in each domain of one topology. */
export interface DomainTally {
  readonly column: DomainColumn;
  /** The domains that hold replicas, by number. */
  readonly domains: readonly number[];
  readonly counts: readonly number[];
  /** Replicas on nodes without the label. */
  readonly elsewhere: number;
}

export function occupancyOf(pods: readonly Pod[], table: NodeTable): Occupancy {
  const numbers: number[] = [];
  const counter = counterOf(table, table.size);
  for (const {nodeName} of pods) {
    const number = nodeName === undefined ? undefined : table.numberOf.get(nodeName);
    if (number !== undefined) {
      add(counter, number, 1, numbers);
    }
  }
  return {table, numbers, counts: take(counter, numbers)};
}

export function tallyOf({table, numbers, counts}: Occupancy, topologyKey: string): DomainTally {
  const column = table.domains(topologyKey);
  const domains: number[] = [];
  const counter = counterOf(table, column.names.length);
  let elsewhere = 0;
  for (let index = 0; index < numbers.length; index++) {
    const domain = column.ofNode[numbers[index] ?? 0] ?? -1;
    if (domain < 0) {
      elsewhere += counts[index] ?? 0;
    } else {
      add(counter, domain, counts[index] ?? 0, domains);
    }
  }
  return {column, domains, counts: take(counter, domains), elsewhere};
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

/** Of each table one array of zeros that is lent out: to fill thousands of them anew each time would cost more. */
const counters = new WeakMap<NodeTable, Int32Array>();

function counterOf(table: NodeTable, size: number): Int32Array {
  let counter = counters.get(table);
  if (counter === undefined || counter.length < size) {
    counter = new Int32Array(Math.max(size, table.size));
    counters.set(table, counter);
  }
  return counter;
}

function add(counter: Int32Array, at: number, amount: number, seen: number[]): void {
  const before = counter[at] ?? 0;
  if (before === 0) {
    seen.push(at);
  }
  counter[at] = before + amount;
}

/** What was counted; the counter is all zeros again. */
function take(counter: Int32Array, seen: readonly number[]): number[] {
  return seen.map((at) => {
    const count = counter[at] ?? 0;
    counter[at] = 0;
    return count;
  });
}
