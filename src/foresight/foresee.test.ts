import {describe, expect, it} from '@jest/globals';
import {Simulation} from '../simulator/testing/simulation.ts';
import {foresee} from './foresee.ts';
import {lossOf} from './loss.ts';
import {pictureOf} from './picture-of.ts';

function withStatefulSet(): Simulation {
  const cluster = new Simulation({nodes: 2, cpu: '8'});
  const labels = {app: 'db'};
  const spec = {containers: [{name: 'main', image: 'registry.k8s.io/pause:3.10'}]};
  const {metadata} = cluster.api.create(
    'statefulsets.apps',
    {
      metadata: {name: 'db', namespace: 'default'},
      spec: {
        replicas: 1,
        serviceName: 'db',
        selector: {matchLabels: labels},
        template: {metadata: {labels}, spec},
      },
    },
    'kubectl',
  );
  const owner = {apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: metadata.uid, controller: true};
  cluster.api.create(
    'pods',
    {metadata: {name: 'db-0', namespace: 'default', labels, ownerReferences: [owner]}, spec},
    'statefulset-controller',
  );
  return cluster.service('db').seconds(60);
}

function nodeOfDatabase(cluster: Simulation): string {
  return cluster.pods('default').find(({metadata}) => metadata.name === 'db-0')?.spec.nodeName ?? '';
}

describe('foresee', () => {
  it('tells how long a Service is without endpoint, and what its pods do meanwhile', () => {
    const cluster = new Simulation({nodes: 2, cpu: '8'});
    cluster.deployment('web', {replicas: 1}).service('web').seconds(60);
    const node = cluster.podsOf('web')[0]?.spec.nodeName ?? '';

    const outcome = lossOf(pictureOf(cluster), [node]);

    // 50 s until the node is missed, 300 s of toleration, and the start of the replacement.
    expect(outcome.outages).toEqual([
      {service: 'default/web', fromSeconds: 0, toSeconds: expect.closeTo(355, -1.1)},
    ]);
    expect(outcome.rounds).toMatchObject([
      {
        nodes: [{node, why: 'lost'}],
        replicasLost: [{workload: {kind: 'Deployment', name: 'web'}, lost: 1, of: 1}],
        servicesDown: ['default/web'],
        moves: [{from: node}],
        pending: [],
      },
    ]);
    expect(outcome.settles).toBe(true);
  });

  it('names pods of a StatefulSet that stay with a silent node', () => {
    const cluster = withStatefulSet();
    const node = nodeOfDatabase(cluster);

    const outcome = lossOf(pictureOf(cluster), [node]);

    expect(outcome.stranded).toEqual([
      {workload: {kind: 'StatefulSet', namespace: 'default', name: 'db'}, pod: 'db-0', node},
    ]);
    expect(outcome.outages).toEqual([{service: 'default/db', fromSeconds: 0}]);
  });

  it('makes a pod of a StatefulSet anew under its name when its node is drained', () => {
    const cluster = withStatefulSet();
    const node = nodeOfDatabase(cluster);

    const outcome = foresee(pictureOf(cluster), [{kind: 'Drain', node}]);

    expect(outcome.drains).toMatchObject([{node, left: [], moves: [{pod: 'db-0', from: node}]}]);
    expect(outcome.stranded).toEqual([]);
    expect(outcome.outages[0]?.toSeconds).toBeDefined();
  });

  it('places what is Pending on nodes that are added', () => {
    const cluster = new Simulation({nodes: 1, cpu: '2'});
    cluster.deployment('web', {replicas: 3, requests: {cpu: '1'}}).seconds(60);
    const picture = pictureOf(cluster);

    const before = foresee(picture, []);
    const after = foresee(picture, [{kind: 'AddNodes', count: 1}]);

    expect(before.pending).toMatchObject([{wasPending: true}]);
    expect(after.pending).toEqual([]);
  });

  it('judges no CPU that nobody has told of, and does where a load is given', () => {
    const cluster = new Simulation({nodes: 2, cpu: '2'});
    cluster
      .deployment('web', {replicas: 2, requests: {cpu: '1900m'}})
      .service('web')
      .seconds(60);
    const picture = pictureOf(cluster);

    const silent = lossOf(picture, ['node-1']);
    const loaded = foresee(picture, [{kind: 'Load', service: 'default/web', milliCpu: 5000}]);

    expect(silent.rounds.flatMap(({nodes}) => nodes.map(({why}) => why))).toEqual(['lost']);
    expect(loaded.rounds[0]?.nodes[0]).toMatchObject({why: 'panicked', capacity: 2000});
  });

  it('refuses to act on what the cluster does not have', () => {
    const picture = pictureOf(new Simulation({nodes: 2}));

    expect(() => lossOf(picture, ['node-7'])).toThrow('node node-7: expected one of node-1, node-2');
  });
});
