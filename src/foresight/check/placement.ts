/** Where the replicas of a workload are, in few words. */
import type {WorkloadView} from './view.ts';

const MOST_NODES = 6;

/** `node-1 ×2, node-2`, `node-1, node-2 and 12 more, 1 Pending` */
export function describePlacement({placement, pending}: Pick<WorkloadView, 'placement' | 'pending'>): string {
  const nodes = [...placement].map(([node, replicas]) => (replicas === 1 ? node : `${node} ×${replicas}`));
  const more = nodes.length - MOST_NODES;
  const shown = more > 0 ? `${nodes.slice(0, MOST_NODES).join(', ')} and ${more} more` : nodes.join(', ');
  const waiting = pending.length === 0 ? '' : `${pending.length} Pending`;
  return [shown, waiting].filter((part) => part !== '').join(', ') || 'no replicas';
}
