/**
 * Reads an object as the API server's decoder does: unknown fields dropped (and reported), wrong types refused in the
 * words of Go's JSON decoder, nulls left out, quantities in canonical form, and structs that Go always has, such as
 * `resources` of a container, filled in.
 */
import {asObject, isObject} from './json.ts';
import {canonicalQuantity, QUANTITY_ERROR} from './quantity-text.ts';
import type {Structure} from './structure.ts';

export interface Decoded {
  readonly value: unknown;
  /** Dropped fields, by their path. */
  readonly unknown: readonly string[];
}

/** What Go's decoder says about a value that does not fit. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** Where the value is; Go's words do not always say it. */
  readonly field: string;

  constructor(message: string, field: string) {
    super(message);
    this.field = field;
  }
}

export interface DecodeOptions {
  /** Whether structs are filled in: not for what an apply says, where absence means "not mine". */
  readonly fillsStructs?: boolean;
  /** Whether nulls stay: they mean "take away" in a patch. */
  readonly keepsNulls?: boolean;
  /** The object that the store holds: parts of the value that are the very same as there have been read already. */
  readonly stored?: unknown;
}

interface State extends DecodeOptions {
  readonly unknown: string[];
}

export function decode(structure: Structure, value: unknown, options: DecodeOptions = {}): Decoded {
  const state: State = {fillsStructs: true, ...options, unknown: []};
  return {value: read(structure, value, '', state, options.stored), unknown: state.unknown};
}

function read(structure: Structure, value: unknown, path: string, state: State, stored: unknown): unknown {
  if (value === stored && value !== undefined) return value;
  switch (structure.kind) {
    case 'any':
      return value;
    case 'scalar':
      return readScalar(structure, value, path);
    case 'list': {
      if (!Array.isArray(value)) throw mismatch(value, `[]${goName(structure.items)}`, structure, path);
      return value.map((item, index) =>
        read(
          structure.items,
          item,
          `${path}[${index}]`,
          state,
          Array.isArray(stored) ? stored[index] : undefined,
        ),
      );
    }
    case 'map': {
      if (!isObject(value)) throw mismatch(value, `map[string]${goName(structure.values)}`, structure, path);
      const result: Record<string, unknown> = {};
      for (const [key, item] of Object.entries(value)) {
        if (item !== null || state.keepsNulls === true) {
          result[key] =
            item === null
              ? null
              : read(structure.values, item, `${path}.${key}`, state, asObject(stored)[key]);
        } else if (structure.values.kind === 'scalar' && structure.values.type === 'string') {
          // Go reads null as the zero value.
          result[key] = '';
        }
      }
      return result;
    }
    case 'object':
      return readObject(structure, value, path, state, stored);
  }
}

function readObject(
  structure: Structure & {kind: 'object'},
  value: unknown,
  path: string,
  state: State,
  stored: unknown,
): unknown {
  if (!isObject(value)) throw mismatch(value, `v1.${structure.typeName}`, structure, path);
  const result: Record<string, unknown> = {};
  const known = asObject(stored);
  for (const [name, item] of Object.entries(value)) {
    // Callers within the process may say so; JSON cannot.
    if (item === undefined) continue;
    const fieldPath = path === '' ? name : `${path}.${name}`;
    const field = structure.fields.get(name);
    if (field === undefined) {
      if (structure.preservesUnknown) result[name] = item;
      else state.unknown.push(fieldPath);
      continue;
    }
    if (item === null) {
      if (state.keepsNulls === true || field.schema.nullable === true) result[name] = null;
      continue;
    }
    const decoded = read(field, item, fieldPath, state, known[name]);
    if (state.fillsStructs === true && isOmitted(structure, name, field, decoded)) continue;
    result[name] = decoded;
  }
  if (state.fillsStructs === true) {
    for (const {name, value} of fillingsOf(structure)) {
      if (result[name] === undefined) result[name] = value();
    }
  }
  return result;
}

