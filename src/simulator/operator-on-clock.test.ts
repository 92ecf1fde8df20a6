import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterEach, beforeEach, expect, it} from '@jest/globals';
import {SILENT} from '../log.ts';
import {textOf} from './apiserver/json.ts';
import {RealTimeDriver} from './drivers.ts';
import {ApiFace} from './http/api-face.ts';
import {installation} from './installation.ts';
import {loadManifests} from './manifests.ts';
import {OperatorOnClock} from './operator-on-clock.ts';
import {SimulatedCluster} from './simulated-cluster.ts';

const SPEED = 50;
const LONGEST_MILLISECONDS = 600_000;

let cluster: SimulatedCluster;
let face: ApiFace;
let driver: RealTimeDriver;
let directory: string;

beforeEach(async () => {
  cluster = new SimulatedCluster({nodes: 1});
  loadManifests(cluster.api, installation());
  face = await ApiFace.start({api: cluster.api, clock: cluster.clock});
  directory = await mkdtemp(join(tmpdir(), 'operator-on-clock-'));
  driver = new RealTimeDriver(cluster.clock, SPEED);
});

afterEach(async () => {
  driver.stop();
  await face.stop();
  await rm(directory, {recursive: true, force: true});
});

it('spreads replicas, by the clock of the simulation', async () => {
  const labels = {app: 'web'};
  loadManifests(cluster.api, [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {name: 'web', labels},
      spec: {
        replicas: 3,
        selector: {matchLabels: labels},
        template: {metadata: {labels}, spec: {containers: [{name: 'web', image: 'web:1'}]}},
      },
    },
    {
      apiVersion: 'spread-operator.io/v1alpha1',
      kind: 'SpreadPolicy',
      metadata: {name: 'one-per-node'},
      spec: {
        selector: {matchLabels: labels},
        topologies: [{topologyKey: 'kubernetes.io/hostname', distribution: 'Separate'}],
      },
    },
  ]);
  cluster.advance(10_000);
  cluster.addNodes([{}, {}]);
  driver.start();
  const operator = await OperatorOnClock.start({cluster, face, directory}, SPEED, SILENT);
  const nodes = () => cluster.pods('default').map(({spec}) => spec.nodeName ?? '');

  try {
    await until(() => nodes().length === 3 && new Set(nodes()).size === 3);
  } finally {
    await operator.stop();
  }

  expect(nodes().sort()).toEqual(['node-1', 'node-2', 'node-3']);
  const written = cluster.api
    .list('events', 'default')
    .filter((event) => event['reportingComponent'] === 'spread-operator')
    .map((event) => textOf(event['eventTime']));
  expect(written.length).toBeGreaterThan(0);
  // The simulation begins long before today.
  expect(written.filter((time) => !time.startsWith('2026-01-01T00:'))).toEqual([]);
}, 60_000);

async function until(condition: () => boolean): Promise<void> {
  const end = cluster.now + LONGEST_MILLISECONDS;
  while (!condition()) {
    if (cluster.now > end) {
      throw new Error(`not so after 600 simulated seconds: ${JSON.stringify(cluster.timeline.entries)}`);
    }
    await sleep(10);
  }
}
