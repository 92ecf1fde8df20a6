/** The pods that a loss displaces, counted by what makes them anew. Pure. */
import type {ReplicaGroup, Resident} from './loss-facts.ts';

/** Seconds: the default, with which pods are evicted well within the time that proofs hold for. */
const LONGEST_TOLERATION = 300;

export interface Displaced {
  readonly group: ReplicaGroup;
  count: number;
  /** One of them may stay for longer than proofs look ahead. */
  isLate: boolean;
}

export function displacedOf(residents: readonly Resident[]): Displaced[] {
  const displaced = new Map<ReplicaGroup, Displaced>();
  for (const {group, toleratedSeconds} of residents) {
    if (group === undefined || toleratedSeconds === Number.POSITIVE_INFINITY) {
      continue;
    }
    const known = displaced.get(group) ?? {group, count: 0, isLate: false};
    known.count++;
    known.isLate ||= toleratedSeconds > LONGEST_TOLERATION;
    displaced.set(group, known);
  }
  return [...displaced.values()];
}

export function together(parts: readonly (readonly Displaced[])[]): Displaced[] {
  const sums = new Map<ReplicaGroup, Displaced>();
  for (const part of parts) {
    for (const {group, count, isLate} of part) {
      const known = sums.get(group);
      sums.set(group, {
        group,
        count: count + (known?.count ?? 0),
        isLate: isLate || known?.isLate === true,
      });
    }
  }
  return [...sums.values()];
}

export function total(displaced: readonly Displaced[]): number {
  return displaced.reduce((sum, {count}) => sum + count, 0);
}
