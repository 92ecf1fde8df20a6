/**
 * One object for equal field sets, as the pods of a cluster are owned in the same few ways, and their ownership would
 * otherwise be a good part of the memory of a simulation.
 */
import type {FieldSet} from './field-set.ts';
import {SharedValues} from './shared-values.ts';

const sets = new SharedValues<FieldSet>();
/** What a set is called in the keys of those that contain it. Also tells which are shared already. */
const numbers = new WeakMap<FieldSet, number>();
let count = 0;

/** An equal set, with its elements in the same order: the very same object for all who ask. */
export function sharedFieldSet(set: FieldSet): FieldSet {
  if (numbers.has(set)) return set;
  const children: Record<string, FieldSet> = {};
  let key = '';
  for (const [element, child] of Object.entries(set)) {
    const shared = sharedFieldSet(child);
    children[element] = shared;
    key += `${numberOf(shared)} ${element.length} ${element}`;
  }
  return sets.get(key, () => {
    numbers.set(children, ++count);
    return children;
  });
}

/** Of a shared set; equal sets have the same. */
export function numberOf(set: FieldSet): number {
  return numbers.get(set) ?? 0;
}
