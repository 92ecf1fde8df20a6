/** Scenarios 5 and 6 of the main job: PodDisruptionBudgets stand in the way. */
import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {operatorUser} from '../controlplane/install-operator.ts';
import {place, waitForPlacement} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {budget, deployment, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {conditionOf, waitForBlocked, waitForEvent} from './reports.ts';
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

/** Calls of the eviction API, refused ones included. */
async function evictionCalls(namespace: string): Promise<number> {
  const calls = await cluster.auditEvents(
    ({stage, user, objectRef}) =>
      stage === 'ResponseComplete' &&
      user.username === operatorUser &&
      objectRef?.subresource === 'eviction' &&
      objectRef.namespace === namespace,
  );
  return calls.length;
}

it(
  'a budget that allows no disruption is respected and named, and a relaxed one is noticed',
  withOperatorLog(async () => {
    await cluster.createNamespace('strict');
    await place(cluster, 'strict', deployment({rule: 'soft'}), [3, 0, 0]);
    await cluster.apply([
      budget('strict', {name: 'never', maxUnavailable: 0}),
      policy('strict', {injection: 'Disabled'}),
    ]);

    const {message} = await waitForBlocked(cluster, 'strict', 'PodDisruptionBudgetExhausted');
    const event = await waitForEvent(cluster, 'strict', 'PodDisruptionBudgetExhausted');
    const ready = await conditionOf(cluster, 'strict', 'Ready');
    const callsBefore = await evictionCalls('strict');
    await cluster.apply(budget('strict', {name: 'never', maxUnavailable: 1}));
    await waitForPlacement(cluster, 'strict', 'web', [1, 1, 1], {timeout: 60_000});

    expect(message).toContain('PodDisruptionBudget never');
    expect(event.message).toContain('PodDisruptionBudget never');
    expect(ready).toMatchObject({status: 'False', reason: 'Blocked'});
    expect({callsBefore, callsAfter: await evictionCalls('strict')}).toEqual({callsBefore: 0, callsAfter: 2});
  }),
  120_000,
);

it(
  'two budgets on the same pods are reported by name, and nothing is tried',
  withOperatorLog(async () => {
    await cluster.createNamespace('double');
    await place(cluster, 'double', deployment({rule: 'soft'}), [3, 0, 0]);
    await cluster.apply([
      budget('double', {name: 'first', maxUnavailable: 1}),
      budget('double', {name: 'second', minAvailable: 1}),
    ]);

    await cluster.apply(policy('double', {injection: 'Disabled'}));

    const {message} = await waitForBlocked(cluster, 'double', 'MultiplePodDisruptionBudgets');
    const event = await waitForEvent(cluster, 'double', 'MultiplePodDisruptionBudgets');
    expect(message).toContain('first, second');
    expect(event.message).toContain('first, second');
    expect(await evictionCalls('double')).toBe(0);
  }),
  120_000,
);

it(
  'goes on when one of two budgets is taken away',
  withOperatorLog(async () => {
    await cluster.kubectl(['delete', 'poddisruptionbudget/second', '--namespace', 'double']);

    await waitForPlacement(cluster, 'double', 'web', [1, 1, 1], {timeout: 60_000});

    expect(await evictionCalls('double')).toBe(2);
  }),
  120_000,
);
