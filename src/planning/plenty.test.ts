import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {haveRoomForAll} from './plenty.ts';

const snapshot = clusterState({
  nodes: [node('a'), node('b', {allocatable: {cpu: '4', pods: '5', 'example.com/gpu': '1'}})],
  pods: [pod('there', {on: 'b', requests: {cpu: '1'}})],
});

describe('haveRoomForAll', () => {
  it.each([
    {requests: {cpu: '1'}, replicas: 3, expected: true},
    {requests: {cpu: '1'}, replicas: 4, expected: false},
    {requests: {}, replicas: 4, expected: true},
    {requests: {}, replicas: 5, expected: false},
    {requests: {memory: '5Gi'}, replicas: 3, expected: true},
    {requests: {memory: '6Gi'}, replicas: 3, expected: false},
    {requests: {'example.com/gpu': '1'}, replicas: 1, expected: true},
    {requests: {'example.com/gpu': '1'}, replicas: 2, expected: false},
  ])('$replicas replicas of $requests: $expected', ({requests, replicas, expected}) => {
    const {spec} = pod('web', {requests});

    expect(haveRoomForAll(snapshot, ['b'], [{spec, replicas}])).toBe(expected);
  });

  it('counts all demands together, on each of the nodes', () => {
    const {spec} = pod('web', {requests: {cpu: '1'}});

    expect(
      haveRoomForAll(
        snapshot,
        ['a', 'b'],
        [
          {spec, replicas: 1},
          {spec, replicas: 2},
        ],
      ),
    ).toBe(true);
    expect(
      haveRoomForAll(
        snapshot,
        ['a', 'b'],
        [
          {spec, replicas: 2},
          {spec, replicas: 2},
        ],
      ),
    ).toBe(false);
  });

  it('knows nothing of ports', () => {
    const {spec} = pod('web', {
      spec: {containers: [{name: 'main', ports: [{containerPort: 80, hostPort: 80}]}]},
    });

    expect(haveRoomForAll(snapshot, ['a'], [{spec, replicas: 1}])).toBe(false);
  });
});
