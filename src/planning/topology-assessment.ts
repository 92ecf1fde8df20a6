/** How a workload's replicas lie in one topology. */
import type {DomainColumn} from '../cluster/node-table.ts';
import type {Eligibility} from './eligibility.ts';
import {lazy} from './lazy.ts';
import type {DomainTally} from './occupancy.ts';
import type {Room} from './room.ts';

export interface TopologyAssessment {
  readonly topologyKey: string;
  readonly eligibleDomains: number;
  /** How many of them could hold a replica if the workload had none yet: a full node is eligible, but not here. */
  readonly domainsWithRoom: number;
  /** Eligible nodes that carry the key. */
  readonly eligibleNodes: number;
  readonly skew: number;
  /** All domains that are eligible or hold replicas; fullest first, then by name. */
  readonly domains: readonly DomainCount[];
  /** The first so many of `domains`, without making a list of thousands. */
  readonly fullest: (most: number) => readonly DomainCount[];
}

export interface DomainCount {
  readonly name: string;
  readonly replicas: number;
  readonly eligible: boolean;
}

export function assessTopology(
  topologyKey: string,
  tally: DomainTally,
  eligibility: Eligibility,
  room: () => Room,
): TopologyAssessment {
  const eligible = eligibility.domains.get(topologyKey) ?? NO_DOMAINS;
  const domains = lazy(() => listDomains(tally, eligible));
  const withRoom = lazy(() => countWithRoom(topologyKey, eligibility, room()));
  return {
    topologyKey,
    eligibleDomains: eligible.size,
    get domainsWithRoom() {
      return withRoom();
    },
    eligibleNodes: eligibleNodesOf(eligible, tally.column).sum,
    skew: skewOf(tally, eligible),
    get domains() {
      return domains();
    },
    fullest: (most) => listDomains(tally, eligible, most),
  };
}

const NO_DOMAINS: ReadonlyMap<string, number> = new Map();

function skewOf(tally: DomainTally, eligible: ReadonlyMap<string, number>): number {
  if (eligible.size === 0) {
    return 0;
  }
  const {fullest, emptiest} = extremesOf(tally, eligible);
  return fullest - emptiest;
}

/**
 * The most and the fewest replicas in a domain with the label; of the fewest, among those that are eligible. Only where
 * every eligible domain holds some does it matter how many: nobody goes through thousands of empty ones.
 */
export function extremesOf(
  {column, domains, counts}: DomainTally,
  eligible: ReadonlyMap<string, number>,
): {readonly fullest: number; readonly emptiest: number} {
  const {ofDomain} = eligibleNodesOf(eligible, column);
  let fullest = 0;
  let emptiest = Number.POSITIVE_INFINITY;
  let held = 0;
  for (let index = 0; index < domains.length; index++) {
    const count = counts[index] ?? 0;
    fullest = Math.max(fullest, count);
    if ((ofDomain[domains[index] ?? 0] ?? 0) > 0) {
      held += 1;
      emptiest = Math.min(emptiest, count);
    }
  }
  return {fullest, emptiest: held < eligible.size ? 0 : emptiest};
}

interface EligibleNodes {
  readonly sum: number;
  /** By the number of the domain. */
  readonly ofDomain: Int32Array;
}

const known = new WeakMap<ReadonlyMap<string, number>, EligibleNodes>();

// Eligibility gives the same map as long as no node changes.
export function eligibleNodesOf(eligible: ReadonlyMap<string, number>, {names}: DomainColumn): EligibleNodes {
  let answer = eligible === NO_DOMAINS ? undefined : known.get(eligible);
  if (answer === undefined) {
    const ofDomain = Int32Array.from(names, (name) => eligible.get(name) ?? 0);
    answer = {ofDomain, sum: sum(eligible.values())};
    if (eligible !== NO_DOMAINS) {
      known.set(eligible, answer);
    }
  }
  return answer;
}

// Most domains of a large cluster are empty and already in order, so only the others are sorted by their replicas; and
// where a handful of hundreds is shown, they are picked, not sorted.
function listDomains(
  {column, domains, counts}: DomainTally,
  eligible: ReadonlyMap<string, number>,
  most = Number.POSITIVE_INFINITY,
): DomainCount[] {
  const byReplicas = (a: number, b: number) =>
    (counts[b] ?? 0) - (counts[a] ?? 0) || (domains[a] ?? 0) - (domains[b] ?? 0);
  const order =
    most < domains.length ? firstOf(domains.length, byReplicas, most) : [...domains.keys()].sort(byReplicas);
  const listed = order.map((index): DomainCount => {
    const name = column.names[domains[index] ?? 0] ?? '';
    return {name, replicas: counts[index] ?? 0, eligible: eligible.has(name)};
  });
  if (listed.length < most) {
    const held = new Set(listed.map(({name}) => name));
    for (const name of eligible.keys()) {
      if (listed.length >= most) {
        break;
      }
      if (!held.has(name)) {
        listed.push({name, replicas: 0, eligible: true});
      }
    }
  }
  return listed;
}

function firstOf(length: number, compare: (a: number, b: number) => number, most: number): number[] {
  const first: number[] = [];
  for (let index = 0; index < length; index++) {
    const last = first.at(-1);
    if (last !== undefined && first.length >= most && compare(last, index) <= 0) {
      continue;
    }
    const at = first.findIndex((each) => compare(index, each) < 0);
    first.splice(at < 0 ? first.length : at, 0, index);
    if (first.length > most) {
      first.pop();
    }
  }
  return first;
}

function countWithRoom(topologyKey: string, {eligible}: Eligibility, room: Room): number {
  const withRoom = new Set<string>();
  for (const [name, count] of room.byNode) {
    const domain = eligible.get(name)?.node.labels[topologyKey];
    if (count > 0 && domain !== undefined) {
      withRoom.add(domain);
    }
  }
  return withRoom.size;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) {
    total += value;
  }
  return total;
}
