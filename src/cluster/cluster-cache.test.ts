import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {node} from '../../test/scenarios/builders.ts';
import {clusterCache, replica, replicaSet, settled, workload} from '../../test/scenarios/workloads.ts';
import {ClusterCache} from './cluster-cache.ts';
import type {Pod} from './pod.ts';
import type {HorizontalPodAutoscaler, ReplicaSet, Workload} from './workload.ts';

const DEPLOYMENTS = ['web', 'api'];

const event = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('deployment' as const),
      name: fc.constantFrom(...DEPLOYMENTS),
      replicas: fc.nat(5),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('replicaSet' as const),
      of: fc.constantFrom(...DEPLOYMENTS),
      revision: fc.constantFrom('1', '2'),
      /** Released by its Deployment, as the garbage collector's orphan policy does. */
      orphan: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pod' as const),
      name: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
      of: fc.constantFrom(...DEPLOYMENTS),
      revision: fc.constantFrom('1', '2'),
      on: fc.option(fc.constantFrom('a', 'b'), {nil: undefined}),
      phase: fc.constantFrom('Running' as const, 'Failed' as const),
      adopted: fc.boolean(),
    }),
  },
  {weight: 3, arbitrary: fc.record({kind: fc.constant('gone' as const), which: fc.nat(20)})},
);

describe('ClusterCache', () => {
  it('after any events answers as one that is built from what is left', () => {
    fc.assert(
      fc.property(fc.array(event, {maxLength: 40, size: 'max'}), (events) => {
        const cache = new ClusterCache();
        const workloads = new Map<string, Workload>();
        const replicaSets = new Map<string, ReplicaSet>();
        const pods = new Map<string, Pod>();
        for (const each of events) {
          switch (each.kind) {
            case 'deployment': {
              const after = workload({name: each.name, replicas: each.replicas});
              cache.setWorkload(after);
              workloads.set(each.name, after);
              break;
            }
            case 'replicaSet': {
              const {deploymentUid, ...rest} = replicaSet(workload({name: each.of}), each);
              const after = each.orphan || deploymentUid === undefined ? rest : {...rest, deploymentUid};
              cache.setReplicaSet(after, replicaSets.get(after.uid));
              replicaSets.set(after.uid, after);
              break;
            }
            case 'pod': {
              const of = {
                workload: workload({name: each.of}),
                replicaSet: replicaSet(workload({name: each.of}), each),
              };
              const {on, phase} = each;
              const {controller, ...rest} = replica(each.name, of, {
                phase,
                ...(on === undefined ? {} : {on}),
              });
              const after = each.adopted && controller !== undefined ? {...rest, controller} : rest;
              cache.setPod(after, pods.get(after.uid));
              pods.set(after.uid, after);
              break;
            }
            case 'gone': {
              const all = [...workloads.values(), ...replicaSets.values(), ...pods.values()];
              const gone = all[each.which % Math.max(1, all.length)];
              if (gone === undefined) {
                break;
              }
              if ('strategy' in gone) {
                cache.deleteWorkload(gone);
                workloads.delete(gone.name);
              } else if ('phase' in gone) {
                cache.deletePod(gone);
                pods.delete(gone.uid);
              } else {
                cache.deleteReplicaSet(gone);
                replicaSets.delete(gone.uid);
              }
            }
          }
        }
        const fresh = new ClusterCache();
        for (const each of workloads.values()) fresh.setWorkload(each);
        for (const each of replicaSets.values()) fresh.setReplicaSet(each);
        for (const each of pods.values()) fresh.setPod(each);

        expect(answersOf(cache, pods, replicaSets)).toEqual(answersOf(fresh, pods, replicaSets));
      }),
      {numRuns: 200},
    );
  });

  it('counts replicas by owner, never by label alone', () => {
    const web = settled({a: 2});
    const stranger = replica(
      'look-alike',
      {workload: web.workload, replicaSet: {...replicaSet(web.workload), uid: 'of-another-deployment'}},
      {on: 'b'},
    );
    const cache = clusterCache([node('a'), node('b')], web);

    cache.setPod(stranger);

    expect(cache.replicasOf(web.workload).pods.map(({name}) => name)).toEqual(['web-1', 'web-2']);
    expect(cache.workloadOfPod(stranger)).toBeUndefined();
  });

  it('knows a Deployment of the same name that was created again from the one before', () => {
    const before = settled({a: 2});
    const cache = clusterCache([node('a')], before);

    cache.deleteWorkload(before.workload);
    const again = workload({uid: 'created-again', replicas: 2});
    cache.setWorkload(again);

    expect(cache.replicasOf(again).pods).toEqual([]);
    expect(cache.workloadOfPod(before.pods[0] as Pod)).toBeUndefined();
  });

  it('takes the most replicas that any autoscaler of the Deployment may ask for', () => {
    const cache = clusterCache([], settled({a: 3}));
    const autoscaler = (name: string, kind: string, maxReplicas: number): HorizontalPodAutoscaler => ({
      namespace: 'default',
      name,
      uid: name,
      resourceVersion: '1',
      target: {kind, name: 'web'},
      maxReplicas,
    });
    const [web] = cache.workloads();

    expect(cache.maxReplicasOf(web as Workload)).toBe(3);

    cache.setAutoscaler(autoscaler('web', 'Deployment', 9));
    cache.setAutoscaler(autoscaler('other-kind', 'StatefulSet', 50));
    cache.setAutoscaler({...autoscaler('elsewhere', 'Deployment', 70), namespace: 'other'});

    expect(cache.maxReplicasOf(web as Workload)).toBe(9);
  });
});

function answersOf(
  cache: ClusterCache,
  pods: ReadonlyMap<string, Pod>,
  replicaSets: ReadonlyMap<string, ReplicaSet>,
) {
  const workloads = [...cache.workloadsOf('default')].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    workloads,
    replicas: workloads.map((each) => ({
      replicaSets: cache
        .replicasOf(each)
        .replicaSets.map(({uid}) => uid)
        .sort(),
      pods: cache
        .replicasOf(each)
        .pods.map(({uid}) => uid)
        .sort(),
    })),
    waiting: [...cache.waitingPods()].map(({uid}) => uid).sort(),
    owners: [...pods.values()].map((pod) => [pod.uid, cache.workloadOfPod(pod)]),
    ownersOfReplicaSets: [...replicaSets.values()].map((each) => [
      each.uid,
      cache.workloadOfReplicaSet(each),
    ]),
  };
}
