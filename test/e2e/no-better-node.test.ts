/** Scenario 10, and what can be foreseen of scenario 11: an eviction would not help, so there is none. */
import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {place, waitForPlacement, waitForReady} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {deployment, HOSTNAME, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {movesIn, waitForBlocked, waitForEvent, workloadStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const otherNodes = ['nodes', 'node-2', 'node-3'];

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
  'full nodes are named with what they lack, and used when there is room',
  withOperatorLog(async () => {
    await cluster.createNamespace('full');
    await place(cluster, 'full', deployment({name: 'filler', requests: {cpu: '3800m'}}), [0, 1, 1]);
    await place(cluster, 'full', deployment({rule: 'soft', requests: {cpu: '500m'}}), [3, 0, 0]);

    await cluster.apply(policy('full', {injection: 'Disabled', selector: {matchLabels: {app: 'web'}}}));
    const {message} = await waitForBlocked(cluster, 'full', 'NoFeasibleNode');
    const event = await waitForEvent(cluster, 'full', 'NoFeasibleNode');
    const movesBefore = await movesIn(cluster, 'full');
    await cluster.kubectl(['delete', 'deployment/filler', '--namespace', 'full']);
    await waitForPlacement(cluster, 'full', 'web', [1, 1, 1], {timeout: 60_000});

    expect(message).toContain('Insufficient cpu (node-2, node-3)');
    expect(event.message).toContain('Insufficient cpu (node-2, node-3)');
    expect({movesBefore, movesAfter: await movesIn(cluster, 'full')}).toEqual({
      movesBefore: 0,
      movesAfter: 2,
    });
  }),
  120_000,
);

it(
  'tainted nodes are named with their taint, and used when it is gone',
  withOperatorLog(async () => {
    await cluster.createNamespace('tainted');
    await place(cluster, 'tainted', deployment({rule: 'soft'}), [3, 0, 0]);
    await cluster.kubectl(['taint', ...otherNodes, 'dedicated=db:NoSchedule']);

    await cluster.apply(policy('tainted', {injection: 'Disabled'}));
    const {message} = await waitForBlocked(cluster, 'tainted', 'Pinned');
    const event = await waitForEvent(cluster, 'tainted', 'Pinned');
    const movesBefore = await movesIn(cluster, 'tainted');
    await cluster.kubectl(['taint', ...otherNodes, 'dedicated-']);
    await waitForPlacement(cluster, 'tainted', 'web', [1, 1, 1], {timeout: 60_000});

    expect(message).toMatch(/taint dedicated=db:NoSchedule not tolerated: node-2, node-3/);
    expect(event.message).toMatch(/taint dedicated=db:NoSchedule not tolerated: node-2, node-3/);
    expect({movesBefore, movesAfter: await movesIn(cluster, 'tainted')}).toEqual({
      movesBefore: 0,
      movesAfter: 2,
    });
  }),
  120_000,
);

it(
  'replicas that node affinity keeps on their node stay there',
  withOperatorLog(async () => {
    const onlyNode1 = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{matchExpressions: [{key: HOSTNAME, operator: 'In', values: ['node-1']}]}],
      },
    };
    await cluster.createNamespace('affinity');
    await place(cluster, 'affinity', deployment({podSpec: {affinity: {nodeAffinity: onlyNode1}}}), [3, 0, 0]);

    await cluster.apply(policy('affinity'));

    const {message} = await waitForBlocked(cluster, 'affinity', 'Pinned');
    const event = await waitForEvent(cluster, 'affinity', 'Pinned');
    expect(message).toMatch(/node affinity: node-2, node-3/);
    expect(event.message).toMatch(/node affinity: node-2, node-3/);
    expect(await movesIn(cluster, 'affinity')).toBe(0);
  }),
  120_000,
);

it(
  'a node selector that leaves two nodes, one of them full',
  withOperatorLog(async () => {
    await cluster.createNamespace('both');
    await cluster.kubectl(['label', 'node/node-1', 'node/node-2', 'disk=ssd']);
    await place(cluster, 'both', deployment({name: 'filler', requests: {memory: '16Gi'}}), [0, 1, 0]);
    await place(
      cluster,
      'both',
      deployment({rule: 'soft', requests: {memory: '1Gi'}, podSpec: {nodeSelector: {disk: 'ssd'}}}),
      [3, 0, 0],
    );

    await cluster.apply(policy('both', {injection: 'Disabled', selector: {matchLabels: {app: 'web'}}}));

    const {message} = await waitForBlocked(cluster, 'both', 'NoFeasibleNode');
    expect(message).toContain('Insufficient memory (node-2)');
    expect(await movesIn(cluster, 'both')).toBe(0);
  }),
  120_000,
);

it.each([
  {
    title: 'the template prefers the node',
    name: 'preferred',
    podSpec: {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              preference: {matchExpressions: [{key: HOSTNAME, operator: 'In', values: ['node-1']}]},
            },
          ],
        },
      },
      topologySpreadConstraints: [looseConstraint()],
    },
    taint: false,
  },
  {
    title: 'the other nodes are tainted PreferNoSchedule',
    name: 'attractive',
    podSpec: {topologySpreadConstraints: [looseConstraint()]},
    taint: true,
  },
])(
  'nothing is evicted where the scheduler would put the replacement back: $title',
  withOperatorLog(async ({name, podSpec, taint}) => {
    await cluster.createNamespace(name);
    await place(cluster, name, deployment({podSpec}), [3, 0, 0]);
    if (taint) {
      await cluster.kubectl(['taint', ...otherNodes, 'spot=true:PreferNoSchedule']);
    }

    await cluster.apply(policy(name, {injection: 'Disabled'}));

    const {message} = await waitForBlocked(cluster, name, 'NoFeasibleNode');
    const event = await waitForEvent(cluster, name, 'NoFeasibleNode');
    expect(message).toMatch(
      /the scheduler would put a replacement of web-\S+ on node-1 .* rather than on node-2 or node-3/,
    );
    expect(event.message).toContain('so evicting it would not help');
    expect(await movesIn(cluster, name)).toBe(0);
  }),
  120_000,
);

it(
  'an injected rule is not made hard where its rollout could not end',
  withOperatorLog(async () => {
    await cluster.createNamespace('full-injected');
    await place(cluster, 'full-injected', deployment({name: 'filler', requests: {cpu: '3300m'}}), [0, 1, 1]);
    await place(cluster, 'full-injected', deployment({requests: {cpu: '500m'}}), [3, 0, 0]);

    await cluster.apply(policy('full-injected', {selector: {matchLabels: {app: 'web'}}}));

    const {message} = await waitForBlocked(cluster, 'full-injected', 'NoFeasibleNode');
    const injected = await workloadStatus(cluster, 'full-injected');
    expect(message).toContain('Insufficient cpu (node-2, node-3)');
    expect(injected?.injection).toMatchObject({state: 'Injected', whenUnsatisfiable: 'ScheduleAnyway'});
    await waitForReady(cluster, 'full-injected', 'web', 3);
  }),
  120_000,
);

/** Takes the place of the scheduler's default constraints, and is always met. */
function looseConstraint(): object {
  return {
    maxSkew: 100,
    topologyKey: HOSTNAME,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: {matchLabels: {app: 'web'}},
  };
}
