import type {Node} from '../cluster/node.ts';
import {NodesMemo} from '../cluster/nodes-memo.ts';
import {compareText, type NodeInfo, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';
import {type NodeMatcher, requiredNodeAffinity} from '../scheduling/node-affinity.ts';
import {hasUntoleratedTaint} from '../scheduling/taint-toleration.ts';
import {closedBecause} from './closed-cluster.ts';
import {volumeReach} from './volume-reach.ts';

/** A topology of the policy, as planning reads it. */
export interface TopologyRule {
  readonly topologyKey: string;
  readonly distribution: 'Separate' | 'Even';
  readonly maxSkew: number;
}

export interface IneligibleNode {
  readonly node: string;
  readonly cause: 'NotReady' | 'Unschedulable' | 'Taint' | 'NodeAffinity' | 'Volume' | 'TopologyKey';
  readonly message: string;
}

/** A node that is eligible; what runs on it must be asked of the snapshot. */
export type EligibleNode = Pick<NodeInfo, 'node'>;

export interface Eligibility {
  /** By name, ordered by it. */
  readonly eligible: ReadonlyMap<string, EligibleNode>;
  readonly ineligible: readonly IneligibleNode[];
  /** The topologies that at least two eligible nodes carry; all of them when none is carried by two. */
  readonly active: readonly TopologyRule[];
  /** By topology key: how many eligible nodes each domain has, ordered by its name. */
  readonly domains: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What is the same for all templates that ask the same of nodes, and all policies with the same topology keys. */
interface Answer extends Omit<Eligibility, 'active'> {
  readonly activeKeys: ReadonlySet<string>;
}

const answers = new NodesMemo<Answer>();

/**
 * Nodes that the pod template allows and that are able to take pods at all: Ready, not cordoned, taints tolerated,
 * nodeSelector and required node affinity matched, within reach of its volumes, and with a value for each active
 * topology key. (A node without the zone label must not look like an empty zone.)
 */
export function eligibilityOf(
  replacement: PodToSchedule,
  topologies: readonly TopologyRule[],
  snapshot: SchedulingSnapshot,
): Eligibility {
  const {nodeSelector, nodeAffinity, tolerations} = replacement.spec;
  const keys = topologies.map(({topologyKey}) => topologyKey);
  const question = JSON.stringify([nodeSelector, nodeAffinity.required, tolerations, keys]);
  const judged = (): Answer => judgeNodes(replacement, keys, snapshot);
  // Where volumes can be reached from is not a matter of the nodes alone, so it is not remembered by them.
  const {activeKeys, ...answer} =
    replacement.spec.volumes.length === 0 ? answers.get(snapshot.nodesVersion, question, judged) : judged();
  return {...answer, active: topologies.filter(({topologyKey}) => activeKeys.has(topologyKey))};
}

function judgeNodes(
  replacement: PodToSchedule,
  keys: readonly string[],
  snapshot: SchedulingSnapshot,
): Answer {
  const matchesAffinity = requiredNodeAffinity(replacement.spec);
  const able: EligibleNode[] = [];
  const ineligible: IneligibleNode[] = [];
  const reach = volumeReach(replacement, snapshot);
  for (const info of snapshot.nodeInfos()) {
    const {node} = info;
    const outOfReach = reach?.(info);
    const reason =
      ineligibleBecause(node, replacement, matchesAffinity) ??
      (outOfReach === undefined
        ? undefined
        : ({node: node.name, cause: 'Volume', message: outOfReach} satisfies IneligibleNode));
    if (reason === undefined) {
      able.push({node});
    } else {
      ineligible.push(reason);
    }
  }
  const carried = keys.filter((key) => able.filter(({node}) => node.labels[key] !== undefined).length >= 2);
  const active = carried.length > 0 ? carried : keys;
  const eligible = new Map<string, EligibleNode>();
  const domains = new Map(keys.map((key) => [key, new Map<string, number>()]));
  for (const {node} of able) {
    const missing = active.find((key) => node.labels[key] === undefined);
    if (missing !== undefined) {
      ineligible.push({node: node.name, cause: 'TopologyKey', message: `without label ${missing}`});
      continue;
    }
    eligible.set(node.name, {node});
    for (const [key, ofKey] of domains) {
      const domain = node.labels[key];
      if (domain !== undefined) {
        ofKey.set(domain, (ofKey.get(domain) ?? 0) + 1);
      }
    }
  }
  const ordered = new Map(
    [...domains].map(([key, ofKey]) => [key, new Map([...ofKey].sort(([a], [b]) => compareText(a, b)))]),
  );
  return {eligible, ineligible, activeKeys: new Set(active), domains: ordered};
}

function ineligibleBecause(
  node: Node,
  {spec}: PodToSchedule,
  matchesAffinity: NodeMatcher | undefined,
): IneligibleNode | undefined {
  const closed = closedBecause(node);
  if (closed !== undefined) {
    return closed;
  }
  if (matchesAffinity !== undefined && !matchesAffinity(node)) {
    return {
      node: node.name,
      cause: 'NodeAffinity',
      message: 'not matched by the nodeSelector or node affinity',
    };
  }
  if (hasUntoleratedTaint(node.taints, spec.tolerations)) {
    return {node: node.name, cause: 'Taint', message: `${describeTaints(node)} not tolerated`};
  }
  return undefined;
}

function describeTaints(node: Node): string {
  const taints = node.taints
    .filter(({effect}) => effect !== 'PreferNoSchedule')
    .map(({key, value, effect}) => `${key}${value ? `=${value}` : ''}:${effect}`);
  return `taint ${taints.join(', ')}`;
}
