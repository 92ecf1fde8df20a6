/**
 * Strategic merge patch: lists are merged by a key of their items, and directives say what else to do.
 * Source: apimachinery/pkg/util/strategicpatch/patch.go.
 */
import {equals, isObject, textOf} from '../json.ts';
import {badRequest} from '../status-error.ts';
import type {Structure} from '../structure.ts';

type Fields = Record<string, unknown>;

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const ELEMENT_ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';

export function applyStrategicMergePatch(structure: Structure, document: Fields, patch: unknown): Fields {
  if (!isObject(patch)) throw badRequest('the patch is not a JSON object');
  return mergeMaps(structure, document, patch);
}

function mergeMaps(structure: Structure | undefined, original: Fields, patch: Fields): Fields {
  const directive = patch[PATCH];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') {
    throw badRequest(`Unknown patch type: ${textOf(directive)}`);
  }
  const result = retain(original, patch[RETAIN_KEYS]);
  for (const [key, value] of Object.entries(patch)) {
    if (key === PATCH || key === RETAIN_KEYS) continue;
    if (key.startsWith(DELETE_FROM)) {
      const name = key.slice(DELETE_FROM.length);
      const removed = Array.isArray(value) ? value : [];
      if (Array.isArray(result[name])) {
        result[name] = result[name].filter((each) => !removed.some((other) => equals(each, other)));
      }
      continue;
    }
    if (key.startsWith(ELEMENT_ORDER)) {
      const name = key.slice(ELEMENT_ORDER.length);
      // Without items to patch, only the order is said.
      if (patch[name] === undefined && Array.isArray(result[name]) && Array.isArray(value)) {
        result[name] = inOrder(result[name], [], value, result[name], mergeKeyOf(structure, name));
      }
      continue;
    }
    if (value === null) {
      delete result[key];
      continue;
    }
    result[key] = mergeField(structure, key, result[key], value, patch[ELEMENT_ORDER + key]);
  }
  return result;
}

function mergeField(
  structure: Structure | undefined,
  key: string,
  original: unknown,
  value: unknown,
  order: unknown,
): unknown {
  const field = fieldStructure(structure, key);
  const isReplaced = field?.patchStrategies.includes('replace') === true;
  if (isObject(value)) {
    if (isReplaced && value[PATCH] === undefined) return withoutDirectives(value);
    return mergeMaps(field, isObject(original) ? original : {}, value);
  }
  if (!Array.isArray(value)) return value;
  if (field?.patchStrategies.includes('merge') !== true) return value;
  const existing = Array.isArray(original) ? original : [];
  const items = field.kind === 'list' ? field.items : undefined;
  return mergeLists(
    items,
    existing,
    value,
    mergeKeyOf(structure, key),
    Array.isArray(order) ? order : undefined,
  );
}

function mergeLists(
  items: Structure | undefined,
  original: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string | undefined,
  order: readonly unknown[] | undefined,
): unknown[] {
  if (mergeKey === undefined || !patch.some(isObject)) {
    const added = patch.filter((each) => !original.some((other) => equals(each, other)));
    const all = [...original, ...added];
    return inOrder(original, patch, order ?? patch, original, undefined, all);
  }
  const replacing = patch.some((each) => isObject(each) && each[PATCH] === 'replace');
  if (replacing)
    return patch
      .filter((each) => isObject(each) && each[PATCH] !== 'replace')
      .map((each) => withoutDirectives(each as Fields));
  const result = [...original];
  const patched: unknown[] = [];
  for (const each of patch) {
    if (!isObject(each)) throw badRequest('expected a map in the list of a strategic merge patch');
    const wanted = each[mergeKey];
    if (wanted === undefined) {
      throw badRequest(`map: ${JSON.stringify(each)} does not contain declared merge key: ${mergeKey}`);
    }
    const index = result.findIndex((other) => isObject(other) && equals(other[mergeKey], wanted));
    if (each[PATCH] === 'delete') {
      if (index >= 0) result.splice(index, 1);
      continue;
    }
    patched.push(each);
    if (index < 0) result.push(mergeMaps(items, {}, each));
    else result[index] = mergeMaps(items, result[index] as Fields, each);
  }
  return inOrder(original, patched, order ?? patched, original, mergeKey, result);
}

/** What the patch names in its order, what only the server has between: normalizeElementOrder. */
function inOrder(
  original: readonly unknown[],
  patch: readonly unknown[],
  order: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string | undefined,
  merged: readonly unknown[] = original,
): unknown[] {
  const keyOf = (item: unknown): unknown =>
    mergeKey !== undefined && isObject(item) ? item[mergeKey] : item;
  const indexIn = (list: readonly unknown[], item: unknown): number =>
    list.findIndex((each) => equals(keyOf(each), keyOf(item)));
  const named = merged.filter((item) => indexIn(order, item) >= 0 || indexIn(patch, item) >= 0);
  const right = named.sort((a, b) => indexIn(order, a) - indexIn(order, b));
  const left = merged.filter((item) => !right.includes(item));
  const result: unknown[] = [];
  while (left.length > 0 || right.length > 0) {
    const [mine, theirs] = [left[0], right[0]];
    if (
      theirs === undefined ||
      (mine !== undefined && isBefore(indexIn(serverOrder, mine), indexIn(serverOrder, theirs)))
    ) {
      result.push(left.shift());
    } else {
      result.push(right.shift());
    }
  }
  return result;
}

function isBefore(left: number, right: number): boolean {
  return left >= 0 && right >= 0 && left < right;
}

function fieldStructure(structure: Structure | undefined, key: string): Structure | undefined {
  if (structure?.kind === 'object') return structure.fields.get(key);
  return structure?.kind === 'map' ? structure.values : undefined;
}

function mergeKeyOf(structure: Structure | undefined, key: string): string | undefined {
  const field = fieldStructure(structure, key);
  return field?.kind === 'list' ? field.patchMergeKey : undefined;
}

function retain(original: Fields, keys: unknown): Fields {
  if (!Array.isArray(keys)) return {...original};
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

function withoutDirectives(value: Fields): Fields {
  const {[PATCH]: _, [RETAIN_KEYS]: __, ...rest} = value;
  return Object.fromEntries(
    Object.entries(rest).filter(
      ([key, each]) => each !== null && !key.startsWith(ELEMENT_ORDER) && !key.startsWith(DELETE_FROM),
    ),
  );
}
