/**
 * The pods that are on nodes, in groups that the affinity terms and spread constraints of other pods cannot tell apart:
 * one namespace, one label map, one spec. A cluster with 150,000 pods has a few thousand groups, so a newcomer's terms
 * are compared with groups, and only the pods of those that match are visited. Pods are grouped by the identity of
 * their labels and spec, which the watch interns; without that each pod is a group of its own, and all stays right.
 */
import {ANY_LABELS, LabelIndex, labelAskedFor, labelText, labelTexts} from './label-index.ts';
import type {LabelSelector, Labels} from './label-selector.ts';
import {type NestedIndex, putInto, takeFrom} from './nested-index.ts';
import type {Pod} from './pod.ts';
import type {PodAffinityTerm, PodSpec} from './pod-spec.ts';

export interface PodGroup {
  /** Of its own for each group of a snapshot. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly spec: PodSpec;
  readonly pods: readonly Pod[];
}

/** Terms of pods that are there already and that newcomers must, or should, reckon with. */
export type ReachingTerms = 'required anti-affinity' | 'preferences';

/** A pod that is not there yet, as affinity terms see it. */
export interface Newcomer {
  readonly namespace: string;
  readonly labels: Labels;
}

/** A term with a namespaceSelector may reach any namespace. */
const ANY_NAMESPACE = '*';
/** What all pods of a group have in common; a pod has it, too. */
type GroupTraits = Pick<PodGroup, 'namespace' | 'labels' | 'spec'>;

interface MutableGroup extends PodGroup {
  /** A list, as most who ask go through all of it; in the order in which the pods came. */
  readonly pods: Pod[];
}

interface GroupsOfNamespace {
  readonly byKey: Map<string, MutableGroup>;
  readonly byLabel: LabelIndex<MutableGroup>;
}

/** By namespace, and there by a label that a newcomer must carry to be meant. */
type Reach = Map<string, NestedIndex<MutableGroup>>;

export class PodGroups {
  readonly #ofNamespace = new Map<string, GroupsOfNamespace>();
  readonly #reach: Readonly<Record<ReachingTerms, Reach>> = {
    'required anti-affinity': new Map(),
    preferences: new Map(),
  };

  add(pod: Pod): void {
    let groups = this.#ofNamespace.get(pod.namespace);
    if (groups === undefined) {
      groups = {byKey: new Map(), byLabel: new LabelIndex()};
      this.#ofNamespace.set(pod.namespace, groups);
    }
    const key = groupKey(pod);
    let group = groups.byKey.get(key);
    if (group === undefined) {
      group = emptyGroup(pod, key);
      groups.byKey.set(key, group);
      groups.byLabel.addAll(group.labels, group);
      this.#index(group, putInto);
    }
    group.pods.push(pod);
  }

  /** A pod that stays in its group keeps its place in it. */
  replace(pod: Pod, before: Pod | undefined): void {
    if (before !== undefined) {
      const key = groupKey(pod);
      const pods =
        groupKey(before) === key ? this.#ofNamespace.get(pod.namespace)?.byKey.get(key)?.pods : undefined;
      const index = pods?.indexOf(before) ?? -1;
      if (pods !== undefined && index >= 0) {
        pods[index] = pod;
        return;
      }
      this.remove(before);
    }
    this.add(pod);
  }

  /** The very value that was added. */
  remove(pod: Pod): void {
    const groups = this.#ofNamespace.get(pod.namespace);
    const key = groupKey(pod);
    const group = groups?.byKey.get(key);
    if (groups === undefined || group === undefined) {
      return;
    }
    const index = group.pods.indexOf(pod);
    if (index >= 0) {
      group.pods.splice(index, 1);
    }
    if (group.pods.length === 0) {
      groups.byKey.delete(key);
      groups.byLabel.deleteAll(group.labels, group);
      this.#index(group, takeFrom);
      if (groups.byKey.size === 0) {
        this.#ofNamespace.delete(pod.namespace);
      }
    }
  }

  /** Of one namespace, or all of them. */
  *of(namespace?: string): Iterable<PodGroup> {
    if (namespace !== undefined) {
      yield* this.#ofNamespace.get(namespace)?.byKey.values() ?? [];
      return;
    }
    for (const {byKey} of this.#ofNamespace.values()) {
      yield* byKey.values();
    }
  }

  /** Those of a namespace that the selector may mean. */
  meantBy(namespace: string, selector: LabelSelector): Iterable<PodGroup> {
    const groups = this.#ofNamespace.get(namespace);
    return groups === undefined ? [] : (groups.byLabel.meantBy(selector) ?? groups.byKey.values());
  }

  /** Each once. */
  reaching({namespace, labels}: Newcomer, terms: ReachingTerms): Iterable<PodGroup> {
    const reaching = new Set<PodGroup>();
    for (const each of [namespace, ANY_NAMESPACE]) {
      const byLabel = this.#reach[terms].get(each);
      if (byLabel !== undefined) {
        addAll(byLabel.get(ANY_LABELS), reaching);
        for (const key in labels) {
          addAll(byLabel.get(labelText(key, labels[key] ?? '')), reaching);
        }
      }
    }
    return reaching;
  }

  #index(
    group: MutableGroup,
    change: (index: NestedIndex<MutableGroup>, label: string, key: string, group: MutableGroup) => void,
  ): void {
    for (const [kind, reach] of Object.entries(this.#reach) as [ReachingTerms, Reach][]) {
      for (const term of termsOf(group.spec, kind)) {
        const label = labelAskedFor(term.labelSelector);
        if (label === undefined) {
          continue;
        }
        for (const namespace of namespacesReachedBy(term, group)) {
          const byLabel: NestedIndex<MutableGroup> = reach.get(namespace) ?? new Map();
          reach.set(namespace, byLabel);
          change(byLabel, label, group.key, group);
          if (byLabel.size === 0) {
            reach.delete(namespace);
          }
        }
      }
    }
  }
}

function addAll(groups: ReadonlyMap<string, PodGroup> | undefined, to: Set<PodGroup>): void {
  for (const group of groups?.values() ?? []) {
    to.add(group);
  }
}

function emptyGroup({namespace, labels, spec}: Pod, key: string): MutableGroup {
  return {key, namespace, labels, spec, pods: []};
}

/** Whether terms of a group may mean the newcomer; the terms themselves are to be asked then. */
export function mayReach(group: GroupTraits, {namespace, labels}: Newcomer, terms: ReachingTerms): boolean {
  return termsOf(group.spec, terms).some((term) => {
    const reached = namespacesReachedBy(term, group);
    const label = labelAskedFor(term.labelSelector);
    return (
      (reached.includes(namespace) || reached.includes(ANY_NAMESPACE)) &&
      (label === ANY_LABELS || labelTexts(labels).some((each) => each === label))
    );
  });
}

function namespacesReachedBy(
  {namespaces, namespaceSelector}: PodAffinityTerm,
  {namespace}: GroupTraits,
): readonly string[] {
  if (namespaceSelector !== undefined) {
    return [ANY_NAMESPACE];
  }
  // Without namespaces and namespaceSelector a term means the namespace of the pod that carries it.
  return namespaces === undefined || namespaces.length === 0 ? [namespace] : namespaces;
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
