/** Which of the nodes that take a pod the scheduler would choose, for thousands of them: in arrays, by their numbers. */
import {nodeTable} from '../cluster/node-table.ts';
import type {NodeInfo, SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {LocalScore, LocalScorePlugin, OverallScore, PodToSchedule} from './framework.ts';
import {DEFAULT_SCORES} from './scheduler.ts';

/** Nodes, best first, equal ones by name. */
export interface Ranking {
  /** Their numbers in the table of the snapshot. */
  readonly numbers: Int32Array;
  readonly totals: Float64Array;
}

/** What the plugins that look at one node at a time say of each node: computed once for all questions about a pod. */
export class LocalScores {
  readonly #pod: PodToSchedule;
  readonly #snapshot: SchedulingSnapshot;
  readonly #known: Map<LocalScorePlugin, KnownScores>;
  /** Nodes that are no longer as in the snapshot. */
  readonly #changed: ReadonlyMap<number, NodeInfo>;

  constructor(
    pod: PodToSchedule,
    snapshot: SchedulingSnapshot,
    of?: {readonly scores: LocalScores; readonly changed: ReadonlyMap<number, NodeInfo>},
  ) {
    this.#pod = pod;
    this.#snapshot = snapshot;
    this.#known = of === undefined ? new Map() : of.scores.#known;
    this.#changed = of?.changed ?? new Map();
  }

  /** With these nodes as they are in another snapshot. */
  with(numbers: readonly number[], after: SchedulingSnapshot): LocalScores {
    const {names} = nodeTable(this.#snapshot);
    const changed = new Map(this.#changed);
    for (const number of numbers) {
      const info = after.nodeInfo(names[number] ?? '');
      if (info !== undefined) {
        changed.set(number, info);
      }
    }
    return new LocalScores(this.#pod, this.#snapshot, {scores: this, changed});
  }

  /** The raw scores of these nodes, and how they become comparable; undefined where there is nothing to say. */
  read(plugin: LocalScorePlugin, numbers: Int32Array, into: Float64Array): LocalScore | undefined {
    const {prepared, column} = this.#scoresBy(plugin);
    if (prepared === undefined) {
      return undefined;
    }
    for (let index = 0; index < numbers.length; index++) {
      into[index] = column[numbers[index] ?? 0] ?? 0;
    }
    for (const [number, info] of this.#changed) {
      const index = positionOf(number, numbers);
      if (index >= 0) {
        into[index] = prepared.score(info);
      }
    }
    return prepared;
  }

  #scoresBy(plugin: LocalScorePlugin): KnownScores {
    let known = this.#known.get(plugin);
    if (known === undefined) {
      const prepared = plugin.prescore(this.#pod, this.#snapshot);
      const column = prepared === undefined ? NOTHING : columnOf(prepared, this.#snapshot);
      known = {prepared, column};
      this.#known.set(plugin, known);
    }
    return known;
  }
}

const NOTHING = new Float64Array();

interface KnownScores {
  readonly prepared: LocalScore | undefined;
  /** The raw scores of all nodes, by their numbers. */
  readonly column: Float64Array;
}

function columnOf({score, sweep}: LocalScore, snapshot: SchedulingSnapshot): Float64Array {
  const {size, numberOf} = nodeTable(snapshot);
  const column = new Float64Array(size);
  if (sweep === undefined) {
    let number = 0;
    for (const info of snapshot.nodeInfos()) {
      column[number] = score(info);
      number += 1;
    }
    return column;
  }
  sweep(column);
  for (const info of snapshot.changedNodes()) {
    column[numberOf.get(info.node.name) ?? -1] = score(info);
  }
  return column;
}

// They are in order.
function positionOf(number: number, numbers: Int32Array): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = numbers[middle] ?? 0;
    if (found === number) {
      return middle;
    }
    if (found < number) {
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return -1;
}

/** @param numbers of the nodes that take the pod, in their order; as upstream, a single one is not scored */
export function rankingOf(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  numbers: Int32Array,
  local: LocalScores,
): Ranking {
  const totals = new Float64Array(numbers.length);
  const scores = new Float64Array(numbers.length);
  for (const plugin of numbers.length > 1 ? DEFAULT_SCORES : []) {
    const prepared = plugin.isLocal
      ? local.read(plugin, numbers, scores)
      : readOverall(plugin.prescore(pod, snapshot, numbers), numbers, scores);
    if (prepared === undefined) {
      continue;
    }
    prepared.normalise?.(scores);
    for (let index = 0; index < totals.length; index++) {
      totals[index] = (totals[index] ?? 0) + (scores[index] ?? 0) * plugin.weight;
    }
  }
  const order = orderOf(totals);
  // What is scored is no longer needed, and the order takes its place.
  for (let rank = 0; rank < order.length; rank++) {
    const index = order[rank] ?? 0;
    scores[rank] = totals[index] ?? 0;
    order[rank] = numbers[index] ?? 0;
  }
  return {numbers: order, totals: scores};
}

function readOverall(
  prepared: OverallScore | undefined,
  numbers: Int32Array,
  into: Float64Array,
): OverallScore | undefined {
  if (prepared !== undefined) {
    for (let index = 0; index < numbers.length; index++) {
      into[index] = prepared.score(numbers[index] ?? 0);
    }
  }
  return prepared;
}

/** The indices of the totals, which are whole numbers, highest first; equal ones stay in their order. */
function orderOf(totals: Float64Array): Int32Array {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < totals.length; index++) {
    lowest = Math.min(lowest, totals[index] ?? 0);
    highest = Math.max(highest, totals[index] ?? 0);
  }
  // There are few different totals, so each has a place of its own, and nothing needs to be compared.
  const starts = new Int32Array(totals.length === 0 ? 0 : highest - lowest + 2);
  for (let index = 0; index < totals.length; index++) {
    const place = highest - (totals[index] ?? 0) + 1;
    starts[place] = (starts[place] ?? 0) + 1;
  }
  for (let place = 1; place < starts.length; place++) {
    starts[place] = (starts[place] ?? 0) + (starts[place - 1] ?? 0);
  }
  const order = new Int32Array(totals.length);
  for (let index = 0; index < totals.length; index++) {
    const place = highest - (totals[index] ?? 0);
    order[starts[place] ?? 0] = index;
    starts[place] = (starts[place] ?? 0) + 1;
  }
  return order;
}
