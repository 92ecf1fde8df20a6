/** Deployments of one policy that are in each other's way: the fewest evictions for all of them, and then quiet. */
import {setTimeout as sleep} from 'node:timers/promises';

import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import type {NodeSpec} from '../controlplane/nodes.ts';
import {place, placementOf, waitForPlacement} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {deployment, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {eventsOf, movesIn, waitForStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const quietMilliseconds = 10_000;

/** Each test has nodes of its own, told apart by the label `group`. Two of them have the only ones with disks. */
const nodes: NodeSpec[] = [
  {name: 'slot-1', cpu: '4', labels: {group: 'slot'}},
  {name: 'slot-2', cpu: '1', labels: {group: 'slot'}},
  {name: 'chain-1', cpu: '4', labels: {group: 'chain', disk: 'ssd'}},
  {name: 'chain-2', cpu: '2', labels: {group: 'chain', disk: 'ssd'}},
  {name: 'chain-3', cpu: '2', labels: {group: 'chain'}},
  {name: 'chain-4', cpu: '4', labels: {group: 'chain'}},
  {name: 'turn-1', cpu: '8', labels: {group: 'turn', disk: 'ssd'}},
  {name: 'turn-2', cpu: '2', labels: {group: 'turn', disk: 'ssd'}},
  {name: 'turn-3', cpu: '2', labels: {group: 'turn'}},
];

let cluster: RunningControlPlane;
let operator: RunningOperator;

beforeAll(async () => {
  cluster = await new ControlPlane({nodes, podStartMilliseconds: 500}).start();
  operator = await new OperatorProcess(cluster).start();
}, startLimitMilliseconds);

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
}, 60_000);

it(
  'two that contend for the last slot: one gets it, the other one is told who has it',
  withOperatorLog(async () => {
    await cluster.createNamespace('slot');
    await placeOn('slot', {name: 'api', cpu: '1'}, {'slot-1': 2});
    await placeOn('slot', {name: 'web', cpu: '1'}, {'slot-1': 2});

    await cluster.apply(policy('slot', {injection: 'Disabled'}));
    const [winner, loser] = await waitFor('one of the Deployments has the slot', whoHasTheSlot, {
      timeout: 60_000,
    });
    const {blocked} = await waitForStatus(
      cluster,
      'slot',
      `that ${winner} has the room`,
      (entry) => entry.blocked?.message.includes('slot-2 is filled by') === true,
      {workload: loser, timeout: 60_000},
    );
    await sleep(quietMilliseconds);

    expect(blocked).toMatchObject({
      reason: 'NoFeasibleNode',
      message: expect.stringContaining(
        `Insufficient cpu (slot-2); slot-2 is filled by Deployment ${winner} (1 pod)`,
      ),
    });
    expect(await movesIn(cluster, 'slot')).toBe(1);
  }),
  120_000,
);

it(
  'one that has no room but where another one stands: that one moves out of the way first',
  withOperatorLog(async () => {
    await cluster.createNamespace('chain');
    await placeOn('chain', {name: 'api', cpu: '2'}, {'chain-2': 1, 'chain-3': 1});
    await placeOn('chain', {name: 'web', cpu: '2', disk: 'ssd'}, {'chain-1': 2});

    await cluster.apply(policy('chain', {injection: 'Disabled'}));
    await waitForPlacement(cluster, 'chain', 'web', counts({'chain-1': 1, 'chain-2': 1}), {timeout: 60_000});
    await waitForStatus(cluster, 'chain', 'spread', ({state}) => state === 'Spread');
    await sleep(quietMilliseconds);

    expect(await placementOf(cluster, 'chain', 'api')).toEqual(counts({'chain-3': 1, 'chain-4': 1}));
    expect(await movesIn(cluster, 'chain')).toBe(2);
    const evicted = (await eventsOf(cluster, 'chain')).filter(({reason}) => reason === 'Evicted');
    expect(evicted.map(({message}) => message)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^Deployment api: evicted api-\S+ from chain-2 .*makes room for Deployment web on chain-2/,
        ),
        expect.stringMatching(/^Deployment web: evicted web-\S+ from chain-1/),
      ]),
    );
  }),
  120_000,
);

it(
  'one that can only use the room that another one would take: it goes first, and both are spread',
  withOperatorLog(async () => {
    await cluster.createNamespace('turn');
    await placeOn('turn', {name: 'any', cpu: '2'}, {'turn-1': 2});
    await placeOn('turn', {name: 'web', cpu: '2', disk: 'ssd'}, {'turn-1': 2});

    await cluster.apply(policy('turn', {injection: 'Disabled'}));
    await waitForPlacement(cluster, 'turn', 'web', counts({'turn-1': 1, 'turn-2': 1}), {timeout: 60_000});
    await waitForPlacement(cluster, 'turn', 'any', counts({'turn-1': 1, 'turn-3': 1}), {timeout: 60_000});
    await sleep(quietMilliseconds);

    expect(await movesIn(cluster, 'turn')).toBe(2);
  }),
  120_000,
);

async function placeOn(
  group: string,
  {name, cpu, disk}: {name: string; cpu: string; disk?: string},
  placement: Readonly<Record<string, number>>,
): Promise<void> {
  const nodeSelector = {group, ...(disk === undefined ? {} : {disk})};
  await place(
    cluster,
    group,
    deployment({name, rule: 'soft', requests: {cpu}, podSpec: {nodeSelector}}),
    counts(placement),
  );
}

/** In the order of the nodes' names, as `placementOf` counts. */
function counts(placement: Readonly<Record<string, number>>): number[] {
  return nodes
    .map(({name = ''}) => name)
    .sort()
    .map((name) => placement[name] ?? 0);
}

async function whoHasTheSlot(): Promise<[string, string] | undefined> {
  const onSlot = counts({'slot-1': 1, 'slot-2': 1}).join();
  const [api, web] = await Promise.all(
    ['api', 'web'].map(async (name) => (await placementOf(cluster, 'slot', name)).join() === onSlot),
  );
  return api === true ? ['api', 'web'] : web === true ? ['web', 'api'] : undefined;
}
