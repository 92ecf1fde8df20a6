import {type LabelSelector, type Labels, matchesSelector} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import {nodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';
import type {PodGroup} from '../cluster/pod-groups.ts';
import type {PodAffinityTerm, WeightedPodAffinityTerm} from '../cluster/pod-spec.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import {
  type FilterPlugin,
  MAX_NODE_SCORE,
  type NodeFilter,
  type OverallScorePlugin,
  type PodToSchedule,
  type Refusal,
} from './framework.ts';
import {clearWithoutDomain, DomainSet, DomainSums} from './node-domains.ts';

/** HardPodAffinityWeight: what a required affinity term of an existing pod is worth to the pods that match it. */
const HARD_POD_AFFINITY_WEIGHT = 1;

/**
 * Refuses nodes in topology domains that the pod's required affinity leaves out, its required anti-affinity rules
 * out, or the required anti-affinity of a pod that is already there rules out.
 */
export const interPodAffinity: FilterPlugin = {
  name: 'InterPodAffinity',

  prefilter(pod, snapshot) {
    const table = nodeTable(snapshot);
    const {numberOf} = table;
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

    const filter: NodeFilter = ({node}, nominated = []) => {
      const number = numberOf.get(node.name) ?? -1;
      if (!affinity.every(({topologyKey}) => node.labels[topologyKey] !== undefined)) {
        return refusal(node, "node(s) didn't match pod affinity rules", false);
      }
      const joins = nominated.some((other) => matchesAllTerms(affinity, other));
      if (
        !startsSeries &&
        !joins &&
        !affinity.every(({topologyKey}) => matched.hasDomainOf(number, topologyKey))
      ) {
        return refusal(node, "node(s) didn't match pod affinity rules", false);
      }
      if (
        closed.hasAnyDomainOf(number) ||
        antiAffinity.some((term) => hasTopology(node, term) && nominated.some(term.matches))
      ) {
        return refusal(node, "node(s) didn't match pod anti-affinity rules", true);
      }
      if (
        closedByExisting.hasAnyDomainOf(number) ||
        nominated.some((other) => keepsAway(other, node, pod, snapshot))
      ) {
        return refusal(node, "node(s) didn't satisfy existing pods anti-affinity rules", true);
      }
      return undefined;
    };
    const sweep = (takes: Uint8Array): void => {
      for (const {topologyKey} of affinity) {
        if (startsSeries) {
          clearWithoutDomain(takes, table.domains(topologyKey));
        } else {
          matched.keepOnly(takes, topologyKey);
        }
      }
      closed.clear(takes);
      closedByExisting.clear(takes);
    };
    return {filter, sweep};
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
export const interPodAffinityScore: OverallScorePlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  isLocal: false,

  prescore(pod, snapshot) {
    const wanted = [
      ...weighted(pod.spec.podAffinity.preferred, 1),
      ...weighted(pod.spec.podAntiAffinity.preferred, -1),
    ].map(({term, weight}) => ({...toOwnTerm(term, pod, snapshot), weight}));
    const sums = new DomainSums(nodeTable(snapshot));
    for (const group of groupsThatMayMatch(wanted, pod, snapshot)) {
      const matching = wanted.filter(({matches}) => matches(group));
      for (const number of matching.length > 0 ? numbersOf(group, snapshot) : []) {
        for (const {topologyKey, weight} of matching) {
          sums.add(number, topologyKey, weight);
        }
      }
    }
    for (const group of snapshot.podGroupsThatReach(pod, 'preferences')) {
      const matching = preferencesOf(group).filter(({term}) =>
        matchesTermOfExisting(term, group, pod, snapshot),
      );
      for (const number of matching.length > 0 ? numbersOf(group, snapshot) : []) {
        for (const {term, weight} of matching) {
          sums.add(number, term.topologyKey, weight);
        }
      }
    }
    if (sums.isEmpty) {
      return undefined;
    }
    return {score: (number) => sums.sumOf(number), normalise: spreadOverRange};
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

function domainsClosedByExistingPods(pod: PodToSchedule, snapshot: SchedulingSnapshot): DomainSet {
  const closed = new DomainSet(nodeTable(snapshot));
  for (const group of snapshot.podGroupsThatReach(pod, 'required anti-affinity')) {
    const matching = group.spec.podAntiAffinity.required.filter((term) =>
      matchesTermOfExisting(term, group, pod, snapshot),
    );
    for (const number of matching.length > 0 ? numbersOf(group, snapshot) : []) {
      for (const {topologyKey} of matching) {
        closed.addDomainOf(number, topologyKey);
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
  const table = nodeTable(snapshot);
  const matched = new DomainSet(table);
  const closed = new DomainSet(table);
  if (affinity.length === 0 && antiAffinity.length === 0) {
    return {matched, closed};
  }
  for (const group of groupsThatMayMatch([...affinity, ...antiAffinity], pod, snapshot)) {
    const attracts = matchesAllTerms(affinity, group);
    const repels = antiAffinity.filter((term) => term.matches(group));
    for (const number of attracts || repels.length > 0 ? numbersOf(group, snapshot) : []) {
      for (const {topologyKey} of attracts ? affinity : []) {
        matched.addDomainOf(number, topologyKey);
      }
      for (const {topologyKey} of repels) {
        closed.addDomainOf(number, topologyKey);
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
  if (!terms.every((term) => term.ownNamespaceOnly)) {
    return snapshot.podGroups();
  }
  const [first, ...more] = terms.flatMap(({labelSelector}) =>
    labelSelector === undefined ? [] : [snapshot.podGroupsMeantBy(pod.namespace, labelSelector)],
  );
  if (first === undefined || more.length === 0) {
    return first ?? [];
  }
  // Each group once, although the snapshot makes some of them anew for each who asks.
  return new Map(
    [first, ...more].flatMap((groups) => Array.from(groups, (group) => [group.key, group])),
  ).values();
}

/** The node of each pod of the group, by its number. */
function numbersOf(group: PodGroup, snapshot: SchedulingSnapshot): number[] {
  const {numberOf} = nodeTable(snapshot);
  const numbers: number[] = [];
  for (const {nodeName} of group.pods) {
    const number = numberOf.get(nodeName ?? '');
    if (number !== undefined) {
      numbers.push(number);
    }
  }
  return numbers;
}

/** A term of the pod that is to be scheduled, prepared to be asked about all the pods of the cluster. */
export interface OwnTerm {
  readonly topologyKey: string;
  readonly ownNamespaceOnly: boolean;
  readonly labelSelector: LabelSelector | undefined;
  readonly matches: (target: Placeable) => boolean;
}

export function toOwnTerm(term: PodAffinityTerm, pod: Placeable, snapshot: SchedulingSnapshot): OwnTerm {
  const reaches = namespacesOfOwnTerm(term, pod, snapshot);
  const {namespaces = [], namespaceSelector} = term;
  return {
    topologyKey: term.topologyKey,
    ownNamespaceOnly: namespaceSelector === undefined && namespaces.length === 0,
    labelSelector: term.labelSelector,
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
