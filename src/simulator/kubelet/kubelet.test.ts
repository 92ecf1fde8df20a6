import {describe, expect, it} from '@jest/globals';
import {type ContainerStatus, conditionOf} from '../objects.ts';
import {Simulation} from '../testing/simulation.ts';
import {type BackOffEntry, nextStart} from './crash-back-off.ts';

describe('nextStart', () => {
  const limits = {initial: 10_000, max: 300_000, reset: 600_000};

  it('restarts at once, then after 10 s doubling up to 5 min', () => {
    const delays: number[] = [];
    let entry: BackOffEntry | undefined;
    let now = 0;

    for (let crash = 0; crash < 8; crash++) {
      const next = nextStart(entry, now, limits);
      delays.push(next.delay / 1000);
      ({entry} = next);
      now += next.delay + 1_000;
    }

    expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('begins anew after ten quiet minutes', () => {
    const entry = {duration: 300_000, since: 0};

    expect(nextStart(entry, 600_000, limits).delay).toBe(300_000);
    expect(nextStart(entry, 600_001, limits).delay).toBe(0);
  });
});

describe('kubelet', () => {
  const statusOf = (cluster: Simulation) =>
    (cluster.podsOf('web')[0]?.status?.containerStatuses?.[0] ?? {}) as ContainerStatus;

  it('starts a pod after its start time, and ends it after its stop time but within the grace period', () => {
    const cluster = new Simulation().deployment('web', {
      replicas: 1,
      podAnnotations: {
        'spread-operator.test/start-milliseconds': '4000',
        'spread-operator.test/stop-milliseconds': '60000',
      },
      podSpec: {terminationGracePeriodSeconds: 10},
    });
    cluster.advance(3_900);
    const early = cluster.readyPods('web').length;
    cluster.advance(200);
    const ready = cluster.readyPods('web').length;

    cluster.scale('web', 0);
    cluster.advance(9_900);
    const ending = cluster.pods('default').length;
    cluster.advance(200);

    expect([early, ready, ending, cluster.pods('default').length]).toEqual([0, 1, 1, 0]);
  });

  it('waits for the initial delay of the readiness probe', () => {
    const cluster = new Simulation().deployment('web', {
      replicas: 1,
      container: {readinessProbe: {tcpSocket: {port: 80}, initialDelaySeconds: 20}},
    });

    cluster.seconds(10);
    const [running] = cluster.podsOf('web');
    cluster.seconds(15);

    expect(running?.status?.phase).toBe('Running');
    expect(conditionOf(running?.status, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
    });
    expect(cluster.readyPods('web')).toHaveLength(1);
  });

  it('keeps a pod unready for as long as it is annotated so', () => {
    const cluster = new Simulation().deployment('web', {
      replicas: 1,
      podAnnotations: {'spread-operator.test/never-ready': 'true'},
    });
    cluster.seconds(10);
    const [pod] = cluster.podsOf('web');
    const annotated = cluster.readyPods('web').length;

    cluster.api.update(
      'pods',
      'default',
      pod?.metadata.name ?? '',
      (current) => ({...current, metadata: {...current.metadata, annotations: {}}}),
      {actor: 'kubectl'},
    );
    cluster.seconds(1);

    expect(pod?.status?.phase).toBe('Running');
    expect([annotated, cluster.readyPods('web').length]).toEqual([0, 1]);
  });

  it('backs off when a pod crashes again and again', () => {
    const cluster = new Simulation().deployment('web', {replicas: 1}).seconds(10);
    const name = cluster.podsOf('web')[0]?.metadata.name ?? '';
    cluster.crashPod('default', name);
    cluster.seconds(5);
    const afterFirst = statusOf(cluster);

    cluster.crashPod('default', name);
    cluster.seconds(5);
    const afterSecond = statusOf(cluster);
    cluster.seconds(10);

    expect(afterFirst).toMatchObject({ready: true, restartCount: 1});
    expect(afterSecond).toMatchObject({
      ready: false,
      restartCount: 2,
      state: {waiting: {reason: 'CrashLoopBackOff'}},
    });
    expect(statusOf(cluster)).toMatchObject({ready: true, restartCount: 2});
  });

  it('restarts the containers of a node that panicked, when it is back soon', () => {
    const cluster = new Simulation({nodes: 1, parameters: {nodeRestartSeconds: 60}})
      .deployment('web', {replicas: 1})
      .seconds(10);
    const name = cluster.podsOf('web')[0]?.metadata.name;

    cluster.panicNode('node-1');
    cluster.seconds(90);

    expect(cluster.readyPods('web').map(({metadata}) => metadata.name)).toEqual([name]);
    expect(statusOf(cluster).restartCount).toBe(1);
  });

  it('looks after a node that somebody creates without a status', () => {
    const cluster = new Simulation({nodes: 0});
    cluster.api.create('nodes', {metadata: {name: 'by-hand'}}, 'kubectl');

    cluster.deployment('web', {replicas: 1}).seconds(10);

    expect(cluster.placement('web')).toEqual({'by-hand': 1});
    expect(cluster.readyPods('web')).toHaveLength(1);
  });
});
