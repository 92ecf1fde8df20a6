import {describe, expect, it} from '@jest/globals';
import {isPodReady, type PodObject} from '../objects.ts';
import {Simulation} from '../testing/simulation.ts';
import {inDeletionOrder} from './deletion-order.ts';

describe('ReplicaSetController', () => {
  it('replaces a pod that is deleted', () => {
    const cluster = new Simulation().deployment('web').seconds(10);
    const [first] = cluster.podsOf('web');

    cluster.api.delete('pods', 'default', first?.metadata.name ?? '', {actor: 'kubectl'});
    cluster.seconds(10);

    expect(cluster.readyPods('web')).toHaveLength(3);
    expect(cluster.pods('default')).toHaveLength(3);
  });

  it('takes away what is doubled up when it shrinks', () => {
    const cluster = new Simulation().deployment('web', {replicas: 6}).seconds(10);

    cluster.scale('web', 3).seconds(10);

    expect(cluster.placement('web')).toEqual({'node-1': 1, 'node-2': 1, 'node-3': 1});
  });

  it('counts a pod as available only after minReadySeconds', () => {
    const cluster = new Simulation().deployment('web', {spec: {minReadySeconds: 30}}).seconds(20);
    const early = cluster.get('web').status?.availableReplicas ?? 0;

    cluster.seconds(15);

    expect(early).toBe(0);
    expect(cluster.get('web').status?.availableReplicas).toBe(3);
  });

  it('lets a pod go whose label is taken away, makes another, and adopts it again', () => {
    const cluster = new Simulation().deployment('web').seconds(10);
    const [released] = cluster.podsOf('web') as [PodObject];
    const {name, labels = {}} = released.metadata;
    const relabel = (to: Record<string, string>) =>
      cluster.api.update(
        'pods',
        'default',
        name,
        (pod) => ({...pod, metadata: {...pod.metadata, labels: to}}),
        {actor: 'surge'},
      );

    relabel({app: 'web'});
    cluster.seconds(5);
    const afterRelease = cluster.readyPods('web').length;
    const owners = cluster.api.get('pods', 'default', name)?.metadata.ownerReferences ?? [];
    const reported = cluster.get('web').status?.replicas;
    relabel(labels);
    cluster.seconds(5);

    expect(afterRelease).toBe(4);
    expect(owners).toEqual([]);
    expect(reported).toBe(3);
    expect(cluster.readyPods('web')).toHaveLength(3);
  });

  it('says in the status what keeps it from making pods', () => {
    const cluster = new Simulation();
    cluster.api.create('namespaces', {metadata: {name: 'shop'}}, 'kubectl');
    cluster.deployment('web', {podSpec: {serviceAccountName: 'nobody'}}).seconds(5);

    const [replicaSet] = cluster.replicaSetsOf('web');

    expect(replicaSet?.status?.conditions?.[0]).toMatchObject({
      type: 'ReplicaFailure',
      reason: 'FailedCreate',
      message: expect.stringContaining('serviceaccount "nobody" not found'),
    });
    expect(cluster.condition('web', 'ReplicaFailure')?.status).toBe('True');
  });
});

describe('inDeletionOrder', () => {
  const pod = (
    name: string,
    changes: {cost?: number; ready?: boolean; node?: string; createdAt?: string} = {},
  ) =>
    ({
      metadata: {
        name,
        uid: name,
        creationTimestamp: changes.createdAt ?? '2026-01-01T00:00:00Z',
        annotations: {'controller.kubernetes.io/pod-deletion-cost': String(changes.cost ?? 0)},
      },
      spec: changes.node === '' ? {} : {nodeName: changes.node ?? 'a'},
      status: {
        phase: 'Running',
        conditions: [
          {
            type: 'Ready',
            status: changes.ready === false ? 'False' : 'True',
            lastTransitionTime: changes.createdAt ?? '2026-01-01T00:00:00Z',
          },
        ],
      },
    }) as unknown as PodObject;
  const now = Date.UTC(2026, 0, 2);

  it('prefers unscheduled, then not ready, then cheap, then doubled up, then young ones', () => {
    const pods = [
      pod('old'),
      pod('young', {createdAt: '2026-01-01T23:59:00Z'}),
      pod('doubled up', {node: 'b'}),
      pod('cheap', {cost: -1}),
      pod('not ready', {ready: false}),
      pod('unscheduled', {node: '', ready: false}),
    ];

    const order = inDeletionOrder(pods, ({spec}) => (spec.nodeName === 'b' ? 2 : 1), now);

    expect(order.map(({metadata}) => metadata.name)).toEqual([
      'unscheduled',
      'not ready',
      'cheap',
      'doubled up',
      'young',
      'old',
    ]);
  });

  it('takes ages of the same power of two as equal, and goes by uid', () => {
    const pods = [
      pod('b', {createdAt: '2026-01-01T10:00:00Z'}),
      pod('a', {createdAt: '2026-01-01T10:05:00Z'}),
      pod('c', {createdAt: '2026-01-01T10:10:00Z'}),
    ];

    const order = inDeletionOrder(pods, () => 1, now);

    expect(order.map(({metadata}) => metadata.name)).toEqual(['a', 'b', 'c']);
  });
});

