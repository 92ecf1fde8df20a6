/**
 * The part of OpenAPI v3 that a CustomResourceDefinition may use, as types: what a schema is, and which TypeScript
 * type an object has that satisfies it. Nothing here exists at run time.
 */

export type Json = string | number | boolean | null | readonly Json[] | {readonly [key: string]: Json};

/** A validation in the Common Expression Language, run by the API server. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  readonly reason?:
    | 'FieldValueInvalid'
    | 'FieldValueForbidden'
    | 'FieldValueRequired'
    | 'FieldValueDuplicate';
  /** Where the mistake is, from the place of the rule on: `.maxSkew`. */
  readonly fieldPath?: string;
}

interface SchemaBase {
  readonly description?: string;
  readonly default?: Json;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

interface StringSchema extends SchemaBase {
  readonly type: 'string';
  readonly enum?: readonly string[];
  readonly format?: 'date-time';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

interface IntegerSchema extends SchemaBase {
  readonly type: 'integer';
  readonly format?: 'int32' | 'int64';
  readonly minimum?: number;
  readonly maximum?: number;
}

interface BooleanSchema extends SchemaBase {
  readonly type: 'boolean';
}

interface ArraySchema extends SchemaBase {
  readonly type: 'array';
  readonly items: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

interface ObjectSchema extends SchemaBase {
  readonly type: 'object';
  readonly properties?: {readonly [name: string]: Schema};
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
}

/** A structural schema: each value has one type, nothing is left open. */
export type Schema = StringSchema | IntegerSchema | BooleanSchema | ArraySchema | ObjectSchema;

/**
 * - `Defaulted`: as the API server stores and returns it; a property with a default is always there.
 * - `Written`: as a user may write it; a property with a default may be left out.
 */
type Form = 'Defaulted' | 'Written';

/** The TypeScript type of the values that satisfy the schema `S`. */
export type Infer<S, F extends Form = 'Defaulted'> = S extends {readonly enum: readonly (infer Member)[]}
  ? Member
  : S extends {readonly type: 'string'}
    ? string
    : S extends {readonly type: 'integer'}
      ? number
      : S extends {readonly type: 'boolean'}
        ? boolean
        : S extends {readonly type: 'array'; readonly items: infer Item}
          ? Infer<Item, F>[]
          : S extends {readonly type: 'object'; readonly additionalProperties: infer Value}
            ? {[key: string]: Infer<Value, F>}
            : S extends {readonly type: 'object'; readonly properties: infer Properties}
              ? InferObject<S, Properties, F>
              : unknown;

type InferObject<S, Properties, F extends Form> = Flatten<
  {-readonly [Name in keyof Properties as IfPresent<S, Properties, Name, F>]: Infer<Properties[Name], F>} & {
    -readonly [Name in Exclude<keyof Properties, IfPresent<S, Properties, keyof Properties, F>>]?: Infer<
      Properties[Name],
      F
    >;
  }
>;

/** The name of a property that is always there, never otherwise. */
type IfPresent<S, Properties, Name extends keyof Properties, F extends Form> = Name extends unknown
  ? S extends {readonly required: readonly (infer Required)[]}
    ? Name extends Required
      ? Name
      : IfDefaulted<Properties, Name, F>
    : IfDefaulted<Properties, Name, F>
  : never;

type IfDefaulted<Properties, Name extends keyof Properties, F extends Form> = F extends 'Defaulted'
  ? Properties[Name] extends {readonly default: unknown}
    ? Name
    : never
  : never;

type Flatten<T> = {[Name in keyof T]: T[Name]};
