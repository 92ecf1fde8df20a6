import {type Labels, matchesSelector} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import type {Pod} from '../cluster/pod.ts';
import type {PodGroup} from '../cluster/pod-groups.ts';
import type {PodAffinityTerm, WeightedPodAffinityTerm} from '../cluster/pod-spec.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import {
  type FilterPlugin,
  MAX_NODE_SCORE,
  type PodToSchedule,
  type Refusal,
  type ScorePlugin,
} from './framework.ts';

/** HardPodAffinityWeight: what a required affinity term of an existing pod is worth to the pods that match it. */
const HARD_POD_AFFINITY_WEIGHT = 1;

/**
 * Refuses nodes in topology domains that the pod's required affinity leaves out, its required anti-affinity rules
 * out, or the required anti-affinity of a pod that is already there rules out.
 */
export const interPodAffinity: FilterPlugin = {
  name: 'InterPodAffinity',

  prefilter(pod, snapshot) {
    const affinity = pod.spec.podAffinity.required.map((term) => toOwnTerm(term, pod, snapshot));
    const antiAffinity = pod.spec.podAntiAffinity.required.map((term) => toOwnTerm(term, pod, snapshot));
    const closedByExisting = domainsClosedByExistingPods(pod, snapshot);
    const {matched, closed} = domainsOfOwnTerms(affinity, antiAffinity, pod, snapshot);
    if (closedByExisting.isEmpty && affinity.length === 0 && antiAffinity.length === 0) {
      return undefined;
    }
    // The first pod of a series that wants to be near its own kind finds none of them yet: it may start anywhere
    // that has the topology, or the series would wait for ever.
    const startsSeries = matched.isEmpty && matchesAllTerms(affinity, pod);

    return ({node}, nominated = []) => {
      if (!affinity.every(({topologyKey}) => node.labels[topologyKey] !== undefined)) {
        return refusal(node, "node(s) didn't match pod affinity rules", false);
      }
      const joins = nominated.some((other) => matchesAllTerms(affinity, other));
      if (
        !startsSeries &&
        !joins &&
        !affinity.every(({topologyKey}) => matched.hasDomainOf(node, topologyKey))
      ) {
        return refusal(node, "node(s) didn't match pod affinity rules", false);
      }
      if (
        closed.hasAnyDomainOf(node) ||
        antiAffinity.some((term) => hasTopology(node, term) && nominated.some(term.matches))
      ) {
        return refusal(node, "node(s) didn't match pod anti-affinity rules", true);
      }
      if (
        closedByExisting.hasAnyDomainOf(node) ||
        nominated.some((other) => keepsAway(other, node, pod, snapshot))
      ) {
        return refusal(node, "node(s) didn't satisfy existing pods anti-affinity rules", true);
      }
      return undefined;
    };
  },

  reach(pod, other, {after}) {
    const {podAffinity, podAntiAffinity} = pod.spec;
    const affinity = podAffinity.required.map((term) => toOwnTerm(term, pod, after));
    if (matchesAllTerms(affinity, other)) {
      // It may have been, or may be, the only one of its kind.
      return 'everywhere';
    }
    return [
      ...podAntiAffinity.required.filter((term) => toOwnTerm(term, pod, after).matches(other)),
      ...other.spec.podAntiAffinity.required.filter((term) => matchesTermOfExisting(term, other, pod, after)),
    ].map(({topologyKey}) => topologyKey);
  },
};

/**
 * Prefers the domains of pods that the preferred affinity terms match, avoids those of the anti-affinity terms; the
 * terms of the pods that are already there count for the newcomer too.
 */
export const interPodAffinityScore: ScorePlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  isLocal: false,

  prescore(pod, snapshot) {
    const wanted = [
      ...weighted(pod.spec.podAffinity.preferred, 1),
      ...weighted(pod.spec.podAntiAffinity.preferred, -1),
    ].map(({term, weight}) => ({...toOwnTerm(term, pod, snapshot), weight}));
    const sums = new DomainSums();
    for (const group of groupsThatMayMatch(wanted, pod, snapshot)) {
      const matching = wanted.filter(({matches}) => matches(group));
      for (const node of matching.length > 0 ? nodesOf(group, snapshot) : []) {
        for (const {topologyKey, weight} of matching) {
          sums.add(node, topologyKey, weight);
        }
      }
    }
    for (const group of snapshot.podGroupsThatReach(pod.namespace, 'preferences')) {
      const matching = preferencesOf(group).filter(({term}) =>
        matchesTermOfExisting(term, group, pod, snapshot),
      );
      for (const node of matching.length > 0 ? nodesOf(group, snapshot) : []) {
        for (const {term, weight} of matching) {
          sums.add(node, term.topologyKey, weight);
        }
      }
    }
    if (sums.isEmpty) {
      return undefined;
    }
    return {score: ({node}) => sums.sumOf(node), normalise: spreadOverRange};
  },
};

