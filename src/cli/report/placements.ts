/** Where the replicas of each Deployment are. Pure. */
import {type ClusterCache, workloadKey} from '../../cluster/cluster-cache.ts';
import {liveReplicas} from '../../cluster/replicas.ts';
import type {Placement} from './report.ts';

/** Worst first: those that need moves, then the fullest node. */
export function placementsOf(
  cache: ClusterCache,
  namespace: string | undefined,
  movesNeeded: ReadonlyMap<string, number>,
): Placement[] {
  const workloads = namespace === undefined ? cache.workloads() : cache.workloadsOf(namespace);
  return [...workloads]
    .map((workload): Placement => {
      const byNode = new Map<string, number>();
      let waiting = 0;
      for (const {nodeName} of liveReplicas(cache.replicasOf(workload).pods)) {
        if (nodeName === undefined) {
          waiting++;
        } else {
          byNode.set(nodeName, (byNode.get(nodeName) ?? 0) + 1);
        }
      }
      return {
        namespace: workload.namespace,
        name: workload.name,
        replicas: workload.replicas,
        byNode,
        waiting,
        movesNeeded: movesNeeded.get(workloadKey(workload)) ?? 0,
      };
    })
    .sort(worstFirst);
}

/** Of the node with the most. */
export function fullest({byNode}: Placement): number {
  return Math.max(0, ...byNode.values());
}

function worstFirst(a: Placement, b: Placement): number {
  return (
    b.movesNeeded - a.movesNeeded ||
    b.waiting - a.waiting ||
    fullest(b) - fullest(a) ||
    `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`, 'en', {numeric: true})
  );
}
