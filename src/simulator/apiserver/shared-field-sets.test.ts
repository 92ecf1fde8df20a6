import {describe, expect, it} from '@jest/globals';
import {sharedFieldSet} from './shared-field-sets.ts';

describe('sharedFieldSet', () => {
  it('gives equal sets, and equal parts of different ones, as one object', () => {
    const one = sharedFieldSet({'f:spec': {'f:replicas': {}}, 'f:metadata': {}});
    const same = sharedFieldSet({'f:spec': {'f:replicas': {}}, 'f:metadata': {}});
    const other = sharedFieldSet({'f:spec': {'f:replicas': {}}});

    expect(same).toBe(one);
    expect(other).not.toBe(one);
    expect(other['f:spec']).toBe(one['f:spec']);
  });

  it('keeps the order of the elements', () => {
    const sets = [sharedFieldSet({'f:a': {}, 'f:b': {}}), sharedFieldSet({'f:b': {}, 'f:a': {}})];

    expect(sets.map((set) => JSON.stringify(set))).toEqual(['{"f:a":{},"f:b":{}}', '{"f:b":{},"f:a":{}}']);
  });

  it('tells sets apart whose elements look alike in a row', () => {
    const leaf = sharedFieldSet({});
    const one = sharedFieldSet({'f:a': leaf, 'f:b': leaf});
    const other = sharedFieldSet({'f:a1 3 f:b': leaf});

    expect(Object.keys(one)).toEqual(['f:a', 'f:b']);
    expect(Object.keys(other)).toEqual(['f:a1 3 f:b']);
  });
});
