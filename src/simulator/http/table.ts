/** Answers as meta.k8s.io/v1 Table, which is what `kubectl get` prints. */
import type {ApiServer} from '../apiserver/api-server.ts';
import type {Resource} from '../apiserver/resources.ts';
import type {ApiObject} from '../cluster-api.ts';
import {customColumns} from './printers/custom.ts';
import {columnsOf, type TableColumn} from './printers/index.ts';

export interface TableOptions {
  readonly metadata: object;
  /** None, Metadata (the default) or Object. */
  readonly includeObject: string | null;
  /** A watch names the columns once. */
  readonly withoutColumns?: boolean;
}

export function tableOf(
  api: ApiServer,
  resource: Resource,
  objects: readonly ApiObject[],
  options: TableOptions,
): object {
  const columns = resource.custom === undefined ? columnsOf(resource) : customColumns(resource.custom);
  const now = api.context.now();
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: options.withoutColumns === true ? [] : columns.map(describeColumn),
    rows: objects.map((object) => ({
      cells: columns.map(({cell}) => cell(object, now)),
      ...includedObject(object, options.includeObject),
    })),
  };
}

function describeColumn({name, type, format, description, priority}: TableColumn): object {
  return {name, type, format, description, priority};
}

function includedObject(object: ApiObject, include: string | null): object {
  if (include === 'None') return {};
  return {object: include === 'Object' ? object : metadataOnly(object)};
}

export function metadataOnly({metadata}: ApiObject): object {
  return {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata};
}
