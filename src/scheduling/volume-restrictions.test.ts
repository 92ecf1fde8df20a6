import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {claim, mounts, withStorage} from '../../test/scenarios/storage.ts';
import {verdicts} from '../../test/scenarios/verdicts.ts';
import type {ApiPodVolume} from '../cluster/pod-volumes.ts';
import {withChanges} from '../cluster/snapshot.ts';
import {volumeRestrictions} from './volume-restrictions.ts';

type Source = Omit<ApiPodVolume, 'name'>;

const TAKEN = 'node(s) had no available disk';
const IN_USE =
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';

describe('VolumeRestrictions', () => {
  const gce = (readOnly: boolean, pdName = 'disk') => ({gcePersistentDisk: {pdName, readOnly}});
  const ebs = (readOnly: boolean) => ({awsElasticBlockStore: {volumeID: 'vol-1', readOnly}});
  const iscsi = (readOnly: boolean) => ({iscsi: {iqn: 'iqn', readOnly}});
  const rbd = (readOnly: boolean, ...monitors: string[]) => ({rbd: {monitors, image: 'image', readOnly}});

  it.each<[string, Source, Source, boolean]>([
    ['a GCE disk that one of two writes', gce(true), gce(false), false],
    ['a GCE disk that both read', gce(true), gce(true), true],
    ['two GCE disks', gce(false), gce(false, 'other'), true],
    ['an EBS volume, even to read', ebs(true), ebs(true), false],
    ['an iSCSI target that both write', iscsi(false), iscsi(false), false],
    ['an iSCSI target that both read', iscsi(true), iscsi(true), true],
    ['an RBD image with a monitor in common', rbd(false, 'a', 'b'), rbd(false, 'b'), false],
    ['an RBD image that both read', rbd(true, 'a'), rbd(true, 'a'), true],
    ['an RBD image of two clusters', rbd(false, 'a'), rbd(false, 'b'), true],
    ['disks of two kinds', gce(false), ebs(false), true],
  ])('%s', (_situation, ofNewcomer, ofOther, fits) => {
    const other = pod('other', {on: 'a', spec: {volumes: [{name: 'data', ...ofOther}]}});
    const newcomer = pod('newcomer', {spec: {volumes: [{name: 'data', ...ofNewcomer}]}});
    const cluster = clusterState({nodes: [node('a'), node('b')], pods: [other]});

    const result = verdicts(volumeRestrictions, newcomer, cluster);

    expect(result).toEqual({a: fits ? 'fits' : TAKEN, b: 'fits'});
  });

  it('refuses all nodes while another pod holds a claim for one pod only, and none once that is gone', () => {
    const holder = pod('holder', {on: 'a', spec: {volumes: mounts('data')}});
    const newcomer = pod('newcomer', {spec: {volumes: mounts('data')}});
    const cluster = withStorage(clusterState({nodes: [node('a'), node('b')], pods: [holder]}), [
      claim('data', {accessModes: ['ReadWriteOncePod']}),
    ]);

    const held = verdicts(volumeRestrictions, newcomer, cluster);
    const free = verdicts(volumeRestrictions, newcomer, withChanges(cluster, {remove: [holder]}));
    const heldByAnother = verdicts(
      volumeRestrictions,
      newcomer,
      withChanges(cluster, {remove: [holder], add: [{...holder, uid: 'other', nodeName: 'b'}]}),
    );

    expect(held).toEqual({a: IN_USE, b: IN_USE});
    expect(free).toEqual({a: 'fits', b: 'fits'});
    expect(heldByAnother).toEqual(held);
  });

  it('lets pods share a claim of any other access mode', () => {
    const holder = pod('holder', {on: 'a', spec: {volumes: mounts('data')}});
    const newcomer = pod('newcomer', {spec: {volumes: mounts('data')}});
    const cluster = withStorage(clusterState({nodes: [node('a')], pods: [holder]}), [
      claim('data', {accessModes: ['ReadWriteOnce']}),
    ]);

    expect(verdicts(volumeRestrictions, newcomer, cluster)).toEqual({a: 'fits'});
  });

  it('refuses a pod whose claim does not exist', () => {
    const newcomer = pod('newcomer', {spec: {volumes: mounts('data')}});

    const result = verdicts(volumeRestrictions, newcomer, clusterState({nodes: [node('a')]}));

    expect(result).toEqual({a: 'persistentvolumeclaim "data" not found'});
  });
});
