/**
 * One object for equal field sets: the ten thousand pods of a simulation are owned in the same few ways, and their
 * ownership would otherwise be a good part of its memory.
 */
import type {FieldSet} from './field-set.ts';

/** Sets that nobody has asked for since so many new ones came are forgotten, so that a long run does not grow. */
const GENERATION = 2_000;

let recent = new Map<string, FieldSet>();
let older = new Map<string, FieldSet>();
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
    key += `${numbers.get(shared)} ${element.length} ${element}`;
  }
  const known = recent.get(key) ?? older.get(key);
  if (known === undefined) numbers.set(children, ++count);
  const shared = known ?? children;
  recent.set(key, shared);
  if (recent.size > GENERATION) {
    older = recent;
    recent = new Map();
  }
  return shared;
}
