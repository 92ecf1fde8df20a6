import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {
  attachment,
  claim,
  csiNode,
  mounts,
  storageClass,
  volume,
  withStorage,
} from '../../test/scenarios/storage.ts';
import {verdicts} from '../../test/scenarios/verdicts.ts';
import {nodeVolumeLimits} from './node-volume-limits.ts';

const DRIVER = 'csi.example.com';
const FULL = 'node(s) exceed max volume count';

describe('NodeVolumeLimits', () => {
  const mounting = (name: string, claims: readonly string[], on?: string) =>
    pod(name, {...(on === undefined ? {} : {on}), spec: {volumes: mounts(...claims)}});
  const bound = (...names: string[]) => names.flatMap((name) => [volume(name), claim(name, {volume: name})]);

  it('refuses nodes whose driver attaches no more, and lets those through that have no limit', () => {
    const cluster = withStorage(
      clusterState({
        nodes: [node('full'), node('free'), node('unlimited'), node('without-driver')],
        pods: [mounting('there', ['one'], 'full')],
      }),
      [
        ...bound('one', 'two'),
        csiNode('full', {[DRIVER]: 1}),
        csiNode('free', {[DRIVER]: 1}),
        csiNode('unlimited', {[DRIVER]: undefined}),
      ],
    );

    const result = verdicts(nodeVolumeLimits, mounting('newcomer', ['two']), cluster);

    expect(result).toEqual({full: FULL, free: 'fits', unlimited: 'fits', 'without-driver': 'fits'});
  });

  it('counts a volume once, however many pods of the node mount it', () => {
    const cluster = withStorage(clusterState({nodes: [node('a')], pods: [mounting('there', ['one'], 'a')]}), [
      ...bound('one'),
      csiNode('a', {[DRIVER]: 1}),
    ]);

    expect(verdicts(nodeVolumeLimits, mounting('newcomer', ['one']), cluster)).toEqual({a: 'fits'});
  });

  it('counts volumes that are still attached without a pod', () => {
    const cluster = withStorage(clusterState({nodes: [node('a')]}), [
      ...bound('one', 'two'),
      csiNode('a', {[DRIVER]: 1}),
      attachment('one', 'a'),
    ]);

    expect(verdicts(nodeVolumeLimits, mounting('newcomer', ['two']), cluster)).toEqual({a: FULL});
  });

  it('counts in-tree disks as those of the driver that has taken over', () => {
    const disk = (volumeID: string) => [{name: 'disk', awsElasticBlockStore: {volumeID}}];
    const cluster = withStorage(
      clusterState({
        nodes: [node('a'), node('b')],
        pods: [pod('there', {on: 'a', spec: {volumes: disk('aws://zone/vol-1')}})],
      }),
      [csiNode('a', {'ebs.csi.aws.com': 1}), csiNode('b', {'ebs.csi.aws.com': 1})],
    );

    const other = verdicts(nodeVolumeLimits, pod('newcomer', {spec: {volumes: disk('vol-2')}}), cluster);
    const same = verdicts(nodeVolumeLimits, pod('newcomer', {spec: {volumes: disk('vol-1')}}), cluster);

    expect(other).toEqual({a: FULL, b: 'fits'});
    expect(same).toEqual({a: 'fits', b: 'fits'});
  });

  it('counts a volume that is still to be provisioned, also for a pod that does not exist yet', () => {
    const {
      name: _name,
      uid: _uid,
      ...hypothetical
    } = pod('newcomer', {
      spec: {
        volumes: [{name: 'scratch', ephemeral: {volumeClaimTemplate: {spec: {storageClassName: 'waits'}}}}],
      },
    });
    const cluster = withStorage(clusterState({nodes: [node('a'), node('b')]}), [
      storageClass('waits'),
      csiNode('a', {[DRIVER]: 0}),
      csiNode('b', {[DRIVER]: 1}),
    ]);

    expect(verdicts(nodeVolumeLimits, hypothetical, cluster)).toEqual({a: FULL, b: 'fits'});
  });
});
