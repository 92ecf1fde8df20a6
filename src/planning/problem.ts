/** A workload's placement as the integer problem of distribution.ts, and the way back to nodes. */
import type {Node} from '../cluster/node.ts';
import type {Pod} from '../cluster/pod.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {Cell} from './distribution.ts';
import type {Eligibility} from './eligibility.ts';
import type {Level} from './levels.ts';
import {type ClosedDomains, isRuledOut, softConflicts} from './neighbours.ts';
import type {BrokenRule} from './own-rules.ts';

export interface Problem {
  /** The topologies in the objective, in its order: between the entries of the hard rules and of the soft ones. */
  readonly topologyKeys: readonly string[];
  readonly levels: readonly Level[];
  /** With the room that there is. */
  readonly cells: readonly Cell[];
  readonly cellOfNode: ReadonlyMap<string, number>;
}

/** What the objective is made of; its entries are the hard rules, the topologies in their order, the soft rules. */
export interface Rules {
  readonly closed: readonly ClosedDomains[];
  readonly broken: readonly BrokenRule[];
  readonly eligibility: Eligibility;
}

export interface ProblemRequest extends Rules {
  readonly placed: readonly Pod[];
  readonly snapshot: SchedulingSnapshot;
}

/** @param roomOfNode how many replicas the node could hold, those that it holds now included */
export function problemOf(
  {placed, closed, broken, eligibility}: ProblemRequest,
  nodes: Iterable<Node>,
  roomOfNode: (node: Node) => number,
): Problem {
  const counts = countByNode(placed);
  const {levels, domainsOf} = levelsOf({closed, broken, eligibility});
  const hasRules = closed.length > 0;
  const cells: {domains: readonly (string | undefined)[]; count: number; room: number; costs?: number[]}[] =
    [];
  const cellOfKey = new Map<string, number>();
  const cellOfNode = new Map<string, number>();
  for (const node of nodes) {
    const count = counts.get(node.name) ?? 0;
    if (count === 0 && !eligibility.eligible.has(node.name)) {
      continue;
    }
    const domains = domainsOf(node);
    const room = Math.max(0, roomOfNode(node));
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

/**
 * Whether no two domains of any topology differ by more than one replica: then no move makes any of them better. Where
 * more is tolerated the answer is no, because the tolerance depends on the room.
 */
export function liesEvenly({placed, snapshot, eligibility: {active, domains}}: ProblemRequest): boolean {
  return active.every(({topologyKey, maxSkew}) => {
    const eligible = domains.get(topologyKey);
    const counts = new Map<string, number>();
    for (const {nodeName = ''} of placed) {
      const node = snapshot.nodeInfo(nodeName)?.node;
      if (node !== undefined) {
        const domain = domainOf(node, topologyKey);
        counts.set(domain, (counts.get(domain) ?? 0) + 1);
      }
    }
    let fullest = 0;
    let emptiest = Number.POSITIVE_INFINITY;
    let held = 0;
    for (const [domain, count] of counts) {
      fullest = Math.max(fullest, count);
      if (eligible?.has(domain) === true) {
        held += 1;
        emptiest = Math.min(emptiest, count);
      }
    }
    return maxSkew === 1 && fullest - (held < (eligible?.size ?? 0) ? 0 : emptiest) <= 1;
  });
}

/**
 * The nodes that matter: those with replicas, and of the empty ones that lie alike so many that there is room for so
 * many moves, or for all replicas. More of the same kind change nothing. Undefined when it takes all nodes.
 *
 * @param roomOfNode how many replicas an eligible node could hold; asked of no more nodes than necessary
 */
export function nodesThatMatter(
  {placed, snapshot, closed, broken, eligibility}: ProblemRequest,
  roomOfNode: (node: Node) => number,
  moves = Number.POSITIVE_INFINITY,
): Node[] | undefined {
  if (broken.length > 0 || closed.some(({hard}) => !hard)) {
    return undefined;
  }
  const nodes: Node[] = [];
  const occupied = new Set<string>();
  for (const {nodeName = ''} of placed) {
    const node = snapshot.nodeInfo(nodeName)?.node;
    if (node === undefined || occupied.has(nodeName)) {
      continue;
    }
    if (!eligibility.eligible.has(nodeName) && sharesWithOne(node, eligibility)) {
      return undefined;
    }
    occupied.add(nodeName);
    nodes.push(node);
  }
  for (const {alike, apart} of nodesThatLieAlike(eligibility)) {
    let left = Math.min(moves, placed.length);
    for (const node of alike) {
      if (left <= 0) {
        break;
      }
      const room = occupied.has(node.name) ? 0 : roomOfNode(node);
      if (room > 0) {
        nodes.push(node);
        left -= apart ? 1 : room;
      }
    }
  }
  return nodes;
}

// Then the one looks as if it were alone in its domain, and is not.
function sharesWithOne({labels}: Node, {active, domains}: Eligibility): boolean {
  return active.some(({topologyKey}) => domains.get(topologyKey)?.get(labels[topologyKey] ?? '') === 1);
}

interface Alike {
  readonly alike: readonly Node[];
  /** Whether each of them is a domain of its own in some topology. */
  readonly apart: boolean;
}

const alikeOf = new WeakMap<object, Map<string, readonly Alike[]>>();

// Eligibility gives the same map as long as no node changes, and many workloads share it.
function nodesThatLieAlike({eligible, active, domains}: Eligibility): readonly Alike[] {
  const keys = active.map(({topologyKey}) => topologyKey);
  const byKeys = alikeOf.get(eligible) ?? new Map<string, readonly Alike[]>();
  alikeOf.set(eligible, byKeys);
  const question = JSON.stringify(keys);
  let groups = byKeys.get(question);
  if (groups === undefined) {
    const byDomains = new Map<string, {alike: Node[]; apart: boolean}>();
    for (const {node} of eligible.values()) {
      const shared = keys.map((key) => {
        const domain = node.labels[key] ?? '';
        return (domains.get(key)?.get(domain) ?? 0) > 1 ? domain : undefined;
      });
      const key = keyOf(shared, '');
      const group = byDomains.get(key);
      if (group === undefined) {
        byDomains.set(key, {alike: [node], apart: shared.includes(undefined)});
      } else {
        group.alike.push(node);
      }
    }
    groups = [...byDomains.values()];
    byKeys.set(question, groups);
  }
  return groups;
}

function levelsOf({broken, eligibility: {active}}: Rules): {
  levels: Level[];
  domainsOf: (node: Node) => (string | undefined)[];
} {
  const levels: Level[] = [
    {kind: 'cost', maxSkew: 1, entry: 0},
    ...broken.map(({level}) => level),
    ...active.map(({maxSkew}, index) => ({maxSkew, entry: index + 1})),
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
