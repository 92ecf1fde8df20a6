import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {scoresOf, verdicts} from '../../test/scenarios/verdicts.ts';
import {nodeResourcesFit, nodeResourcesFitScore} from './node-resources-fit.ts';
import {filterNode} from './scheduler.ts';

describe('NodeResourcesFit', () => {
  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['fits exactly', {cpu: '2', memory: '1Gi'}, {cpu: '2', memory: '15Gi'}, 'fits'],
    ['a thousandth of a core too much', {cpu: '2001m'}, {cpu: '2'}, 'Insufficient cpu'],
    ['a byte too much', {memory: '1'}, {memory: '16Gi'}, 'Insufficient memory'],
    ['both', {cpu: '3', memory: '9Gi'}, {cpu: '2', memory: '8Gi'}, 'Insufficient cpu, Insufficient memory'],
    ['asks for nothing on a full node', {}, {cpu: '4', memory: '16Gi'}, 'fits'],
    ['asks for what is left', {memory: '8Gi'}, {cpu: '5', memory: '8Gi'}, 'fits'],
    [
      'ephemeral storage',
      {'ephemeral-storage': '6Gi'},
      {'ephemeral-storage': '5Gi'},
      'Insufficient ephemeral-storage',
    ],
    [
      'an extended resource that is used up',
      {'example.com/gpu': '1'},
      {'example.com/gpu': '2'},
      'Insufficient example.com/gpu',
    ],
    ['an extended resource that is left', {'example.com/gpu': '1'}, {'example.com/gpu': '1'}, 'fits'],
    [
      'an extended resource that the node lacks',
      {'example.com/fpga': '1'},
      {},
      'Insufficient example.com/fpga',
    ],
    ['none of an extended resource that the node lacks', {'example.com/fpga': '0'}, {}, 'fits'],
    ['huge pages', {'hugepages-2Mi': '4Mi'}, {'hugepages-2Mi': '2Mi'}, 'Insufficient hugepages-2Mi'],
  ])('%s', (_situation, wanted, used, expected) => {
    const cluster = clusterState({
      nodes: [
        node('a', {
          allocatable: {'ephemeral-storage': '10Gi', 'example.com/gpu': '2', 'hugepages-2Mi': '4Mi'},
        }),
      ],
      pods: [pod('there', {on: 'a', requests: used})],
    });

    expect(verdicts(nodeResourcesFit, pod('newcomer', {requests: wanted}), cluster)).toEqual({a: expected});
  });

  it('counts pods, even those that ask for nothing, and terminating ones', () => {
    const cluster = clusterState({
      nodes: [node('a', {allocatable: {pods: '2'}})],
      pods: [
        pod('1', {on: 'a'}),
        pod('2', {on: 'a', terminating: true}),
        pod('3', {on: 'a', phase: 'Succeeded'}),
      ],
    });

    expect(verdicts(nodeResourcesFit, pod('newcomer'), cluster)).toEqual({a: 'Too many pods'});
  });

  it('counts the largest of init containers and containers, with sidecars and overhead', () => {
    const requesting = (cpu: string) => ({resources: {requests: {cpu}}});
    const spec = {
      initContainers: [{...requesting('1'), restartPolicy: 'Always'}, requesting('2500m')],
      containers: [requesting('1')],
      overhead: {cpu: '500m'},
    };
    const cluster = clusterState({nodes: [node('a'), node('b', {allocatable: {cpu: '3999m'}})]});

    expect(verdicts(nodeResourcesFit, pod('newcomer', {spec}), cluster)).toEqual({
      a: 'fits',
      b: 'Insufficient cpu',
    });
  });

  it.each([
    ['resolvable when the node is only full', '3', true],
    ['not resolvable when the node is too small', '5', false],
  ])('is %s', (_situation, cpu, resolvable) => {
    const cluster = clusterState({nodes: [node('a')], pods: [pod('there', {on: 'a', requests: {cpu: '2'}})]});

    expect(filterNode(pod('newcomer', {requests: {cpu}}), cluster, 'a')).toMatchObject({resolvable});
  });

  it('prefers the node with the most left', () => {
    const cluster = clusterState({
      nodes: [
        node('empty', {allocatable: {cpu: '4', memory: '10000'}}),
        node('used', {allocatable: {cpu: '4', memory: '10000'}}),
        node('over', {allocatable: {cpu: '4', memory: '10000'}}),
      ],
      pods: [
        pod('1', {on: 'used', requests: {cpu: '1', memory: '2500'}}),
        pod('2', {on: 'over', requests: {cpu: '3500m', memory: '2500'}}),
      ],
    });

    const scores = scoresOf(
      nodeResourcesFitScore,
      pod('newcomer', {requests: {cpu: '1', memory: '2500'}}),
      cluster,
    );

    // over: CPU counts 0, memory 50.
    expect(scores).toEqual({empty: 75, used: 50, over: 25});
  });

  it('scores a pod that asks for nothing as 100 milliCPU and 200 MiB', () => {
    const cluster = clusterState({
      nodes: [
        node('big', {allocatable: {cpu: '1', memory: '1000Mi'}}),
        node('small', {allocatable: {cpu: '200m', memory: '400Mi'}}),
      ],
    });

    expect(scoresOf(nodeResourcesFitScore, pod('newcomer'), cluster)).toEqual({big: 85, small: 50});
  });
});
