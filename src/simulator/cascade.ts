/** A timeline read as a cascade: which node died in which round, which pods followed, what was down. Pure. */
import type {TimelineEntry} from './timeline.ts';

export interface CascadeRound {
  /** From 1. */
  readonly round: number;
  readonly node: string;
  readonly why: 'panicked' | 'failed';
  readonly at: number;
  /** Where the lost replicas went before the next round: `pod` in place of `replaces`. */
  readonly moves: readonly {
    readonly pod: string;
    readonly replaces: string;
    readonly from: string;
    readonly to: string;
  }[];
  /** Pods that found no node. */
  readonly pending: readonly string[];
  /** Services that lost their last endpoint in this round. */
  readonly servicesDown: readonly string[];
}

/** Each node that dies begins a round. */
export function cascadeRounds(entries: readonly TimelineEntry[]): CascadeRound[] {
  const rounds: (CascadeRound & {
    moves: CascadeRound['moves'][number][];
    pending: string[];
    servicesDown: string[];
  })[] = [];
  for (const entry of entries) {
    if (entry.kind === 'NodePanicked' || entry.kind === 'NodeFailed') {
      rounds.push({
        round: rounds.length + 1,
        node: entry.node,
        why: entry.kind === 'NodePanicked' ? 'panicked' : 'failed',
        at: entry.at,
        moves: [],
        pending: [],
        servicesDown: [],
      });
      continue;
    }
    const current = rounds.at(-1);
    if (entry.kind === 'PodMoved') {
      current?.moves.push({
        pod: entry.pod,
        replaces: entry.replaces,
        from: entry.from,
        to: entry.node,
      });
    } else if (entry.kind === 'PodUnschedulable' && current?.pending.includes(entry.pod) === false) {
      current.pending.push(entry.pod);
    } else if (entry.kind === 'ServiceDown' && current?.servicesDown.includes(entry.service) === false) {
      current.servicesDown.push(entry.service);
    }
  }
  return rounds;
}

/** Lines for people; `since` is what the seconds count from. */
export function describeRounds(rounds: readonly CascadeRound[], since: number): string[] {
  return rounds.flatMap(({round, node, why, at, moves, pending, servicesDown}) => [
    `round ${round}, +${Math.round((at - since) / 1000)}s: ${node} ${why}`,
    ...(servicesDown.length === 0 ? [] : [`  no endpoint left: ${servicesDown.join(', ')}`]),
    ...moves.map(({replaces, from, to}) => `  ${replaces}: from ${from} to ${to}`),
    ...pending.map((pod) => `  ${pod} stays Pending`),
  ]);
}