interface WeightedTerm {
  readonly term: PodAffinityTerm;
  readonly weight: number;
}

function weighted(terms: readonly WeightedPodAffinityTerm[], sign: 1 | -1): WeightedTerm[] {
  return terms.map(({podAffinityTerm, weight}) => ({term: podAffinityTerm, weight: sign * weight}));
}

/** What a pod that is there wishes of newcomers; its required anti-affinity is the filter's business. */
function preferencesOf({spec}: PodGroup): WeightedTerm[] {
  return [
    ...spec.podAffinity.required.map((term) => ({term, weight: HARD_POD_AFFINITY_WEIGHT})),
    ...weighted(spec.podAffinity.preferred, 1),
    ...weighted(spec.podAntiAffinity.preferred, -1),
  ];
}

interface Placeable {
  readonly namespace: string;
  readonly labels: Labels;
}

/** Topology domains, as (topologyKey, value) pairs. */
class DomainSet {
  readonly #values = new Map<string, Set<string>>();

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  /** Adds the node's domain, if it is in one. */
  addDomainOf(node: Node, topologyKey: string): void {
    const value = node.labels[topologyKey];
    if (value === undefined) {
      return;
    }
    const values = this.#values.get(topologyKey);
    if (values === undefined) {
      this.#values.set(topologyKey, new Set([value]));
    } else {
      values.add(value);
    }
  }

  hasDomainOf(node: Node, topologyKey: string): boolean {
    const value = node.labels[topologyKey];
    return value !== undefined && this.#values.get(topologyKey)?.has(value) === true;
  }

  hasAnyDomainOf(node: Node): boolean {
    for (const topologyKey of this.#values.keys()) {
      if (this.hasDomainOf(node, topologyKey)) {
        return true;
      }
    }
    return false;
  }
}

class DomainSums {
  readonly #sums = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  add(node: Node, topologyKey: string, amount: number): void {
    const value = node.labels[topologyKey];
    if (value === undefined) {
      return;
    }
    let sums = this.#sums.get(topologyKey);
    if (sums === undefined) {
      sums = new Map();
      this.#sums.set(topologyKey, sums);
    }
    sums.set(value, (sums.get(value) ?? 0) + amount);
  }

  sumOf(node: Node): number {
    let total = 0;
    for (const [topologyKey, sums] of this.#sums) {
      const value = node.labels[topologyKey];
      total += value === undefined ? 0 : (sums.get(value) ?? 0);
    }
    return total;
  }
}

function domainsClosedByExistingPods(pod: PodToSchedule, snapshot: SchedulingSnapshot): DomainSet {
  const closed = new DomainSet();
  for (const group of snapshot.podGroupsThatReach(pod.namespace, 'required anti-affinity')) {
    const matching = group.spec.podAntiAffinity.required.filter((term) =>
      matchesTermOfExisting(term, group, pod, snapshot),
    );
    for (const node of matching.length > 0 ? nodesOf(group, snapshot) : []) {
      for (const {topologyKey} of matching) {
        closed.addDomainOf(node, topologyKey);
      }
    }
  }
  return closed;
}

/** The domains with a pod that all affinity terms match, and those with a pod that an anti-affinity term matches. */
function domainsOfOwnTerms(
  affinity: readonly OwnTerm[],
  antiAffinity: readonly OwnTerm[],
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
): {matched: DomainSet; closed: DomainSet} {
  const matched = new DomainSet();
  const closed = new DomainSet();
  if (affinity.length === 0 && antiAffinity.length === 0) {
    return {matched, closed};
  }
  for (const group of groupsThatMayMatch([...affinity, ...antiAffinity], pod, snapshot)) {
    const attracts = matchesAllTerms(affinity, group);
    const repels = antiAffinity.filter((term) => term.matches(group));
    for (const node of attracts || repels.length > 0 ? nodesOf(group, snapshot) : []) {
      for (const {topologyKey} of attracts ? affinity : []) {
        matched.addDomainOf(node, topologyKey);
      }
      for (const {topologyKey} of repels) {
        closed.addDomainOf(node, topologyKey);
      }
    }
  }
  return {matched, closed};
}

// Most terms mean the pod's own namespace: then the other pods of the cluster are not visited.
export function groupsThatMayMatch(
  terms: readonly OwnTerm[],
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
): Iterable<PodGroup> {
  if (terms.length === 0) {
    return [];
  }
  return snapshot.podGroups(terms.every((term) => term.ownNamespaceOnly) ? pod.namespace : undefined);
}

