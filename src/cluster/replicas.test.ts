import {describe, expect, it} from '@jest/globals';
import {pod} from '../../test/scenarios/builders.ts';
import {READY_AT, replica, replicaSet, settled, workload} from '../../test/scenarios/workloads.ts';
import {
  currentReplicaSet,
  lastReadyAt,
  liveReplicas,
  rolloutInProgress,
  unavailable,
  unsettled,
  type WorkloadReplicas,
} from './replicas.ts';

const REST = settled({a: 2, b: 1});

describe('rolloutInProgress', () => {
  it('is over when every replica is of the current template', () => {
    expect(rolloutInProgress(REST)).toBeUndefined();
  });

  it.each<{what: string; replicas: WorkloadReplicas; message: RegExp}>([
    {
      what: 'a paused Deployment',
      replicas: settled({a: 1}, {spec: {paused: true}}),
      message: /is paused \(spec\.paused\)/,
    },
    {
      what: 'a spec that nobody has acted on',
      replicas: settled({a: 1}, {generation: 2, status: {observedGeneration: 1}}),
      message: /has not acted on the newest spec/,
    },
    {
      what: 'a rollout that is stuck',
      replicas: settled(
        {a: 1},
        {
          status: {
            conditions: [
              {
                type: 'Progressing',
                status: 'False',
                reason: 'ProgressDeadlineExceeded',
                message: 'timed out',
              },
            ],
          },
        },
      ),
      message: /is stuck: timed out/,
    },
    {
      what: 'no ReplicaSet of the current revision',
      replicas: {...REST, replicaSets: [replicaSet(REST.workload, {revision: '0'})]},
      message: /current ReplicaSet does not exist yet/,
    },
    {
      what: 'a replica of the old ReplicaSet',
      replicas: withOldReplica({on: 'c'}),
      message: /older template/,
    },
    {
      what: 'a status that counts fewer updated ones',
      replicas: settled({a: 2}, {status: {replicas: 2, updatedReplicas: 1, observedGeneration: 1}}),
      message: /does not report all replicas as updated/,
    },
  ])('goes on with $what', ({replicas, message}) => {
    const rollout = rolloutInProgress(replicas);

    expect(rollout?.reason).toBe('RolloutInProgress');
    expect(rollout?.message).toMatch(message);
  });

  it('does not go on for a replica of the old template that is terminating already', () => {
    expect(rolloutInProgress(withOldReplica({on: 'c', terminating: true}))).toBeUndefined();
  });

  it('does not go on for a Deployment of zero replicas that has no ReplicaSet', () => {
    expect(rolloutInProgress({workload: workload({replicas: 0}), replicaSets: [], pods: []})).toBeUndefined();
  });
});

describe('unavailable', () => {
  it.each<{what: string; replicas: WorkloadReplicas; message: string | undefined}>([
    {what: 'all there', replicas: REST, message: undefined},
    {
      what: 'one terminating',
      replicas: withPod({on: 'a', terminating: true}),
      message: 'web-x is terminating',
    },
    {what: 'one Pending', replicas: withPod({}), message: 'web-x is Pending'},
    {
      what: 'one that the scheduler cannot place',
      replicas: {
        ...REST,
        pods: [
          ...REST.pods,
          {
            ...pod('web-x'),
            unschedulable: {since: 0, message: '0/3 nodes are available: 3 Insufficient cpu.'},
          },
        ],
      },
      message: 'web-x is Pending: 0/3 nodes are available: 3 Insufficient cpu.',
    },
    {what: 'one not Ready', replicas: withPod({on: 'b', ready: false}), message: 'web-x on b is not Ready'},
    {
      what: 'two not Ready',
      replicas: {...REST, pods: REST.pods.map((each, index) => ({...each, ready: index === 0}))},
      message: 'web-2 on a and 1 more are not Ready',
    },
    {
      what: 'one missing',
      replicas: {...REST, pods: REST.pods.slice(1)},
      message: '2 of 3 replicas exist',
    },
    {
      what: 'one too many',
      replicas: withPod({on: 'c'}),
      message: '4 of 3 replicas exist',
    },
    {
      what: 'a scale-down that the Deployment controller has not counted yet',
      replicas: settled(
        {a: 3},
        {status: {replicas: 5, updatedReplicas: 5, availableReplicas: 5, observedGeneration: 1}},
      ),
      message: 'the Deployment still counts 5 replicas, and 3 are wanted',
    },
    {
      what: 'one Ready for less than minReadySeconds',
      replicas: settled({a: 3}, {status: {availableReplicas: 2, observedGeneration: 1}}),
      message: '2 of 3 replicas are available',
    },
  ])('with $what: $message', ({replicas, message}) => {
    expect(unavailable(replicas)?.message).toBe(message);
  });
});

describe('unsettled', () => {
  it('gives the rollout as the reason before what it causes', () => {
    const replicas = {...withOldReplica({on: 'c', ready: false})};

    expect(unsettled(replicas)?.reason).toBe('RolloutInProgress');
    expect(unsettled(withPod({on: 'c', ready: false}))?.reason).toBe('NotAvailable');
    expect(unsettled(REST)).toBeUndefined();
  });
});

describe('currentReplicaSet', () => {
  it('is that of the Deployment’s revision, and unknown while the Deployment controller is behind', () => {
    const old = replicaSet(REST.workload, {revision: '0'});
    const [current] = REST.replicaSets;

    expect(currentReplicaSet({...REST, replicaSets: [old, ...REST.replicaSets]})).toBe(current);
    expect(
      currentReplicaSet(settled({a: 1}, {generation: 2, status: {observedGeneration: 1}})),
    ).toBeUndefined();
  });
});

describe('lastReadyAt', () => {
  it('is when the youngest readiness began', () => {
    const later = replica(
      'web-4',
      {workload: REST.workload, replicaSet: replicaSet(REST.workload)},
      {on: 'c', createdAt: '2026-01-01T00:00:09Z'},
    );

    expect(lastReadyAt(REST)).toBe(READY_AT);
    expect(lastReadyAt({...REST, pods: [later, ...REST.pods]})).toBe(READY_AT + 9000);
    expect(lastReadyAt({...REST, pods: []})).toBe(0);
  });
});

describe('liveReplicas', () => {
  it('leaves out the finished ones, not the terminating ones', () => {
    const pods = [
      pod('evicted', {on: 'a', phase: 'Failed'}),
      pod('done', {on: 'a', phase: 'Succeeded'}),
      pod('leaving', {on: 'a', terminating: true}),
      pod('waiting'),
    ];

    expect(liveReplicas(pods).map(({name}) => name)).toEqual(['leaving', 'waiting']);
  });
});

function withOldReplica(options: Parameters<typeof replica>[2]): WorkloadReplicas {
  const old = replicaSet(REST.workload, {revision: '0'});
  return {
    ...REST,
    replicaSets: [old, ...REST.replicaSets],
    pods: [...REST.pods, replica('web-old', {workload: REST.workload, replicaSet: old}, options)],
  };
}

function withPod(options: Parameters<typeof replica>[2]): WorkloadReplicas {
  const [current = replicaSet(REST.workload)] = REST.replicaSets;
  return {
    ...REST,
    pods: [...REST.pods, replica('web-x', {workload: REST.workload, replicaSet: current}, options)],
  };
}
