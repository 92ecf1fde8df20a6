import {describe, expect, it} from '@jest/globals';
import type {ApiObject} from '../cluster-api.ts';
import {StatusError} from './status-error.ts';
import {ObjectStore} from './store.ts';

function put(store: ObjectStore, name: string, namespace = 'default'): void {
  store.put('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: name,
      resourceVersion: String(store.nextRevision),
      creationTimestamp: '',
    },
  });
}

const namesOf = (objects: readonly ApiObject[]) => objects.map(({metadata}) => metadata.name);

describe('ObjectStore', () => {
  it('lists by namespace and name, whatever the order of creation', () => {
    const store = new ObjectStore();
    for (const [name, namespace] of [
      ['b', 'one'],
      ['a', 'two'],
      ['c', 'one'],
      ['a', 'one'],
    ] as const) {
      put(store, name, namespace);
    }

    const all = store.list('pods').map(({metadata}) => `${metadata.namespace}/${metadata.name}`);

    expect(all).toEqual(['one/a', 'one/b', 'one/c', 'two/a']);
    expect(namesOf(store.list('pods', 'one'))).toEqual(['a', 'b', 'c']);
  });

  it('gives the list of an earlier revision', () => {
    const store = new ObjectStore();
    put(store, 'a');
    put(store, 'b');
    const then = store.revision;
    put(store, 'c');
    const [a] = store.list('pods');
    if (a !== undefined) store.remove('pods', a);

    const before = namesOf(store.listAt('pods', undefined, then));

    expect(before).toEqual(['a', 'b']);
    expect(namesOf(store.list('pods'))).toEqual(['b', 'c']);
  });

  it('answers 410 for what is compacted', () => {
    const store = new ObjectStore({historyLimit: 4});
    const start = store.revision;
    for (let index = 0; index < 12; index++) put(store, `pod-${index}`);

    const since = () => store.changesSince('pods', start);

    expect(since).toThrow(StatusError);
    expect(since).toThrow(/^too old resource version: 1 /);
  });

  it('delivers what a listener changes after the change that it reacts to', () => {
    const store = new ObjectStore();
    const seen: string[] = [];
    store.onChange(({object}) => {
      if (object.metadata.name === 'first') put(store, 'second');
    });
    store.onChange(({object}) => seen.push(object.metadata.name));

    put(store, 'first');

    expect(seen).toEqual(['first', 'second']);
  });
});
