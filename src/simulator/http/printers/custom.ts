/** Columns of custom resources: additionalPrinterColumns. Source: apiextensions-apiserver's tableconvertor. */
import {textOf} from '../../apiserver/json.ts';
import type {CustomVersion, PrinterColumn} from '../../apiserver/resources.ts';
import type {ApiObject} from '../../cluster-api.ts';
import {age, ageColumn, nameColumn} from './columns.ts';
import type {TableColumn} from './index.ts';
import {evaluateJsonPath} from './json-path.ts';

export function customColumns({printerColumns}: CustomVersion): readonly TableColumn[] {
  if (printerColumns.length === 0) return [nameColumn, ageColumn];
  return [nameColumn, ...printerColumns.map(customColumn)];
}

function customColumn({name, type, format, description, priority, jsonPath}: PrinterColumn): TableColumn {
  return {
    name,
    type,
    format: format ?? '',
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
    cell: (object, now) => cellOf(object, jsonPath, type, now),
  };
}

function cellOf(object: ApiObject, jsonPath: string, type: string, now: number): unknown {
  const values = evaluateJsonPath(jsonPath, object);
  const [value] = values;
  if (value === undefined || value === null)
    return type === 'string' && values.length > 1 ? values.join(',') : null;
  switch (type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? value : Number(value);
    case 'boolean':
      return value === true || value === 'true';
    case 'date':
      return age(value, now);
    default:
      return values.map((each) => (typeof each === 'object' ? JSON.stringify(each) : textOf(each))).join(',');
  }
}