describe('DisruptionController', () => {
  const statusOf = (cluster: Simulation) =>
    cluster.api.get('poddisruptionbudgets.policy', 'default', 'web')?.['status'];

  it.each([
    {rule: {maxUnavailable: 1}, desiredHealthy: 2, disruptionsAllowed: 1},
    {rule: {maxUnavailable: '50%'}, desiredHealthy: 1, disruptionsAllowed: 2},
    {rule: {minAvailable: 2}, desiredHealthy: 2, disruptionsAllowed: 1},
    {rule: {minAvailable: '50%'}, desiredHealthy: 2, disruptionsAllowed: 1},
    {rule: {maxUnavailable: 0}, desiredHealthy: 3, disruptionsAllowed: 0},
  ])('counts what $rule can spare of three', ({rule, desiredHealthy, disruptionsAllowed}) => {
    const cluster = new Simulation().deployment('web').budget('web', rule).seconds(10);

    expect(statusOf(cluster)).toMatchObject({
      expectedPods: 3,
      currentHealthy: 3,
      desiredHealthy,
      disruptionsAllowed,
    });
  });

  it('counts the pods of a rollout, and what a Deployment asks for rather than what is there', () => {
    const cluster = new Simulation({nodes: 1, podsPerNode: 2})
      .deployment('web', {replicas: 4})
      .budget('web', {maxUnavailable: '50%'})
      .seconds(10);

    expect(statusOf(cluster)).toMatchObject({expectedPods: 4, currentHealthy: 2, desiredHealthy: 2});
  });
});

describe('EndpointSliceController', () => {
  it('lists the pods behind a Service, ready or not', () => {
    const cluster = new Simulation().deployment('web').service('web').seconds(10);
    const [first] = cluster.podsOf('web');

    cluster.api.delete('pods', 'default', first?.metadata.name ?? '', {actor: 'kubectl'});
    cluster.advance(100);

    const [slice] = cluster.api.list('endpointslices.discovery.k8s.io', 'default');
    const endpoints = slice?.['endpoints'] as {conditions: {ready: boolean; terminating: boolean}}[];
    expect(endpoints.filter(({conditions}) => conditions.ready)).toHaveLength(2);
    expect(endpoints.filter(({conditions}) => conditions.terminating)).toHaveLength(1);
  });
});

describe('NamespaceController', () => {
  it('gives a namespace its service account, and empties it before it goes', () => {
    const cluster = new Simulation();
    cluster.api.create('namespaces', {metadata: {name: 'shop'}}, 'kubectl');
    cluster.seconds(1);
    cluster.api.create('configmaps', {metadata: {name: 'settings', namespace: 'shop'}}, 'kubectl');
    const account = cluster.api.get('serviceaccounts', 'shop', 'default');

    cluster.api.delete('namespaces', undefined, 'shop', {actor: 'kubectl'});
    cluster.seconds(1);

    expect(account).toBeDefined();
    expect(cluster.api.get('configmaps', 'shop', 'settings')).toBeUndefined();
    expect(cluster.api.get('namespaces', undefined, 'shop')).toBeUndefined();
  });
});

describe('node life cycle', () => {
  it('notices a silent node after the grace period, taints it, and moves its pods after their toleration', () => {
    const cluster = new Simulation().deployment('web').seconds(10);
    const lost = cluster.podsOf('web').find(({spec}) => spec.nodeName === 'node-1')?.metadata.name;

    cluster.failNode('node-1');
    cluster.seconds(45);
    const before = cluster.readyPods('web').length;
    cluster.seconds(15);
    const noticed = cluster.readyPods('web').length;
    const {taints = []} = (cluster.node('node-1')['spec'] ?? {}) as {
      taints?: {key: string; effect: string}[];
    };
    cluster.seconds(285);
    const waiting = cluster.pods('default').find(({metadata}) => metadata.name === lost);
    cluster.seconds(20);

    expect(before).toBe(3);
    expect(noticed).toBe(2);
    expect(new Set(taints.map(({key, effect}) => `${key}:${effect}`))).toEqual(
      new Set(['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule']),
    );
    expect(waiting?.metadata.deletionTimestamp).toBeUndefined();
    expect(cluster.readyPods('web')).toHaveLength(3);
    expect(cluster.placement('web')['node-1']).toBeUndefined();
    // Nobody is there to end it.
    expect(
      cluster.pods('default').find(({metadata}) => metadata.name === lost)?.metadata.deletionTimestamp,
    ).toBeDefined();
  });

  it('ends the evicted pods and is free of taints when the node is back', () => {
    const cluster = new Simulation().deployment('web').seconds(10);
    cluster.failNode('node-1');
    cluster.seconds(400);

    cluster.recoverNode('node-1');
    cluster.seconds(20);

    expect(cluster.pods('default')).toHaveLength(3);
    expect((cluster.node('node-1')['spec'] as {taints?: object[]}).taints).toBeUndefined();
  });

  it('evicts nobody when the node is back in time', () => {
    const cluster = new Simulation().deployment('web').seconds(10);
    const names = cluster.podsOf('web').map(({metadata}) => metadata.name);

    cluster.failNode('node-1');
    cluster.seconds(200);
    cluster.recoverNode('node-1');
    cluster.seconds(400);

    expect(cluster.readyPods('web').map(({metadata}) => metadata.name)).toEqual(names);
  });

  it('stops all evictions when no node answers', () => {
    const cluster = new Simulation().deployment('web').seconds(10);

    for (const node of ['node-1', 'node-2', 'node-3']) {
      cluster.failNode(node);
    }
    cluster.seconds(1000);

    expect(cluster.pods('default').every(({metadata}) => metadata.deletionTimestamp === undefined)).toBe(
      true,
    );
    expect(cluster.readyPods('web')).toEqual([]);
  });

  it('removes the pods of a node that is deleted', () => {
    const cluster = new Simulation().deployment('web').seconds(10);

    cluster.api.delete('nodes', undefined, 'node-1', {actor: 'kubectl'});
    cluster.seconds(90);

    expect(cluster.pods('default')).toHaveLength(3);
    expect(cluster.pods('default').every((pod) => isPodReady(pod) && pod.spec.nodeName !== 'node-1')).toBe(
      true,
    );
  });
});
