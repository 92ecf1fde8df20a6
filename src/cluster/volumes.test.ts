import {describe, expect, it} from '@jest/globals';
import {
  type AccessMode,
  attachesToOneNode,
  toCsiNode,
  toPersistentVolume,
  toPersistentVolumeClaim,
  toStorageClass,
} from './volumes.ts';

const meta = {name: 'x', uid: 'uid', resourceVersion: '7'};

describe('toPersistentVolume', () => {
  it('keeps what placement reads', () => {
    const terms = [{matchExpressions: [{key: 'zone', operator: 'In' as const, values: ['a']}]}];

    const volume = toPersistentVolume({
      metadata: {...meta, labels: {zone: 'a'}, annotations: {'pv.kubernetes.io/provisioned-by': 'driver'}},
      spec: {
        nodeAffinity: {required: {nodeSelectorTerms: terms}},
        claimRef: {kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data', uid: 'claim'},
        capacity: {storage: '1.5Gi'},
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        csi: {driver: 'csi.example.com', volumeHandle: 'handle'},
      },
      status: {phase: 'Bound'},
    });

    expect(volume).toEqual({
      ...meta,
      labels: {zone: 'a'},
      nodeAffinity: terms,
      claim: {namespace: 'shop', name: 'data', uid: 'claim'},
      capacity: 1.5 * 2 ** 30,
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      volumeMode: 'Filesystem',
      available: false,
      terminating: false,
      csi: {driver: 'csi.example.com', handle: 'handle'},
    });
  });

  it('knows an in-tree volume by its driver, and its zones by the driver’s key', () => {
    const volume = toPersistentVolume({
      metadata: {...meta, labels: {'topology.kubernetes.io/zone': 'a'}},
      spec: {awsElasticBlockStore: {volumeID: 'vol-1'}},
    });

    expect(volume).toMatchObject({
      csi: {driver: 'ebs.csi.aws.com', handle: 'vol-1'},
      migration: {
        plugin: 'kubernetes.io/aws-ebs',
        nodeAffinity: [
          {matchExpressions: [{key: 'topology.ebs.csi.aws.com/zone', operator: 'In', values: ['a']}]},
        ],
      },
    });
  });
});

describe('toPersistentVolumeClaim', () => {
  it('keeps what placement reads', () => {
    const claim = toPersistentVolumeClaim({
      metadata: {
        ...meta,
        namespace: 'shop',
        annotations: {
          'pv.kubernetes.io/bind-completed': 'yes',
          'volume.kubernetes.io/selected-node': 'node-1',
        },
        ownerReferences: [{apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'pod', controller: true}],
      },
      spec: {
        volumeName: 'pv',
        accessModes: ['ReadWriteOncePod'],
        resources: {requests: {storage: '1Gi'}},
        storageClassName: 'fast',
      },
      status: {phase: 'Bound'},
    });

    expect(claim).toEqual({
      ...meta,
      namespace: 'shop',
      volumeName: 'pv',
      bindCompleted: true,
      lost: false,
      terminating: false,
      selectedNode: 'node-1',
      accessModes: ['ReadWriteOncePod'],
      storageClassName: 'fast',
      requested: 2 ** 30,
      volumeMode: 'Filesystem',
      controllerUid: 'pod',
    });
  });

  it('takes the class from the annotation of old before that of the spec', () => {
    const annotations = {'volume.beta.kubernetes.io/storage-class': 'old'};

    const claim = toPersistentVolumeClaim({
      metadata: {...meta, namespace: 'shop', annotations},
      spec: {storageClassName: 'new'},
    });

    expect(claim).toMatchObject({storageClassName: 'old', bindCompleted: false});
  });
});

describe('toStorageClass', () => {
  it('binds at once unless it is told to wait', () => {
    expect(toStorageClass({metadata: meta, provisioner: 'p'})).toMatchObject({
      volumeBindingMode: 'Immediate',
      allowedTopologies: [],
      isDefault: false,
    });
  });
});

describe('toCsiNode', () => {
  it('keeps the limits of those drivers that have one', () => {
    const annotations = {
      'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs,kubernetes.io/gce-pd',
    };

    const csiNode = toCsiNode({
      metadata: {...meta, annotations},
      spec: {
        drivers: [
          {name: 'limited', allocatable: {count: 0}},
          {name: 'free'},
          {name: 'open', allocatable: {}},
        ],
      },
    });

    expect(csiNode).toEqual({
      ...meta,
      limits: {limited: 0},
      migratedPlugins: ['kubernetes.io/aws-ebs', 'kubernetes.io/gce-pd'],
    });
  });

  it('takes a node without drivers', () => {
    expect(toCsiNode({metadata: meta, spec: {drivers: null as never}})).toMatchObject({limits: {}});
  });
});

describe('attachesToOneNode', () => {
  it.each<{modes: AccessMode[]; claimed: AccessMode[]; expected: boolean}>([
    {modes: ['ReadWriteOnce'], claimed: ['ReadWriteOnce'], expected: true},
    {modes: ['ReadWriteOncePod'], claimed: ['ReadWriteOncePod'], expected: true},
    {modes: ['ReadWriteOnce', 'ReadOnlyMany'], claimed: ['ReadWriteOnce'], expected: true},
    {modes: ['ReadWriteOnce', 'ReadOnlyMany'], claimed: ['ReadOnlyMany'], expected: false},
    {modes: ['ReadWriteOnce', 'ReadWriteMany'], claimed: ['ReadWriteOnce'], expected: false},
    {modes: [], claimed: ['ReadWriteOnce'], expected: false},
  ])('is $expected for $modes claimed as $claimed', ({modes, claimed, expected}) => {
    expect(attachesToOneNode({accessModes: modes}, {accessModes: claimed})).toBe(expected);
  });
});
