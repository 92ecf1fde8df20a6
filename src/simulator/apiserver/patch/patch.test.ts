import {describe, expect, it} from '@jest/globals';
import {builtInStructure} from '../structure.ts';
import {applyJsonPatch, applyMergePatch} from './json-patch.ts';
import {applyStrategicMergePatch} from './strategic-merge-patch.ts';

const podStructure = builtInStructure('io.k8s.api.core.v1.Pod');
const containers = (...names: string[]) => ({
  spec: {containers: names.map((name) => ({name, image: `${name}:1`}))},
});

describe('a JSON patch', () => {
  it.each<{title: string; patch: object[]; expected: object}>([
    {title: 'adds', patch: [{op: 'add', path: '/b', value: 2}], expected: {a: [1, 2], b: 2}},
    {title: 'appends', patch: [{op: 'add', path: '/a/-', value: 3}], expected: {a: [1, 2, 3]}},
    {title: 'inserts', patch: [{op: 'add', path: '/a/0', value: 0}], expected: {a: [0, 1, 2]}},
    {title: 'removes', patch: [{op: 'remove', path: '/a/0'}], expected: {a: [2]}},
    {title: 'replaces', patch: [{op: 'replace', path: '/a', value: {}}], expected: {a: {}}},
    {title: 'moves', patch: [{op: 'move', from: '/a', path: '/c~1d'}], expected: {'c/d': [1, 2]}},
    {title: 'tests', patch: [{op: 'test', path: '/a/1', value: 2}], expected: {a: [1, 2]}},
  ])('$title', ({patch, expected}) => {
    const patched = applyJsonPatch({a: [1, 2]}, patch);

    expect(patched).toEqual(expected);
  });

  it('fails as a whole', () => {
    const failing = () => applyJsonPatch({a: 1}, [{op: 'test', path: '/a', value: 2}]);

    expect(failing).toThrow('the server rejected our request due to an error in our request');
  });
});

it('a merge patch takes away what is null', () => {
  const patched = applyMergePatch({a: {b: 1, c: 2}, d: [1]}, {a: {b: null}, d: [2]});

  expect(patched).toEqual({a: {c: 2}, d: [2]});
});

describe('a strategic merge patch', () => {
  it('merges containers by name', () => {
    const patch = {spec: {containers: [{name: 'a', image: 'a:2'}]}};

    const patched = applyStrategicMergePatch(podStructure, containers('a', 'b'), patch);

    expect(patched).toEqual({
      spec: {
        containers: [
          {name: 'a', image: 'a:2'},
          {name: 'b', image: 'b:1'},
        ],
      },
    });
  });

  it('deletes a container', () => {
    const patch = {spec: {containers: [{name: 'a', $patch: 'delete'}]}};

    const patched = applyStrategicMergePatch(podStructure, containers('a', 'b'), patch);

    expect(patched).toEqual(containers('b'));
  });

  it('orders as it is told', () => {
    const patch = {
      spec: {'$setElementOrder/containers': [{name: 'b'}, {name: 'a'}], containers: [{name: 'a'}]},
    };

    const patched = applyStrategicMergePatch(podStructure, containers('a', 'b'), patch);

    expect(patched).toEqual(containers('b', 'a'));
  });

  it('replaces a list without a merge key', () => {
    const patch = {spec: {containers: [{name: 'a', command: ['x']}]}};
    const original = {spec: {containers: [{name: 'a', command: ['y', 'z']}]}};

    const patched = applyStrategicMergePatch(podStructure, original, patch);

    expect(patched).toEqual({spec: {containers: [{name: 'a', command: ['x']}]}});
  });
});
