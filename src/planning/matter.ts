/** Of thousands of nodes the few that could matter for a question about a workload: most lie like many others. */
import type {Node} from '../cluster/node.ts';
import type {NodeTable} from '../cluster/node-table.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {Eligibility} from './eligibility.ts';
import {isRuledOut} from './neighbours.ts';
import {countsByNumber, type Occupancy} from './occupancy.ts';
import {
  type CellOfNode,
  keyOf,
  type Matter,
  type Problem,
  type ProblemRequest,
  problemOf,
  type Site,
} from './problem.ts';

/**
 * The nodes that matter for ways of fewer moves than this, or for all: those with replicas, and of the empty ones that
 * lie alike so many that there is room for so many moves, or for all replicas. More of the same kind change nothing.
 * Undefined when it takes all nodes.
 *
 * @param roomOfNode how many replicas an eligible node could hold; asked of no more nodes than necessary
 * @param shown nodes that are not left out
 */
export function nodesThatMatter(
  {placed, occupancy, snapshot, closed, broken, eligibility}: ProblemRequest,
  roomOfNode: (node: Node) => number,
  moves = Number.POSITIVE_INFINITY,
  shown: readonly string[] = [],
): Matter | undefined {
  if (broken.length > 0 || closed.some(({hard}) => !hard)) {
    return undefined;
  }
  const {table, numbers, counts} = occupancy;
  const held = countsByNumber(occupancy);
  const {groups, groupOf} = nodesThatLieAlike(eligibility, table);
  const isShown = new Set(shown.map((name) => table.numberOf.get(name) ?? -1));
  const empty = [...isShown].flatMap((number): Site[] => {
    const node = held[number] === 0 ? nodeAt(number, occupancy, snapshot) : undefined;
    return node === undefined ? [] : [{node, count: 0}];
  });
  const most = Math.min(moves, placed.length);
  const emptyNodeAt = (number: number) =>
    (held[number] ?? 0) > 0 || isShown.has(number) ? undefined : nodeAt(number, occupancy, snapshot);
  const isPlentiful = groups.map((group) =>
    hasEmptyNodes(group, most, emptyNodeAt, roomOfNode, (node) => empty.push({node, count: 0})),
  );
  const sites: Site[] = [];
  const rest = {table, numbers: [] as number[], counts: [] as number[]};
  // For each group how many are kept of those with so many replicas.
  const kept: number[][] = groups.map(() => []);
  const isEverythingKept = moves >= numbers.length || !eligibility.active.every(({maxSkew}) => maxSkew === 1);
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] ?? 0;
    const count = counts[index] ?? 0;
    const group = groupOf[number] ?? -1;
    const ofGroup = isEverythingKept || isPlentiful[group] !== true ? undefined : kept[group];
    const alike = ofGroup?.[count] ?? 0;
    const isKept = alike < moves || isShown.has(number);
    const node = isKept || closed.length > 0 ? nodeAt(number, occupancy, snapshot) : undefined;
    if (group < 0 && node !== undefined && sharesWithOne(node, eligibility)) {
      return undefined;
    }
    if (ofGroup === undefined || (node !== undefined && isRuledOut(node, closed))) {
      if (node !== undefined) {
        sites.push({node, count});
      }
      continue;
    }
    // Nobody would go there rather than to an empty node of its kind, and there are enough of those.
    ofGroup[count] = alike + 1;
    if (isKept && node !== undefined) {
      sites.push({node, count, room: count});
    } else {
      rest.numbers.push(number);
      rest.counts.push(count);
    }
  }
  return {sites: [...sites, ...empty], rest, isPlentiful};
}

