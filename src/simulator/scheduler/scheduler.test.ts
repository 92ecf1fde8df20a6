import {describe, expect, it} from '@jest/globals';
import {ManualClock} from '../../kube/testing/manual-clock.ts';
import {DEFAULT_PARAMETERS} from '../parameters.ts';
import {Simulation} from '../testing/simulation.ts';
import {SchedulingQueue} from './scheduling-queue.ts';

describe('Scheduler', () => {
  it('says why no node takes a pod, in the words of the real one', () => {
    const cluster = new Simulation({cpu: '1'}).deployment('web', {replicas: 1, requests: {cpu: '2'}});
    cluster.cordon('node-3');

    cluster.seconds(5);

    const [pod] = cluster.podsOf('web');
    expect(pod?.status?.conditions).toEqual([
      expect.objectContaining({
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message:
          '0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. no new claims to deallocate, ' +
          'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
      }),
    ]);
    expect(cluster.eventReasons('Pod')).toEqual(['FailedScheduling']);
  });

  it('tries again at once when something changes that may help', () => {
    const cluster = new Simulation({cpu: '1'})
      .deployment('web', {replicas: 1, requests: {cpu: '2'}})
      .seconds(60);

    cluster.addNodes([{cpu: '4'}]);
    cluster.seconds(3);

    expect(cluster.readyPods('web')).toHaveLength(1);
  });

  it('places important pods first', () => {
    const cluster = new Simulation({nodes: 1, cpu: '4'});
    cluster.api.create(
      'priorityclasses.scheduling.k8s.io',
      {metadata: {name: 'important'}, value: 1000},
      'kubectl',
    );
    cluster
      .deployment('blocker', {replicas: 1, requests: {cpu: '3'}})
      .seconds(5)
      .deployment('web', {replicas: 1, requests: {cpu: '3'}})
      .seconds(1)
      .deployment('database', {replicas: 1, requests: {cpu: '3'}, podSpec: {priorityClassName: 'important'}})
      .seconds(20);

    cluster.scale('blocker', 0).seconds(5);

    expect(cluster.placement('database')).toEqual({'node-1': 1});
    expect(cluster.placement('web')).toEqual({'': 1});
  });

  it('counts what a pod holds while it is resized, whatever its spec asks for', () => {
    const cluster = new Simulation({nodes: 1, cpu: '4'})
      .deployment('web', {replicas: 1, requests: {cpu: '1'}})
      .seconds(5);
    const [pod] = cluster.podsOf('web');
    const resources = {requests: {cpu: '3500m'}};
    cluster.api.update(
      'pods',
      'default',
      pod?.metadata.name ?? '',
      (current) => ({...current, status: {...pod?.status, containerStatuses: [{name: 'main', resources}]}}),
      {actor: 'kubelet', subresource: 'status'},
    );

    cluster.deployment('other', {replicas: 1, requests: {cpu: '1'}}).seconds(5);

    expect(cluster.placement('other')).toEqual({'': 1});
  });

  it('leaves the pods of other schedulers and gated ones alone', () => {
    const cluster = new Simulation()
      .deployment('other', {replicas: 1, podSpec: {schedulerName: 'mine'}})
      .deployment('gated', {replicas: 1, podSpec: {schedulingGates: [{name: 'example.com/wait'}]}})
      .seconds(10);

    expect(cluster.placement('other')).toEqual({'': 1});
    expect(cluster.placement('gated')).toEqual({'': 1});
  });

  it('chooses among equal nodes by its seed', () => {
    const firstNodes = (seed: number) =>
      new Simulation({nodes: 20, seed}).deployment('web', {replicas: 1}).seconds(5).placement('web');

    expect(firstNodes(1)).toEqual(firstNodes(1));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => Object.keys(firstNodes(seed))[0])).size).toBeGreaterThan(1);
  });
});

describe('SchedulingQueue', () => {
  const queueOf = (clock: ManualClock) => new SchedulingQueue(clock, DEFAULT_PARAMETERS);
  const pod = (name: string, priority = 0) => ({uid: name, namespace: 'default', name, priority});

  it('gives the most important pod first, and of equal ones the oldest', () => {
    const queue = queueOf(new ManualClock());
    for (const each of [pod('a'), pod('b', 10), pod('c')]) {
      queue.add(each);
    }

    expect([queue.pop(), queue.pop(), queue.pop(), queue.pop()].map((each) => each?.name)).toEqual([
      'b',
      'a',
      'c',
      undefined,
    ]);
  });

  it('keeps an unschedulable pod until an event may help it', () => {
    const queue = queueOf(new ManualClock());
    queue.add(pod('a'));
    const popped = queue.pop();
    if (popped !== undefined) {
      queue.addUnschedulable(popped, new Set(['NodeResourcesFit']));
    }

    queue.moveFor('NodeLabels');
    const afterLabels = queue.hasNext;
    queue.moveFor('AssignedPodDeleted');

    expect(afterLabels).toBe(false);
    expect(queue.pop()?.name).toBe('a');
  });

  it('backs off behind pods that are not backing off', async () => {
    const clock = new ManualClock();
    const queue = queueOf(clock);
    queue.add(pod('failed'));
    const popped = queue.pop();
    if (popped !== undefined) {
      queue.addUnschedulable(popped, new Set(['NodeResourcesFit']));
    }
    queue.moveFor('NodeAdded');
    queue.add(pod('fresh'));

    const first = queue.pop()?.name;
    await clock.advance(1_000);

    expect(first).toBe('fresh');
    expect(queue.pop()?.name).toBe('failed');
  });

  it('tries everything again after five minutes', async () => {
    const clock = new ManualClock();
    const queue = queueOf(clock);
    queue.add(pod('a'));
    const popped = queue.pop();
    if (popped !== undefined) {
      queue.addUnschedulable(popped, new Set(['NodeAffinity']));
    }

    const next = queue.flush();
    await clock.advance(300_001);
    queue.flush();

    expect((next ?? 0) - clock.now()).toBe(0);
    expect(queue.hasNext).toBe(true);
  });
});
