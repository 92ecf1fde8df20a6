/**
 * What can be said of the scheduler's choice when it does not look at every node. Above 100 nodes kube-scheduler stops
 * filtering once it has found enough nodes that take the pod, and scores only these.
 */

import type {Node} from '../cluster/node.ts';
import {nodeTable} from '../cluster/node-table.ts';
import {NodesMemo} from '../cluster/nodes-memo.ts';
import {compareText, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {Ranking} from './ranking.ts';
import type {NodeTotal} from './scheduler.ts';

const MIN_NODES_TO_FIND = 100;
const MIN_PERCENTAGE = 5;
/** The scheduler filters so many nodes at a time (pkg/scheduler/framework/parallelize). */
const PARALLELISM = 16;
/** One sample in so many may miss all nodes that are counted on. */
const SAMPLES_PER_SURPRISE = 100;

/**
 * How many nodes that take the pod the scheduler looks for, of `nodeCount` nodes.
 * Source: numFeasibleNodesToFind in pkg/scheduler/schedule_one.go, with the default percentageOfNodesToScore of 0.
 */
export function nodesToFind(nodeCount: number): number {
  if (nodeCount < MIN_NODES_TO_FIND) {
    return nodeCount;
  }
  const percentage = Math.max(MIN_PERCENTAGE, 50 - Math.trunc(nodeCount / 125));
  return Math.max(MIN_NODES_TO_FIND, Math.trunc((nodeCount * percentage) / 100));
}

/**
 * The feasible nodes that the scheduler has to be expected to choose, best first, of `scores` in the order of
 * `scoreNodes`. When it scores them all, these are the best.
 *
 * Otherwise it takes neighbours, in an order that gives the zones their turns, from where it ended for the pod before.
 * Where that is depends on all pods before, so each beginning counts: new nodes that all score best lie together, and
 * most samples may be without any. Within a zone the order is that in which the scheduler heard of the nodes, by name
 * when it started and by age since, so both count. As it filters several nodes at once, the neighbours at the end are
 * taken with gaps: so of each sample not only the best node counts, but as many as it takes to have one among them
 * in 99 of 100 samples.
 *
 * To allow for any subset as a sample would be safer and of no use: one would have to be right about more than half of
 * all nodes. What is left to chance, beside the gaps: some plugins score in proportion to the extremes of the nodes at
 * hand, so in a sample nodes of nearly equal totals can change places.
 */
export function likelyTargets<T extends NodeTotal>(scores: readonly T[], snapshot: SchedulingSnapshot): T[] {
  const {numberOf} = nodeTable(snapshot);
  const ranking: Ranking = {
    numbers: Int32Array.from(scores, ({node}) => numberOf.get(node) ?? 0),
    totals: Float64Array.from(scores, ({total}) => total),
  };
  return Array.from(likelyRanks(ranking, snapshot)).flatMap((rank) => scores[rank] ?? []);
}

/** The same as ranks, 0 for the best. */
export function likelyRanks({numbers, totals}: Ranking, snapshot: SchedulingSnapshot): Int32Array {
  const nodeCount = nodeTable(snapshot).size;
  const size = nodesToFind(nodeCount);
  if (totals.length <= size) {
    return ranksOf(totals, (total) => total === totals[0]);
  }
  const depth = depthOf(totals.length, size, nodeCount);
  const expected = new Uint8Array(totals.length);
  for (const places of placesOf(snapshot)) {
    markBestOfNeighbours(totals, ringOf(numbers, places), {size, depth}, expected);
  }
  return ranksOf(expected, (isExpected) => isExpected === 1);
}

function ranksOf(values: Float64Array | Uint8Array, belongs: (value: number) => boolean): Int32Array {
  let count = 0;
  for (let rank = 0; rank < values.length; rank++) {
    count += belongs(values[rank] ?? 0) ? 1 : 0;
  }
  const ranks = new Int32Array(count);
  for (let rank = values.length - 1; rank >= 0; rank--) {
    if (belongs(values[rank] ?? 0)) {
      count -= 1;
      ranks[count] = rank;
    }
  }
  return ranks;
}

const knownPlaces = new NodesMemo<readonly Int32Array[]>();

/** For each node, by its number, its place in each of the orders that the scheduler may have them in. */
function placesOf(snapshot: SchedulingSnapshot): readonly Int32Array[] {
  return knownPlaces.get(snapshot.nodesVersion, '', () => {
    const {numberOf} = nodeTable(snapshot);
    const nodes = [...snapshot.nodeInfos()].map(({node}) => node);
    return [byName, byAge].map((order) => {
      const places = new Int32Array(nodes.length);
      for (const [place, name] of takingTurns(nodes.toSorted(order)).entries()) {
        places[numberOf.get(name) ?? 0] = place;
      }
      return places;
    });
  });
}

/** How many of the best nodes of a sample there are, one of which is nearly always taken. */
function depthOf(feasible: number, size: number, nodeCount: number): number {
  const chunk = Math.min(Math.trunc(Math.sqrt(nodeCount)), Math.trunc(nodeCount / PARALLELISM) + 1);
  // On average, each of those that filter at once has done half of its chunk when enough is found.
  const begun = (PARALLELISM / 2) * chunk * (feasible / nodeCount);
  const share = size / Math.min(feasible, size + begun);
  return Math.max(1, Math.ceil(Math.log(SAMPLES_PER_SURPRISE) / -Math.log1p(-share)));
}

/** The first of each zone, then the second of each, and so on (pkg/scheduler/backend/cache/node_tree.go, list). */
function takingTurns(nodes: readonly Node[]): string[] {
  const zones = new Map<string, string[]>();
  for (const {name, labels} of nodes) {
    const zone = `${labels['topology.kubernetes.io/region'] ?? ''}:${labels['topology.kubernetes.io/zone'] ?? ''}`;
    const names = zones.get(zone);
    if (names === undefined) {
      zones.set(zone, [name]);
    } else {
      names.push(name);
    }
  }
  const turns: string[][] = [];
  for (const names of zones.values()) {
    for (const [turn, name] of names.entries()) {
      const taken = turns[turn];
      if (taken === undefined) {
        turns.push([name]);
      } else {
        taken.push(name);
      }
    }
  }
  return turns.flat();
}

/** The ranks of the nodes that take the pod, in the order in which the scheduler comes to them. */
function ringOf(numbers: Int32Array, places: Int32Array): Int32Array {
  const rankAt = new Int32Array(places.length).fill(-1);
  for (let rank = 0; rank < numbers.length; rank++) {
    rankAt[places[numbers[rank] ?? 0] ?? 0] = rank;
  }
  const ring = new Int32Array(numbers.length);
  let length = 0;
  for (let place = 0; place < rankAt.length; place++) {
    const rank = rankAt[place] ?? -1;
    if (rank >= 0) {
      ring[length] = rank;
      length += 1;
    }
  }
  return ring;
}

/**
 * Marks the `depth` best nodes, and their equals, of each run of `size` neighbours in the ring. These are the nodes that
 * lie in some run with fewer than `depth` better ones; so of each node only the nearest better ones on both sides need to
 * be known: between the left one that is just left out and the right one, a run must find room.
 *
 * From the worst nodes to the best, so that what is left in a linked list are the better ones. O(nodes × depth).
 */
export function markBestOfNeighbours(
  totals: ArrayLike<number>,
  ring: Int32Array,
  {size, depth}: {readonly size: number; readonly depth: number},
  expected: Uint8Array,
): void {
  const length = ring.length;
  const first = beatenEverywhere(totals, ring, {size, depth});
  const placeOf = new Int32Array(first);
  const left = new Int32Array(length);
  const right = new Int32Array(length);
  const isIn = new Uint8Array(length);
  let last = ring.findLastIndex((rank) => rank < first);
  for (let place = 0; place < length; place++) {
    const rank = ring[place] ?? 0;
    if (rank < first) {
      placeOf[rank] = place;
      isIn[place] = 1;
      left[place] = last;
      right[last] = place;
      last = place;
    }
  }
  const toLeft = new Int32Array(depth + 1);
  const toRight = new Int32Array(depth + 1);
  // All of `totals` before `end` are still in the list; those from `begin` on are equals.
  for (let end = first; end > 0; ) {
    let begin = end - 1;
    while (begin > 0 && totals[begin - 1] === totals[begin]) {
      begin -= 1;
    }
    if (begin < depth) {
      expected.fill(1, 0, end);
      return;
    }
    for (let index = begin; index < end; index++) {
      const place = placeOf[index] ?? 0;
      const before = left[place] ?? 0;
      const after = right[place] ?? 0;
      right[before] = after;
      left[after] = before;
      isIn[place] = 0;
    }
    // Where one points to an equal, that one was taken out later, and what it points to is up to date already.
    for (let index = end - 1; index >= begin; index--) {
      const place = placeOf[index] ?? 0;
      const before = left[place] ?? 0;
      const after = right[place] ?? 0;
      left[place] = isIn[before] === 1 ? before : (left[before] ?? 0);
      right[place] = isIn[after] === 1 ? after : (right[after] ?? 0);
      distances(left, place, -1, toLeft);
      distances(right, place, 1, toRight);
      for (let within = 0; within < depth; within++) {
        if ((toLeft[within + 1] ?? 0) + (toRight[depth - within] ?? 0) - 1 >= size) {
          expected[index] = 1;
          break;
        }
      }
    }
    end = begin;
  }
}

/**
 * The first rank that has `depth` better ones in each run of neighbours, as all below it have: `totals` go down. Each run
 * contains a whole one of blocks of a third of its length, so what is that far down in every block is so in every run.
 */
function beatenEverywhere(
  totals: ArrayLike<number>,
  ring: Int32Array,
  {size, depth}: {readonly size: number; readonly depth: number},
): number {
  const block = Math.floor(size / 3);
  const blocks = block < depth ? 0 : Math.floor(ring.length / block);
  if (blocks === 0) {
    return totals.length;
  }
  const best = new Int32Array(depth);
  let lowest = 0;
  for (let index = 0; index < blocks; index++) {
    best.fill(totals.length);
    // What is left over belongs to the last one.
    const end = index === blocks - 1 ? ring.length : (index + 1) * block;
    for (let place = index * block; place < end; place++) {
      insert(ring[place] ?? 0, best);
    }
    lowest = Math.max(lowest, best[depth - 1] ?? 0);
  }
  let first = lowest;
  while (first < totals.length && totals[first] === totals[lowest]) {
    first += 1;
  }
  return first;
}

/** Puts a number among the lowest ones, which are in order, in place of the highest of them. */
function insert(value: number, lowest: Int32Array): void {
  let at = lowest.length - 1;
  if (value >= (lowest[at] ?? 0)) {
    return;
  }
  while (at > 0 && (lowest[at - 1] ?? 0) > value) {
    lowest[at] = lowest[at - 1] ?? 0;
    at -= 1;
  }
  lowest[at] = value;
}

/** How far it is along the links to the first node, the second, and so on, in one direction around the ring. */
function distances(links: Int32Array, from: number, direction: 1 | -1, into: Int32Array): void {
  const length = links.length;
  let place = from;
  for (let step = 1; step < into.length; step++) {
    place = links[place] ?? 0;
    into[step] = (direction * (place - from) + length) % length;
  }
}

function byName(a: Node, b: Node): number {
  return compareText(a.name, b.name);
}

function byAge(a: Node, b: Node): number {
  return a.createdAt - b.createdAt || byName(a, b);
}
