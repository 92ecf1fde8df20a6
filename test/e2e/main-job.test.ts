/** Scenarios 1, 4 and 7 of the main job, and what a move costs the API server. */
import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {operatorUser} from '../controlplane/install-operator.ts';
import {place, waitForPlacement, waitForReady} from '../controlplane/placement.ts';
import {ReadyRecorder} from '../controlplane/ready-recorder.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {deployment, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {reactionTimes} from './reaction-times.ts';
import {conditionOf, movesIn, waitForBlocked, waitForStatus} from './reports.ts';
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
  'three replicas on one node under a soft rule are spread with two moves',
  withOperatorLog(async () => {
    await cluster.createNamespace('soft');
    await place(cluster, 'soft', deployment({rule: 'soft'}), [3, 0, 0]);
    const recorder = await ReadyRecorder.start(cluster, 'soft', 'web');

    await cluster.apply(policy('soft', {injection: 'Disabled'}));

    await waitForPlacement(cluster, 'soft', 'web', [1, 1, 1], {timeout: 60_000});
    await recorder.stop();
    expect({moves: await movesIn(cluster, 'soft'), fewestReady: recorder.minReady}).toEqual({
      moves: 2,
      fewestReady: 2,
    });
  }),
  120_000,
);

it(
  'a Deployment without a rule is spread by the rollout of the injected one, without an eviction',
  withOperatorLog(async () => {
    await cluster.createNamespace('no-rule');
    await place(cluster, 'no-rule', deployment(), [3, 0, 0]);
    const recorder = await ReadyRecorder.start(cluster, 'no-rule', 'web');

    await cluster.apply(policy('no-rule', {injection: 'Apply'}));

    await waitForPlacement(cluster, 'no-rule', 'web', [1, 1, 1], {timeout: 60_000});
    await waitForStatus(cluster, 'no-rule', 'Spread', ({state}) => state === 'Spread');
    await recorder.stop();
    const injected = await conditionOf(cluster, 'no-rule', 'Injected');
    const ready = await conditionOf(cluster, 'no-rule', 'Ready');
    expect({
      moves: await movesIn(cluster, 'no-rule'),
      missing: recorder.maxMissing,
      injected: injected?.status,
      ready: ready?.status,
    }).toEqual({moves: 0, missing: 0, injected: 'True', ready: 'True'});
  }),
  120_000,
);

it.each([
  {title: 'a single replica', name: 'single', placement: [1, 0, 0], minReplicas: 2},
  {
    title: 'a single replica, although minReplicas is 1',
    name: 'single-1',
    placement: [1, 0, 0],
    minReplicas: 1,
  },
  {title: 'fewer replicas than minReplicas', name: 'few', placement: [3, 0, 0], minReplicas: 4},
])(
  'never evicts $title',
  withOperatorLog(async ({name, placement, minReplicas}) => {
    await cluster.createNamespace(name);
    await place(cluster, name, deployment({rule: 'soft'}), placement);

    await cluster.apply(policy(name, {injection: 'Disabled', eviction: {minReplicas}}));

    if (placement[0] === 1) {
      await waitForStatus(cluster, name, 'Spread', ({state}) => state === 'Spread');
    } else {
      const {message} = await waitForBlocked(cluster, name, 'TooFewReplicas');
      expect(message).toContain(`fewer than ${minReplicas} replicas`);
    }
    // Something happens to the workload: one more look, with the same result.
    await cluster.admin.patch(`/apis/apps/v1/namespaces/${name}/deployments/web`, {
      metadata: {labels: {looked: 'again'}},
    });
    await waitForReady(cluster, name, 'web', placement[0] ?? 0);
    expect(await movesIn(cluster, name)).toBe(0);
  }),
  60_000,
);

it(
  'a move costs one eviction, at most one event and two status writes, and follows within a second',
  withOperatorLog(async () => {
    await cluster.createNamespace('cost');
    await place(cluster, 'cost', deployment({rule: 'soft'}), [9, 0, 0]);

    await cluster.apply(policy('cost', {injection: 'Disabled', eviction: {settleSeconds: 0}}));

    await waitForPlacement(cluster, 'cost', 'web', [3, 3, 3], {timeout: 90_000});
    await waitForStatus(cluster, 'cost', 'Spread', ({state}) => state === 'Spread');
    const {
      'create pods/eviction': evictions = 0,
      'create events': newEvents = 0,
      'patch events': repeatedEvents = 0,
      'patch spreadpolicies/status': statusWrites = 0,
      'patch spreadpolicies': finalizers = 0,
      ...others
    } = await requestsIn('cost');
    expect({evictions, finalizers, others}).toEqual({evictions: 6, finalizers: 1, others: {}});
    expect((newEvents + repeatedEvents) / evictions).toBeLessThanOrEqual(1);
    expect(statusWrites / evictions).toBeLessThanOrEqual(2);
    // The first one waited for the policy. Half of the others, as a busy machine may hold any of them up.
    const [, ...reactions] = await reactionTimes(cluster, 'cost');
    const median = reactions.sort((a, b) => a - b)[Math.floor(reactions.length / 2)];
    expect(median).toBeLessThan(1000);
  }),
  150_000,
);

it('stays small', async () => {
  const mebibytes = await operator.residentMemory();

  expect(mebibytes).toBeLessThan(150);
});

/** How often the operator called what about objects of a namespace. */
async function requestsIn(namespace: string): Promise<Record<string, number>> {
  const requests = await cluster.auditEvents(
    ({stage, user, objectRef}) =>
      stage === 'ResponseComplete' && user.username === operatorUser && objectRef?.namespace === namespace,
  );
  const calls = requests.map(({verb, objectRef}) => {
    const {resource, subresource} = objectRef ?? {};
    return `${verb} ${[resource, subresource].filter((part) => part !== undefined).join('/')}`;
  });
  return Object.fromEntries([...Map.groupBy(calls, (call) => call)].map(([call, all]) => [call, all.length]));
}
