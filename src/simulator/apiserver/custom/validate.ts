/**
 * Validation of custom objects by their schema, in the words of kube-openapi and apiextensions-apiserver.
 * Sources: kube-openapi/pkg/validation/{validate,errors}, apiextensions-apiserver/pkg/apiserver/validation.
 * What an update leaves as it was is not complained about (KEP-4008, ratcheting).
 */
import {itemElement} from '../field-set.ts';
import {equals, isObject} from '../json.ts';
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../status-error.ts';
import type {ListStructure, OpenApiSchema} from '../structure.ts';

export function validateSchema(
  schema: OpenApiSchema,
  value: unknown,
  old: unknown,
  path: string,
): FieldError[] {
  if (old !== undefined && equals(value, old)) return [];
  if (value === null && schema.nullable === true) return [];
  if (schema['x-kubernetes-int-or-string'] === true) {
    return typeof value === 'string' || Number.isInteger(value)
      ? []
      : [wrongType(path, 'integer,string', value)];
  }
  const actual = typeOf(value);
  const wanted = schema.type;
  if (wanted !== undefined && actual !== wanted && !(wanted === 'number' && actual === 'integer')) {
    return [wrongType(path, wanted, value)];
  }
  const errors: FieldError[] = [];
  if (schema.enum !== undefined && !schema.enum.some((each) => equals(each, value))) {
    const values = schema.enum.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
    errors.push(notSupported(path, value, values));
  }
  if (typeof value === 'string') errors.push(...validateString(schema, value, path));
  else if (typeof value === 'number') errors.push(...validateNumber(schema, value, path));
  else if (Array.isArray(value)) errors.push(...validateList(schema, value, old, path));
  else if (isObject(value)) errors.push(...validateMap(schema, value, old, path));
  return errors;
}

function validateString(schema: OpenApiSchema, value: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const length = Array.from(value).length;
  if (schema.maxLength !== undefined && length > schema.maxLength)
    errors.push(tooLong(path, schema.maxLength));
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(invalid(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    errors.push(invalid(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) {
    errors.push(
      typeInvalid(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`),
    );
  }
  return errors;
}

function validateNumber(schema: OpenApiSchema, value: number, path: string): FieldError[] {
  const {minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf} = schema;
  const errors: FieldError[] = [];
  const complain = (problem: string) =>
    errors.push(invalid(path, value, `${path} in body should be ${problem}`));
  if (maximum !== undefined && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    complain(exclusiveMaximum === true ? `less than ${maximum}` : `less than or equal to ${maximum}`);
  }
  if (minimum !== undefined && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    complain(exclusiveMinimum === true ? `greater than ${minimum}` : `greater than or equal to ${minimum}`);
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) complain(`a multiple of ${multipleOf}`);
  return errors;
}

function validateList(
  schema: OpenApiSchema,
  value: readonly unknown[],
  old: unknown,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const {minItems, maxItems, items} = schema;
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalid(path, value.length, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems));
  if (items === undefined) return errors;
  const before = oldItems(schema, old);
  for (const [index, each] of value.entries()) {
    errors.push(...validateSchema(items, each, before(each), `${path}[${index}]`));
  }
  return errors;
}

/** Only the items of map lists can be found again in the old object. */
export function oldItems(schema: OpenApiSchema, old: unknown): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || keys === undefined || !Array.isArray(old))
    return () => undefined;
  const keyOf = (item: unknown) =>
    JSON.stringify(keys.map((key) => (isObject(item) ? item[key] : undefined)));
  const byKey = new Map(old.map((item) => [keyOf(item), item as unknown]));
  return (item) => byKey.get(keyOf(item));
}

function validateMap(
  schema: OpenApiSchema,
  value: Record<string, unknown>,
  old: unknown,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const before = isObject(old) ? old : {};
  const size = Object.keys(value).length;
  const {maxProperties, minProperties, properties = {}, additionalProperties} = schema;
  if (maxProperties !== undefined && size > maxProperties) errors.push(tooMany(path, size, maxProperties));
  if (minProperties !== undefined && size < minProperties) {
    errors.push(invalid(path, size, `${path} in body should have at least ${minProperties} properties`));
  }
  for (const [name, property] of Object.entries(properties)) {
    if (value[name] === undefined) continue;
    errors.push(
      ...validateSchema(property, value[name], before[name], path === '' ? name : `${path}.${name}`),
    );
  }
  if (typeof additionalProperties === 'object') {
    for (const [name, each] of Object.entries(value)) {
      if (properties[name] !== undefined) continue;
      errors.push(...validateSchema(additionalProperties, each, before[name], `${path}.${name}`));
    }
  }
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) errors.push(required(path === '' ? name : `${path}.${name}`));
  }
  return errors;
}

/** Sets and map lists with an item twice: pkg/apiserver/schema/listtype. */
export function validateListTypes(
  schema: OpenApiSchema,
  value: unknown,
  old: unknown,
  path: string,
): FieldError[] {
  if (old !== undefined && equals(value, old)) return [];
  const errors: FieldError[] = [];
  if (Array.isArray(value)) {
    const listType = schema['x-kubernetes-list-type'];
    if (listType === 'map' || listType === 'set') errors.push(...duplicates(schema, value, path));
    const {items} = schema;
    if (items !== undefined) {
      for (const [index, each] of value.entries())
        errors.push(...validateListTypes(items, each, undefined, `${path}[${index}]`));
    }
  } else if (isObject(value)) {
    const before = isObject(old) ? old : {};
    for (const [name, each] of Object.entries(value)) {
      const property =
        schema.properties?.[name] ??
        (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
      if (property !== undefined) {
        errors.push(
          ...validateListTypes(property, each, before[name], path === '' ? name : `${path}.${name}`),
        );
      }
    }
  }
  return errors;
}

function duplicates(schema: OpenApiSchema, value: readonly unknown[], path: string): FieldError[] {
  const list = {
    listType: schema['x-kubernetes-list-type'],
    mapKeys: schema['x-kubernetes-list-map-keys'] ?? [],
    items: {kind: 'any'},
  } as unknown as ListStructure;
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, item] of value.entries()) {
    const element = itemElement(list, item);
    if (seen.has(element)) errors.push(duplicate(`${path}[${index}]`, JSON.parse(element.slice(2))));
    seen.add(element);
  }
  return errors;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function wrongType(path: string, wanted: string, value: unknown): FieldError {
  const actual = typeOf(value);
  return typeInvalid(path, actual, `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`);
}
