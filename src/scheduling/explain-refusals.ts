import {compareText} from '../cluster/snapshot.ts';
import type {PluginName, Refusal} from './framework.ts';

/** The nodes that one reason holds of. */
export interface RefusalGroup {
  readonly plugin: PluginName;
  readonly reason: string;
  /** Names, sorted. */
  readonly nodes: readonly string[];
}

/**
 * The scheduler's own summary of a pod that no node takes:
 * `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.`
 * Source: FitError.Error in pkg/scheduler/framework/types.go.
 */
export function explainRefusals(refusals: readonly Refusal[]): string {
  const summary = `0/${refusals.length} nodes are available`;
  const ofPod = refusals.find(({wholePod}) => wholePod === true);
  if (ofPod !== undefined) {
    return `${summary}: ${ofPod.reasons.join(', ')}.`;
  }
  const counts = new Map<string, number>();
  for (const reason of refusals.flatMap(({reasons}) => reasons)) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  if (counts.size === 0) {
    return `${summary}.`;
  }
  // Sorted as text, with the count in front: that is the scheduler's order too.
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort(compareText);
  return `${summary}: ${parts.join(', ')}.`;
}

/** The refusals by reason, the reason with the most nodes first. A node with two reasons is in both groups. */
export function groupRefusals(refusals: readonly Refusal[]): RefusalGroup[] {
  const groups = new Map<string, {plugin: PluginName; reason: string; nodes: string[]}>();
  for (const {plugin, node, reasons} of refusals) {
    for (const reason of reasons) {
      const group = groups.get(reason) ?? {plugin, reason, nodes: []};
      group.nodes.push(node);
      groups.set(reason, group);
    }
  }
  for (const {nodes} of groups.values()) {
    nodes.sort(compareText);
  }
  return [...groups.values()].sort(
    (a, b) => b.nodes.length - a.nodes.length || compareText(a.reason, b.reason),
  );
}

/** The refusals with the nodes by name: `Insufficient cpu (node-1, node-2 and 3 more); node(s) were unschedulable (node-9)`. */
export function describeRefusals(refusals: readonly Refusal[], maxNames = 3): string {
  return groupRefusals(refusals)
    .map(({reason, nodes}) => `${reason} (${listNames(nodes, maxNames)})`)
    .join('; ');
}

function listNames(names: readonly string[], maxNames: number): string {
  const shown = names.slice(0, maxNames).join(', ');
  return names.length > maxNames ? `${shown} and ${names.length - maxNames} more` : shown;
}
