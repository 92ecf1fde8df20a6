import {describe, expect, it} from '@jest/globals';
import type {ApiObject} from '../simulator/cluster-api.ts';
import {SERVICE_LOAD} from '../simulator/load/pod-cpu.ts';
import {Simulation} from '../simulator/testing/simulation.ts';
import type {ClusterPicture} from './cluster-picture.ts';
import {cpuDemandOf, withDemand} from './cpu-demand.ts';
import {pictureOf} from './picture-of.ts';
import {simulationOf} from './simulation.ts';

/** Two replicas of web behind Services web and all, one of jobs behind none. */
function picture(): ClusterPicture {
  const cluster = new Simulation({nodes: 2, cpu: '8'});
  cluster.deployment('web', {replicas: 2, requests: {cpu: '300m'}}).service('web');
  cluster.deployment('jobs', {replicas: 1, requests: {cpu: '500m'}});
  cluster.api.create(
    'services',
    {metadata: {name: 'all', namespace: 'default'}, spec: {selector: {app: 'web'}, ports: [{port: 80}]}},
    'kubectl',
  );
  return pictureOf(cluster.seconds(60));
}

function withMetrics(given: ClusterPicture, cpu: string): ClusterPicture {
  const metrics = given.objects
    .filter(({kind}) => kind === 'Pod')
    .map(
      ({metadata}): ApiObject => ({
        apiVersion: 'metrics.k8s.io/v1beta1',
        kind: 'PodMetrics',
        metadata,
        containers: [{name: 'main', usage: {cpu}}],
      }),
    );
  return {...given, objects: [...given.objects, ...metrics]};
}

describe('cpuDemandOf', () => {
  it('takes what pods request where nothing else is known, and gives it to their Services in equal parts', () => {
    const {basis, loads, bases} = cpuDemandOf(picture());

    expect(basis).toBe('requests');
    expect(Object.fromEntries(loads)).toEqual({'default/web': 300, 'default/all': 300});
    expect([...bases.values()]).toEqual([500]);
  });

  it('takes what was measured before that', () => {
    const {basis, loads, bases} = cpuDemandOf(withMetrics(picture(), '120000000n'));

    expect(basis).toBe('metrics');
    expect(Object.fromEntries(loads)).toEqual({'default/web': 120, 'default/all': 120});
    expect([...bases.values()]).toEqual([120]);
  });

  it('takes what is written on the objects before all', () => {
    const given = withMetrics(picture(), '120m');
    const objects = given.objects.map((object) =>
      object.kind === 'Service' && object.metadata.name === 'web'
        ? {...object, metadata: {...object.metadata, annotations: {[SERVICE_LOAD]: '2'}}}
        : object,
    );

    const {basis, loads, bases} = cpuDemandOf({objects});

    expect(basis).toBe('annotations');
    expect(Object.fromEntries(loads)).toEqual({'default/web': 2000});
    expect(bases.size).toBe(0);
  });
});

describe('withDemand', () => {
  it('is what the simulated cluster then uses, and rolls nothing out', () => {
    const given = withMetrics(picture(), '120m');

    const cluster = simulationOf(given);
    cluster.advance(60_000);

    const used = cluster.usage().flatMap(({pods}) => pods.map(({usage}) => Math.round(usage)));
    expect(used).toEqual([120, 120, 120]);
    expect(cluster.timeline.entries).toEqual([]);
  });

  it('leaves a picture with annotations as it is', () => {
    const {objects} = picture();

    const demand = {...cpuDemandOf({objects}), basis: 'annotations'} as const;

    expect(withDemand(objects, demand)).toBe(objects);
  });
});
