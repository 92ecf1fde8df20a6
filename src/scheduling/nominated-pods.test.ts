import {describe, expect, it} from '@jest/globals';
import {apiPod, clusterState, node, type PodOptions, pod} from '../../test/scenarios/builders.ts';
import {type Pod, toPod} from '../cluster/pod.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import {filterNodes} from './scheduler.ts';

const HOST = 'kubernetes.io/hostname';
const SELECTOR = {matchLabels: {app: 'web'}};

/** A pod that waits for room that is being made on a node. */
function nominee(on: string, options: PodOptions = {}): Pod {
  const raw = apiPod(`nominee-${on}`, options);
  return toPod({...raw, status: {...raw.status, nominatedNodeName: on}});
}

function feasible(newcomer: Pod, nominees: Pod[], pods: Pod[] = []): string[] {
  const cluster = clusterState({nodes: [node('a'), node('b')], pods: [...pods, ...nominees]});
  return filterNodes(newcomer, cluster).feasible.map((info) => info.node.name);
}

const apart = (kind: 'podAffinity' | 'podAntiAffinity'): ApiPodSpec => ({
  affinity: {
    [kind]: {
      requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: HOST, labelSelector: SELECTOR}],
    },
  },
});

describe('a pod that a node is promised to', () => {
  it.each<{what: string; priority: number; nodes: string[]}>([
    {what: 'is more important', priority: 10, nodes: ['b']},
    {what: 'is as important', priority: 0, nodes: ['b']},
    {what: 'is less important', priority: -10, nodes: ['a', 'b']},
  ])('takes room from the newcomer when it $what', ({priority, nodes}) => {
    const promised = nominee('a', {requests: {cpu: '3'}, spec: {priority}});

    expect(feasible(pod('web', {requests: {cpu: '2'}}), [promised])).toEqual(nodes);
  });

  it('does not stand in its own way', () => {
    const promised = nominee('a', {requests: {cpu: '3'}});

    expect(feasible(promised, [promised])).toEqual(['a', 'b']);
  });

  it('is another scheduler’s business when that is to place it', () => {
    const promised = nominee('a', {requests: {cpu: '3'}, spec: {schedulerName: 'other'}});

    expect(feasible(pod('web', {requests: {cpu: '2'}}), [promised])).toEqual(['a', 'b']);
  });

  it('keeps a newcomer away that wants to be apart from its kind', () => {
    expect(feasible(pod('web', {spec: apart('podAntiAffinity')}), [nominee('a')])).toEqual(['b']);
  });

  it('is no company for one that wants to be near its kind: it may never come', () => {
    const newcomer = pod('db', {labels: {app: 'db'}, spec: apart('podAffinity')});

    expect(feasible(newcomer, [nominee('a')])).toEqual([]);
  });

  it('counts for the spread', () => {
    const newcomer = pod('web', {
      spec: {
        topologySpreadConstraints: [
          {maxSkew: 1, topologyKey: HOST, whenUnsatisfiable: 'DoNotSchedule', labelSelector: SELECTOR},
        ],
      },
    });

    expect(feasible(newcomer, [nominee('a')])).toEqual(['b']);
  });
});

describe('ClusterState', () => {
  it('forgets a promise that is kept, broken or taken back', () => {
    const cluster = clusterState({nodes: [node('a'), node('b')]});
    const promised = nominee('a');
    const names = (on: string) => cluster.nominatedPods(on).map(({name}) => name);

    cluster.setPod(promised);
    expect(names('a')).toEqual([promised.name]);

    const moved = {...promised, nominatedNodeName: 'b'};
    cluster.setPod(moved, promised);
    expect([names('a'), names('b')]).toEqual([[], [promised.name]]);

    const bound = {...moved, nodeName: 'b'};
    cluster.setPod(bound, moved);
    expect([names('b'), cluster.nodeInfo('b')?.pods.length]).toEqual([[], 1]);

    cluster.deletePod(bound);
    cluster.setPod(promised);
    cluster.deletePod(promised);
    expect(names('a')).toEqual([]);
  });
});
