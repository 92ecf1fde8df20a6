/** Scenarios 8 and 9 of the main job: a workload that is not at rest is waited for, with the reason. */
import {setTimeout as sleep} from 'node:timers/promises';

import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {neverReadyKey} from '../controlplane/kwok-stages.ts';
import {place, placementOf, podsOf, waitForPlacement, waitForReady} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {scaleDeployment} from '../controlplane/workloads.ts';
import {deployment, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {movesIn, waitForBlocked, waitForEvent, waitForStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

let cluster: RunningControlPlane;
let operator: RunningOperator;

beforeAll(async () => {
  cluster = await new ControlPlane({nodes: 3, podStartMilliseconds: 500}).start();
  operator = await new OperatorProcess(cluster).start();
}, startLimitMilliseconds);

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
}, 60_000);

it(
  'waits for a rollout that is under way',
  withOperatorLog(async () => {
    await cluster.createNamespace('rollout');
    await place(cluster, 'rollout', deployment({rule: 'soft'}), [3, 0, 0]);
    // It cannot end: the surge replica never becomes Ready, and no old one may go before.
    await patchTemplate('rollout', {annotations: {[neverReadyKey]: 'true'}});
    await waitForPods('rollout', 4);

    await cluster.apply(policy('rollout', {injection: 'Disabled'}));
    const {message} = await waitForBlocked(cluster, 'rollout', 'RolloutInProgress');
    const movesBefore = await movesIn(cluster, 'rollout');
    await cluster.kubectl(['rollout', 'undo', 'deployment/web', '--namespace', 'rollout']);
    await waitForPlacement(cluster, 'rollout', 'web', [1, 1, 1], {timeout: 60_000});

    expect(message).not.toBe('');
    expect({movesBefore, movesAfter: await movesIn(cluster, 'rollout')}).toEqual({
      movesBefore: 0,
      movesAfter: 2,
    });
  }),
  120_000,
);

it(
  'waits for a paused Deployment',
  withOperatorLog(async () => {
    await cluster.createNamespace('paused');
    await place(cluster, 'paused', deployment({rule: 'soft'}), [3, 0, 0]);
    await cluster.kubectl(['rollout', 'pause', 'deployment/web', '--namespace', 'paused']);

    await cluster.apply(policy('paused', {injection: 'Disabled'}));
    const {message} = await waitForBlocked(cluster, 'paused', 'RolloutInProgress');
    const movesBefore = await movesIn(cluster, 'paused');
    await cluster.kubectl(['rollout', 'resume', 'deployment/web', '--namespace', 'paused']);
    await waitForPlacement(cluster, 'paused', 'web', [1, 1, 1], {timeout: 60_000});

    expect(message).toContain('paused');
    expect({movesBefore, movesAfter: await movesIn(cluster, 'paused')}).toEqual({
      movesBefore: 0,
      movesAfter: 2,
    });
  }),
  120_000,
);

it(
  'waits for a replica that is not Ready, and names it',
  withOperatorLog(async () => {
    await cluster.createNamespace('unready');
    await place(cluster, 'unready', deployment({rule: 'soft'}), [3, 0, 0]);
    const [pod] = await podsOf(cluster, 'unready', 'web');
    if (pod === undefined) {
      throw new Error('Deployment unready/web has no pods');
    }
    await cluster.setPodReady(pod, false);

    await cluster.apply(policy('unready', {injection: 'Disabled'}));
    const {message} = await waitForBlocked(cluster, 'unready', 'NotAvailable');
    const movesBefore = await movesIn(cluster, 'unready');
    await cluster.setPodReady(pod, true);
    await waitForPlacement(cluster, 'unready', 'web', [1, 1, 1], {timeout: 60_000});

    expect(message).toContain(`${pod.metadata.name} on node-1 is not Ready`);
    expect({movesBefore, movesAfter: await movesIn(cluster, 'unready')}).toEqual({
      movesBefore: 0,
      movesAfter: 2,
    });
  }),
  120_000,
);

