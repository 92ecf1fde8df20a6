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
import {asObject, equals, isObject} from './json.ts';
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
  const [before, after] = [elementsOf(structure, left), elementsOf(structure, right)];
  const added: Record<string, FieldSet> = {};
  const changed: Record<string, FieldSet> = {};
  const removed: Record<string, FieldSet> = {};
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    const below =
      structure.kind === 'list' && structure.listType === 'set' ? undefined : structureAt(structure, element);
    const each = compare(below, before.get(element), after.get(element));
    if (each.added !== undefined) added[element] = each.added;
    if (each.modified !== undefined) changed[element] = each.modified;
    if (each.removed !== undefined) removed[element] = each.removed;
  }
  return {
    added: makeSet(left === undefined, added),
    modified: makeSet(false, changed),
    removed: makeSet(right === undefined, removed),
  };
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

function elementsOf(structure: Structure, value: unknown): Map<string, unknown> {
  const elements = new Map<string, unknown>();
  if (structure.kind === 'list') {
    for (const item of Array.isArray(value) ? value : []) elements.set(itemElement(structure, item), item);
  } else {
    for (const [name, each] of Object.entries(asObject(value))) elements.set(`f:${name}`, each);
  }
  return elements;
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
