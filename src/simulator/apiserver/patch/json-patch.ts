/**
 * JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386). The packages for them change values in place or report errors
 * of their own; here objects are shared, and a failure is always the same answer.
 */
import {equals, isObject} from '../json.ts';
import {badRequest, StatusError} from '../status-error.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** What the API server says whatever the reason: NewGenericServerResponse of a 422. */
function unprocessable(): StatusError {
  return new StatusError(
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
  );
}

export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  }
  return patch.reduce<unknown>((value, each) => applyOperation(value, each), document);
}

function applyOperation(document: unknown, operation: unknown): unknown {
  if (!isObject(operation)) throw unprocessable();
  const {op, path, from, value} = operation as unknown as Operation;
  if (typeof path !== 'string') throw unprocessable();
  const pointer = parsePointer(path);
  switch (op) {
    case 'add':
      return change(document, pointer, (parent, key) => insert(parent, key, value), value);
    case 'replace':
      read(document, pointer);
      return change(document, pointer, (parent, key) => set(parent, key, value), value);
    case 'remove':
      read(document, pointer);
      return change(document, pointer, removeFrom, undefined);
    case 'test':
      if (
        !equals(readIfAny(document, pointer), value ?? undefined) &&
        !(value === null && readIfAny(document, pointer) === undefined)
      ) {
        throw unprocessable();
      }
      return document;
    case 'copy':
    case 'move': {
      const source = parsePointer(from ?? '');
      const moved = read(document, source);
      const base = op === 'move' ? change(document, source, removeFrom, undefined) : document;
      return change(base, pointer, (parent, key) => insert(parent, key, moved), moved);
    }
    default:
      throw unprocessable();
  }
}

function parsePointer(path: string): string[] {
  if (path === '') return [];
  if (!path.startsWith('/')) throw unprocessable();
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function readIfAny(value: unknown, pointer: readonly string[]): unknown {
  let current = value;
  for (const key of pointer) {
    if (Array.isArray(current)) current = current[indexOf(current, key)];
    else current = isObject(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  }
  return current;
}

function read(value: unknown, pointer: readonly string[]): unknown {
  const found = readIfAny(value, pointer);
  if (found === undefined) throw unprocessable();
  return found;
}

type Change = (parent: unknown, key: string) => unknown;

function change(value: unknown, [key, ...rest]: readonly string[], how: Change, whole: unknown): unknown {
  if (key === undefined) return whole;
  if (rest.length === 0) return how(value, key);
  const next = readIfAny(value, [key]);
  if (next === undefined) throw unprocessable();
  return set(value, key, change(next, rest, how, whole));
}

function set(parent: unknown, key: string, value: unknown): unknown {
  if (Array.isArray(parent)) return parent.with(indexOf(parent, key), value);
  if (isObject(parent)) return {...parent, [key]: value};
  throw unprocessable();
}

function insert(parent: unknown, key: string, value: unknown): unknown {
  if (!Array.isArray(parent)) return set(parent, key, value);
  const index = key === '-' ? parent.length : Number(key);
  if (!Number.isInteger(index) || index < 0 || index > parent.length) throw unprocessable();
  return parent.toSpliced(index, 0, value);
}

function removeFrom(parent: unknown, key: string): unknown {
  if (Array.isArray(parent)) return parent.toSpliced(indexOf(parent, key), 1);
  if (!isObject(parent)) throw unprocessable();
  const {[key]: _, ...rest} = parent;
  return rest;
}

function indexOf(list: readonly unknown[], key: string): number {
  const index = Number(key);
  // As evanphx/json-patch: negative indices count from the end.
  const actual = index < 0 ? list.length + index : index;
  if (!Number.isInteger(actual) || actual < 0 || actual >= list.length) throw unprocessable();
  return actual;
}

export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(document) ? {...document} : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = applyMergePatch(result[key], value);
  }
  return result;
}
