/**
 * The shape of objects: what decoding, patches, server-side apply and validation need to know of a schema. It is made
 * from OpenAPI: of Kubernetes itself for the built-in kinds, of a CustomResourceDefinition for custom ones.
 */
import published from './kubernetes-schemas.json' with {type: 'json'};

/** An OpenAPI v3 schema as published; only what is read here. */
export interface OpenApiSchema {
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly anyOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly not?: OpenApiSchema;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly items?: OpenApiSchema;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-group-version-kind'?: readonly {group: string; version: string; kind: string}[];
  readonly 'x-kubernetes-validations'?: readonly {
    readonly rule: string;
    readonly message?: string;
    readonly messageExpression?: string;
    readonly fieldPath?: string;
    readonly reason?: string;
    readonly optionalOldSelf?: boolean;
  }[];
}

export type Structure = ObjectStructure | MapStructure | ListStructure | ScalarStructure | AnyStructure;

interface Common {
  /** The schema as published, with its reference resolved. */
  readonly schema: OpenApiSchema;
  /** Of the Go type, for decoding errors: `DeploymentSpec`. */
  readonly typeName: string;
  /** x-kubernetes-patch-strategy, such as `merge`, `replace` or `retainKeys`. */
  readonly patchStrategies: readonly string[];
}

export interface ObjectStructure extends Common {
  readonly kind: 'object';
  readonly isAtomic: boolean;
  readonly fields: ReadonlyMap<string, Structure>;
  /** Fields that the schema does not name are kept. */
  readonly preservesUnknown: boolean;
}

export interface MapStructure extends Common {
  readonly kind: 'map';
  readonly isAtomic: boolean;
  readonly values: Structure;
}

export interface ListStructure extends Common {
  readonly kind: 'list';
  readonly listType: 'atomic' | 'set' | 'map';
  readonly mapKeys: readonly string[];
  readonly items: Structure;
  readonly patchMergeKey: string | undefined;
}

export interface ScalarStructure extends Common {
  readonly kind: 'scalar';
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'quantity' | 'int-or-string' | 'time';
}

/** Anything goes: RawExtension, fieldsV1, JSON. */
export interface AnyStructure extends Common {
  readonly kind: 'any';
}

export const KUBERNETES_VERSION: string = published.kubernetesVersion;

/** The schemas of the built-in kinds by name, such as `io.k8s.api.apps.v1.Deployment`. */
export const kubernetesSchemas = published.schemas as unknown as Readonly<Record<string, OpenApiSchema>>;

const REFERENCE = '#/components/schemas/';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const byName = new Map<string, Structure>();

/** Throws when there is no such schema: a mistake in the table of resources. */
export function builtInStructure(schemaName: string): Structure {
  const known = byName.get(schemaName);
  if (known !== undefined) return known;
  const schema = kubernetesSchemas[schemaName];
  if (schema === undefined) throw new Error(`there is no schema ${schemaName}`);
  const structure = build(schema, schemaName.slice(schemaName.lastIndexOf('.') + 1), schemaName);
  byName.set(schemaName, structure);
  return structure;
}

/** Of a version of a CustomResourceDefinition; `metadata`, `apiVersion` and `kind` are those of every object. */
export function customStructure(schema: OpenApiSchema, kind: string): ObjectStructure {
  const structure = build(schema, kind);
  const fields = new Map(structure.kind === 'object' ? structure.fields : []);
  const text: ScalarStructure = {
    kind: 'scalar',
    type: 'string',
    schema: {type: 'string'},
    typeName: '',
    patchStrategies: [],
  };
  fields.set('apiVersion', text);
  fields.set('kind', text);
  fields.set('metadata', builtInStructure(`${META}ObjectMeta`));
  const preservesUnknown =
    structure.kind !== 'object' || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    kind: 'object',
    schema,
    typeName: kind,
    patchStrategies: [],
    isAtomic: false,
    fields,
    preservesUnknown,
  };
}

function build(raw: OpenApiSchema, typeName: string, schemaName = ''): Structure {
  const schema = resolve(raw);
  const name = schema.name === '' ? schemaName : schema.name;
  const short = schema.name === '' ? typeName : schema.name.slice(schema.name.lastIndexOf('.') + 1);
  const common = {
    schema: schema.resolved,
    typeName: short,
    patchStrategies: schema.resolved['x-kubernetes-patch-strategy']?.split(',') ?? [],
  };
  return buildResolved(schema.resolved, common, name);
}

function buildResolved(schema: OpenApiSchema, common: Common, name: string): Structure {
  const scalar = scalarTypeOf(schema, name);
  if (scalar !== undefined) return {...common, kind: 'scalar', type: scalar};
  const isAtomic = schema['x-kubernetes-map-type'] === 'atomic';
  const preservesUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true;

  if (schema.type === 'array' || schema.items !== undefined) {
    return lazily({
      ...common,
      kind: 'list',
      listType: schema['x-kubernetes-list-type'] ?? 'atomic',
      mapKeys: schema['x-kubernetes-list-map-keys'] ?? [],
      patchMergeKey: schema['x-kubernetes-patch-merge-key'],
      get items() {
        return define(this, 'items', build(schema.items ?? {}, common.typeName));
      },
    });
  }
  if (typeof schema.additionalProperties === 'object') {
    const values = schema.additionalProperties;
    return lazily({
      ...common,
      kind: 'map',
      isAtomic,
      get values() {
        return define(this, 'values', build(values, common.typeName));
      },
    });
  }
  if (schema.properties === undefined) return {...common, kind: 'any'};
  const properties = schema.properties;
  return lazily({
    ...common,
    kind: 'object',
    isAtomic,
    preservesUnknown,
    get fields() {
      const fields = new Map<string, Structure>();
      for (const [field, each] of Object.entries(properties)) fields.set(field, build(each, common.typeName));
      return define(this, 'fields', fields);
    },
  });
}

// Schemas such as JSONSchemaProps contain themselves, so children are only made when they are asked for.
function lazily<T extends Structure>(structure: T): T {
  return structure;
}

function define<T>(target: object, property: string, value: T): T {
  Object.defineProperty(target, property, {value, enumerable: true});
  return value;
}

/** References stand alone in `allOf`, with the field's own attributes beside them; those win. */
function resolve(schema: OpenApiSchema): {resolved: OpenApiSchema; name: string} {
  const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  if (reference?.startsWith(REFERENCE) !== true) return {resolved: schema, name: ''};
  const name = reference.slice(REFERENCE.length);
  const {allOf: _, $ref: __, ...own} = schema;
  return {resolved: {...kubernetesSchemas[name], ...own}, name};
}

function scalarTypeOf(schema: OpenApiSchema, name: string): ScalarStructure['type'] | undefined {
  if (name.endsWith('.api.resource.Quantity')) return 'quantity';
  if (schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true)
    return 'int-or-string';
  switch (schema.type ?? '') {
    case 'string':
      return schema.format === 'date-time' && name.startsWith(META) ? 'time' : 'string';
    case 'integer':
      return 'integer';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    default:
      return undefined;
  }
}
