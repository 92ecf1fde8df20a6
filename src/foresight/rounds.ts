/** The timeline as rounds: nodes that die together, what went with them, and what followed before the next ones. Pure. */
import {type CascadeRound, cascadeRounds} from '../simulator/cascade.ts';
import type {TimelineEntry} from '../simulator/timeline.ts';
import {describeWorkload, type LossRound, type ReplicasLost, type SaturatedNode} from './outcome.ts';
import type {ReadyReplicas} from './ready-replicas.ts';
import type {WorkloadNames} from './workload-names.ts';

interface RoundsContext {
  readonly start: number;
  readonly names: WorkloadNames;
  readonly replicas: ReadyReplicas;
  readonly saturatedBefore: readonly SaturatedNode[];
}

/** Replays the timeline over the replicas as a side effect. */
export function lossRounds(
  entries: readonly TimelineEntry[],
  {start, names, replicas, saturatedBefore}: RoundsContext,
): LossRound[] {
  const saturated = new Map(saturatedBefore.map(({node, ...usage}) => [node, usage]));
  const atDeath: {lost: readonly ReplicasLost[]; demand?: number; capacity?: number}[] = [];
  const placed = new Map<string, {pod: string; at: number}[]>();
  for (const entry of entries) {
    const lost = replicas.apply(entry);
    if (entry.kind === 'NodeSaturated') {
      saturated.set(entry.node, {demand: Math.round(entry.demand), capacity: entry.capacity});
    } else if (entry.kind === 'NodePanicked' || entry.kind === 'NodeFailed') {
      atDeath.push({lost, ...(entry.kind === 'NodePanicked' ? saturated.get(entry.node) : {})});
    } else if (entry.kind === 'PodMoved' || entry.kind === 'PodPlaced') {
      placed.set(entry.pod, [...(placed.get(entry.pod) ?? []), {pod: entry.pod, at: entry.at}]);
    }
  }
  const owners = ownersOf(entries);
  const rounds = cascadeRounds(entries);
  const merged: {first: CascadeRound; all: CascadeRound[]; deaths: typeof atDeath}[] = [];
  for (const [index, round] of rounds.entries()) {
    const last = merged.at(-1);
    const deaths = atDeath.slice(index, index + 1);
    if (last !== undefined && last.first.at === round.at) {
      last.all.push(round);
      last.deaths.push(...deaths);
    } else {
      merged.push({first: round, all: [round], deaths});
    }
  }
  return merged.map(({first, all, deaths}, index) => {
    const end = merged[index + 1]?.first.at ?? Number.POSITIVE_INFINITY;
    return {
      round: index + 1,
      atSeconds: secondsBetween(start, first.at),
      nodes: all.map(({node, why}, position) => {
        const {demand, capacity} = deaths[position] ?? {};
        return {
          node,
          why: why === 'panicked' ? ('panicked' as const) : ('lost' as const),
          ...(demand === undefined || capacity === undefined ? {} : {demand, capacity}),
        };
      }),
      replicasLost: together(deaths.flatMap(({lost}) => lost)),
      servicesDown: [...new Set(all.flatMap(({servicesDown}) => servicesDown))],
      moves: all
        .flatMap(({moves}) => moves)
        .map(({pod, from, to}) => {
          const {namespace = '', owner} = owners.get(pod) ?? {};
          return {workload: names.ofOwner(namespace, owner, pod), pod, from, to};
        }),
      pending: all
        .flatMap(({pending}) => pending)
        .filter((pod) => !(placed.get(pod) ?? []).some(({at}) => at >= first.at && at < end)),
    };
  });
}

export function secondsBetween(from: number, to: number): number {
  return Math.round((to - from) / 1000);
}

function ownersOf(entries: readonly TimelineEntry[]) {
  const owners = new Map<string, {namespace: string; owner?: string}>();
  for (const entry of entries) {
    if (entry.kind === 'PodMoved') {
      const {namespace, owner} = entry;
      owners.set(entry.pod, {namespace, ...(owner === undefined ? {} : {owner})});
    }
  }
  return owners;
}

/** Of one workload on several nodes: the sum, of what it had before the first of them. */
function together(lost: readonly ReplicasLost[]): ReplicasLost[] {
  const sums = new Map<string, ReplicasLost>();
  for (const each of lost) {
    const key = describeWorkload(each.workload);
    const known = sums.get(key);
    sums.set(key, known === undefined ? each : {...known, lost: known.lost + each.lost});
  }
  return [...sums.values()];
}
