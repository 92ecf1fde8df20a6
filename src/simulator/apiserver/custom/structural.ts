/**
 * Pruning and defaulting of custom objects by their structural schema.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}.
 */
import {decode} from '../decode.ts';
import {isObject, type JsonObject} from '../json.ts';
import {builtInStructure, type OpenApiSchema} from '../structure.ts';

const META = builtInStructure('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');

/** Of a whole object: unknown fields are dropped and named, defaults filled in. */
export function readCustom(
  schema: OpenApiSchema,
  body: JsonObject,
  isAtRest = false,
): {value: unknown; unknown: readonly string[]} {
  const {metadata: given, apiVersion, kind, ...rest} = body;
  const unknown: string[] = [];
  const metadata = decode(META, given ?? {});
  unknown.push(...metadata.unknown.map((path) => `metadata.${path}`));
  const pruned = prune(schema, rest, '', unknown, true) as JsonObject;
  const value = isAtRest ? pruned : (withDefaults(schema, pruned) as JsonObject);
  return {value: {apiVersion, kind, metadata: metadata.value, ...value}, unknown};
}

function prune(
  schema: OpenApiSchema,
  value: unknown,
  path: string,
  unknown: string[],
  isRoot = false,
): unknown {
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (Array.isArray(value)) {
    const {items} = schema;
    return items === undefined
      ? value
      : value.map((each, index) => prune(items, each, `${path}[${index}]`, unknown));
  }
  if (!isObject(value)) return value;
  const {properties, additionalProperties} = schema;
  // A value of the wrong type is for the validation to refuse.
  if (schema.type !== undefined && schema.type !== 'object') return value;
  const result: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(value)) {
    if (each === undefined) continue;
    const childPath = path === '' ? name : `${path}.${name}`;
    const property =
      properties?.[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (property !== undefined) result[name] = prune(property, each, childPath, unknown);
    else if (preserves || additionalProperties === true || (isRoot && properties === undefined))
      result[name] = each;
    else unknown.push(childPath);
  }
  return result;
}

/** Null where it may not be counts as missing when there is a default. */
export function withDefaults(schema: OpenApiSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const {items} = schema;
    return items === undefined ? value : value.map((each) => withDefaults(items, each));
  }
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = {...value};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const current = result[name];
    const isMissing = current === undefined || (current === null && property.nullable !== true);
    if (isMissing && property.default !== undefined) result[name] = structuredClone(property.default);
    if (result[name] !== undefined) result[name] = withDefaults(property, result[name]);
  }
  if (typeof schema.additionalProperties === 'object') {
    for (const [name, each] of Object.entries(result)) {
      if (schema.properties?.[name] === undefined)
        result[name] = withDefaults(schema.additionalProperties, each);
    }
  }
  return result;
}
