/**
 * The nodes that take one more replica of a group as things are, before any displaced pod has landed anywhere. A node can
 * leave this set only when a displaced pod lands on it, or, where a zone's rule decides, somewhere in its zone. Pure.
 *
 * Hard topology spread constraints are the one filter by which a node can become feasible while pods land, so they are
 * not asked but replaced:
 * - by the node (each domain is one node): a node with so few matching pods that it passes whatever the others have;
 * - by a larger domain: the emptiest domain always passes, but nobody knows which one that will be. So candidates are kept
 *   apart by domain, and a replica is sure of a node only when every domain has enough of them.
 */
import {matchesSelector} from '../../cluster/label-selector.ts';
import {isFinished, isTerminating} from '../../cluster/pod.ts';
import type {TopologySpreadConstraint} from '../../cluster/pod-spec.ts';
import type {ClusterState, NodeInfo} from '../../cluster/snapshot.ts';
import type {PodToSchedule} from '../../scheduling/framework.ts';
import {DEFAULT_FILTERS, nodeFilter} from '../../scheduling/scheduler.ts';

const WITHOUT_SPREAD = DEFAULT_FILTERS.filter(({name}) => name !== 'PodTopologySpread');

export interface CandidateDomain {
  /** Ids of nodes, in the order in which they were found. */
  readonly nodes: readonly number[];
}

export interface CandidateSearch {
  readonly state: ClusterState;
  readonly nodes: readonly string[];
}

/** Which topology keys have one node in each domain. */
export class TopologyKeys {
  readonly #state: ClusterState;
  readonly #isSingle = new Map<string, boolean>();

  constructor(state: ClusterState) {
    this.#state = state;
  }

  isOneNodeEach(key: string): boolean {
    let answer = this.#isSingle.get(key);
    if (answer === undefined) {
      const values = new Set<string>();
      let nodes = 0;
      for (const {node} of this.#state.nodeInfos()) {
        const value = node.labels[key];
        if (value !== undefined) {
          values.add(value);
          nodes++;
        }
      }
      answer = values.size === nodes;
      this.#isSingle.set(key, answer);
    }
    return answer;
  }

  domains(key: string): ReadonlySet<string> {
    const values = new Set<string>();
    for (const {node} of this.#state.nodeInfos()) {
      const value = node.labels[key];
      if (value !== undefined) {
        values.add(value);
      }
    }
    return values;
  }
}

/**
 * By domain; one domain of all where no rule by larger domains holds. At most `enough` in each, so that a group with
 * plenty costs little. Undefined when its rules are more than can be reasoned about here.
 */
export function candidatesOf(
  pod: PodToSchedule,
  {state, nodes}: CandidateSearch,
  keys: TopologyKeys,
  enough = Number.POSITIVE_INFINITY,
): readonly CandidateDomain[] | undefined {
  const hard = pod.spec.topologySpreadConstraints.filter(
    ({whenUnsatisfiable}) => whenUnsatisfiable === 'DoNotSchedule',
  );
  const byNode = hard.filter(({topologyKey}) => keys.isOneNodeEach(topologyKey));
  const byDomain = hard.filter(({topologyKey}) => !keys.isOneNodeEach(topologyKey));
  const [constraint, another] = byDomain;
  if (another !== undefined) {
    return undefined;
  }
  const domainValues = constraint === undefined ? [''] : [...keys.domains(constraint.topologyKey)];
  if (constraint?.minDomains !== undefined && constraint.minDomains > domainValues.length) {
    return undefined;
  }
  const filter = nodeFilter(pod, state, hard.length === 0 ? DEFAULT_FILTERS : WITHOUT_SPREAD);
  const domains = new Map<string, number[]>(domainValues.map((value) => [value, []]));
  let short = domains.size;
  for (let id = 0; id < nodes.length && short > 0; id++) {
    const info = state.nodeInfo(nodes[id] ?? '');
    if (info === undefined) {
      continue;
    }
    const domain = domains.get(
      constraint === undefined ? '' : (info.node.labels[constraint.topologyKey] ?? ''),
    );
    if (
      domain !== undefined &&
      domain.length < enough &&
      byNode.every((each) => passesWhateverOthersHave(pod, each, info)) &&
      filter(info) === undefined
    ) {
      domain.push(id);
      short -= Number(domain.length >= enough);
    }
  }
  return [...domains.values()].map((ids) => ({nodes: ids}));
}

/** The fewest of any domain is never below 0. */
function passesWhateverOthersHave(
  pod: PodToSchedule,
  {topologyKey, labelSelector, maxSkew}: TopologySpreadConstraint,
  {node, pods}: NodeInfo,
): boolean {
  if (node.labels[topologyKey] === undefined) {
    return false;
  }
  const matches = (labels: PodToSchedule['labels']) =>
    labelSelector !== undefined && matchesSelector(labelSelector, labels);
  let count = Number(matches(pod.labels));
  for (const other of pods.values()) {
    if (other.namespace === pod.namespace && !isFinished(other) && !isTerminating(other)) {
      count += Number(matches(other.labels));
    }
  }
  return count <= maxSkew;
}
