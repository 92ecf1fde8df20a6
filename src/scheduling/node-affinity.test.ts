import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {feasibleNames, scoresOf, verdicts} from '../../test/scenarios/verdicts.ts';
import type {NodeSelectorRequirement, NodeSelectorTerm} from '../cluster/pod-spec.ts';
import {explainRefusals} from './explain-refusals.ts';
import {nodeAffinity, nodeAffinityScore} from './node-affinity.ts';
import {filterNodes} from './scheduler.ts';

const NOT_MATCHED = "node(s) didn't match Pod's node affinity/selector";

describe('NodeAffinity', () => {
  const cluster = clusterState({
    nodes: [
      node('ssd-3', {labels: {disk: 'ssd', rank: '3'}}),
      node('hdd-20', {labels: {disk: 'hdd', rank: '20'}}),
      node('bare', {labels: {rank: 'unknown'}}),
    ],
  });

  const requiring = (...nodeSelectorTerms: NodeSelectorTerm[]) =>
    pod('web', {
      spec: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms}}}},
    });
  const expressions = (...matchExpressions: NodeSelectorRequirement[]) => requiring({matchExpressions});

  it('asks for every label of the nodeSelector', () => {
    const newcomer = pod('web', {spec: {nodeSelector: {disk: 'ssd', rank: '3'}}});

    expect(verdicts(nodeAffinity, newcomer, cluster)).toEqual({
      'ssd-3': 'fits',
      'hdd-20': NOT_MATCHED,
      bare: NOT_MATCHED,
    });
  });

  it.each<[string, NodeSelectorRequirement, string[]]>([
    ['In', {key: 'disk', operator: 'In', values: ['ssd', 'nvme']}, ['ssd-3']],
    [
      'NotIn, which a node without the label meets',
      {key: 'disk', operator: 'NotIn', values: ['ssd']},
      ['bare', 'hdd-20'],
    ],
    ['Exists', {key: 'disk', operator: 'Exists'}, ['hdd-20', 'ssd-3']],
    ['DoesNotExist', {key: 'disk', operator: 'DoesNotExist'}, ['bare']],
    ['Gt, by number and not by text', {key: 'rank', operator: 'Gt', values: ['3']}, ['hdd-20']],
    ['Lt', {key: 'rank', operator: 'Lt', values: ['20']}, ['ssd-3']],
    ['Gt with a bound that is no number', {key: 'rank', operator: 'Gt', values: ['many']}, []],
    ['Gt with two bounds', {key: 'rank', operator: 'Gt', values: ['1', '2']}, []],
    ['In without values', {key: 'disk', operator: 'In', values: []}, []],
    ['NotIn with a value that no label can have', {key: 'disk', operator: 'NotIn', values: ['a b']}, []],
    ['Exists with values', {key: 'disk', operator: 'Exists', values: ['ssd']}, []],
  ])('operator %s', (_operator, requirement, expected) => {
    expect(feasibleNames(nodeAffinity, expressions(requirement), cluster)).toEqual(expected);
  });

  it('joins requirements with and, terms with or', () => {
    const newcomer = requiring(
      {
        matchExpressions: [
          {key: 'disk', operator: 'Exists'},
          {key: 'rank', operator: 'Gt', values: ['10']},
        ],
      },
      {matchExpressions: [{key: 'disk', operator: 'DoesNotExist'}]},
    );

    expect(feasibleNames(nodeAffinity, newcomer, cluster)).toEqual(['bare', 'hdd-20']);
  });

  it.each<[string, NodeSelectorTerm[]]>([
    ['no terms', []],
    ['an empty term', [{}]],
    ['a term with empty lists', [{matchExpressions: [], matchFields: []}]],
  ])('matches no node with %s', (_situation, terms) => {
    expect(feasibleNames(nodeAffinity, requiring(...terms), cluster)).toEqual([]);
  });

  it('asks for nodeSelector and affinity together', () => {
    const newcomer = pod('web', {
      spec: {
        nodeSelector: {disk: 'ssd'},
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{matchExpressions: [{key: 'rank', operator: 'Gt', values: ['10']}]}],
            },
          },
        },
      },
    });

    expect(feasibleNames(nodeAffinity, newcomer, cluster)).toEqual([]);
  });

  describe('by name', () => {
    const named = (...values: string[]): NodeSelectorTerm => ({
      matchFields: values.map((value) => ({key: 'metadata.name', operator: 'In', values: [value]})),
    });

    it('looks at the named nodes only', () => {
      expect(verdicts(nodeAffinity, requiring(named('bare'), named('gone')), cluster)).toEqual({
        bare: 'fits',
        'hdd-20': "node(s) didn't satisfy plugin(s) [NodeAffinity]",
        'ssd-3': "node(s) didn't satisfy plugin(s) [NodeAffinity]",
      });
    });

    it('looks at all nodes when one term leaves the name open', () => {
      const newcomer = requiring(named('bare'), {
        matchExpressions: [{key: 'disk', operator: 'In', values: ['ssd']}],
      });

      expect(verdicts(nodeAffinity, newcomer, cluster)).toEqual({
        bare: 'fits',
        'hdd-20': NOT_MATCHED,
        'ssd-3': 'fits',
      });
    });

    it('leaves out the nodes that NotIn names', () => {
      const newcomer = requiring({
        matchFields: [{key: 'metadata.name', operator: 'NotIn', values: ['bare']}],
      });

      expect(feasibleNames(nodeAffinity, newcomer, cluster)).toEqual(['hdd-20', 'ssd-3']);
    });

    it('refuses the pod as a whole when the names contradict each other', () => {
      const {refusals} = filterNodes(requiring(named('bare', 'ssd-3')), cluster);

      expect(explainRefusals(refusals)).toBe('0/3 nodes are available: pod affinity terms conflict.');
    });
  });

  it('prefers nodes by the weights of the terms that they match', () => {
    const newcomer = pod('web', {
      spec: {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {weight: 3, preference: {matchExpressions: [{key: 'disk', operator: 'Exists'}]}},
              {weight: 4, preference: {matchExpressions: [{key: 'disk', operator: 'In', values: ['ssd']}]}},
              {weight: 50, preference: {}},
            ],
          },
        },
      },
    });

    expect(scoresOf(nodeAffinityScore, newcomer, cluster)).toEqual({'ssd-3': 100, 'hdd-20': 42, bare: 0});
  });

  it('does not score a pod without preferences', () => {
    expect(scoresOf(nodeAffinityScore, pod('web'), cluster)).toEqual({});
  });
});
