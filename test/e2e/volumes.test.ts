/** Replicas with volumes move as far as their volumes can follow, and not at all where that is not known. */
import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {place, waitForPlacement} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {deployment, policy, ZONE} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {movesIn, waitForBlocked, waitForStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const zones = ['zone-a', 'zone-a', 'zone-b', 'zone-b'];

let cluster: RunningControlPlane;
let operator: RunningOperator;

beforeAll(async () => {
  cluster = await new ControlPlane({nodes: zones.map((zone) => ({zone})), podStartMilliseconds: 300}).start();
  operator = await new OperatorProcess(cluster).start();
}, startLimitMilliseconds);

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
}, 60_000);

it(
  'replicas that share a volume of one zone are spread over the nodes of this zone',
  withOperatorLog(async () => {
    await cluster.createNamespace('zonal');
    await bindClaim('zonal', {accessMode: 'ReadWriteMany', zone: 'zone-a'});
    await place(cluster, 'zonal', deployment({rule: 'soft', podSpec}), [4, 0, 0, 0]);

    await cluster.apply(policy('zonal', {injection: 'Disabled'}));

    await waitForPlacement(cluster, 'zonal', 'web', [2, 2, 0, 0], {timeout: 60_000});
    await waitForStatus(cluster, 'zonal', 'no move needed', ({movesNeeded}) => movesNeeded === 0);
    expect(await movesIn(cluster, 'zonal')).toBe(2);
  }),
  120_000,
);

it(
  'replicas that share a volume of one node stay where they are',
  withOperatorLog(async () => {
    await cluster.createNamespace('single');
    await bindClaim('single', {accessMode: 'ReadWriteOnce'});
    await place(cluster, 'single', deployment({rule: 'soft', podSpec}), [3, 0, 0, 0]);

    await cluster.apply(policy('single', {injection: 'Disabled'}));

    const {message} = await waitForBlocked(cluster, 'single', 'Pinned');
    expect(message).toMatch(/^the pods mount PersistentVolumeClaim data \(ReadWriteOnce\), .* on node-1$/);
    expect(await movesIn(cluster, 'single')).toBe(0);
  }),
  120_000,
);

const podSpec = {volumes: [{name: 'data', persistentVolumeClaim: {claimName: 'data'}}]};

/** Makes the claim `data` and a volume for it, and waits until the controller has bound the two. */
async function bindClaim(
  namespace: string,
  {accessMode, zone}: {readonly accessMode: string; readonly zone?: string},
): Promise<void> {
  const requirement = {key: ZONE, operator: 'In', values: [zone]};
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {name: namespace},
    spec: {
      capacity: {storage: '1Gi'},
      accessModes: [accessMode],
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: {namespace, name: 'data'},
      csi: {driver: 'csi.example.com', volumeHandle: namespace},
      ...(zone === undefined
        ? {}
        : {nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [requirement]}]}}}),
    },
  });
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {name: 'data', namespace},
    spec: {
      storageClassName: '',
      accessModes: [accessMode],
      volumeName: namespace,
      resources: {requests: {storage: '1Gi'}},
    },
  });
  await waitFor(`PersistentVolumeClaim ${namespace}/data is bound`, async () => {
    const claim = await cluster.admin.get<{status?: {phase?: string}}>(
      `/api/v1/namespaces/${namespace}/persistentvolumeclaims/data`,
    );
    return claim.status?.phase === 'Bound';
  });
}
