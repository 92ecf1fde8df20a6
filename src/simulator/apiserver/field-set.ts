/**
 * Sets of field paths in the form of metadata.managedFields[].fieldsV1: `{"f:spec": {"f:replicas": {}}}`. An element
 * without children is a member of the set; one with children is a member when it has ".".
 * Source: sigs.k8s.io/structured-merge-diff/v6/fieldpath.
 */
import {asObject, isObject, sortedJson} from './json.ts';
import type {ListStructure, Structure} from './structure.ts';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

const MEMBER = '.';
const LEAF: FieldSet = {};

export function isMember(set: FieldSet | undefined): boolean {
  return set !== undefined && (Object.hasOwn(set, MEMBER) || isEmptySet(set));
}

function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Undefined when nothing is left. */
export function makeSet(member: boolean, children: Record<string, FieldSet>): FieldSet | undefined {
  if (isEmptySet(children)) return member ? LEAF : undefined;
  return member ? {[MEMBER]: LEAF, ...children} : children;
}

function* childrenOf(set: FieldSet | undefined): Generator<[string, FieldSet]> {
  for (const [element, child] of Object.entries(set ?? {})) if (element !== MEMBER) yield [element, child];
}

/** `left` itself when `right` adds nothing to it. */
export function union(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  if (left === undefined || left === right) return right;
  if (right === undefined) return left;
  const added: Record<string, FieldSet> = {};
  for (const element in right) {
    if (element === MEMBER) continue;
    const known = childOf(left, element);
    const both = union(known, right[element]);
    if (both !== undefined && both !== known) added[element] = both;
  }
  const member = isMember(left) || isMember(right);
  if (member === isMember(left) && isEmptySet(added)) return left;
  const {[MEMBER]: _, ...children} = left;
  return makeSet(member, Object.assign(children, added));
}

/** `left` itself when `right` takes nothing from it. */
export function difference(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  if (left === undefined || right === undefined) return left;
  const member = isMember(left) && !isMember(right);
  return withChildren(left, member, (child, element) => difference(child, childOf(right, element)));
}

/** Without the members of `right` and all below them; `left` itself when it has none of them. */
export function recursiveDifference(
  left: FieldSet | undefined,
  right: FieldSet | undefined,
): FieldSet | undefined {
  if (left === undefined || right === undefined) return left;
  if (isMember(right)) return undefined;
  return withChildren(left, isMember(left), (child, element) =>
    recursiveDifference(child, childOf(right, element)),
  );
}

function withChildren(
  set: FieldSet,
  member: boolean,
  change: (child: FieldSet, element: string) => FieldSet | undefined,
): FieldSet | undefined {
  const children: Record<string, FieldSet> = {};
  let isSame = member === isMember(set);
  for (const element in set) {
    if (element === MEMBER) continue;
    const child = set[element] as FieldSet;
    const changed = change(child, element);
    if (changed !== undefined) children[element] = changed;
    isSame &&= changed === child;
  }
  return isSame ? set : makeSet(member, children);
}

export function intersection(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  if (left === undefined || right === undefined) return undefined;
  const children: Record<string, FieldSet> = {};
  for (const [element, child] of childrenOf(left)) {
    const both = intersection(child, childOf(right, element));
    if (both !== undefined) children[element] = both;
  }
  return makeSet(isMember(left) && isMember(right), children);
}

export function childOf(set: FieldSet | undefined, element: string): FieldSet | undefined {
  return set !== undefined && Object.hasOwn(set, element) ? set[element] : undefined;
}

/** Fields of structs count as members when something below them is: EnsureNamedFieldsAreMembers. */
export function withNamedFields(
  set: FieldSet | undefined,
  structure: Structure | undefined,
): FieldSet | undefined {
  if (set === undefined) return undefined;
  const children: Record<string, FieldSet> = {};
  for (const [element, child] of childrenOf(set)) {
    const below = structureAt(structure, element);
    const named = withNamedFields(child, below);
    if (named === undefined) continue;
    const isField = element.startsWith('f:') && structure?.kind === 'object';
    children[element] = isField && !isMember(named) ? {[MEMBER]: LEAF, ...named} : named;
  }
  return makeSet(isMember(set), children);
}

export function structureAt(structure: Structure | undefined, element: string): Structure | undefined {
  if (structure?.kind === 'list') return structure.items;
  if (structure?.kind === 'map') return structure.values;
  return structure?.kind === 'object' ? structure.fields.get(element.slice(2)) : undefined;
}

/** Every member, as `.spec.containers[name="web"].image`. */
export function memberPaths(set: FieldSet | undefined, prefix = ''): string[] {
  if (set === undefined) return [];
  const paths = isMember(set) && prefix !== '' ? [prefix] : [];
  for (const [element, child] of [...childrenOf(set)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    paths.push(...memberPaths(child, prefix + elementText(element)));
  }
  return paths;
}

function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element.slice(0, 1)) {
    case 'f':
      return `.${rest}`;
    case 'k': {
      const key = asObject(JSON.parse(rest));
      return `[${Object.entries(key)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`;
    }
    case 'v':
      return `[=${rest}]`;
    default:
      return `[${rest}]`;
  }
}

/** The path element of a list's item: by its keys, or by its value in a set. */
export function itemElement(list: ListStructure, item: unknown): string {
  if (list.listType === 'set') return `v:${sortedJson(item)}`;
  const key: Record<string, unknown> = {};
  for (const name of [...list.mapKeys].sort()) {
    const value = isObject(item) ? item[name] : undefined;
    const fallback = list.items.kind === 'object' ? list.items.fields.get(name)?.schema.default : undefined;
    if (value !== undefined || fallback !== undefined) key[name] = value ?? fallback;
  }
  return `k:${JSON.stringify(key)}`;
}

/** Every field that a value has: TypedValue.ToFieldSet. */
export function fieldsOf(structure: Structure | undefined, value: unknown): FieldSet | undefined {
  const children: Record<string, FieldSet> = {};
  if (structure !== undefined && isGranular(structure)) {
    if (structure.kind === 'list' && Array.isArray(value)) {
      for (const item of value) {
        const below = structure.listType === 'set' ? LEAF : fieldsOf(structure.items, item);
        children[itemElement(structure, item)] = union(LEAF, below) ?? LEAF;
      }
    } else if (isObject(value)) {
      for (const [name, each] of Object.entries(value)) {
        const below = fieldsOf(structureAt(structure, `f:${name}`), each);
        if (below !== undefined) children[`f:${name}`] = below;
      }
    }
  }
  return makeSet(Object.keys(children).length === 0, children);
}

/** Whether parts of a value can have different owners. */
export function isGranular(structure: Structure): boolean {
  if (structure.kind === 'list') return structure.listType !== 'atomic';
  return (structure.kind === 'object' || structure.kind === 'map') && !structure.isAtomic;
}
