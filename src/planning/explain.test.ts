import {describe, expect, it} from '@jest/globals';
import {listNames, summariseIneligible} from './explain.ts';

describe('listNames', () => {
  it.each([
    {names: ['b', 'a'], text: 'a, b'},
    {names: ['5', '3', '1', '2', '4'], text: '1, 2, 3, 4, 5'},
    {names: ['6', '5', '3', '1', '2', '4', '7'], text: '1, 2, 3, 4, 5 and 2 more'},
    {names: [], text: ''},
  ])('$names reads "$text"', ({names, text}) => {
    expect(listNames(names)).toBe(text);
  });
});

describe('summariseIneligible', () => {
  it('groups by reason, the reason with the most nodes first', () => {
    const text = summariseIneligible([
      {node: 'd', cause: 'NotReady', message: 'not Ready'},
      {node: 'c', cause: 'Unschedulable', message: 'cordoned'},
      {node: 'b', cause: 'Unschedulable', message: 'cordoned'},
    ]);

    expect(text).toBe('cordoned: b, c; not Ready: d');
  });
});
