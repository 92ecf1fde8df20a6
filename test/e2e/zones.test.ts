/** Scenario 3 of the main job: nine replicas in one of three zones of two nodes; even over zones, then over nodes. */
import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {place, placementOf} from '../controlplane/placement.ts';
import {ReadyRecorder} from '../controlplane/ready-recorder.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {deployment, HOSTNAME, policy, ZONE} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {waitForStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const zones = ['zone-a', 'zone-a', 'zone-b', 'zone-b', 'zone-c', 'zone-c'];
const topologies = [
  {topologyKey: ZONE, distribution: 'Even' as const},
  {topologyKey: HOSTNAME, distribution: 'Even' as const},
];

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

it.each([
  {title: 'both nodes of one zone', name: 'two-nodes', placement: [5, 4, 0, 0, 0, 0], moves: 6},
  // Three may stay in the zone, but only two on the node.
  {title: 'one node', name: 'one-node', placement: [9, 0, 0, 0, 0, 0], moves: 7},
])(
  'nine replicas on $title come to lie 3, 3, 3 over the zones with $moves moves',
  withOperatorLog(async ({name, placement, moves}) => {
    await cluster.createNamespace(name);
    await place(
      cluster,
      name,
      deployment({podSpec: {topologySpreadConstraints: softConstraints}}),
      placement,
    );
    const recorder = await ReadyRecorder.start(cluster, name, 'web');

    await cluster.apply(policy(name, {topologies, injection: 'Disabled'}));

    await waitForStatus(cluster, name, 'Spread', ({state}) => state === 'Spread', {timeout: 90_000});
    await recorder.stop();
    const evictions = await cluster.evictions(({namespace}) => namespace === name);
    expect({...(await spreadOf(name)), moves: evictions.length, missing: recorder.maxMissing}).toEqual({
      zones: [3, 3, 3],
      fullestNode: 2,
      moves,
      missing: 1,
    });
  }),
  150_000,
);

it(
  'the rollout of the injected constraints spreads them over the zones too',
  withOperatorLog(async () => {
    await cluster.createNamespace('injected');
    await place(cluster, 'injected', deployment(), [5, 4, 0, 0, 0, 0]);

    await cluster.apply(policy('injected', {topologies}));

    await waitForStatus(cluster, 'injected', 'Spread', ({state}) => state === 'Spread', {timeout: 90_000});
    expect(await spreadOf('injected')).toEqual({zones: [3, 3, 3], fullestNode: 2});
  }),
  150_000,
);

async function spreadOf(namespace: string): Promise<{zones: number[]; fullestNode: number}> {
  const placement = await placementOf(cluster, namespace, 'web');
  const zoneCount = (zone: string) =>
    placement.filter((_, index) => zones[index] === zone).reduce((sum, count) => sum + count, 0);
  return {zones: [...new Set(zones)].map(zoneCount), fullestNode: Math.max(...placement)};
}

const softConstraints = [ZONE, HOSTNAME].map((topologyKey) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: {matchLabels: {app: 'web'}},
}));