/** `omitempty`: maps and lists without entries disappear. */
function isOmitted(
  structure: Structure & {kind: 'object'},
  name: string,
  field: Structure,
  value: unknown,
): boolean {
  if (structure.schema.required?.includes(name) === true || field.schema.nullable === true) return false;
  if (field.kind === 'list') return Array.isArray(value) && value.length === 0;
  return field.kind === 'map' && isObject(value) && Object.keys(value).length === 0;
}

/** OpenAPI gives a struct that is not a pointer the default {}. */
export function isEmbeddedStruct(field: Structure): boolean {
  return (
    field.kind === 'object' &&
    isObject(field.schema.default) &&
    Object.keys(field.schema.default).length === 0
  );
}

/** A field without `omitempty` that is no pointer: it is always there, with its zero value. */
interface Filling {
  readonly name: string;
  readonly value: () => unknown;
}

const fillings = new WeakMap<Structure, readonly Filling[]>();

function fillingsOf(structure: Structure & {kind: 'object'}): readonly Filling[] {
  let known = fillings.get(structure);
  if (known === undefined) {
    known = [...structure.fields].flatMap(([name, field]) => {
      const value = fillingOf(structure, name, field);
      return value === undefined ? [] : [{name, value}];
    });
    fillings.set(structure, known);
  }
  return known;
}

function fillingOf(
  structure: Structure & {kind: 'object'},
  name: string,
  field: Structure,
): (() => unknown) | undefined {
  if (isEmbeddedStruct(field)) return () => emptyStruct(field);
  if (isConditionTime(structure, field)) return () => null;
  const value = field.kind === 'scalar' ? field.schema.default : undefined;
  return value !== undefined && structure.schema.required?.includes(name) === true ? () => value : undefined;
}

function emptyStruct(field: Structure): unknown {
  if (field.kind !== 'object') return {};
  return Object.fromEntries(fillingsOf(field).map(({name, value}) => [name, value()]));
}

/** metav1.Time is a struct: unset, it is printed as null. Of conditions, people and other programs see it. */
function isConditionTime({typeName}: Structure, field: Structure): boolean {
  return field.kind === 'scalar' && field.type === 'time' && /\wCondition$/.test(typeName);
}

function readScalar(structure: Structure & {kind: 'scalar'}, value: unknown, path: string): unknown {
  switch (structure.type) {
    case 'quantity': {
      const text =
        typeof value === 'string' || typeof value === 'number' ? canonicalQuantity(value) : undefined;
      if (text === undefined) throw new DecodeError(QUANTITY_ERROR, path);
      return text;
    }
    case 'int-or-string':
      if (typeof value === 'string' || Number.isInteger(value)) return value;
      throw mismatch(value, 'intstr.IntOrString', structure, path);
    case 'integer':
      if (typeof value === 'number' && Number.isInteger(value)) return value;
      throw mismatch(value, structure.schema.format ?? 'int64', structure, path);
    case 'number':
      if (typeof value === 'number') return value;
      throw mismatch(value, 'float64', structure, path);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw mismatch(value, 'bool', structure, path);
    case 'time':
      if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) return value;
      if (typeof value === 'string') throw timeError(value, path);
      throw mismatch(value, 'string', structure, path);
    case 'string':
      if (typeof value === 'string') return value;
      throw mismatch(value, 'string', structure, path);
  }
}

function timeError(value: string, path: string): DecodeError {
  return new DecodeError(
    `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    path,
  );
}

function mismatch(value: unknown, goType: string, structure: Structure, path: string): DecodeError {
  const fields = path.replaceAll(/\[\d+\]/g, '');
  const what =
    typeof value === 'boolean'
      ? 'bool'
      : value === null
        ? 'null'
        : Array.isArray(value)
          ? 'array'
          : typeof value;
  const number = typeof value === 'number' && !Number.isInteger(value) ? `number ${value}` : what;
  return new DecodeError(
    `json: cannot unmarshal ${number} into Go struct field ${structure.typeName}.${fields} of type ${goType}`,
    path,
  );
}

function goName(structure: Structure): string {
  if (structure.kind === 'scalar') {
    return structure.type === 'integer' ? (structure.schema.format ?? 'int64') : structure.type;
  }
  return structure.kind === 'object' ? `v1.${structure.typeName}` : 'interface {}';
}
