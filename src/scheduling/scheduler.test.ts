import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {withChanges} from '../cluster/snapshot.ts';
import {bestNodes, filterNode, filterNodes, scoreNodes} from './scheduler.ts';

const SELECTOR = {matchLabels: {app: 'web'}};
const APART = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {topologyKey: 'kubernetes.io/hostname', labelSelector: SELECTOR},
      ],
    },
  },
};

describe('filterNodes', () => {
  it('gives the first reason in the scheduler’s order for each node', () => {
    const cluster = clusterState({
      nodes: [
        node('cordoned', {unschedulable: true, taints: ['node.kubernetes.io/unschedulable:NoSchedule']}),
        node('free'),
        node('full', {allocatable: {cpu: '1'}}),
        node('taken'),
        node('tainted', {taints: ['dedicated:NoSchedule'], allocatable: {cpu: '1'}}),
      ],
      pods: [pod('web-1', {on: 'taken'})],
    });

    const {feasible, refusals} = filterNodes(pod('web-2', {requests: {cpu: '2'}, spec: APART}), cluster);

    expect(feasible.map((info) => info.node.name)).toEqual(['free']);
    expect(refusals.map(({node: name, plugin}) => [name, plugin])).toEqual([
      ['cordoned', 'NodeUnschedulable'],
      ['full', 'NodeResourcesFit'],
      ['tainted', 'TaintToleration'],
      ['taken', 'InterPodAffinity'],
    ]);
  });

  it('knows no rule of its own about nodes that are not Ready: taints speak for them', () => {
    const cluster = clusterState({nodes: [node('lost', {ready: 'Unknown'})]});

    expect(filterNodes(pod('web'), cluster).refusals).toEqual([]);
  });
});

describe('filterNode', () => {
  it('sees the node without the pod that is to leave it', () => {
    const victim = pod('web-1', {on: 'a'});
    const cluster = clusterState({nodes: [node('a')], pods: [victim]});
    const replacement = pod('web-2', {spec: APART});

    expect(filterNode(replacement, cluster, 'a')).toMatchObject({plugin: 'InterPodAffinity'});
    expect(filterNode(replacement, withChanges(cluster, {remove: [victim]}), 'a')).toBeUndefined();
  });

  it('names a node that it does not know', () => {
    expect(() => filterNode(pod('web'), clusterState({nodes: []}), 'gone')).toThrow(
      'Node gone: expected a node of the snapshot, found none of that name',
    );
  });
});

describe('scoreNodes', () => {
  const cluster = clusterState({
    nodes: [node('c'), node('b'), node('a'), node('soft', {taints: ['busy:PreferNoSchedule']})],
    pods: [pod('web-1', {on: 'a', requests: {cpu: '2'}})],
  });
  const newcomer = pod('web-2', {requests: {cpu: '1', memory: '1Gi'}});

  it('orders the nodes by the sum of the weighted parts, equal ones by name', () => {
    const scores = scoreNodes(newcomer, cluster, filterNodes(newcomer, cluster).feasible);

    expect(scores.map((score) => score.node)).toEqual(['b', 'c', 'a', 'soft']);
    for (const {total, parts} of scores) {
      expect(parts.reduce((sum, part) => sum + part.score, 0)).toBe(total);
    }
    expect(bestNodes(scores).map((score) => score.node)).toEqual(['b', 'c']);
  });

  it('does not score where there is no choice', () => {
    const info = cluster.nodeInfo('a');

    expect(scoreNodes(newcomer, cluster, info === undefined ? [] : [info])).toEqual([
      {node: 'a', total: 0, parts: []},
    ]);
    expect(bestNodes(scoreNodes(newcomer, cluster, []))).toEqual([]);
  });
});
