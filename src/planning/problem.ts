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
  /**
   * The cell where a replica that comes to the node counts; undefined where none should.
   *
   * @param number the node's, in the table of the snapshot
   * @param hasRoom whether it is known already that the node, should it hold none, has room for a replica
   */
  target(number: number, hasRoom: boolean): number | undefined;
}

class CellsByName extends Map<string, number> implements CellOfNode {
  readonly #table: NodeTable;

  constructor(table: NodeTable) {
    super();
    this.#table = table;
  }

  target(number: number): number | undefined {
    return this.get(this.#table.names[number] ?? '');
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
  {closed, broken, eligibility, occupancy}: ProblemRequest,
  {sites, rest}: Matter,
  roomOfNode: (node: Node) => number,
): Problem {
  const {levels, domainsOf} = levelsOf({closed, broken, eligibility}, rest);
  const hasRules = closed.length > 0;
  const cells: {domains: readonly (string | undefined)[]; count: number; room: number; costs?: number[]}[] =
    [];
  const cellOfKey = new Map<string, number>();
  const cellOfNode = new CellsByName(occupancy.table);
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
export interface Rest {
  readonly table: NodeTable;
  readonly numbers: readonly number[];
  readonly counts: readonly number[];
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
export function keyOf(domains: readonly (string | undefined)[], suffix: string): string {
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