/** Whether in each group of nodes that lie alike the empty ones have room for so many moves. */
export function isPlentifulFor(
  moves: number,
  {occupancy, snapshot, eligibility}: ProblemRequest,
  roomOfNode: (node: Node) => number,
): boolean {
  const held = countsByNumber(occupancy);
  const emptyNodeAt = (number: number) =>
    (held[number] ?? 0) > 0 ? undefined : nodeAt(number, occupancy, snapshot);
  return nodesThatLieAlike(eligibility, occupancy.table).groups.every((group) =>
    hasEmptyNodes(group, moves, emptyNodeAt, roomOfNode, () => {}),
  );
}

/** @param found is told of each that has room, until there is enough for the moves */
function hasEmptyNodes(
  {alike, apart}: Alike,
  moves: number,
  emptyNodeAt: (number: number) => Node | undefined,
  roomOfNode: (node: Node) => number,
  found: (node: Node) => void,
): boolean {
  let left = moves;
  for (const number of alike) {
    if (left <= 0) {
      break;
    }
    const node = emptyNodeAt(number);
    const room = node === undefined ? 0 : roomOfNode(node);
    if (node !== undefined && room > 0) {
      found(node);
      left -= apart ? 1 : room;
    }
  }
  return left <= 0;
}

/**
 * The problem as it is for ways of fewer moves than this. Nodes that were left out belong to the cell of one like them.
 * Undefined where it takes all nodes.
 */
export function problemNear(
  request: ProblemRequest,
  roomOfNode: (node: Node) => number,
  moves: number,
  shown: readonly string[] = [],
): Problem | undefined {
  const {occupancy, snapshot, eligibility} = request;
  const {active} = eligibility;
  const isSimple = active.every(({maxSkew}) => maxSkew === 1);
  if (
    !isSimple ||
    !isNestedBy(
      active.map(({topologyKey}) => topologyKey),
      occupancy.table,
    )
  ) {
    return undefined;
  }
  const matter = nodesThatMatter(request, roomOfNode, moves, shown);
  const {groups, groupOf} = nodesThatLieAlike(eligibility, occupancy.table);
  if (matter?.isPlentiful?.every(Boolean) !== true) {
    return undefined;
  }
  const problem = problemOf(request, matter, roomOfNode);
  const {table, numbers} = occupancy;
  const held = countsByNumber(occupancy);
  /** For each group the cells of those with so many replicas. */
  const cells: number[][] = groups.map(() => []);
  /** Of the nodes that were not left out, by number. */
  const own = new Map<number, number>();
  for (const {node, count} of matter.sites) {
    const cell = problem.cellOfNode.get(node.name);
    const number = table.numberOf.get(node.name) ?? -1;
    const ofGroup = cells[groupOf[number] ?? -1];
    if (cell !== undefined) {
      own.set(number, cell);
    }
    if (cell !== undefined && ofGroup !== undefined && !isRuledOut(node, request.closed)) {
      ofGroup[count] ??= cell;
    }
  }
  const cellOf = (number: number) => own.get(number) ?? cells[groupOf[number] ?? -1]?.[held[number] ?? 0];
  const cellOfNode: CellOfNode = {
    size: numbers.reduce(
      (size, number) => size + ((groupOf[number] ?? -1) < 0 ? 1 : 0),
      eligibility.eligible.size,
    ),
    *keys() {
      for (const [number, name] of table.names.entries()) {
        if ((groupOf[number] ?? -1) >= 0 || (held[number] ?? 0) > 0) {
          yield name;
        }
      }
    },
    get: (name) => cellOf(table.numberOf.get(name) ?? -1),
    target: (number, hasRoom) => {
      const cell = cellOf(number);
      const group = groupOf[number] ?? -1;
      const count = held[number] ?? 0;
      // In a group of nodes that are told apart nobody goes where a replica is as long as there are empty ones.
      const isApart = groups[group]?.apart === true;
      if (cell === undefined || group < 0 || (isApart && count > 0)) {
        return undefined;
      }
      const isOpen = count === 0 && (hasRoom || !isApart);
      if (isOpen && request.closed.length === 0) {
        // The usual answer, on thousands of nodes: none of them is read.
        return cell;
      }
      const node = nodeAt(number, occupancy, snapshot);
      if (node === undefined || isRuledOut(node, request.closed)) {
        return undefined;
      }
      return isOpen || roomOfNode(node) >= Math.max(1, count) ? cell : undefined;
    },
  };
  return {...problem, cellOfNode};
}

