/** Which of the nodes that take a pod the scheduler would choose, for thousands of them: in arrays, by their numbers. */
import type {NodeInfo, SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {NodeScorer, NumberedNodes, PodToSchedule, PreparedScore, ScorePlugin} from './framework.ts';
import {DEFAULT_SCORES} from './scheduler.ts';

/** Nodes, best first, equal ones by name. */
export interface Ranking {
  /** Their numbers in the table of the snapshot. */
  readonly numbers: Int32Array;
  readonly totals: Float64Array;
}

const NONE: NumberedNodes = {infos: [], numbers: new Int32Array()};

/** What the plugins that look at one node at a time say of each node: computed once for all questions about a pod. */
export class LocalScores {
  readonly #infos: readonly NodeInfo[];
  readonly #columns: Map<ScorePlugin, Float64Array>;
  readonly #scorers: Map<ScorePlugin, NodeScorer | PreparedScore | undefined>;
  readonly #pod: PodToSchedule;
  readonly #snapshot: SchedulingSnapshot;
  /** Nodes that are no longer as the columns have them. */
  readonly #changed: ReadonlyMap<number, NodeInfo>;

  constructor(
    pod: PodToSchedule,
    snapshot: SchedulingSnapshot,
    infos: readonly NodeInfo[],
    of?: {readonly scores: LocalScores; readonly changed: ReadonlyMap<number, NodeInfo>},
  ) {
    this.#pod = pod;
    this.#snapshot = snapshot;
    this.#infos = infos;
    this.#columns = of === undefined ? new Map() : of.scores.#columns;
    this.#scorers = of === undefined ? new Map() : of.scores.#scorers;
    this.#changed = of?.changed ?? new Map();
  }

  /** With these nodes as they are in another snapshot. */
  with(numbers: readonly number[], after: SchedulingSnapshot): LocalScores {
    const changed = new Map(this.#changed);
    for (const number of numbers) {
      const info = after.nodeInfo(this.infoOf(number).node.name);
      if (info !== undefined) {
        changed.set(number, info);
      }
    }
    return new LocalScores(this.#pod, this.#snapshot, this.#infos, {scores: this, changed});
  }

  infoOf(number: number): NodeInfo {
    const info = this.#changed.get(number) ?? this.#infos[number];
    if (info === undefined) {
      throw new RangeError(`expected one of ${this.#infos.length} nodes, found number ${number}`);
    }
    return info;
  }

  preparedBy(plugin: ScorePlugin): NodeScorer | PreparedScore | undefined {
    if (!this.#scorers.has(plugin)) {
      this.#scorers.set(plugin, plugin.prescore(this.#pod, this.#snapshot, NONE));
    }
    return this.#scorers.get(plugin);
  }

  /** The raw scores of these nodes. */
  read(plugin: ScorePlugin, score: NodeScorer, numbers: Int32Array, into: Float64Array): void {
    let column = this.#columns.get(plugin);
    if (column === undefined) {
      column = new Float64Array(this.#infos.length);
      for (let number = 0; number < column.length; number++) {
        const info = this.#infos[number];
        column[number] = info === undefined ? 0 : score(info, number);
      }
      this.#columns.set(plugin, column);
    }
    for (let index = 0; index < numbers.length; index++) {
      into[index] = column[numbers[index] ?? 0] ?? 0;
    }
    for (const [number, info] of this.#changed) {
      const index = positionOf(number, numbers);
      if (index >= 0) {
        into[index] = score(info, number);
      }
    }
  }
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

/** @param feasible ordered by name; as upstream, a single one is not scored */
export function rankingOf(
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
  feasible: NumberedNodes,
  local: LocalScores,
): Ranking {
  const {numbers, infos} = feasible;
  const totals = new Float64Array(numbers.length);
  const scores = new Float64Array(numbers.length);
  for (const plugin of numbers.length > 1 ? DEFAULT_SCORES : []) {
    const prepared = plugin.isLocal ? local.preparedBy(plugin) : plugin.prescore(pod, snapshot, feasible);
    if (prepared === undefined) {
      continue;
    }
    const score = typeof prepared === 'function' ? prepared : prepared.score;
    if (plugin.isLocal) {
      local.read(plugin, score, numbers, scores);
    } else {
      for (let index = 0; index < infos.length; index++) {
        const info = infos[index];
        scores[index] = info === undefined ? 0 : score(info, numbers[index] ?? 0);
      }
    }
    if (typeof prepared !== 'function') {
      prepared.normalise(scores);
    }
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
