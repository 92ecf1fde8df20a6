import {describe, expect, it} from '@jest/globals';
import {describeRefusals, explainRefusals, groupRefusals} from './explain-refusals.ts';
import type {Refusal} from './framework.ts';

const refusal = (node: string, ...reasons: string[]): Refusal => ({
  plugin: 'NodeResourcesFit',
  node,
  reasons,
  resolvable: true,
});

const REFUSALS = [
  refusal('e', 'Insufficient cpu', 'Insufficient memory'),
  refusal('d', 'Insufficient cpu'),
  refusal('c', 'Insufficient cpu'),
  refusal('b', 'Insufficient cpu'),
  refusal('a', 'node(s) were unschedulable'),
];

describe('explainRefusals', () => {
  it('says it as the scheduler does', () => {
    expect(explainRefusals(REFUSALS)).toBe(
      '0/5 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable, 4 Insufficient cpu.',
    );
  });

  it('counts no nodes for what is wrong with the pod', () => {
    const ofPod: Refusal = {...refusal('a', 'pod affinity terms conflict'), wholePod: true};

    expect(explainRefusals([ofPod, {...ofPod, node: 'b'}])).toBe(
      '0/2 nodes are available: pod affinity terms conflict.',
    );
  });
});

describe('groupRefusals', () => {
  it('names the nodes of each reason, the most frequent first', () => {
    expect(groupRefusals(REFUSALS).map(({reason, nodes}) => [reason, nodes.join(' ')])).toEqual([
      ['Insufficient cpu', 'b c d e'],
      ['Insufficient memory', 'e'],
      ['node(s) were unschedulable', 'a'],
    ]);
  });
});

describe('describeRefusals', () => {
  it('names a few nodes and counts the rest', () => {
    expect(describeRefusals(REFUSALS)).toBe(
      'Insufficient cpu (b, c, d and 1 more); Insufficient memory (e); node(s) were unschedulable (a)',
    );
  });
});
