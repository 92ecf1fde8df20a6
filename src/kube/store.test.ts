import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {Store, type StoredObject} from './store.ts';

interface Change {
  readonly what: string;
  readonly object: StoredObject;
}

const pod = (name: string, uid = name, resourceVersion = '1'): StoredObject => ({
  namespace: 'shop',
  name,
  uid,
  resourceVersion,
});

function recording(store: Store<StoredObject>): Change[] {
  const changes: Change[] = [];
  store.subscribe({
    added: (object) => changes.push({what: 'added', object}),
    updated: (before, object) =>
      changes.push({what: `updated ${before.resourceVersion}→${object.resourceVersion}`, object}),
    deleted: (object) => changes.push({what: 'deleted', object}),
  });
  return changes;
}

const summary = (changes: readonly Change[]) => changes.map(({what, object}) => `${what} ${object.uid}`);

describe('Store', () => {
  it('tells what a new list changed, and nothing about the rest', () => {
    const store = new Store<StoredObject>();
    store.replace([pod('same'), pod('changed'), pod('gone'), pod('recreated', 'old')]);
    const changes = recording(store);

    store.replace([pod('same'), pod('changed', 'changed', '2'), pod('recreated', 'new'), pod('fresh')]);

    expect(summary(changes)).toEqual([
      'deleted gone',
      'updated 1→2 changed',
      'deleted old',
      'added new',
      'added fresh',
    ]);
    expect(store.size).toBe(4);
  });

  it('shows a list as a whole before the first handler is told', () => {
    const store = new Store<StoredObject>();
    const sizes: number[] = [];
    store.subscribe({added: () => sizes.push(store.size)});

    store.replace([pod('a'), pod('b'), pod('c')]);

    expect(sizes).toEqual([3, 3, 3]);
  });

  it('treats another uid under the same name as another object', () => {
    const store = new Store<StoredObject>();
    store.set(pod('web', 'first'));
    const changes = recording(store);

    store.set(pod('web', 'second', '2'));
    store.delete(pod('web', 'first', '3'));

    expect(summary(changes)).toEqual(['deleted first', 'added second']);
    expect(store.get('shop/web')?.uid).toBe('second');
  });

  it('stops telling who unsubscribed', () => {
    const store = new Store<StoredObject>();
    let told = 0;
    const unsubscribe = store.subscribe({added: () => told++});

    store.set(pod('a'));
    unsubscribe();
    store.set(pod('b'));

    expect(told).toBe(1);
  });

  it('lets a follower of its notifications arrive at the same objects', () => {
    const object = fc.record({
      namespace: fc.constantFrom('a', 'b'),
      name: fc.constantFrom('x', 'y', 'z'),
      uid: fc.constantFrom('1', '2'),
      resourceVersion: fc.constantFrom('1', '2', '3'),
    });
    const step = fc.oneof(
      fc.record({kind: fc.constant('set' as const), object}),
      fc.record({kind: fc.constant('delete' as const), object}),
      fc.record({kind: fc.constant('replace' as const), objects: fc.array(object, {maxLength: 6})}),
    );
    fc.assert(
      fc.property(fc.array(step, {maxLength: 30}), (steps) => {
        const store = new Store<StoredObject>();
        const follower = new Map<string, StoredObject>();
        store.subscribe({
          added: (added) => {
            expect(follower.has(added.namespace + added.uid + added.name)).toBe(false);
            follower.set(added.namespace + added.uid + added.name, added);
          },
          updated: (before, after) => {
            expect(before.uid).toBe(after.uid);
            expect(before.resourceVersion).not.toBe(after.resourceVersion);
            follower.set(after.namespace + after.uid + after.name, after);
          },
          deleted: (deleted) => {
            expect(follower.delete(deleted.namespace + deleted.uid + deleted.name)).toBe(true);
          },
        });

        for (const each of steps) {
          if (each.kind === 'set') store.set(each.object);
          else if (each.kind === 'delete') store.delete(each.object);
          else store.replace(each.objects);
        }

        const sorted = (objects: Iterable<StoredObject>) => [...objects].map((o) => JSON.stringify(o)).sort();
        expect(sorted(follower.values())).toEqual(sorted(store.values()));
      }),
    );
  });
});
