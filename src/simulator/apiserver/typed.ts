/**
 * Comparing, merging and cutting values by their structure: sigs.k8s.io/structured-merge-diff/v6/typed.
 */
import {
  childOf,
  type FieldSet,
  fieldsOf,
  isGranular,
  isMember,
  itemElement,
  makeSet,
  structureAt,
} from './field-set.ts';
import {asList, asObject, equals, isObject, type JsonObject} from './json.ts';
import type {ListStructure, Structure} from './structure.ts';

export interface Comparison {
  readonly added: FieldSet | undefined;
  readonly modified: FieldSet | undefined;
  readonly removed: FieldSet | undefined;
}

const SAME: Comparison = {added: undefined, modified: undefined, removed: undefined};
const LEAF: FieldSet = {};

/** What changed from `left` to `right`. Shared parts are not looked into. */
export function compare(structure: Structure | undefined, left: unknown, right: unknown): Comparison {
  if (left === right) return SAME;
  if (structure === undefined || !isGranular(structure) || (isEmpty(left) && isEmpty(right))) {
    return compareLeaf(left, right);
  }
  const added: Record<string, FieldSet> = {};
  const changed: Record<string, FieldSet> = {};
  const removed: Record<string, FieldSet> = {};
  const visit = (below: Structure | undefined, element: string, before: unknown, after: unknown): void => {
    // Nine of ten parts are shared, and that is known without another call.
    if (before === after) return;
    const each = compare(below, before, after);
    if (each.added !== undefined) added[element] = each.added;
    if (each.modified !== undefined) changed[element] = each.modified;
    if (each.removed !== undefined) removed[element] = each.removed;
  };
  if (structure.kind === 'list') visitItems(structure, left, right, visit);
  else visitFields(structure, asObject(left), asObject(right), visit);
  return {
    added: makeSet(left === undefined, added),
    modified: makeSet(false, changed),
    removed: makeSet(right === undefined, removed),
  };
}

type Visit = (structure: Structure | undefined, element: string, before: unknown, after: unknown) => void;

function visitItems(list: ListStructure, left: unknown, right: unknown, visit: Visit): void {
  const before = itemsOf(list, left);
  const after = itemsOf(list, right);
  const below = list.listType === 'set' ? undefined : list.items;
  for (const [element, item] of before) visit(below, element, item, after.get(element));
  for (const [element, item] of after) if (!before.has(element)) visit(below, element, undefined, item);
}

function visitFields(structure: Structure, left: JsonObject, right: JsonObject, visit: Visit): void {
  for (const name in left) {
    const element = `f:${name}`;
    const after = Object.hasOwn(right, name) ? right[name] : undefined;
    visit(structureAt(structure, element), element, left[name], after);
  }
  for (const name in right) {
    const element = `f:${name}`;
    if (!Object.hasOwn(left, name)) visit(structureAt(structure, element), element, undefined, right[name]);
  }
}

function compareLeaf(left: unknown, right: unknown): Comparison {
  if (left === undefined) return {...SAME, added: LEAF};
  if (right === undefined) return {...SAME, removed: LEAF};
  return equals(left, right) ? SAME : {...SAME, modified: LEAF};
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function itemsOf(list: ListStructure, value: unknown): Map<string, unknown> {
  const items = new Map<string, unknown>();
  for (const item of asList(value)) items.set(itemElement(list, item), item);
  return items;
}

/** `right` laid over `left`: what an apply says wins, the rest stays. */
export function merge(structure: Structure | undefined, left: unknown, right: unknown): unknown {
  if (right === undefined) return left;
  if (left === undefined || left === null || structure === undefined || !isGranular(structure)) return right;
  if (structure.kind === 'list') {
    return Array.isArray(left) && Array.isArray(right) ? mergeLists(structure, left, right) : right;
  }
  if (!isObject(left) || !isObject(right)) return right;
  const result: Record<string, unknown> = {...left};
  for (const [name, value] of Object.entries(right)) {
    result[name] = merge(structureAt(structure, `f:${name}`), left[name], value);
  }
  return result;
}

/** Shared items in the order of `right`, others where they were: mergingWalker.visitListItems. */
function mergeLists(list: ListStructure, left: readonly unknown[], right: readonly unknown[]): unknown[] {
  const leftElements = left.map((item) => itemElement(list, item));
  const rightElements = right.map((item) => itemElement(list, item));
  const inLeft = new Map(leftElements.map((element, index) => [element, left[index]]));
  const inRight = new Set(rightElements);
  const result: unknown[] = [];
  const merged = new Set<string>();
  let leftIndex = 0;
  let rightIndex = 0;
  const takeRight = (): void => {
    const element = rightElements[rightIndex] ?? '';
    result.push(merge(list.items, inLeft.get(element), right[rightIndex]));
    merged.add(element);
    rightIndex++;
  };
  while (leftIndex < left.length || rightIndex < right.length) {
    const element = leftElements[leftIndex];
    if (element !== undefined && element === rightElements[rightIndex]) {
      leftIndex++;
      takeRight();
    } else if (element !== undefined && !inRight.has(element)) {
      result.push(left[leftIndex]);
      leftIndex++;
    } else if (element !== undefined && merged.has(element)) {
      leftIndex++;
    } else if (rightIndex < right.length) {
      takeRight();
    } else {
      leftIndex++;
    }
  }
  return result;
}

/** Without the members of `set`, each with all below it. */
export function removeFields(
  structure: Structure | undefined,
  value: unknown,
  set: FieldSet | undefined,
): unknown {
  if (set === undefined || structure === undefined) return value;
  if (structure.kind === 'list' && Array.isArray(value)) {
    return value.flatMap((item) => {
      const below = childOf(set, itemElement(structure, item));
      if (isMember(below)) return [];
      return [removeFields(structure.items, item, below)];
    });
  }
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(value)) {
    const below = childOf(set, `f:${name}`);
    if (isMember(below)) continue;
    result[name] =
      below === undefined ? each : removeFields(structureAt(structure, `f:${name}`), each, below);
  }
  return result;
}

export {fieldsOf};
