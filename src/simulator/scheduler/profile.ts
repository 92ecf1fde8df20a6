/**
 * The scores of a scheduler that somebody has configured: the part of a KubeSchedulerConfiguration that changes where pods
 * go without changing where they may. Pure. Source: pkg/scheduler/apis/config/v1/default_plugins.go (mergePluginSet).
 */
import type {ScorePlugin} from '../../scheduling/framework.ts';
import {nodeResourcesFitScore, nodeResourcesMostAllocated} from '../../scheduling/node-resources-fit.ts';
import {DEFAULT_SCORES} from '../../scheduling/scheduler.ts';

export interface SchedulerConfiguration {
  readonly profiles?: readonly {
    readonly schedulerName?: string;
    readonly plugins?: {
      readonly score?: {
        readonly disabled?: readonly {readonly name: string}[];
        readonly enabled?: readonly {readonly name: string; readonly weight?: number}[];
      };
    };
    readonly pluginConfig?: readonly {readonly name: string; readonly args: object}[];
  }[];
}

const STRATEGIES: Readonly<Record<string, ScorePlugin>> = {
  LeastAllocated: nodeResourcesFitScore,
  MostAllocated: nodeResourcesMostAllocated,
};

/** Throws a RangeError that names what is not simulated. */
export function profileOf({profiles = []}: SchedulerConfiguration = {}): readonly ScorePlugin[] {
  const [profile, ...others] = profiles;
  if (others.length > 0) {
    throw new RangeError(`The scheduler's configuration: expected one profile, found ${profiles.length}`);
  }
  const known = new Map(DEFAULT_SCORES.map((plugin) => [plugin.name as string, plugin]));
  for (const {name, args} of profile?.pluginConfig ?? []) {
    known.set(name, configured(name, args));
  }
  const {disabled = [], enabled = []} = profile?.plugins?.score ?? {};
  const off = new Set(disabled.map(({name}) => name));
  const kept = [...known.values()].filter(({name}) => !off.has('*') && !off.has(name));
  const added = enabled.map(({name, weight}) => {
    const plugin = known.get(name);
    if (plugin === undefined) {
      throw new RangeError(
        `The scheduler's configuration: expected score plugins of ${[...known.keys()].join(', ')}, found ${name}`,
      );
    }
    return {...plugin, weight: weight ?? 1};
  });
  const replaced = new Set(added.map(({name}) => name));
  return [...kept.filter(({name}) => !replaced.has(name)), ...added];
}

/** Of all plugins' arguments only the strategy of NodeResourcesFit, over CPU and memory with the same weight. */
function configured(name: string, args: object): ScorePlugin {
  const {scoringStrategy} = args as {
    scoringStrategy?: {type?: string; resources?: readonly {name: string; weight?: number}[]};
  };
  const strategy = STRATEGIES[scoringStrategy?.type ?? ''];
  const resources = (scoringStrategy?.resources ?? []).map((each) => `${each.name} ${each.weight ?? 1}`);
  const isDefault = resources.length === 0 || [...resources].sort().join() === 'cpu 1,memory 1';
  if (name !== 'NodeResourcesFit' || strategy === undefined || !isDefault) {
    throw new RangeError(
      `The scheduler's configuration of ${name}: expected NodeResourcesFit with the strategy ` +
        `${Object.keys(STRATEGIES).join(' or ')} over cpu and memory, found ${JSON.stringify(args)}`,
    );
  }
  return strategy;
}
