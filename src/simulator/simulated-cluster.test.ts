import {describe, expect, it} from '@jest/globals';
import {isPodReady} from './objects.ts';
import {DEFAULT_PARAMETERS, type SimulationParameters, withParameters} from './parameters.ts';
import {Simulation} from './testing/simulation.ts';

describe('SimulatedCluster', () => {
  it('goes on from the objects of another cluster: nothing restarts, and what is lost is replaced', () => {
    const original = new Simulation({zones: 3})
      .deployment('web')
      .service('web')
      .budget('web', {maxUnavailable: 1});
    original.seconds(30);
    original.failNode('node-3');
    original.seconds(100);
    const objects = [
      'nodes',
      'namespaces',
      'serviceaccounts',
      'services',
      'deployments.apps',
      'replicasets.apps',
      'pods',
      'poddisruptionbudgets.policy',
    ].flatMap((resource) => original.api.list(resource));

    const copy = new Simulation({nodes: 0, start: original.now});
    copy.restore(objects.toReversed());
    copy.seconds(10);
    const placement = copy.placement('web');
    const ready = copy.readyPods('web').length;
    copy.seconds(400);

    expect(placement).toEqual(original.placement('web'));
    expect(ready).toBe(2);
    expect(copy.replicaSetsOf('web')).toHaveLength(1);
    expect(copy.readyPods('web')).toHaveLength(3);
    expect(copy.placement('web')['node-3']).toBeUndefined();
  });

  it('gives what is new other uids and names than the objects that the same seed made', () => {
    const original = new Simulation().deployment('web', {replicas: 20}).service('web').seconds(30);
    const objects = [
      'nodes',
      'namespaces',
      'serviceaccounts',
      'services',
      'deployments.apps',
      'replicasets.apps',
      'pods',
    ].flatMap((resource) => original.api.list(resource));

    const copy = new Simulation({nodes: 0, start: original.now});
    copy.restore(objects);
    copy.deployment('web-2', {replicas: 20}).service('web-2').seconds(30);
    copy.api.update(
      'deployments.apps',
      'default',
      'web',
      (web) => ({...web, spec: {...(web['spec'] as object), replicas: 40}}),
      {actor: 'kubectl'},
    );
    copy.seconds(30);
    const ready = ['web', 'web-2'].map((name) => copy.readyPods(name).length);
    const uids = ['nodes', 'deployments.apps', 'replicasets.apps', 'pods', 'endpointslices.discovery.k8s.io']
      .flatMap((resource) => copy.api.list(resource))
      .map(({metadata}) => metadata.uid);
    const entries = copy.timeline.entries.length;
    copy.seconds(600);

    expect(ready).toEqual([40, 20]);
    expect(new Set(uids).size).toBe(uids.length);
    expect(copy.timeline.entries).toHaveLength(entries);
  });

  it('starts in well under a second', () => {
    const began = process.cpuUsage();

    new Simulation().deployment('web').seconds(10);

    const {user, system} = process.cpuUsage(began);
    expect((user + system) / 1e6).toBeLessThan(1);
  });

  it('moves what a drained node holds through the eviction of its pods', () => {
    const cluster = new Simulation().deployment('web').seconds(10);

    cluster.cordon('node-1');
    for (const pod of cluster.podsOf('web').filter(({spec}) => spec.nodeName === 'node-1')) {
      cluster.api.delete('pods', 'default', pod.metadata.name, {actor: 'kubectl'});
    }
    cluster.seconds(10);

    expect(cluster.pods('default').filter(isPodReady)).toHaveLength(3);
    expect(cluster.placement('web')['node-1']).toBeUndefined();
  });
});

describe('withParameters', () => {
  it('changes what is given and keeps the rest', () => {
    expect(withParameters({panicAfterSeconds: 5})).toEqual({...DEFAULT_PARAMETERS, panicAfterSeconds: 5});
  });

  it.each([
    [{panicAfter: 5}, 'Parameter panicAfter: expected one of'],
    [{panicAfterSeconds: -1}, 'Parameter panicAfterSeconds: expected a number from 0 up, found -1'],
  ])('refuses %j', (changes, message) => {
    expect(() => withParameters(changes as Partial<SimulationParameters>)).toThrow(message);
  });
});
