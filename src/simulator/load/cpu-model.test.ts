import {describe, expect, it} from '@jest/globals';
import {Simulation} from '../testing/simulation.ts';

const PROBED = {readinessProbe: {tcpSocket: {port: 80}}};
const rounded = (values: readonly number[]) => values.map(Math.round);

describe('CpuModel', () => {
  it('shares the load of a Service among its ready pods, and moves it when one goes', () => {
    const cluster = new Simulation().deployment('web').service('web').seconds(10);
    cluster.setLoad('default/web', 3_000);
    cluster.seconds(1);
    const shared = cluster.usage().flatMap(({pods}) => pods.map(({usage}) => usage));

    cluster.failNode('node-1');
    cluster.seconds(100);

    expect(rounded(shared)).toEqual([1_000, 1_000, 1_000]);
    expect(rounded(cluster.usage().flatMap(({pods}) => pods.map(({usage}) => usage)))).toEqual([
      1_500, 1_500,
    ]);
  });

  it('lets no pod use more than its limit', () => {
    const cluster = new Simulation({nodes: 1})
      .deployment('web', {replicas: 1, limits: {cpu: '500m'}})
      .service('web')
      .seconds(10);

    cluster.setLoad('default/web', 3_000);
    cluster.seconds(1);

    expect(cluster.usage()[0]?.pods[0]).toMatchObject({demand: 3_000, usage: 500});
    expect(cluster.usage()[0]?.isSaturated).toBe(false);
  });

  it('panics a node that stays saturated, and not one that is relieved in time', () => {
    const cluster = new Simulation({nodes: 1, parameters: {panicAfterSeconds: 60}})
      .deployment('web', {replicas: 1, requests: {cpu: '1'}})
      .service('web')
      .seconds(10);

    cluster.setLoad('default/web', 9_000);
    cluster.seconds(50);
    cluster.setLoad('default/web', 1_000);
    cluster.seconds(50);
    const relieved = cluster.timeline.entries.map(({kind}) => kind);
    cluster.setLoad('default/web', 9_000);
    cluster.seconds(61);

    expect(relieved).toContain('NodeSaturated');
    expect(relieved).not.toContain('NodePanicked');
    expect(cluster.timeline.entries.map(({kind}) => kind)).toContain('NodePanicked');
    expect(cluster.timeline.outages()).toEqual([{service: 'default/web', from: expect.any(Number)}]);
  });

  it('starves the pod that requested little: its readiness probe fails, and a pod without a probe never notices', () => {
    const cluster = new Simulation({nodes: 1, parameters: {panicAfterSeconds: 0}})
      .deployment('hungry', {
        replicas: 1,
        requests: {cpu: '2'},
        podAnnotations: {'simulator.spread-operator.io/base-cpu': '6'},
      })
      .deployment('small', {replicas: 1, requests: {cpu: '10m'}, container: PROBED})
      .deployment('blind', {replicas: 1, requests: {cpu: '10m'}})
      .service('small')
      .service('blind')
      .seconds(10);

    cluster.setLoad('default/small', 500);
    cluster.setLoad('default/blind', 500);
    cluster.seconds(35);

    expect(cluster.readyPods('small')).toHaveLength(0);
    expect(cluster.readyPods('blind')).toHaveLength(1);
    expect(cluster.eventReasons('Pod')).toContain('Unhealthy');
  });

  it('restarts a starved pod that has a liveness probe', () => {
    const cluster = new Simulation({nodes: 1, parameters: {panicAfterSeconds: 0}})
      .deployment('hungry', {
        replicas: 1,
        requests: {cpu: '2'},
        podAnnotations: {'simulator.spread-operator.io/base-cpu': '6'},
      })
      .deployment('small', {
        replicas: 1,
        requests: {cpu: '10m'},
        podAnnotations: {'simulator.spread-operator.io/base-cpu': '1'},
        container: {livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 5}},
      })
      .seconds(60);

    expect(cluster.podsOf('small')[0]?.status?.containerStatuses?.[0]?.restartCount).toBeGreaterThanOrEqual(
      2,
    );
  });

  it('never gives out more CPU than a node has', () => {
    const cluster = new Simulation({parameters: {panicAfterSeconds: 0}});
    for (const name of ['a', 'b', 'c']) {
      cluster.deployment(name, {replicas: 5, requests: {cpu: '100m'}}).service(name);
    }
    cluster.seconds(10);

    for (const [index, load] of [0, 3_000, 30_000, 500].entries()) {
      cluster.setLoad(`default/${['a', 'b', 'c'][index % 3]}`, load);
      cluster.seconds(20);
      for (const {usage, capacity} of cluster.usage()) {
        expect(usage).toBeLessThanOrEqual(capacity + 1e-6);
      }
    }
  });
});
