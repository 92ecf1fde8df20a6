import type {SchedulingSnapshot} from '../../src/cluster/snapshot.ts';
import type {FilterPlugin, PluginName, PodToSchedule, ScorePlugin} from '../../src/scheduling/framework.ts';
import {filterNodes, scoreNodes} from '../../src/scheduling/scheduler.ts';

/** What one plugin says of each node: `fits`, or its reasons. */
export function verdicts(
  plugin: FilterPlugin,
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
): Record<string, string> {
  const {feasible, refusals} = filterNodes(pod, snapshot, [plugin]);
  return Object.fromEntries([
    ...feasible.map(({node}) => [node.name, 'fits']),
    ...refusals.map(({node, reasons}) => [node, reasons.join(', ')]),
  ]);
}

/** The names of the nodes that one plugin lets through. */
export function feasibleNames(
  plugin: FilterPlugin,
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
): string[] {
  return filterNodes(pod, snapshot, [plugin]).feasible.map(({node}) => node.name);
}

/** Each node's normalised score from one plugin, weight taken out; empty when the plugin is skipped. */
export function scoresOf(
  plugin: ScorePlugin,
  pod: PodToSchedule,
  snapshot: SchedulingSnapshot,
): Record<string, number> {
  const scored = scoreNodes(pod, snapshot, [...snapshot.nodeInfos()], [plugin]);
  const partOf = (name: PluginName) => (part: {plugin: PluginName}) => part.plugin === name;
  return Object.fromEntries(
    scored.flatMap(({node, parts}) => {
      const part = parts.find(partOf(plugin.name));
      return part === undefined ? [] : [[node, part.score / plugin.weight]];
    }),
  );
}
