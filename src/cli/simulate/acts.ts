/** What `simulate` is asked, as its flags have it. */
import {InvalidArgumentError} from 'commander';
import {type Act, parseLoad} from '../../foresight/acts.ts';
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {listNames} from '../../planning/explain.ts';
import {keyOf} from '../../simulator/objects.ts';
import {PARAMETERS, type SimulationParameters} from '../../simulator/parameters.ts';
import {InputError} from '../failure.ts';

/** An act before it is held against a cluster. */
export type AskedAct =
  | Exclude<Act, {readonly kind: 'AddNodes'}>
  | {readonly kind: 'LoseZone'; readonly zone: string}
  | {readonly kind: 'AddNodes'; readonly count: number};

const ZONE = 'topology.kubernetes.io/zone';

export function parseNames(text: string): readonly string[] {
  const names = text.split(',').filter((name) => name !== '');
  if (names.length === 0) {
    throw new InvalidArgumentError('Expected a name, or several with commas between them.');
  }
  return names;
}

export function parseLoadAct(text: string): AskedAct {
  const [service = '', load = ''] = text.split('=');
  try {
    return {kind: 'Load', service, ...parseLoad(load)};
  } catch (error) {
    throw new InvalidArgumentError(
      `Expected SERVICE=LOAD, such as web=2x or shop/web=3500m: ${(error as Error).message}.`,
    );
  }
}

export function parseParameter(
  text: string,
  known: Partial<SimulationParameters> = {},
): Partial<SimulationParameters> {
  const [name = '', value = ''] = text.split('=');
  if (!Object.hasOwn(PARAMETERS, name)) {
    throw new InvalidArgumentError(
      `Expected PARAMETER=NUMBER with one of: ${Object.keys(PARAMETERS).join(', ')}.`,
    );
  }
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new InvalidArgumentError(`Expected a number from 0 on for ${name}.`);
  }
  return {...known, [name]: number};
}

const UNITS: Readonly<Record<string, number>> = {s: 1, m: 60, h: 3600};

/** Seconds of `90s`, `30m` or `1h30m`. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+)([smh])/g)];
  const seconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0);
  if (seconds <= 0 || parts.map(([part]) => part).join('') !== text) {
    throw new InvalidArgumentError('Expected a time such as 90s, 30m or 1h30m.');
  }
  return seconds;
}

/** Throws an InputError that names what the cluster does not have. */
export function actsOn(
  picture: ClusterPicture,
  asked: readonly AskedAct[],
  {namespace, cpu, memory}: {readonly namespace: string; readonly cpu?: string; readonly memory?: string},
): Act[] {
  const named = (kind: string) => picture.objects.filter((object) => object.kind === kind);
  const assertNode = (node: string) => {
    const names = named('Node').map(({metadata}) => metadata.name);
    if (!names.includes(node)) {
      throw new InputError(
        `there is no node "${node}" in ${picture.origin}; it has: ${listNames(names, 10)}`,
      );
    }
  };
  return asked.map((act): Act => {
    switch (act.kind) {
      case 'Lose':
        act.nodes.forEach(assertNode);
        return act;
      case 'Drain':
        assertNode(act.node);
        return act;
      case 'LoseZone': {
        const zones = named('Node').map(({metadata}) => metadata.labels?.[ZONE] ?? '');
        if (!zones.includes(act.zone)) {
          const known = [...new Set(zones)].filter((zone) => zone !== '');
          throw new InputError(
            `no node in ${picture.origin} is in zone "${act.zone}" (label ${ZONE}); ${known.length === 0 ? 'none is in any' : `zones are: ${listNames(known, 10)}`}`,
          );
        }
        const nodes = named('Node')
          .filter(({metadata}) => metadata.labels?.[ZONE] === act.zone)
          .map(({metadata}) => metadata.name);
        return {kind: 'Lose', nodes};
      }
      case 'Load': {
        const service = act.service.includes('/') ? act.service : `${namespace}/${act.service}`;
        const keys = named('Service').map(({metadata}) => keyOf(metadata));
        if (!keys.includes(service)) {
          throw new InputError(
            `there is no Service ${service} in ${picture.origin}; it has: ${listNames(keys, 10)}`,
          );
        }
        return {...act, service};
      }
      case 'AddNodes':
        return {
          ...act,
          ...(cpu === undefined ? {} : {cpu}),
          ...(memory === undefined ? {} : {memory}),
        };
      default:
        return act satisfies never;
    }
  });
}

/** `loss of node-1 and node-2, then load of shop/web ×2` */
export function describeActs(acts: readonly Act[]): string {
  return acts.length === 0 ? 'nothing but time' : acts.map(describeAct).join(', then ');
}

function describeAct(act: Act): string {
  switch (act.kind) {
    case 'Lose':
      return `loss of ${listNames(act.nodes, 6)}`;
    case 'Load':
      return 'factor' in act
        ? `load of ${act.service} × ${act.factor}`
        : `load of ${act.service} at ${act.milliCpu}m`;
    case 'Drain':
      return `drain of ${act.node}`;
    case 'AddNodes':
      return `${act.count} more ${act.count === 1 ? 'node' : 'nodes'}`;
    default:
      return act satisfies never;
  }
}
