/**
 * Scenario 2 of the main job: from each placement exactly the fewest moves, one replica missing at most, and then
 * quiet; each also with one more node that is cordoned. All cases run side by side and share the quiet time.
 */
import {setTimeout as sleep} from 'node:timers/promises';

import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {installOperator} from '../controlplane/install-operator.ts';
import {place, placementOf} from '../controlplane/placement.ts';
import {ReadyRecorder} from '../controlplane/ready-recorder.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {deployment, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const quietMilliseconds = 30_000;

interface Start {
  readonly placement: readonly number[];
  readonly cordonedNodes: number;
}

interface Case extends Start {
  readonly moves: number;
  /** As even as it gets; fullest first. */
  readonly even: readonly number[];
}

const fewest = [
  {placement: [4, 0, 0], moves: 2, even: [2, 1, 1]},
  {placement: [9, 0, 0], moves: 6, even: [3, 3, 3]},
  {placement: [2, 2, 0], moves: 1, even: [2, 1, 1]},
  {placement: [2, 2, 2, 0], moves: 1, even: [2, 2, 1, 1]},
  {placement: [0, 0, 0, 3, 4], moves: 3, even: [2, 2, 1, 1, 1]},
];
const cases: Case[] = [
  ...[0, 1].flatMap((cordonedNodes) => fewest.map((each) => ({...each, cordonedNodes}))),
  // The start that the README compares with the descheduler on.
  {placement: [4, 0, 0], moves: 2, even: [2, 1, 1], cordonedNodes: 2},
];

/** Cases with the same nodes share a cluster, each in a namespace of its own. Three clusters are brought up at a time. */
const lanes = [0, 1, 2].map((cordonedNodes) => {
  const lane = cases.filter((each) => each.cordonedNodes === cordonedNodes);
  return [...Map.groupBy(lane, ({placement}) => placement.length).values()];
});

const namespaceOf = ({placement}: Start): string => `from-${placement.join('-')}`;

interface Outcome {
  readonly moves: number;
  readonly missing: number;
  readonly placement: readonly number[];
}

const clusters: RunningControlPlane[] = [];
const operators: RunningOperator[] = [];
const outcomes = new Map<Case, Outcome>();

beforeAll(
  withOperatorLog(async () => {
    const running = new Map<Case, {cluster: RunningControlPlane; recorder: ReadyRecorder}>();
    await Promise.all(
      lanes.map(async (lane) => {
        for (const ofStage of lane) {
          const {cluster, recorders} = await beginStage(ofStage);
          for (const [each, recorder] of recorders) {
            running.set(each, {cluster, recorder});
          }
        }
      }),
    );
    for (const [each, {cluster}] of running) {
      await waitUntilEven(cluster, each);
    }
    await sleep(quietMilliseconds);
    for (const [each, {cluster, recorder}] of running) {
      await recorder.stop();
      const evictions = await cluster.evictions(({namespace}) => namespace === namespaceOf(each));
      outcomes.set(each, {
        moves: evictions.length,
        missing: recorder.maxMissing,
        placement: fullestFirst(await placementOf(cluster, namespaceOf(each), 'web')),
      });
    }
  }),
  startLimitMilliseconds,
);

afterAll(async () => {
  await Promise.all(operators.map((operator) => operator.stop()));
  await Promise.all(clusters.map((cluster) => cluster.stop()));
}, 60_000);

it.each(cases)(
  '$placement with $cordonedNodes cordoned nodes more takes $moves moves',
  withOperatorLog(async (each: Case) => {
    const outcome = outcomes.get(each);

    expect(outcome).toEqual({moves: each.moves, missing: 1, placement: padded(each)});
  }),
);

/** Places the replicas of all cases, and only then starts the operator and declares the policies. */
async function beginStage(
  ofStage: readonly Case[],
): Promise<{cluster: RunningControlPlane; recorders: Map<Case, ReadyRecorder>}> {
  const {placement = [], cordonedNodes = 0} = ofStage[0] ?? {};
  const nodes = placement.length + cordonedNodes;
  const cluster = await new ControlPlane({nodes, podStartMilliseconds: 300}).start();
  clusters.push(cluster);
  for (let node = placement.length + 1; node <= nodes; node += 1) {
    await cluster.cordon(`node-${node}`);
  }
  const recorders = new Map<Case, ReadyRecorder>();
  for (const each of ofStage) {
    await cluster.createNamespace(namespaceOf(each));
    await place(cluster, namespaceOf(each), deployment({rule: 'soft'}), [...each.placement]);
    recorders.set(each, await ReadyRecorder.start(cluster, namespaceOf(each), 'web'));
  }
  await installOperator(cluster);
  await cluster.apply(ofStage.map((each) => policy(namespaceOf(each), {injection: 'Disabled'})));
  operators.push(await new OperatorProcess(cluster).start());
  return {cluster, recorders};
}

async function waitUntilEven(cluster: RunningControlPlane, each: Case): Promise<void> {
  const now = async () => placementOf(cluster, namespaceOf(each), 'web');
  const wanted = padded(each).join();
  await waitFor(
    `[${each.placement.join()}] has become [${wanted}] in some order`,
    async () => fullestFirst(await now()).join() === wanted,
    {timeout: 90_000, state: async () => `It is [${(await now()).join()}].`},
  );
}

function padded({even, cordonedNodes}: Case): number[] {
  return [...even, ...Array.from({length: cordonedNodes}, () => 0)];
}

function fullestFirst(counts: readonly number[]): number[] {
  return [...counts].sort((left, right) => right - left);
}
