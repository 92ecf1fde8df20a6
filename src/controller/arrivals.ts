import type {ClusterCache, WorkloadKey} from '../cluster/cluster-cache.ts';
import {isTerminating, type Pod} from '../cluster/pod.ts';
import {arrivalOf, type PlannedMove} from '../planning/plan.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';

interface Expected {
  readonly pods: readonly Pod[];
  /** Those that they replace, by uid. */
  readonly leaving: ReadonlySet<string>;
  readonly since: number;
}

export interface Replacement {
  readonly workload: WorkloadKey;
  readonly pod: Pod;
  /** When its predecessor was sent away, milliseconds since the epoch. */
  readonly since: number;
}

/** Replacements that are on their way to a node, so that two plans do not promise the same room. */
export class Arrivals {
  readonly #cache: ClusterCache;
  readonly #expected = new Map<WorkloadKey, Expected>();

  constructor(cache: ClusterCache) {
    this.#cache = cache;
  }

  expect(key: WorkloadKey, moves: readonly PlannedMove[], replacement: PodToSchedule, since: number): void {
    this.#expected.set(key, {
      since,
      pods: moves.map((move) => arrivalOf(move, replacement)),
      leaving: new Set(moves.map(({pod}) => pod.uid)),
    });
  }

  of(key: WorkloadKey): readonly Pod[] {
    const workload = this.#cache.workload(key);
    const expected = this.#expected.get(key);
    if (workload === undefined || expected === undefined) {
      return [];
    }
    // Those that are there already, although nobody has looked since, would be counted twice.
    const placed = this.#cache
      .replicasOf(workload)
      .pods.filter(
        (pod) => pod.nodeName !== undefined && !isTerminating(pod) && !expected.leaving.has(pod.uid),
      );
    return placed.length < workload.replicas ? expected.pods : [];
  }

  /** Those of all other workloads. */
  besides(key: WorkloadKey): Replacement[] {
    return [...this.#expected].flatMap(([workload, {since}]) =>
      workload === key ? [] : this.of(workload).map((pod) => ({workload, pod, since})),
    );
  }

  forget(key: WorkloadKey): void {
    this.#expected.delete(key);
  }

  clear(): void {
    this.#expected.clear();
  }
}
