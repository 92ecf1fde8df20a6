import {expect, it} from '@jest/globals';
import type {SimulatedCluster} from '../simulated-cluster.ts';
import {Simulation} from '../testing/simulation.ts';

const capacity = {storage: '1Gi'};
const accessModes = ['ReadWriteMany'];

function volume(cluster: SimulatedCluster, claimRef?: object): void {
  const csi = {driver: 'csi.example.com', volumeHandle: 'data'};
  cluster.api.create(
    'persistentvolumes',
    {metadata: {name: 'disk'}, spec: {capacity, accessModes, csi, ...(claimRef && {claimRef})}},
    'kubectl',
  );
}

function claim(cluster: SimulatedCluster, volumeName?: string): void {
  cluster.api.create(
    'persistentvolumeclaims',
    {
      metadata: {name: 'data', namespace: 'default'},
      spec: {
        storageClassName: '',
        accessModes,
        resources: {requests: capacity},
        ...(volumeName && {volumeName}),
      },
    },
    'kubectl',
  );
}

function phases(cluster: SimulatedCluster): unknown[] {
  return [
    cluster.api.get('persistentvolumes', undefined, 'disk'),
    cluster.api.get('persistentvolumeclaims', 'default', 'data'),
  ].map((object) => (object?.['status'] as {phase?: string} | undefined)?.phase);
}

it.each([
  {what: 'the claim names the volume', claimRef: undefined, volumeName: 'disk'},
  {what: 'the volume names the claim', claimRef: {namespace: 'default', name: 'data'}, volumeName: undefined},
])('binds the two when $what', ({claimRef, volumeName}) => {
  const cluster = new Simulation();
  volume(cluster, claimRef);
  cluster.seconds(1);
  const before = phases(cluster);

  claim(cluster, volumeName);
  cluster.seconds(1);

  expect(before).toEqual(['Available', undefined]);
  expect(phases(cluster)).toEqual(['Bound', 'Bound']);
  expect(cluster.api.get('persistentvolumeclaims', 'default', 'data')).toMatchObject({
    metadata: {annotations: {'pv.kubernetes.io/bind-completed': 'yes'}},
    spec: {volumeName: 'disk'},
    status: {accessModes, capacity},
  });
});

it('leaves a claim alone whose volume is another one’s', () => {
  const cluster = new Simulation();
  volume(cluster, {namespace: 'default', name: 'other'});

  claim(cluster, 'disk');
  cluster.seconds(1);

  expect(phases(cluster)).toEqual(['Available', 'Pending']);
});

it('releases the volume of a claim that is gone', () => {
  const cluster = new Simulation();
  volume(cluster);
  claim(cluster, 'disk');
  cluster.seconds(1);

  cluster.api.delete('persistentvolumeclaims', 'default', 'data', {actor: 'kubectl'});
  cluster.seconds(1);

  expect(phases(cluster)).toEqual(['Released', undefined]);
});
