/** A workload's placement as the integer problem of distribution.ts, and the way back to nodes. */
import type {Node} from '../cluster/node.ts';
import type {NodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {Cell} from './distribution.ts';
import type {Eligibility} from './eligibility.ts';
import type {Level} from './levels.ts';
import {type ClosedDomains, isRuledOut, softConflicts} from './neighbours.ts';
import {countsByNumber, type DomainTally, type Occupancy, tallyOf} from './occupancy.ts';
import type {BrokenRule} from './own-rules.ts';
import {eligibleNodesOf, extremesOf} from './topology-assessment.ts';

export interface Problem {
  /** The topologies in the objective, in its order: between the entries of the hard rules and of the soft ones. */
  readonly topologyKeys: readonly string[];
  readonly levels: readonly Level[];
  /** With the room that there is. */
  readonly cells: readonly Cell[];
  readonly cellOfNode: CellOfNode;
}

/** Which cell a node belongs to, by its name. */
export interface CellOfNode {
  /** How many nodes belong to one. */
  readonly size: number;
  keys(): Iterable<string>;
  get(node: string): number | undefined;
  /** The cell where a replica that comes to the node counts; undefined where none should. */
  target(node: string): number | undefined;
}

class CellsByName extends Map<string, number> implements CellOfNode {
  target(node: string): number | undefined {
    return this.get(node);
  }
}

/** What the objective is made of; its entries are the hard rules, the topologies in their order, the soft rules. */
export interface Rules {
  readonly closed: readonly ClosedDomains[];
  readonly broken: readonly BrokenRule[];
  readonly eligibility: Eligibility;
}

export interface ProblemRequest extends Rules {
  readonly placed: readonly Pod[];
  /** Of these. */
  readonly occupancy: Occupancy;
  readonly snapshot: SchedulingSnapshot;
}

/** A node and the replicas on it. */
export interface Site {
  readonly node: Node;
  readonly count: number;
  /** Where it is known that no more than these could matter. */
  readonly room?: number;
}

/** @param roomOfNode how many replicas the node could hold, those that it holds now included */
export function problemOf(
  {closed, broken, eligibility}: ProblemRequest,
  {sites, rest}: Matter,
  roomOfNode: (node: Node) => number,
): Problem {
  const {levels, domainsOf} = levelsOf({closed, broken, eligibility}, rest);
  const hasRules = closed.length > 0;
  const cells: {domains: readonly (string | undefined)[]; count: number; room: number; costs?: number[]}[] =
    [];
  const cellOfKey = new Map<string, number>();
  const cellOfNode = new CellsByName();
  for (const {node, count, room: known} of sites) {
    if (count === 0 && !eligibility.eligible.has(node.name)) {
      continue;
    }
    const domains = domainsOf(node);
    const room = known ?? Math.max(0, roomOfNode(node));
    // A node that no replica may come to costs nothing as long as there is none.
    const hard = hasRules && count > 0 && isRuledOut(node, closed) ? 1 : 0;
    const soft = hasRules ? softConflicts(node, closed) : 0;
    // Replicas that sit where no more may come (on a cordoned node) take no room from the others of their domain.
    const key = keyOf(domains, `${count > room ? '>' : ''}${hard}${soft}`);
    let index = cellOfKey.get(key);
    if (index === undefined) {
      index = cells.length;
      cells.push({
        domains,
        count: 0,
        room: 0,
        ...(hard + soft > 0 ? {costs: costsOf(levels, hard, soft)} : {}),
      });
      cellOfKey.set(key, index);
    }
    cellOfNode.set(node.name, index);
    const cell = cells[index];
    if (cell !== undefined) {
      cell.count += count;
      cell.room += room;
    }
  }
  const topologyKeys = eligibility.active.map(({topologyKey}) => topologyKey);
  return {topologyKeys, levels, cells, cellOfNode};
}

/** All nodes, each with its replicas. */
export function allSites({snapshot, occupancy}: ProblemRequest): Matter {
  const counts = countsByNumber(occupancy);
  const sites = Array.from(snapshot.nodeInfos(), ({node}, number) => ({node, count: counts[number] ?? 0}));
  return {sites};
}

/**
 * Whether no two domains of any topology differ by more than one replica: then no move makes any of them better. Where
 * more is tolerated the answer is no, because the tolerance depends on the room.
 */
export function liesEvenly({active, domains}: Eligibility, tallies: (key: string) => DomainTally): boolean {
  return active.every(({topologyKey, maxSkew}) => {
    const tally = tallies(topologyKey);
    const {fullest, emptiest} = extremesOf(tally, domains.get(topologyKey) ?? new Map<string, number>());
    // Replicas on nodes without the key lie together.
    return maxSkew === 1 && Math.max(fullest, tally.elsewhere) - emptiest <= 1;
  });
}

/** The nodes that matter for a question. */
export interface Matter {
  readonly sites: readonly Site[];
  /** Nodes with replicas that lie like some of the sites, and of which there are more than any way could touch. */
  readonly rest?: Rest;
  /** Whether all nodes of a group have as many empty ones of their kind beside them as a way could touch. */
  readonly isPlentiful?: readonly boolean[];
}

/** Nodes, by their numbers, and the replicas on them. */
interface Rest {
  readonly table: NodeTable;
  readonly numbers: readonly number[];
  readonly counts: readonly number[];
}

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
  const isPlentiful = groups.map(({alike, apart}) => {
    let left = Math.min(moves, placed.length);
    for (const number of alike) {
      if (left <= 0) {
        break;
      }
      const node =
        (held[number] ?? 0) > 0 || isShown.has(number) ? undefined : nodeAt(number, occupancy, snapshot);
      const room = node === undefined ? 0 : roomOfNode(node);
      if (node !== undefined && room > 0) {
        empty.push({node, count: 0});
        left -= apart ? 1 : room;
      }
    }
    return left <= 0;
  });
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
  for (const {node, count} of matter.sites) {
    const cell = problem.cellOfNode.get(node.name);
    const ofGroup = cells[groupOf[table.numberOf.get(node.name) ?? 0] ?? -1];
    if (cell !== undefined && ofGroup !== undefined && !isRuledOut(node, request.closed)) {
      ofGroup[count] ??= cell;
    }
  }
  const find = (name: string) => {
    const number = table.numberOf.get(name) ?? -1;
    const group = groupOf[number] ?? -1;
    const count = held[number] ?? 0;
    const cell = problem.cellOfNode.get(name) ?? cells[group]?.[count];
    return {group, count, cell};
  };
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
    get: (name) => find(name).cell,
    target: (name) => {
      const {group, count, cell} = find(name);
      const node = cell === undefined || group < 0 ? undefined : snapshot.nodeInfo(name)?.node;
      if (node === undefined || isRuledOut(node, request.closed)) {
        return undefined;
      }
      // In a group of nodes that are told apart nobody goes where a replica is as long as there are empty ones.
      const isApart = groups[group]?.apart === true;
      const takes = isApart ? count === 0 && roomOfNode(node) > 0 : count === 0 || roomOfNode(node) >= count;
      return takes ? cell : undefined;
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

function levelsOf(
  {broken, eligibility: {active, domains}}: Rules,
  rest: Rest | undefined,
): {
  levels: Level[];
  domainsOf: (node: Node) => (string | undefined)[];
} {
  const levels: Level[] = [
    {kind: 'cost', maxSkew: 1, entry: 0},
    ...broken.map(({level}) => level),
    ...active.map(({topologyKey, maxSkew}, index) => ({
      maxSkew,
      entry: index + 1,
      ...(rest === undefined || rest.numbers.length === 0
        ? {}
        : heldBy(rest, topologyKey, domains.get(topologyKey))),
    })),
    {kind: 'cost', maxSkew: 1, entry: active.length + 1},
  ];
  return {
    levels,
    domainsOf: (node) => [
      undefined,
      ...broken.map(({domainOf}) => domainOf(node)),
      ...active.map(({topologyKey}) => domainOf(node, topologyKey)),
      undefined,
    ],
  };
}

// In domains that other nodes share they count there; a domain of its own costs what it costs.
function heldBy(
  rest: Rest,
  topologyKey: string,
  eligible: ReadonlyMap<string, number> | undefined,
): Pick<Level, 'fixed' | 'background'> {
  const {column, domains, counts} = tallyOf(rest, topologyKey);
  const {ofDomain} = eligibleNodesOf(eligible ?? new Map<string, number>(), column);
  const fixed = new Map<string, number>();
  // By how many replicas they hold.
  const alone: number[] = [];
  for (let index = 0; index < domains.length; index++) {
    const domain = domains[index] ?? 0;
    const count = counts[index] ?? 0;
    if ((ofDomain[domain] ?? 0) > 1) {
      fixed.set(column.names[domain] ?? '', count);
    } else {
      alone[count] = (alone[count] ?? 0) + 1;
    }
  }
  return {
    fixed,
    background: alone.flatMap((domains, count) => (domains > 0 ? [{domains, count, room: count}] : [])),
  };
}

// Nodes without the key take no replica, but those that they hold lie together and are to be moved apart, too.
function domainOf({labels}: Node, topologyKey: string): string {
  return labels[topologyKey] ?? `(no ${topologyKey})`;
}

function costsOf(levels: readonly Level[], hard: number, soft: number): number[] {
  return levels.map((_, index) => (index === 0 ? hard : index === levels.length - 1 ? soft : 0));
}

// A label's value holds no such characters.
function keyOf(domains: readonly (string | undefined)[], suffix: string): string {
  let key = suffix;
  for (const domain of domains) {
    key += domain === undefined ? '|-' : `|=${domain}`;
  }
  return key;
}

export function countByNode(pods: readonly Pod[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const {nodeName = ''} of pods) {
    counts.set(nodeName, (counts.get(nodeName) ?? 0) + 1);
  }
  return counts;
}
