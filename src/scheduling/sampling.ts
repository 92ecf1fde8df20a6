/**
 * What can be said of the scheduler's choice when it does not look at every node. Above 100 nodes kube-scheduler stops
 * filtering once it has found enough nodes that take the pod, and scores only these.
 */

import type {Node} from '../cluster/node.ts';
import {NodesMemo} from '../cluster/nodes-memo.ts';
import {compareText, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import {bestNodes, type NodeTotal} from './scheduler.ts';

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
  const orders = ordersOf(snapshot);
  const nodeCount = orders[0]?.size ?? 0;
  const size = nodesToFind(nodeCount);
  if (scores.length <= size) {
    return bestNodes(scores);
  }
  const depth = depthOf(scores.length, size, nodeCount);
  const expected = new Uint8Array(scores.length);
  for (const order of orders) {
    markBestOfNeighbours(scores, ringOf(scores, order), {size, depth}, expected);
  }
  return scores.filter((_, index) => expected[index] === 1);
}

/** For each node, by name, its place in one of the orders that the scheduler may have them in. */
type Order = ReadonlyMap<string, number>;

const knownOrders = new NodesMemo<readonly Order[]>();

function ordersOf(snapshot: SchedulingSnapshot): readonly Order[] {
  return knownOrders.get(snapshot, '', () => {
    const nodes = [...snapshot.nodeInfos()].map(({node}) => node);
    return [byName, byAge].map(
      (order) => new Map(takingTurns(nodes.toSorted(order)).map((name, place) => [name, place])),
    );
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

/** The feasible nodes, as indices into `scores`, in the order in which the scheduler comes to them. */
function ringOf(scores: readonly NodeTotal[], order: Order): Int32Array {
  const places = new Int32Array(order.size).fill(-1);
  for (const [index, {node}] of scores.entries()) {
    places[order.get(node) ?? 0] = index;
  }
  return places.filter((index) => index >= 0);
}

/**
 * Marks the `depth` best nodes, and their equals, of each run of `size` neighbours in the ring. These are the nodes that
 * lie in some run with fewer than `depth` better ones; so of each node only the nearest better ones on both sides need to
 * be known: between the left one that is just left out and the right one, a run must find room.
 *
 * From the worst nodes to the best, so that what is left in a linked list are the better ones. O(nodes × depth).
 */
export function markBestOfNeighbours(
  scores: readonly NodeTotal[],
  ring: Int32Array,
  {size, depth}: {readonly size: number; readonly depth: number},
  expected: Uint8Array,
): void {
  const length = ring.length;
  const placeOf = new Int32Array(scores.length);
  const left = new Int32Array(length);
  const right = new Int32Array(length);
  const isIn = new Uint8Array(length).fill(1);
  for (const [place, index] of ring.entries()) {
    placeOf[index] = place;
    left[place] = (place - 1 + length) % length;
    right[place] = (place + 1) % length;
  }
  const toLeft = new Int32Array(depth + 1);
  const toRight = new Int32Array(depth + 1);
  // All of `scores` before `end` are still in the list; those from `begin` on are equals.
  for (let end = scores.length; end > 0; ) {
    let begin = end - 1;
    while (begin > 0 && scores[begin - 1]?.total === scores[begin]?.total) {
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
