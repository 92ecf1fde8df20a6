import type {NodeInfo, SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {NodeFilter, PodToSchedule} from '../scheduling/framework.ts';
import {volumeBinding} from '../scheduling/volume-binding.ts';
import {volumeZone} from '../scheduling/volume-zone.ts';

/**
 * Says of a node why the replacement's volumes can never be reached from it, as lasting a reason as node affinity.
 * Undefined when they have no say. What is wrong with the pod as a whole (a claim that is gone) is no node's fault.
 */
export function volumeReach(
  replacement: PodToSchedule,
  snapshot: SchedulingSnapshot,
): ((info: NodeInfo) => string | undefined) | undefined {
  if (replacement.spec.volumes.length === 0) {
    return undefined;
  }
  const filters = [volumeBinding, volumeZone]
    .map((plugin) => plugin.prefilter(replacement, snapshot))
    .filter((prepared): prepared is NodeFilter => typeof prepared === 'function');
  return (info) => {
    for (const filter of filters) {
      const refusal = filter(info);
      if (refusal !== undefined) {
        return refusal.reasons.join(', ');
      }
    }
    return undefined;
  };
}
