/** Parts that the printers share: ages, container cells, selectors. */
import {asList, asObject, type JsonObject, valueAt} from '../../apiserver/json.ts';
import {scaleOf} from '../../apiserver/scale.ts';
import type {ApiObject} from '../../cluster-api.ts';
import type {TableColumn} from './index.ts';

type Cell = (object: ApiObject, now: number) => unknown;

export function column(name: string, cell: Cell, type = 'string'): TableColumn {
  return {name, type, format: '', description: '', priority: 0, cell};
}

export function wide(name: string, cell: Cell, type = 'string'): TableColumn {
  return {...column(name, cell, type), priority: 1};
}

export const nameColumn: TableColumn = {
  ...column('Name', ({metadata}) => metadata.name),
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
};

export const ageColumn: TableColumn = column('Age', ({metadata}, now) =>
  age(metadata.creationTimestamp, now),
);

export function age(time: unknown, now: number): string {
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? '<unknown>' : humanDuration(now - at);
}

/** apimachinery/pkg/util/duration/duration.go, HumanDuration. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (hours < 192) return withRest(Math.trunc(hours / 24), 'd', hours % 24, 'h');
  const days = Math.trunc(hours / 24);
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  return years < 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`;
}

function withRest(value: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${value}${unit}` : `${value}${unit}${rest}${restUnit}`;
}

export const at =
  (...path: string[]): Cell =>
  (object) =>
    valueAt(object, ...path);

export const orNone =
  (...path: string[]): Cell =>
  (object) =>
    valueAt(object, ...path) || '<none>';

export const numberAt =
  (...path: string[]): Cell =>
  (object) =>
    valueAt(object, ...path) ?? 0;

export function listAt(object: ApiObject, ...path: string[]): readonly JsonObject[] {
  return asList(valueAt(object, ...path)).map(asObject);
}

const templateContainers = (object: ApiObject) => listAt(object, 'spec', 'template', 'spec', 'containers');

export const containerColumns: readonly TableColumn[] = [
  wide('Containers', (object) =>
    templateContainers(object)
      .map(({name}) => name)
      .join(','),
  ),
  wide('Images', (object) =>
    templateContainers(object)
      .map(({image}) => image)
      .join(','),
  ),
];

export const selectorColumn: TableColumn = wide(
  'Selector',
  (object) => asObject(scaleOf(object)['status'])['selector'] || '<none>',
);

export function labelsText(labels: unknown): string {
  const pairs = Object.entries(asObject(labels)).map(([key, value]) => `${key}=${String(value)}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}
