/** How a workload's replicas lie in one topology. */
import {isTerminating, type Pod} from '../cluster/pod.ts';
import {compareText, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {Eligibility} from './eligibility.ts';
import {lazy} from './lazy.ts';
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
  placed: readonly Pod[],
  snapshot: SchedulingSnapshot,
  eligibility: Eligibility,
  room: () => Room,
): TopologyAssessment {
  const eligible = eligibility.domains.get(topologyKey) ?? new Map<string, number>();
  const replicas = new Map<string, number>();
  for (const pod of placed) {
    const domain = snapshot.nodeInfo(pod.nodeName ?? '')?.node.labels[topologyKey];
    if (domain !== undefined && !isTerminating(pod)) {
      replicas.set(domain, (replicas.get(domain) ?? 0) + 1);
    }
  }
  const domains = lazy(() => listDomains(replicas, eligible));
  const withRoom = lazy(() => countWithRoom(topologyKey, eligibility, room()));
  return {
    topologyKey,
    eligibleDomains: eligible.size,
    get domainsWithRoom() {
      return withRoom();
    },
    eligibleNodes: sum(eligible.values()),
    skew: skewOf(replicas, eligible),
    get domains() {
      return domains();
    },
    fullest: (most) => listDomains(replicas, eligible, most),
  };
}

function skewOf(replicas: ReadonlyMap<string, number>, eligible: ReadonlyMap<string, number>): number {
  if (eligible.size === 0) {
    return 0;
  }
  // Only where every eligible domain holds some does it matter how many: nobody goes through thousands of empty ones.
  let fullest = 0;
  let emptiest = Number.POSITIVE_INFINITY;
  let held = 0;
  for (const [name, count] of replicas) {
    fullest = Math.max(fullest, count);
    if (eligible.has(name)) {
      held += 1;
      emptiest = Math.min(emptiest, count);
    }
  }
  return fullest - (held < eligible.size ? 0 : emptiest);
}

// Most domains of a large cluster are empty and already in order, so only the others are sorted by their replicas.
function listDomains(
  replicas: ReadonlyMap<string, number>,
  eligible: ReadonlyMap<string, number>,
  most = Number.POSITIVE_INFINITY,
): DomainCount[] {
  const counts = most < replicas.size ? fullestOf(replicas, most) : [...replicas].sort(byReplicas);
  const domains = counts.map(
    ([name, count]): DomainCount => ({name, replicas: count, eligible: eligible.has(name)}),
  );
  for (const name of eligible.keys()) {
    if (domains.length >= most) {
      break;
    }
    if (!replicas.has(name)) {
      domains.push({name, replicas: 0, eligible: true});
    }
  }
  return domains;
}

type Count = readonly [name: string, replicas: number];

// Of hundreds of domains a handful is shown: they are picked, not sorted.
function fullestOf(replicas: ReadonlyMap<string, number>, most: number): Count[] {
  const fullest: Count[] = [];
  for (const count of replicas) {
    const last = fullest.at(-1);
    if (last !== undefined && fullest.length >= most && byReplicas(last, count) <= 0) {
      continue;
    }
    const at = fullest.findIndex((each) => byReplicas(count, each) < 0);
    fullest.splice(at < 0 ? fullest.length : at, 0, count);
    if (fullest.length > most) {
      fullest.pop();
    }
  }
  return fullest;
}

function byReplicas([nameA, a]: Count, [nameB, b]: Count): number {
  return b - a || compareText(nameA, nameB);
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
