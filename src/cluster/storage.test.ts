import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {attachment, mounts, storageClass, withStorage} from '../../test/scenarios/storage.ts';
import {withChanges} from './snapshot.ts';
import {toVolumeAttachment} from './volumes.ts';

describe('ClusterState.claimHolders', () => {
  const holding = (name: string, claim: string, on?: string) =>
    pod(name, {...(on === undefined ? {} : {on}), spec: {volumes: mounts(claim)}});
  const names = (snapshot: Pick<ReturnType<typeof clusterState>, 'claimHolders'>, claim = 'data') =>
    [...snapshot.claimHolders('default', claim)].map(({name}) => name).toSorted();

  it('are the bound pods that mount the claim, on known nodes or not', () => {
    const cluster = clusterState({
      nodes: [node('a')],
      pods: [
        holding('here', 'data', 'a'),
        holding('there', 'data', 'not-seen-yet'),
        holding('waiting', 'data'),
        holding('other', 'logs', 'a'),
        pod('elsewhere', {on: 'a', namespace: 'shop', spec: {volumes: mounts('data')}}),
      ],
    });

    expect(names(cluster)).toEqual(['here', 'there']);
  });

  it('follow what becomes of the pods', () => {
    const web = holding('web', 'data', 'a');
    const cluster = clusterState({nodes: [node('a')], pods: [web]});
    const terminating = {...web, deletionTimestamp: 1};

    cluster.setPod(terminating, web);
    const [whileTerminating] = cluster.claimHolders('default', 'data');
    cluster.setPod({...terminating, phase: 'Succeeded'}, terminating);
    const afterwards = names(cluster);

    expect(whileTerminating).toBe(terminating);
    expect(afterwards).toEqual([]);
  });

  it('see the pods that a hypothesis takes away and puts in', () => {
    const web = holding('web', 'data', 'a');
    const cluster = clusterState({nodes: [node('a')], pods: [web]});

    const changed = withChanges(cluster, {
      remove: [web],
      add: [holding('new', 'data', 'a'), pod('x', {on: 'a'})],
    });

    expect(names(changed)).toEqual(['new']);
    expect(names(cluster)).toEqual(['web']);
  });
});

describe('StorageState', () => {
  it('has for a default class the youngest that says so, then the first by name', () => {
    const withClasses = (...objects: Parameters<typeof withStorage>[1]) =>
      withStorage(clusterState({nodes: []}), objects).storage.defaultStorageClass()?.name;
    const old = storageClass('a-old', {isDefault: true});

    expect(withClasses(storageClass('plain'))).toBeUndefined();
    expect(withClasses(storageClass('c', {isDefault: true}), storageClass('b', {isDefault: true}), old)).toBe(
      'a-old',
    );
  });

  it('forgets an attachment that is gone', () => {
    const {storage} = withStorage(clusterState({nodes: []}), [
      attachment('pv', 'a'),
      attachment('other', 'a'),
    ]);

    storage.deleteVolumeAttachment(
      toVolumeAttachment({
        metadata: {name: 'pv-a', uid: 'uid-pv-a', resourceVersion: '1'},
        spec: {attacher: 'csi.example.com', nodeName: 'a', source: {persistentVolumeName: 'pv'}},
      }),
    );

    expect([...storage.volumeAttachments('a')].map(({volumeName}) => volumeName)).toEqual(['other']);
  });
});
