import type {Node} from '../cluster/node.ts';
import type {NodeInfo, SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';
import {type NodeMatcher, requiredNodeAffinity} from '../scheduling/node-affinity.ts';
import {hasUntoleratedTaint} from '../scheduling/taint-toleration.ts';

/** A topology of the policy, as planning reads it. */
export interface TopologyRule {
  readonly topologyKey: string;
  readonly distribution: 'Separate' | 'Even';
  readonly maxSkew: number;
}

export interface IneligibleNode {
  readonly node: string;
  readonly cause: 'NotReady' | 'Unschedulable' | 'Taint' | 'NodeAffinity' | 'TopologyKey';
  readonly message: string;
}

export interface Eligibility {
  readonly eligible: ReadonlyMap<string, NodeInfo>;
  readonly ineligible: readonly IneligibleNode[];
  /** The topologies that at least two eligible nodes carry; all of them when none is carried by two. */
  readonly active: readonly TopologyRule[];
}

/**
 * Nodes that the pod template allows and that are able to take pods at all: Ready, not cordoned, taints tolerated,
 * nodeSelector and required node affinity matched, and with a value for each active topology key. (A node without
 * the zone label must not look like an empty zone.)
 */
export function eligibilityOf(
  replacement: PodToSchedule,
  topologies: readonly TopologyRule[],
  snapshot: SchedulingSnapshot,
): Eligibility {
  const matchesAffinity = requiredNodeAffinity(replacement.spec);
  const able: NodeInfo[] = [];
  const ineligible: IneligibleNode[] = [];
  for (const info of snapshot.nodeInfos()) {
    const reason = ineligibleBecause(info.node, replacement, matchesAffinity);
    if (reason === undefined) {
      able.push(info);
    } else {
      ineligible.push(reason);
    }
  }
  const carried = topologies.filter(
    ({topologyKey}) => able.filter(({node}) => node.labels[topologyKey] !== undefined).length >= 2,
  );
  const active = carried.length > 0 ? carried : topologies;
  const eligible = new Map<string, NodeInfo>();
  for (const info of able) {
    const missing = active.find(({topologyKey}) => info.node.labels[topologyKey] === undefined);
    if (missing === undefined) {
      eligible.set(info.node.name, info);
    } else {
      ineligible.push({
        node: info.node.name,
        cause: 'TopologyKey',
        message: `without label ${missing.topologyKey}`,
      });
    }
  }
  return {eligible, ineligible, active};
}

function ineligibleBecause(
  node: Node,
  {spec}: PodToSchedule,
  matchesAffinity: NodeMatcher | undefined,
): IneligibleNode | undefined {
  if (node.unschedulable) {
    return {node: node.name, cause: 'Unschedulable', message: 'cordoned'};
  }
  if (node.ready !== 'True') {
    return {node: node.name, cause: 'NotReady', message: 'not Ready'};
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