it(
  'waits for a replica that is Pending, and says what the scheduler says',
  withOperatorLog(async () => {
    await cluster.createNamespace('pending');
    // A node has room for four of them.
    await place(cluster, 'pending', deployment({rule: 'soft', requests: {cpu: '900m'}}), [4, 0, 0]);
    await Promise.all([cluster.cordon('node-2'), cluster.cordon('node-3')]);
    await scaleDeployment(cluster, 'pending', 'web', 5);

    await cluster.apply(policy('pending', {injection: 'Disabled'}));
    const {message} = await waitForBlocked(cluster, 'pending', 'NotAvailable');
    const movesBefore = await movesIn(cluster, 'pending');
    await Promise.all([cluster.uncordon('node-2'), cluster.uncordon('node-3')]);
    await waitForStatus(cluster, 'pending', 'Spread', ({state}) => state === 'Spread', {timeout: 60_000});

    expect(message).toMatch(/is Pending: .*Insufficient cpu/);
    expect({movesBefore, movesAfter: await movesIn(cluster, 'pending')}).toEqual({
      movesBefore: 0,
      movesAfter: 2,
    });
    expect((await placementOf(cluster, 'pending', 'web')).toSorted((a, b) => b - a)).toEqual([2, 2, 1]);
  }),
  120_000,
);

it(
  'stops after one move, with the reason, when the replacement does not become Ready',
  withOperatorLog(async () => {
    await cluster.createNamespace('broken');
    const broken = deployment({rule: 'soft', podAnnotations: {[neverReadyKey]: 'true'}});
    await place(cluster, 'broken', broken, [3, 0, 0], {ready: false});
    await repairPods('broken');

    await cluster.apply(policy('broken', {injection: 'Disabled', eviction: {moveTimeoutSeconds: 10}}));

    const {message} = await waitForBlocked(cluster, 'broken', 'NotAvailable', {timeout: 60_000});
    const event = await waitForEvent(cluster, 'broken', 'NotAvailable');
    // Long enough for another eviction, if there were one.
    await sleep(5000);
    expect(message).toMatch(/within 10 s .*is not Ready/);
    expect(event).toMatchObject({type: 'Warning', message: expect.stringContaining('within 10 s')});
    expect(await movesIn(cluster, 'broken')).toBe(1);
  }),
  120_000,
);

it(
  'goes on when the late replacement becomes Ready after all',
  withOperatorLog(async () => {
    await repairPods('broken');

    await waitFor('a second replica is evicted', async () => (await movesIn(cluster, 'broken')) === 2);
    await waitFor(
      'the second replacement exists',
      async () => (await podsOf(cluster, 'broken', 'web')).length === 3,
    );
    await repairPods('broken');
    await waitForPlacement(cluster, 'broken', 'web', [1, 1, 1], {timeout: 60_000});
    expect(await movesIn(cluster, 'broken')).toBe(2);
  }),
  120_000,
);

async function patchTemplate(namespace: string, metadata: object): Promise<void> {
  await cluster.admin.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/web`, {
    spec: {template: {metadata}},
  });
}

async function waitForPods(namespace: string, count: number): Promise<void> {
  await waitFor(
    `Deployment ${namespace}/web has ${count} pods`,
    async () => (await podsOf(cluster, namespace, 'web')).length === count,
  );
}

/** The replicas that there are become Ready; later ones of the same template do not. */
async function repairPods(namespace: string): Promise<void> {
  const pods = await podsOf(cluster, namespace, 'web');
  await Promise.all(
    pods.map(({metadata}) =>
      cluster.admin.patch(`/api/v1/namespaces/${namespace}/pods/${metadata.name}`, {
        metadata: {annotations: {[neverReadyKey]: null}},
      }),
    ),
  );
  await waitForReady(cluster, namespace, 'web', 3);
}
