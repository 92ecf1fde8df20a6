/**
 * A cluster of which no node takes a pod, whatever the pod asks for: then that is the news, and not what follows from it.
 * May import `cluster/`; values in, values out.
 */
import type {Node} from '../cluster/node.ts';
import type {IneligibleNode} from './eligibility.ts';
import {summariseIneligible} from './explain.ts';

/** Why the node takes no pod at all; undefined where it is a matter of the pod. */
export function closedBecause({name, unschedulable, ready}: Node): IneligibleNode | undefined {
  const isReady = ready === 'True';
  if (unschedulable) {
    return {node: name, cause: 'Unschedulable', message: isReady ? 'cordoned' : 'cordoned and not Ready'};
  }
  return isReady ? undefined : {node: name, cause: 'NotReady', message: 'not Ready'};
}

/** `no node takes pods (not Ready: node-a, node-b)`; undefined while one does. */
export function closedCluster(nodes: readonly Node[]): string | undefined {
  const closed = nodes.flatMap((node) => closedBecause(node) ?? []);
  return closed.length < nodes.length ? undefined : describeClosed(closed);
}

/** The same from what is known of a workload’s nodes. */
export function closedClusterOf({
  eligibleNodes,
  ineligible,
}: {
  readonly eligibleNodes: number;
  readonly ineligible: readonly IneligibleNode[];
}): string | undefined {
  const isClosed =
    eligibleNodes === 0 && ineligible.every(({cause}) => cause === 'NotReady' || cause === 'Unschedulable');
  return isClosed ? describeClosed(ineligible) : undefined;
}

function describeClosed(nodes: readonly IneligibleNode[]): string {
  return nodes.length === 0 ? 'there is no node' : `no node takes pods (${summariseIneligible(nodes)})`;
}
