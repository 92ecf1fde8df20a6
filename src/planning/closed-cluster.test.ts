import {describe, expect, it} from '@jest/globals';
import {node} from '../../test/scenarios/builders.ts';
import {closedCluster, closedClusterOf} from './closed-cluster.ts';

describe('closedCluster', () => {
  it('says why each node takes no pods', () => {
    const nodes = [
      node('a', {ready: 'Unknown'}),
      node('b', {ready: 'False'}),
      node('c', {unschedulable: true}),
      node('d', {unschedulable: true, ready: 'Unknown'}),
    ];

    expect(closedCluster(nodes)).toBe(
      'no node takes pods (not Ready: a, b; cordoned: c; cordoned and not Ready: d)',
    );
  });

  it('is nothing to tell while one node takes pods', () => {
    expect(closedCluster([node('a', {ready: 'Unknown'}), node('b')])).toBeUndefined();
  });

  it('says that there is no node', () => {
    expect(closedCluster([])).toBe('there is no node');
  });
});

describe('closedClusterOf', () => {
  it('does not call a cluster closed whose nodes only this pod may not use', () => {
    const closed = {node: 'a', cause: 'NotReady', message: 'not Ready'} as const;
    const tainted = {node: 'b', cause: 'Taint', message: 'taint gpu:NoSchedule not tolerated'} as const;

    expect(closedClusterOf({eligibleNodes: 0, ineligible: [closed]})).toBe(
      'no node takes pods (not Ready: a)',
    );
    expect(closedClusterOf({eligibleNodes: 0, ineligible: [closed, tainted]})).toBeUndefined();
    expect(closedClusterOf({eligibleNodes: 1, ineligible: [closed]})).toBeUndefined();
  });
});
