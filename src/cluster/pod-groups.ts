/**
 * The pods that are on nodes, in groups that the affinity terms and spread constraints of other pods cannot tell apart:
 * one namespace, one label map, one spec. A cluster with 150,000 pods has a few thousand groups, so a newcomer's terms
 * are compared with groups, and only the pods of those that match are visited. Pods are grouped by the identity of
 * their labels and spec, which the watch interns; without that each pod is a group of its own, and all stays right.
 */
import type {Labels} from './label-selector.ts';
import type {Pod} from './pod.ts';
import type {PodAffinityTerm, PodSpec} from './pod-spec.ts';

export interface PodGroup {
  /** Of its own for each group of a snapshot. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly spec: PodSpec;
  readonly pods: Iterable<Pod>;
}

/** Terms of pods that are there already and that newcomers must, or should, reckon with. */
export type ReachingTerms = 'required anti-affinity' | 'preferences';

/** A term with a namespaceSelector may reach any namespace. */
const ANY_NAMESPACE = '*';

/** What all pods of a group have in common; a pod has it, too. */
type GroupTraits = Pick<PodGroup, 'namespace' | 'labels' | 'spec'>;

interface MutableGroup extends PodGroup {
  readonly byUid: Map<string, Pod>;
}

type Reach = Map<string, Set<MutableGroup>>;

export class PodGroups {
  readonly #ofNamespace = new Map<string, Map<string, MutableGroup>>();
  readonly #reach: Readonly<Record<ReachingTerms, Reach>> = {
    'required anti-affinity': new Map(),
    preferences: new Map(),
  };

  add(pod: Pod): void {
    let groups = this.#ofNamespace.get(pod.namespace);
    if (groups === undefined) {
      groups = new Map();
      this.#ofNamespace.set(pod.namespace, groups);
    }
    const key = groupKey(pod);
    let group = groups.get(key);
    if (group === undefined) {
      group = emptyGroup(pod, key);
      groups.set(key, group);
      this.#index(group, (of) => of.add(group as MutableGroup));
    }
    group.byUid.set(pod.uid, pod);
  }

  /** A pod that stays in its group keeps its place in it. */
  replace(pod: Pod, before: Pod | undefined): void {
    if (before !== undefined && groupKey(before) !== groupKey(pod)) {
      this.remove(before);
    }
    this.add(pod);
  }

  /** The very value that was added. */
  remove(pod: Pod): void {
    const groups = this.#ofNamespace.get(pod.namespace);
    const key = groupKey(pod);
    const group = groups?.get(key);
    if (groups === undefined || group === undefined) {
      return;
    }
    group.byUid.delete(pod.uid);
    if (group.byUid.size === 0) {
      groups.delete(key);
      this.#index(group, (of) => of.delete(group));
      if (groups.size === 0) {
        this.#ofNamespace.delete(pod.namespace);
      }
    }
  }

  /** Of one namespace, or all of them. */
  *of(namespace?: string): Iterable<PodGroup> {
    if (namespace !== undefined) {
      yield* this.#ofNamespace.get(namespace)?.values() ?? [];
      return;
    }
    for (const groups of this.#ofNamespace.values()) {
      yield* groups.values();
    }
  }

  *reaching(namespace: string, terms: ReachingTerms): Iterable<PodGroup> {
    yield* this.#reach[terms].get(namespace) ?? [];
    yield* this.#reach[terms].get(ANY_NAMESPACE) ?? [];
  }

  #index(group: MutableGroup, change: (groups: Set<MutableGroup>) => void): void {
    for (const [kind, reach] of Object.entries(this.#reach) as [ReachingTerms, Reach][]) {
      for (const namespace of namespacesReachedBy(group, kind)) {
        const groups = reach.get(namespace) ?? new Set();
        reach.set(namespace, groups);
        change(groups);
        if (groups.size === 0) {
          reach.delete(namespace);
        }
      }
    }
  }
}

function emptyGroup({namespace, labels, spec}: Pod, key: string): MutableGroup {
  const byUid = new Map<string, Pod>();
  // To be gone through as often as somebody likes, which an iterator of the map is not.
  const pods = {[Symbol.iterator]: () => byUid.values()};
  return {key, namespace, labels, spec, byUid, pods};
}

/** Whether terms of a group may reach the namespace; the terms themselves are to be asked then. */
export function mayReach(group: GroupTraits, namespace: string, terms: ReachingTerms): boolean {
  const reached = namespacesReachedBy(group, terms);
  return reached.has(namespace) || reached.has(ANY_NAMESPACE);
}

function namespacesReachedBy({spec, namespace}: GroupTraits, kind: ReachingTerms): ReadonlySet<string> {
  const reached = new Set<string>();
  for (const {namespaces, namespaceSelector} of termsOf(spec, kind)) {
    if (namespaceSelector !== undefined) {
      return new Set([ANY_NAMESPACE]);
    }
    // Without namespaces and namespaceSelector a term means the namespace of the pod that carries it.
    for (const each of namespaces === undefined || namespaces.length === 0 ? [namespace] : namespaces) {
      reached.add(each);
    }
  }
  return reached;
}

function termsOf({podAffinity, podAntiAffinity}: PodSpec, kind: ReachingTerms): readonly PodAffinityTerm[] {
  return kind === 'required anti-affinity'
    ? podAntiAffinity.required
    : [
        ...podAffinity.required,
        ...podAffinity.preferred.map(({podAffinityTerm}) => podAffinityTerm),
        ...podAntiAffinity.preferred.map(({podAffinityTerm}) => podAffinityTerm),
      ];
}

const numbers = new WeakMap<object, number>();
let last = 0;

/** The key of the group that the pod belongs to. */
function groupKey({namespace, labels, spec}: GroupTraits): string {
  return `${namespace}/${numberOf(labels)}/${numberOf(spec)}`;
}

function numberOf(value: object): number {
  let number = numbers.get(value);
  if (number === undefined) {
    last += 1;
    number = last;
    numbers.set(value, number);
  }
  return number;
}
