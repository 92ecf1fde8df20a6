/**
 * Fills in defaults from the schema as the API server does, for policies that have not been there: manifests read by
 * the offline commands, and tests.
 */
import type {Json, Schema} from './openapi.ts';
import {spreadPolicySchema} from './schema.ts';
import type {SpreadPolicy, WrittenSpreadPolicy} from './types.ts';

/** The policy as the API server would store it; a manifest without a namespace is in "default". */
export function withDefaults(policy: WrittenSpreadPolicy): SpreadPolicy {
  const defaulted = applyDefaults(policy, spreadPolicySchema) as SpreadPolicy;
  return {...defaulted, metadata: {...defaulted.metadata, namespace: policy.metadata.namespace ?? 'default'}};
}

/**
 * A copy of the value with the schema's defaults. As in the API server, a default is set from the outside in (so that
 * the default `{}` of an object receives the defaults of its properties), and an explicit null counts as missing
 * where there is a default. A value of another shape than the schema's is left as it is: to refuse it is validation.
 */
export function applyDefaults(value: unknown, schema: Schema): unknown {
  if (schema.type === 'array' && Array.isArray(value)) {
    return value.map((item) => applyDefaults(item, schema.items));
  }
  if (schema.type === 'object' && isRecord(value)) {
    const result: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(value)) {
      const propertySchema = schema.properties?.[name] ?? schema.additionalProperties;
      result[name] = propertySchema === undefined ? property : applyDefaults(property, propertySchema);
    }
    for (const [name, propertySchema] of Object.entries(schema.properties ?? {})) {
      if (propertySchema.default !== undefined && (result[name] ?? null) === null) {
        result[name] = applyDefaults(structuredClone<Json>(propertySchema.default), propertySchema);
      }
    }
    return result;
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
