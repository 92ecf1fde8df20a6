import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {claim, mounts, storageClass, volume, withStorage} from '../../test/scenarios/storage.ts';
import {verdicts} from '../../test/scenarios/verdicts.ts';
import {volumeZone} from './volume-zone.ts';

const ZONE = 'topology.kubernetes.io/zone';
const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const CONFLICT = 'node(s) had no available volume zone';

describe('VolumeZone', () => {
  const newcomer = pod('newcomer', {spec: {volumes: mounts('data')}});

  it.each<[string, Record<string, string>, Record<string, string>, boolean]>([
    ['the same zone', {[ZONE]: 'a'}, {[ZONE]: 'a'}, true],
    ['another zone', {[ZONE]: 'a'}, {[ZONE]: 'b'}, false],
    ['one of several zones', {[ZONE]: 'a__b'}, {[ZONE]: 'b'}, true],
    ['none of several zones', {[ZONE]: 'a__b'}, {[ZONE]: 'c'}, false],
    ['a list of zones that does not parse', {[ZONE]: 'a__'}, {[ZONE]: 'c'}, true],
    ['a beta label of the volume, the stable one of the node', {[BETA_ZONE]: 'a'}, {[ZONE]: 'a'}, true],
    ['a stable label of the volume, the beta one of the node', {[ZONE]: 'a'}, {[BETA_ZONE]: 'a'}, false],
    ['a region that the node does not name', {[REGION]: 'r'}, {[ZONE]: 'a'}, false],
    ['a node without zones', {[ZONE]: 'a'}, {}, true],
    ['a volume without zones', {}, {[ZONE]: 'a'}, true],
  ])('%s', (_situation, ofVolume, ofNode, fits) => {
    const cluster = withStorage(clusterState({nodes: [node('n', {labels: ofNode})]}), [
      volume('pv', {labels: ofVolume}),
      claim('data', {volume: 'pv'}),
    ]);

    expect(verdicts(volumeZone, newcomer, cluster)).toEqual({n: fits ? 'fits' : CONFLICT});
  });

  it.each([
    ['is missing', [], 'persistentvolumeclaim "data" not found'],
    ['is bound to a missing volume', [claim('data', {volume: 'gone'})], 'persistentvolume "gone" not found'],
    [
      'has neither volume nor class',
      [claim('data')],
      'PersistentVolumeClaim had no pv name and storageClass name',
    ],
    [
      'is of a missing class',
      [claim('data', {storageClass: 'gone'})],
      'storageclass.storage.k8s.io "gone" not found',
    ],
    [
      'should be bound already',
      [storageClass('instant', {volumeBindingMode: 'Immediate'}), claim('data', {storageClass: 'instant'})],
      'PersistentVolume had no name',
    ],
    ['waits for its pod', [storageClass('waits'), claim('data', {storageClass: 'waits'})], 'fits'],
  ])('a claim that %s', (_state, storage, verdict) => {
    const cluster = withStorage(clusterState({nodes: [node('n', {zone: 'a'})]}), storage);

    expect(verdicts(volumeZone, newcomer, cluster)).toEqual({n: verdict});
  });
});
