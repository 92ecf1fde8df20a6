/**
 * Scenario 16: the API server goes away in the middle of a spread, for a moment or for longer than a lease lasts; its
 * history is compacted; connections break. The same process goes on within a minute and makes no move too many.
 */
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {installOperator} from '../controlplane/install-operator.ts';
import {place} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {deployment, policy} from '../scenarios/manifests.ts';
import {ApiProxy} from './api-proxy.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {conditionOf, waitForStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

let cluster: RunningControlPlane;
let proxy: ApiProxy;
let operator: RunningOperator;
let namespace: string;
let scenarios = 0;

beforeAll(async () => {
  cluster = await new ControlPlane({nodes: 3, podStartMilliseconds: 500, podStopMilliseconds: 300}).start();
  await installOperator(cluster);
  proxy = await ApiProxy.start(cluster);
  operator = await new OperatorProcess(cluster)
    .withArguments(
      `--kubeconfig=${await proxy.createKubeconfig(cluster)}`,
      '--lease-namespace=spread-operator-system',
      // As users run it: with less, even the shortest absence of the server would cost the lease.
      '--lease-duration=15s',
    )
    .start();
}, startLimitMilliseconds);

afterAll(async () => {
  await proxy?.stop();
  await cluster?.stop();
}, 60_000);

beforeEach(async () => {
  namespace = `shop-${++scenarios}`;
  await cluster.createNamespace(namespace);
  await place(cluster, namespace, deployment({rule: 'soft'}), [5, 0, 0]);
});

afterEach(async () => {
  await cluster.kubectl([
    'delete',
    '--wait=false',
    `--namespace=${namespace}`,
    'spread,deployments',
    '--all',
  ]);
});

async function evictions(): Promise<Date[]> {
  const all = await cluster.evictions((eviction) => eviction.namespace === namespace);
  return all.map(({timestamp}) => timestamp);
}

async function waitForEvictions(count: number, timeout: number): Promise<void> {
  await waitFor(`${count} replicas have been evicted`, async () => (await evictions()).length >= count, {
    timeout,
    interval: 200,
  });
}

/**
 * Three moves are needed; the trouble begins after so many evictions. Returns the seconds from its end to the next one.
 */
async function spreadThrough(trouble: () => Promise<void>, {after = 1} = {}): Promise<number> {
  await cluster.apply(policy(namespace, {injection: 'Disabled'}));
  await waitForEvictions(after, 20_000);

  await trouble();

  const over = Date.now();
  await waitForEvictions(after + 1, 90_000);
  const next = (await evictions())[after];
  await waitForStatus(cluster, namespace, 'spread', ({state}) => state === 'Spread', {timeout: 60_000});
  const ready = await conditionOf(cluster, namespace, 'Ready');
  expect(await evictions()).toHaveLength(3);
  expect(ready?.status).toBe('True');
  return ((next?.getTime() ?? Number.POSITIVE_INFINITY) - over) / 1000;
}

const limit = 180_000;

describe('the spread goes on within a minute, without a move too many, when', () => {
  it.each<{what: string; trouble: () => Promise<void>}>([
    {what: 'every connection breaks, again and again', trouble: cutRepeatedly},
    {what: 'the API server is away for 2 s', trouble: () => restart(2)},
    {what: 'the API server is away for 10 s', trouble: () => restart(10)},
    {
      what: 'the history of the cluster is compacted',
      trouble: () => cluster.compactEtcd({downMilliseconds: 1000}),
    },
  ])(
    '$what',
    withOperatorLog(async ({trouble}) => {
      const seconds = await spreadThrough(trouble);

      expect(seconds).toBeLessThan(60);
    }),
    limit,
  );

  it(
    'the answer to an eviction is lost',
    withOperatorLog(async () => {
      const answered = proxy.hold('answered', ({path}) => path.includes('/eviction'));

      const seconds = await spreadThrough(async () => {
        const {drop} = await answered;
        drop();
        proxy.cut();
      });

      expect(seconds).toBeLessThan(60);
    }),
    limit,
  );

  it(
    'an eviction is lost on its way',
    withOperatorLog(async () => {
      const sent = proxy.hold('sent', ({path}) => path.includes('/eviction'));

      const seconds = await spreadThrough(
        async () => {
          const {drop} = await sent;
          drop();
          proxy.cut();
        },
        {after: 0},
      );

      expect(seconds).toBeLessThan(60);
    }),
    limit,
  );
});

it('all of that was one process, which stops cleanly', async () => {
  await expect(operator.stop()).resolves.toBeUndefined();
}, 60_000);

async function restart(seconds: number): Promise<void> {
  await cluster.restartApiServer({downMilliseconds: seconds * 1000});
}

async function cutRepeatedly(): Promise<void> {
  for (let cut = 0; cut < 5; cut++) {
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
