import {describe, expect, it} from '@jest/globals';
import {type LabelSelector, matchesSelector, withLabelKeys} from './label-selector.ts';

const WEB = {app: 'web', tier: 'front'};

describe('matchesSelector', () => {
  it.each<{what: string; selector: LabelSelector | undefined; matches: boolean}>([
    {what: 'no selector', selector: undefined, matches: false},
    {what: 'an empty selector', selector: {}, matches: true},
    {what: 'all of matchLabels', selector: {matchLabels: WEB}, matches: true},
    {what: 'a part of matchLabels only', selector: {matchLabels: {app: 'web', tier: 'back'}}, matches: false},
    {what: 'In one of the values', selector: expression('app', 'In', ['db', 'web']), matches: true},
    {what: 'In other values', selector: expression('app', 'In', ['db']), matches: false},
    {what: 'In, without the key', selector: expression('zone', 'In', ['a']), matches: false},
    {what: 'NotIn other values', selector: expression('app', 'NotIn', ['db']), matches: true},
    {what: 'NotIn the value', selector: expression('app', 'NotIn', ['web']), matches: false},
    {what: 'NotIn, without the key', selector: expression('zone', 'NotIn', ['a']), matches: true},
    {what: 'Exists', selector: expression('app', 'Exists'), matches: true},
    {what: 'Exists, without the key', selector: expression('zone', 'Exists'), matches: false},
    {what: 'DoesNotExist', selector: expression('zone', 'DoesNotExist'), matches: true},
    {what: 'DoesNotExist, with the key', selector: expression('app', 'DoesNotExist'), matches: false},
    {
      what: 'an operator of a newer API',
      selector: expression('app', 'Near' as 'In', ['web']),
      matches: false,
    },
    {
      what: 'matchLabels that hold and an expression that does not',
      selector: {matchLabels: {app: 'web'}, ...expression('tier', 'NotIn', ['front'])},
      matches: false,
    },
  ])('$what: $matches', ({selector, matches}) => {
    expect(matchesSelector(selector, WEB)).toBe(matches);
  });
});

describe('withLabelKeys', () => {
  const selector = {matchLabels: {app: 'web'}};

  it('narrows the selector to the values of the keys, as the API server does on creation', () => {
    const merged = withLabelKeys(
      selector,
      {...WEB, 'pod-template-hash': 'x1'},
      ['pod-template-hash'],
      ['tier'],
    );

    expect(merged).toEqual({
      matchLabels: {app: 'web'},
      matchExpressions: [
        {key: 'pod-template-hash', operator: 'In', values: ['x1']},
        {key: 'tier', operator: 'NotIn', values: ['front']},
      ],
    });
  });

  it('leaves out keys that the pod does not have', () => {
    expect(withLabelKeys(selector, WEB, ['pod-template-hash'], ['zone'])).toBe(selector);
  });

  it('makes no selector out of none: that would match, where none matches nothing', () => {
    expect(withLabelKeys(undefined, WEB, ['app'])).toBeUndefined();
  });
});

function expression(
  key: string,
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
  values?: string[],
): LabelSelector {
  return {matchExpressions: [{key, operator, ...(values === undefined ? {} : {values})}]};
}
