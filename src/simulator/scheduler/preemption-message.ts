import {compareText} from '../../cluster/snapshot.ts';
import type {Refusal} from '../../scheduling/framework.ts';

/**
 * What the scheduler adds when it has looked for pods to evict for the one that no node takes, and found none. Preemption
 * itself is not simulated: nodes with less important pods are answered for as if they had none.
 * Pure. Sources: Preempt in pkg/scheduler/framework/preemption/preemption.go, SelectVictimsOnNode in
 * plugins/defaultpreemption/default_preemption.go, PostFilter in plugins/dynamicresources/dynamicresources.go.
 */
export function preemptionMessage(refusals: readonly Refusal[]): string {
  const resolvable = refusals.filter((refusal) => refusal.resolvable).length;
  const counts: readonly [number, string][] = [
    [resolvable, 'No preemption victims found for incoming pod'],
    [refusals.length - resolvable, 'Preemption is not helpful for scheduling'],
  ];
  const reasons = counts.filter(([count]) => count > 0).map(([count, reason]) => `${count} ${reason}`);
  const nodes = `0/${refusals.length} nodes are available`;
  return `no new claims to deallocate, preemption: ${nodes}: ${reasons.sort(compareText).join(', ')}.`;
}
