/** What is told of each of many losses: little enough to keep half a million of them. Pure. */
import {describeWorkload, type Outcome} from './outcome.ts';

export interface LossVerdict {
  /** Services that lose their last endpoint at some time, ordered. */
  readonly servicesDown: readonly string[];
  /** Workloads of which a pod that had a node has none at the end, ordered: `Deployment shop/web`. */
  readonly pending: readonly string[];
  /** Nodes that die in the cascade, besides those that were lost, ordered. */
  readonly nodesDying: readonly string[];
  readonly settles: boolean;
}

export const HARMLESS: LossVerdict = {servicesDown: [], pending: [], nodesDying: [], settles: true};

export function verdictOf({outages, pending, rounds, settles}: Outcome): LossVerdict {
  return {
    servicesDown: ordered(outages.map(({service}) => service)),
    pending: ordered(pending.flatMap((pod) => (pod.wasPending ? [] : describeWorkload(pod.workload)))),
    nodesDying: ordered(
      rounds.flatMap(({nodes}) => nodes.flatMap(({node, why}) => (why === 'panicked' ? node : []))),
    ),
    settles,
  };
}

export function isHarmless({servicesDown, pending, nodesDying, settles}: LossVerdict): boolean {
  return servicesDown.length === 0 && pending.length === 0 && nodesDying.length === 0 && settles;
}

export function ordered(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}