/** The node of each pod of the group. */
function* nodesOf(group: PodGroup, snapshot: SchedulingSnapshot): Iterable<Node> {
  for (const {nodeName} of group.pods) {
    const info = snapshot.nodeInfo(nodeName ?? '');
    if (info !== undefined) {
      yield info.node;
    }
  }
}

/** A term of the pod that is to be scheduled, prepared to be asked about all the pods of the cluster. */
export interface OwnTerm {
  readonly topologyKey: string;
  readonly ownNamespaceOnly: boolean;
  readonly matches: (target: Placeable) => boolean;
}

export function toOwnTerm(term: PodAffinityTerm, pod: Placeable, snapshot: SchedulingSnapshot): OwnTerm {
  const reaches = namespacesOfOwnTerm(term, pod, snapshot);
  const {namespaces = [], namespaceSelector} = term;
  return {
    topologyKey: term.topologyKey,
    ownNamespaceOnly: namespaceSelector === undefined && namespaces.length === 0,
    matches: ({namespace, labels}) => reaches(namespace) && matchesSelector(term.labelSelector, labels),
  };
}

function namespacesOfOwnTerm(
  term: PodAffinityTerm,
  pod: Placeable,
  snapshot: SchedulingSnapshot,
): (namespace: string) => boolean {
  if (term.namespaceSelector === undefined) {
    return (namespace) => reachesNamespace(term, pod, namespace, snapshot);
  }
  // Upstream resolves the selector into names and forgets to drop it (mergeAffinityTermNamespacesIfNotEmpty changes
  // a copy), then asks it about no labels at all. So a selector that an unlabelled namespace meets, such as NotIn,
  // means every namespace here; in the terms of existing pods it does not.
  if (matchesSelector(term.namespaceSelector, {})) {
    return () => true;
  }
  const reached = new Map<string, boolean>();
  return (namespace) => {
    let answer = reached.get(namespace);
    if (answer === undefined) {
      answer = reachesNamespace(term, pod, namespace, snapshot);
      reached.set(namespace, answer);
    }
    return answer;
  };
}

function matchesAllTerms(terms: readonly OwnTerm[], target: Placeable): boolean {
  return terms.length > 0 && terms.every((term) => term.matches(target));
}

/** Whether a term of a pod that is already on a node means the one that is to be scheduled. */
export function matchesTermOfExisting(
  term: PodAffinityTerm,
  existing: Placeable,
  pod: Placeable,
  snapshot: SchedulingSnapshot,
): boolean {
  return (
    reachesNamespace(term, existing, pod.namespace, snapshot) &&
    matchesSelector(term.labelSelector, pod.labels)
  );
}

/** Whether the required anti-affinity of a pod that is to come to this node rules the other one out there. */
function keepsAway(owner: Pod, node: Node, pod: PodToSchedule, snapshot: SchedulingSnapshot): boolean {
  return owner.spec.podAntiAffinity.required.some(
    (term) => hasTopology(node, term) && matchesTermOfExisting(term, owner, pod, snapshot),
  );
}

function hasTopology(node: Node, {topologyKey}: {readonly topologyKey: string}): boolean {
  return node.labels[topologyKey] !== undefined;
}

// Without namespaces and namespaceSelector a term means the namespace of the pod that carries it.
function reachesNamespace(
  term: PodAffinityTerm,
  owner: Placeable,
  namespace: string,
  snapshot: SchedulingSnapshot,
): boolean {
  const {namespaces, namespaceSelector} = term;
  if (namespaceSelector === undefined && (namespaces === undefined || namespaces.length === 0)) {
    return namespace === owner.namespace;
  }
  return (
    namespaces?.includes(namespace) === true ||
    (namespaceSelector !== undefined &&
      matchesSelector(namespaceSelector, snapshot.namespaceLabels(namespace)))
  );
}

/** The lowest score becomes 0 and the highest 100; all become 0 when they are equal. */
function spreadOverRange(scores: Float64Array): void {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < scores.length; index++) {
    lowest = Math.min(lowest, scores[index] ?? 0);
    highest = Math.max(highest, scores[index] ?? 0);
  }
  const range = highest - lowest;
  for (let index = 0; index < scores.length; index++) {
    // In floating point and in this order, as upstream, whose rounding shows in the result.
    scores[index] = range > 0 ? Math.trunc(MAX_NODE_SCORE * (((scores[index] ?? 0) - lowest) / range)) : 0;
  }
}

function refusal(node: Node, reason: string, resolvable: boolean): Refusal {
  return {plugin: 'InterPodAffinity', node: node.name, reasons: [reason], resolvable};
}