const nestedBy = new WeakMap<NodeTable, Map<string, boolean>>();

/** Whether of any two domains that share a node one contains the other. */
function isNestedBy(keys: readonly string[], table: NodeTable): boolean {
  const known = nestedBy.get(table) ?? new Map<string, boolean>();
  nestedBy.set(table, known);
  const question = JSON.stringify(keys);
  const answer =
    known.get(question) ??
    keys.every((a, index) => keys.slice(index + 1).every((b) => areNested(a, b, table)));
  known.set(question, answer);
  return answer;
}

function areNested(a: string, b: string, table: NodeTable): boolean {
  const sizes: [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  const shared = new Map<string, {readonly of: readonly [number, number]; nodes: number}>();
  for (const number of table.everyNode) {
    const of = [table.domains(a).ofNode[number] ?? -1, table.domains(b).ofNode[number] ?? -1] as const;
    for (const [side, domain] of of.entries()) {
      sizes[side]?.set(domain, (sizes[side].get(domain) ?? 0) + 1);
    }
    const both = shared.get(of.join()) ?? {of, nodes: 0};
    both.nodes += 1;
    shared.set(of.join(), both);
  }
  return [...shared.values()].every(
    ({of: [ofA, ofB], nodes}) => sizes[0].get(ofA) === nodes || sizes[1].get(ofB) === nodes,
  );
}

function nodeAt(number: number, {table}: Occupancy, snapshot: SchedulingSnapshot): Node | undefined {
  return snapshot.nodeInfo(table.names[number] ?? '')?.node;
}

// Then the one looks as if it were alone in its domain, and is not.
function sharesWithOne({labels}: Node, {active, domains}: Eligibility): boolean {
  return active.some(({topologyKey}) => domains.get(topologyKey)?.get(labels[topologyKey] ?? '') === 1);
}

interface Alike {
  /** Nodes, by their numbers. */
  readonly alike: readonly number[];
  /** Whether each of them is a domain of its own in some topology. */
  readonly apart: boolean;
}

interface Alikes {
  readonly groups: readonly Alike[];
  /** For each node the group that it is in, -1 for none. */
  readonly groupOf: Int32Array;
}

const alikeOf = new WeakMap<object, Map<string, Alikes>>();

// Eligibility gives the same map as long as no node changes, and many workloads share it.
function nodesThatLieAlike({eligible, active, domains}: Eligibility, table: NodeTable): Alikes {
  const keys = active.map(({topologyKey}) => topologyKey);
  const byKeys = alikeOf.get(eligible) ?? new Map<string, Alikes>();
  alikeOf.set(eligible, byKeys);
  const question = JSON.stringify(keys);
  let alikes = byKeys.get(question);
  if (alikes === undefined) {
    const numberOfGroup = new Map<string, number>();
    const groups: {alike: number[]; apart: boolean}[] = [];
    const groupOf = new Int32Array(table.size).fill(-1);
    for (const {node} of eligible.values()) {
      const shared = keys.map((key) => {
        const domain = node.labels[key] ?? '';
        return (domains.get(key)?.get(domain) ?? 0) > 1 ? domain : undefined;
      });
      const key = keyOf(shared, '');
      const group = numberOfGroup.get(key) ?? groups.length;
      if (group === groups.length) {
        numberOfGroup.set(key, group);
        groups.push({alike: [], apart: shared.includes(undefined)});
      }
      const number = table.numberOf.get(node.name) ?? 0;
      groupOf[number] = group;
      groups[group]?.alike.push(number);
    }
    alikes = {groups, groupOf};
    byKeys.set(question, alikes);
  }
  return alikes;
}
