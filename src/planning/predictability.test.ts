import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {carryOut, HOSTNAME, planRequest, ZONE} from '../../test/scenarios/scheduled-moves.ts';
import {
  claim,
  csiDriver,
  mounts,
  type StorageObject,
  storageClass,
  volume,
  withStorage,
} from '../../test/scenarios/storage.ts';
import {settled} from '../../test/scenarios/workloads.ts';
import type {Pod} from '../cluster/pod.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import {plan} from './plan.ts';

const SOFT: ApiPodSpec = {
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: {matchLabels: {app: 'web'}},
    },
  ],
};

/** Three replicas on node a1; nodes a2 and b1 are free. */
function piledUp(podSpec: ApiPodSpec, storage: readonly StorageObject[] = [], others: readonly Pod[] = []) {
  const replicas = settled({a1: 3}, {podSpec: {...SOFT, ...podSpec}});
  const nodes = [node('a1', {zone: 'a'}), node('a2', {zone: 'a'}), node('b1', {zone: 'b'})];
  const state = withStorage(clusterState({nodes, pods: [...replicas.pods, ...others]}), storage);
  return planRequest(replicas, state, {topologies: [ZONE, HOSTNAME]});
}

const ephemeral = (storageClassName?: string): ApiPodSpec => ({
  volumes: [
    {
      name: 'scratch',
      ephemeral: {
        volumeClaimTemplate: {spec: storageClassName === undefined ? {} : {storageClassName}},
      },
    },
  ],
});

const BY_ITS_CLASS = ephemeral('waits');
const DATA: ApiPodSpec = {volumes: mounts('data')};

describe('predictability: moved', () => {
  const nodesAfter = (request: ReturnType<typeof piledUp>) =>
    carryOut(request).steps.map(({landed}) => landed);

  it('replicas that share a volume, as far as it reaches', () => {
    const shared = claim('data', {volume: 'pv'});

    const anywhere = piledUp(DATA, [volume('pv'), shared]);
    const inZoneA = piledUp(DATA, [volume('pv', {zones: ['a']}), shared]);

    expect(nodesAfter(anywhere)).toHaveLength(2);
    expect(nodesAfter(inZoneA)).toEqual(['a2']);
  });

  it('replicas with a volume each that is made where they run', () => {
    expect(nodesAfter(piledUp(BY_ITS_CLASS, [storageClass('waits')]))).toHaveLength(2);
    expect(nodesAfter(piledUp(ephemeral(), [storageClass('waits', {isDefault: true})]))).toHaveLength(2);
  });

  it('replicas that all read a disk', () => {
    const disk = {gcePersistentDisk: {pdName: 'disk', readOnly: true}};

    expect(nodesAfter(piledUp({volumes: [{name: 'data', ...disk}]}))).toHaveLength(2);
  });
});

describe('predictability: not moved', () => {
  const refusalOf = (...given: Parameters<typeof piledUp>) => plan(piledUp(...given)).refusal;

  it('where no node reaches the volume any more', () => {
    const refusal = refusalOf(DATA, [volume('pv', {zones: ['gone']}), claim('data', {volume: 'pv'})]);

    expect(refusal).toEqual({
      reason: 'Pinned',
      message:
        'no domain of topology.kubernetes.io/zone is eligible ' +
        "(node(s) didn't match PersistentVolume's node affinity: a1, a2, b1)",
    });
  });

  it('where the claim is gone', () => {
    expect(refusalOf(DATA)).toEqual({
      reason: 'NoFeasibleNode',
      message: 'no node has room for a replacement: persistentvolumeclaim "data" not found (a1, a2, b1)',
    });
  });

  it('where replicas share a volume that attaches to one node at a time', () => {
    const refusal = refusalOf(DATA, [
      volume('pv', {accessModes: ['ReadWriteOnce']}),
      claim('data', {volume: 'pv', accessModes: ['ReadWriteOnce']}),
    ]);

    expect(refusal).toMatchObject({
      reason: 'Pinned',
      message: expect.stringMatching(
        /^the pods mount PersistentVolumeClaim data \(ReadWriteOnce\), which attaches to one node at a time, and web-\S+ holds it on a1$/,
      ),
    });
  });

  it('where a pod of another workload holds such a volume', () => {
    const holder = pod('backup', {on: 'b1', spec: {volumes: mounts('data')}, labels: {app: 'backup'}});
    const storage = [volume('pv', {accessModes: ['ReadWriteOnce']}), claim('data', {volume: 'pv'})];
    const {replicas, replacement, ...request} = piledUp(DATA, storage, [holder]);
    // The replicas of an old template, which do not mount it: only the new ones would.
    const old = replicas.map((replica) => ({...replica, spec: {...replica.spec, volumes: []}}));
    const snapshot = withStorage(
      clusterState({
        nodes: [...request.snapshot.nodeInfos()].map((info) => info.node),
        pods: [...old, holder],
      }),
      storage,
    );

    expect(plan({...request, replicas: old, replacement, snapshot}).refusal).toMatchObject({
      reason: 'Pinned',
      message: expect.stringContaining('backup holds it on b1'),
    });
  });

  it.each<{what: string; podSpec: ApiPodSpec; storage?: StorageObject[]; message: string}>([
    {
      what: 'a disk that they write is named in the template',
      podSpec: {volumes: [{name: 'data', azureDisk: {diskURI: '/disks/1'}}]},
      message: 'all replicas mount the AzureDisk volume /disks/1, which attaches to one node at a time',
    },
    {
      what: 'a driver counts the room for new volumes',
      podSpec: BY_ITS_CLASS,
      storage: [storageClass('waits'), csiDriver('csi.example.com', {storageCapacity: true})],
      message:
        'the pods mount the ephemeral volume scratch, which does not exist yet, and how much room csi.example.com ' +
        'has for it on which node (CSIStorageCapacity) is not read',
    },
    {
      what: 'the class of an ephemeral volume is not known',
      podSpec: BY_ITS_CLASS,
      message:
        'the pods mount the ephemeral volume scratch, which does not exist yet, and StorageClass waits is not known',
    },
    {
      what: 'there is no default class',
      podSpec: ephemeral(),
      storage: [storageClass('waits')],
      message:
        'the pods mount the ephemeral volume scratch, which does not exist yet, and it names no StorageClass',
    },
    {
      what: 'the volume would be made before the pod is placed',
      podSpec: BY_ITS_CLASS,
      storage: [storageClass('waits', {volumeBindingMode: 'Immediate'})],
      message:
        'the pods mount the ephemeral volume scratch, which does not exist yet, and StorageClass waits makes it ' +
        'before the pod is placed, wherever that is',
    },
    {
      what: 'they have a scheduler of their own',
      podSpec: {schedulerName: 'other'},
      message: 'the pods are placed by other, whose rules are not known',
    },
    {
      what: 'they use resource claims',
      podSpec: {resourceClaims: [{name: 'gpu'}]},
      message: 'the pods use resource claims (gpu), and where those can be met is not checked yet',
    },
  ])('where $what', ({podSpec, storage, message}) => {
    expect(refusalOf(podSpec, storage)).toEqual({reason: 'Pinned', message});
  });
});
