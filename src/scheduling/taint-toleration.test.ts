import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {feasibleNames, scoresOf, verdicts} from '../../test/scenarios/verdicts.ts';
import type {Toleration} from '../cluster/pod-spec.ts';
import {taintToleration, taintTolerationScore} from './taint-toleration.ts';

describe('TaintToleration', () => {
  const tolerating = (...tolerations: Toleration[]) => pod('web', {spec: {tolerations}});

  it.each<[string, Toleration | undefined, string, boolean]>([
    ['no toleration', undefined, 'dedicated=db:NoSchedule', false],
    [
      'the equal value',
      {key: 'dedicated', value: 'db', effect: 'NoSchedule'},
      'dedicated=db:NoSchedule',
      true,
    ],
    [
      'another value',
      {key: 'dedicated', value: 'web', effect: 'NoSchedule'},
      'dedicated=db:NoSchedule',
      false,
    ],
    ['another key', {key: 'gpu', operator: 'Exists'}, 'dedicated=db:NoSchedule', false],
    [
      'another effect',
      {key: 'dedicated', operator: 'Exists', effect: 'NoExecute'},
      'dedicated=db:NoSchedule',
      false,
    ],
    ['the key alone', {key: 'dedicated', operator: 'Exists'}, 'dedicated=db:NoExecute', true],
    ['everything', {operator: 'Exists'}, 'dedicated=db:NoExecute', true],
    [
      'an absent value equals an absent value',
      {key: 'dedicated', operator: 'Equal'},
      'dedicated:NoSchedule',
      true,
    ],
    [
      'an absent value is not any value',
      {key: 'dedicated', operator: 'Equal'},
      'dedicated=db:NoSchedule',
      false,
    ],
    ['PreferNoSchedule never refuses', undefined, 'dedicated=db:PreferNoSchedule', true],
    [
      'Gt is behind a gate that is off',
      {key: 'rank', operator: 'Gt', value: '1'},
      'rank=5:NoSchedule',
      false,
    ],
    [
      'Lt is behind a gate that is off',
      {key: 'rank', operator: 'Lt', value: '9'},
      'rank=5:NoSchedule',
      false,
    ],
  ])('%s', (_situation, toleration, taint, fits) => {
    const cluster = clusterState({nodes: [node('tainted', {taints: [taint]})]});
    const newcomer = toleration === undefined ? pod('web') : tolerating(toleration);

    const result = verdicts(taintToleration, newcomer, cluster);

    expect(result).toEqual({tainted: fits ? 'fits' : 'node(s) had untolerated taint(s)'});
  });

  it('asks for every hard taint of a node to be tolerated', () => {
    const cluster = clusterState({
      nodes: [
        node('one', {taints: ['a:NoSchedule']}),
        node('both', {taints: ['a:NoSchedule', 'b:NoExecute']}),
      ],
    });

    expect(feasibleNames(taintToleration, tolerating({key: 'a', operator: 'Exists'}), cluster)).toEqual([
      'one',
    ]);
  });

  it('prefers nodes with fewer soft taints that are not tolerated', () => {
    const cluster = clusterState({
      nodes: [
        node('none'),
        node('tolerated', {taints: ['a:PreferNoSchedule', 'hard:NoSchedule']}),
        node('one', {taints: ['b:PreferNoSchedule']}),
        node('three', {taints: ['b:PreferNoSchedule', 'c:PreferNoSchedule', 'd:PreferNoSchedule']}),
      ],
    });

    const scores = scoresOf(taintTolerationScore, tolerating({key: 'a', operator: 'Exists'}), cluster);

    expect(scores).toEqual({none: 100, tolerated: 100, one: 67, three: 0});
  });
});
