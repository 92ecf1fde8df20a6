import {describe, expect, it} from '@jest/globals';
import {type ApiNode, parseTime, toNode} from './node.ts';

const METADATA = {
  name: 'worker-1',
  uid: 'uid-1',
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T00:00:00Z',
};

describe('toNode', () => {
  it('keeps what placement reads', () => {
    const node = toNode({
      metadata: {
        ...METADATA,
        labels: {'topology.kubernetes.io/zone': 'a'},
        annotations: {noise: 'x'.repeat(9)},
      },
      spec: {unschedulable: true, taints: [{key: 'dedicated', value: 'db', effect: 'NoSchedule'}]},
      status: {
        allocatable: {cpu: '3920m', memory: '15Gi', pods: '58', 'nvidia.com/gpu': '1'},
        conditions: [
          {type: 'DiskPressure', status: 'False', lastTransitionTime: '2026-01-01T09:00:00Z'},
          {type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:01:00Z'},
        ],
        images: [{names: ['web@sha256:1', 'web:v1'], sizeBytes: 5000}, {names: ['none:v1']}, {}],
        declaredFeatures: ['RestartAllContainersOnContainerExits'],
      },
    });

    expect(node).toEqual({
      name: 'worker-1',
      uid: 'uid-1',
      resourceVersion: '7',
      labels: {'topology.kubernetes.io/zone': 'a'},
      taints: [{key: 'dedicated', value: 'db', effect: 'NoSchedule'}],
      unschedulable: true,
      ready: 'True',
      readyChangedAt: Date.UTC(2026, 0, 1, 0, 1),
      createdAt: Date.UTC(2026, 0, 1),
      allocatable: {milliCPU: 3920, memory: 15 * 2 ** 30, ephemeralStorage: 0, scalar: {'nvidia.com/gpu': 1}},
      allocatablePods: 58,
      images: {names: ['web@sha256:1', 'web:v1', 'none:v1'], sizes: [5000, 5000, 0]},
      declaredFeatures: ['RestartAllContainersOnContainerExits'],
    });
  });

  it.each<{what: string; status: ApiNode['status']; ready: string}>([
    {what: 'that has not reported yet', status: {}, ready: 'Unknown'},
    {
      what: 'whose kubelet is lost',
      status: {conditions: [{type: 'Ready', status: 'Unknown'}]},
      ready: 'Unknown',
    },
    {what: 'that says so', status: {conditions: [{type: 'Ready', status: 'False'}]}, ready: 'False'},
  ])('takes the readiness of a node $what as $ready since its creation', ({status, ready}) => {
    const node = toNode({metadata: METADATA, ...(status === undefined ? {} : {status})});

    expect(node).toMatchObject({ready, readyChangedAt: Date.UTC(2026, 0, 1), allocatablePods: 0});
  });
});

describe('parseTime', () => {
  it('reads RFC 3339, with and without fractions', () => {
    expect(parseTime('2026-01-01T00:00:01Z')).toBe(Date.UTC(2026, 0, 1, 0, 0, 1));
    expect(parseTime('2026-01-01T00:00:01.500000Z')).toBe(Date.UTC(2026, 0, 1, 0, 0, 1, 500));
    expect(parseTime(undefined)).toBeUndefined();
  });
});
