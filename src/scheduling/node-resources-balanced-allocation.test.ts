import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {scoresOf} from '../../test/scenarios/verdicts.ts';
import {nodeResourcesBalancedAllocation} from './node-resources-balanced-allocation.ts';

describe('NodeResourcesBalancedAllocation', () => {
  const allocatable = {cpu: '10', memory: '1000'};

  it('favours the node that the pod brings into balance', () => {
    const cluster = clusterState({
      nodes: [
        node('empty', {allocatable}),
        node('cpu-heavy', {allocatable}),
        node('memory-heavy', {allocatable}),
        node('without-memory', {allocatable: {cpu: '10', memory: '0'}}),
      ],
      pods: [
        pod('1', {on: 'cpu-heavy', requests: {cpu: '4'}}),
        pod('2', {on: 'memory-heavy', requests: {memory: '400'}}),
      ],
    });

    const scores = scoresOf(
      nodeResourcesBalancedAllocation,
      pod('newcomer', {requests: {cpu: '1', memory: '500'}}),
      cluster,
    );

    // empty: (50+80-100)/2 = 15; cpu-heavy: 100 against 80; memory-heavy: 60 against 80; without-memory: no change.
    expect(scores).toEqual({empty: 65, 'cpu-heavy': 85, 'memory-heavy': 65, 'without-memory': 75});
  });

  it('does not score a pod that asks for nothing, or all such pods would go to one node', () => {
    const cluster = clusterState({nodes: [node('a'), node('b')]});

    expect(scoresOf(nodeResourcesBalancedAllocation, pod('newcomer'), cluster)).toEqual({});
  });
});
