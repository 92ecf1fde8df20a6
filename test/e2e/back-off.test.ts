/**
 * What cannot be foreseen of scenario 11: a scheduler that packs nodes instead of spreading puts each replacement back
 * where it was. The operator notices that its moves do not help, and tries ever more seldom.
 */
import {setTimeout as sleep} from 'node:timers/promises';

import {afterAll, beforeAll, expect, it} from '@jest/globals';
import {ControlPlane} from '../controlplane/control-plane.ts';
import {place, placementOf} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {deployment, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {conditionOf, waitForBlocked, waitForEvent, waitForStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const packing = {
  profiles: [
    {
      schedulerName: 'default-scheduler',
      plugins: {score: {disabled: [{name: '*'}], enabled: [{name: 'NodeResourcesFit'}]}},
      pluginConfig: [
        {
          name: 'NodeResourcesFit',
          args: {
            scoringStrategy: {
              type: 'MostAllocated',
              resources: [
                {name: 'cpu', weight: 1},
                {name: 'memory', weight: 1},
              ],
            },
          },
        },
      ],
    },
  ],
};

let cluster: RunningControlPlane;
let operator: RunningOperator;

beforeAll(async () => {
  cluster = await new ControlPlane({
    nodes: 3,
    podStartMilliseconds: 500,
    schedulerConfiguration: packing,
  }).start();
}, startLimitMilliseconds);

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
}, 60_000);

it(
  'tries at most three times in two minutes, and says when the next attempt is',
  withOperatorLog(async () => {
    await cluster.createNamespace('shop');
    await place(cluster, 'shop', deployment({requests: {cpu: '100m', memory: '64Mi'}}), [3, 0, 0]);
    operator = await new OperatorProcess(cluster).withArguments('--initial-backoff', '20s').start();

    await cluster.apply(policy('shop', {injection: 'Disabled'}));
    const twoMinutes = sleep(120_000);
    const first = await waitForStatus(cluster, 'shop', 'one failure', ({backOff}) => backOff?.failures === 1);
    const {message} = await waitForBlocked(cluster, 'shop', 'BackingOff');
    const event = await waitForEvent(cluster, 'shop', 'BackingOff');
    const second = await waitForStatus(
      cluster,
      'shop',
      'a doubled wait',
      ({backOff}) => backOff?.failures === 2,
      {timeout: 60_000},
    );
    const ready = await conditionOf(cluster, 'shop', 'Ready');
    await twoMinutes;

    const evictions = await cluster.evictions();
    expect(evictions.length).toBeGreaterThanOrEqual(2);
    expect(evictions.length).toBeLessThanOrEqual(3);
    expect([first.backOff?.seconds, second.backOff?.seconds]).toEqual([20, 40]);
    expect(message).toMatch(/did not help: the scheduler put the replacement .*next attempt at/);
    expect(event).toMatchObject({type: 'Warning', message: expect.stringContaining('did not help')});
    expect(ready).toMatchObject({status: 'False', reason: 'Blocked'});
    expect(await placementOf(cluster, 'shop', 'web')).toEqual([3, 0, 0]);
  }),
  240_000,
);

it(
  'remembers it over a crash',
  withOperatorLog(async () => {
    const before = (await cluster.evictions()).length;
    await operator.kill('SIGKILL');

    operator = await new OperatorProcess(cluster).withArguments('--initial-backoff', '20s').start();

    const {backOff} = await waitForStatus(
      cluster,
      'shop',
      'BackingOff',
      ({blocked}) => blocked?.reason === 'BackingOff',
    );
    expect(backOff?.failures).toBeGreaterThanOrEqual(2);
    expect((await cluster.evictions()).length - before).toBeLessThanOrEqual(1);
  }),
  60_000,
);
