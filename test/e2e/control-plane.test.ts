import {readdir, readFile} from 'node:fs/promises';

import {afterEach, describe, expect, it} from '@jest/globals';

import {ControlPlane, type ControlPlaneKind} from '../controlplane/control-plane.ts';
import {whyNoDocker} from '../controlplane/docker.ts';
import {place, placementOf, podsOf, waitForReady} from '../controlplane/placement.ts';
import {ReadyRecorder} from '../controlplane/ready-recorder.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';

// The first run builds the programs.
const limitMilliseconds = 15 * 60_000;

const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name: 'web'},
  spec: {
    selector: {matchLabels: {app: 'web'}},
    template: {
      metadata: {labels: {app: 'web'}},
      spec: {containers: [{name: 'web', image: 'example.com/web'}]},
    },
  },
};

const whyNoContainers = await whyNoDocker();
if (whyNoContainers !== undefined) {
  console.error(`\n*** The container kind of the control plane is NOT tested. ${whyNoContainers} ***\n`);
}

let cluster: RunningControlPlane | undefined;

afterEach(async () => {
  await cluster?.stop();
}, 60_000);

describe('the control plane as processes', () => {
  it(
    'places replicas, counts evictions and leaves nothing behind',
    async () => {
      const seen = await smoke('process');

      expect(seen).toEqual(expected);
    },
    limitMilliseconds,
  );
});

(whyNoContainers === undefined ? describe : describe.skip)('the control plane as containers', () => {
  it(
    'places replicas, counts evictions and leaves nothing behind',
    async () => {
      const seen = await smoke('container');

      expect(seen).toEqual(expected);
    },
    limitMilliseconds,
  );
});

const expected = {
  placement: [3, 0, 0],
  evictedAsPlanned: true,
  evictionCalls: 2,
  minReady: 2,
  maxMissing: 1,
  processesBeforeStop: true,
  processesAfterStop: [] as string[],
};

/** Starts with [3, 0, 0], tries one eviction without and one with effect, and stops. */
async function smoke(kind: ControlPlaneKind): Promise<typeof expected> {
  cluster = await new ControlPlane({kind, nodes: 3}).start();
  await place(cluster, 'default', web, [3, 0, 0]);
  const placement = await placementOf(cluster, 'default', 'web');

  const recorder = await ReadyRecorder.start(cluster, 'default', 'web');
  const [first, second] = await podsOf(cluster, 'default', 'web');
  await evict(cluster, first?.metadata.name ?? '', {dryRun: ['All']});
  await evict(cluster, second?.metadata.name ?? '', {});
  await waitForReady(cluster, 'default', 'web', 3);
  await recorder.stop();
  const evictions = await cluster.evictions();
  const requests = await cluster.requestsBy('admin');

  const before = await processesOf(cluster.directory);
  await cluster.stop();
  return {
    placement,
    evictedAsPlanned: evictions.length === 1 && evictions[0]?.pod === second?.metadata.name,
    evictionCalls: requests['create pods/eviction'] ?? 0,
    minReady: recorder.minReady,
    maxMissing: recorder.maxMissing,
    processesBeforeStop: before.length > 0,
    processesAfterStop: await processesOf(cluster.directory),
  };
}

async function evict(cluster: RunningControlPlane, name: string, deleteOptions: object): Promise<void> {
  await cluster.admin.create(`/api/v1/namespaces/default/pods/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: {name, namespace: 'default'},
    deleteOptions,
  });
}

/** Command lines that mention the cluster's folder: each component has it in its own. Containers show up too. */
async function processesOf(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commandLines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return commandLines.filter((line) => line.includes(directory)).map((line) => line.replaceAll('\0', ' '));
}
