import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {
  type ClaimOptions,
  claim,
  csiNode,
  mounts,
  type StorageObject,
  storageClass,
  volume,
  withStorage,
} from '../../test/scenarios/storage.ts';
import {verdicts} from '../../test/scenarios/verdicts.ts';
import {volumeBinding} from './volume-binding.ts';

const NO_VOLUME = "node(s) didn't find available persistent volumes to bind";
const OUT_OF_REACH = "node(s) didn't match PersistentVolume's node affinity";
const ZONE = 'topology.kubernetes.io/zone';

describe('VolumeBinding', () => {
  const NODES = [node('a', {zone: 'a'}), node('b', {zone: 'b'})];
  const judge = (storage: readonly StorageObject[], claims: readonly string[] = ['data']) =>
    verdicts(
      volumeBinding,
      pod('newcomer', {spec: {volumes: mounts(...claims)}}),
      withStorage(clusterState({nodes: NODES}), storage),
    );
  const everywhere = (verdict: string) => ({a: verdict, b: verdict});

  it('keeps a pod with a bound volume where the volume can be reached', () => {
    const result = judge([volume('pv', {zones: ['b']}), claim('data', {volume: 'pv'})]);

    expect(result).toEqual({a: OUT_OF_REACH, b: 'fits'});
  });

  it.each<[string, ClaimOptions | undefined, string]>([
    ['does not exist', undefined, 'persistentvolumeclaim "data" not found'],
    ['is being deleted', {volume: 'pv', terminating: true}, 'persistentvolumeclaim "data" is being deleted'],
    [
      'has lost its volume',
      {volume: 'gone', phase: 'Lost'},
      'persistentvolumeclaim "data" bound to non-existent persistentvolume "gone"',
    ],
    [
      'should be bound already',
      {storageClass: 'instant'},
      'pod has unbound immediate PersistentVolumeClaims',
    ],
    ['names no class', {}, 'pod has unbound immediate PersistentVolumeClaims'],
    [
      'asks for a volume by name',
      {storageClass: 'waits', spec: {volumeName: 'pv'}},
      'pod has unbound immediate PersistentVolumeClaims',
    ],
    [
      'is bound to nothing',
      {volume: 'gone'},
      'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
    ],
  ])('refuses a pod whose claim %s', (_state, options, reason) => {
    const result = judge([
      volume('pv'),
      storageClass('waits'),
      storageClass('instant', {volumeBindingMode: 'Immediate'}),
      ...(options === undefined ? [] : [claim('data', options)]),
    ]);

    expect(result).toEqual(everywhere(reason));
  });

  it('lets a claim wait for its pod where its class may make a volume', () => {
    const allowedTopologies = [{matchLabelExpressions: [{key: ZONE, values: ['b', 'c']}]}];

    const anywhere = judge([storageClass('waits'), claim('data', {storageClass: 'waits'})]);
    const restricted = judge([
      storageClass('waits', {allowedTopologies}),
      claim('data', {storageClass: 'waits'}),
    ]);

    expect(anywhere).toEqual(everywhere('fits'));
    expect(restricted).toEqual({a: NO_VOLUME, b: 'fits'});
  });

  it('stays on the node for which a volume is being made', () => {
    const result = judge([
      storageClass('waits'),
      claim('data', {
        storageClass: 'waits',
        annotations: {'volume.kubernetes.io/selected-node': 'b'},
      }),
    ]);

    expect(result).toEqual({a: NO_VOLUME, b: 'fits'});
  });

  describe('with volumes that are made by hand', () => {
    const byHand = storageClass('by-hand', {provisioner: 'kubernetes.io/no-provisioner'});
    const wanted = claim('data', {storageClass: 'by-hand', request: '2Gi'});
    const free = (name: string, options: Parameters<typeof volume>[1] & {zone?: string} = {}) =>
      volume(name, {
        phase: 'Available',
        capacity: '2Gi',
        zones: [options.zone ?? 'b'],
        ...options,
        spec: {storageClassName: 'by-hand', local: {path: '/data'}, ...options.spec},
      });

    it('finds a free one', () => {
      expect(judge([byHand, wanted, free('pv')])).toEqual({a: NO_VOLUME, b: 'fits'});
    });

    it.each<[string, StorageObject]>([
      ['too small', free('pv', {capacity: '1Gi'})],
      ['not free', free('pv', {phase: 'Released'})],
      ['being deleted', free('pv', {terminating: true})],
      ['of another class', free('pv', {spec: {storageClassName: 'other'}})],
      ['a block device', free('pv', {spec: {volumeMode: 'Block'}})],
      ['not for many', free('pv', {accessModes: ['ReadWriteOnce']})],
      ['set aside for another claim', free('pv', {spec: {claimRef: {namespace: 'default', name: 'other'}}})],
    ])('takes none that is %s', (_flaw, unfit) => {
      expect(judge([byHand, wanted, unfit])).toEqual(everywhere(NO_VOLUME));
    });

    it('takes the one that is set aside for the claim, and no other', () => {
      const result = judge([
        byHand,
        wanted,
        free('near', {zone: 'a'}),
        free('reserved', {phase: 'Bound', spec: {claimRef: {namespace: 'default', name: 'data'}}}),
      ]);

      expect(result).toEqual({a: NO_VOLUME, b: 'fits'});
    });

    it('gives each claim a volume of its own, the smallest that is large enough', () => {
      const claims = [wanted, claim('logs', {storageClass: 'by-hand', request: '1Gi'})];

      const one = judge([byHand, ...claims, free('only')], ['data', 'logs']);
      const two = judge(
        [byHand, ...claims, free('large'), free('small', {capacity: '1Gi'})],
        ['data', 'logs'],
      );

      expect(one).toEqual(everywhere(NO_VOLUME));
      expect(two).toEqual({a: NO_VOLUME, b: 'fits'});
    });
  });

  it('reads the zones of an in-tree volume by its driver’s own key where the plugin is migrated', () => {
    const nodes = [
      node('old', {zone: 'a'}),
      node('migrated', {zone: 'a'}),
      node('ready', {zone: 'a', labels: {'topology.ebs.csi.aws.com/zone': 'a'}}),
    ];
    const plugin = ['kubernetes.io/aws-ebs'];
    const cluster = withStorage(clusterState({nodes}), [
      volume('pv', {zones: ['a'], spec: {awsElasticBlockStore: {volumeID: 'vol-1'}}}),
      claim('data', {volume: 'pv'}),
      csiNode('migrated', {}, plugin),
      csiNode('ready', {}, plugin),
    ]);

    const result = verdicts(volumeBinding, pod('newcomer', {spec: {volumes: mounts('data')}}), cluster);

    expect(result).toEqual({old: 'fits', migrated: OUT_OF_REACH, ready: 'fits'});
  });

  describe('of a generic ephemeral volume', () => {
    const spec = {
      volumes: [{name: 'scratch', ephemeral: {volumeClaimTemplate: {spec: {storageClassName: 'waits'}}}}],
    };
    const allowedTopologies = [{matchLabelExpressions: [{key: ZONE, values: ['b']}]}];
    const cluster = (...objects: StorageObject[]) =>
      withStorage(clusterState({nodes: NODES}), [storageClass('waits', {allowedTopologies}), ...objects]);

    it('waits for the claim of a real pod', () => {
      expect(verdicts(volumeBinding, pod('web', {spec}), cluster())).toEqual(
        everywhere(
          'waiting for ephemeral volume controller to create the persistentvolumeclaim "web-scratch"',
        ),
      );
    });

    it('takes no claim that belongs to somebody else', () => {
      const mine = claim('web-scratch', {storageClass: 'waits', ownedBy: 'pod-default-web'});
      const foreign = claim('web-scratch', {storageClass: 'waits', ownedBy: 'other'});

      expect(verdicts(volumeBinding, pod('web', {spec}), cluster(mine))).toEqual({a: NO_VOLUME, b: 'fits'});
      expect(verdicts(volumeBinding, pod('web', {spec}), cluster(foreign))).toEqual(
        everywhere('PVC default/web-scratch was not created for pod default/web (pod is not owner)'),
      );
    });

    it('foresees the claim of a pod that does not exist yet', () => {
      const {name: _name, uid: _uid, ...hypothetical} = pod('web', {spec});

      expect(verdicts(volumeBinding, hypothetical, cluster())).toEqual({a: NO_VOLUME, b: 'fits'});
    });
  });
});
