/**
 * Hard rules that are broken only after the replicas were scheduled, which no scheduler looks at again: the operator
 * repairs them with the fewest evictions, and then is quiet.
 */
import {setTimeout as sleep} from 'node:timers/promises';

import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {place, waitForPlacement} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {deployment, HOSTNAME, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {movesIn, workloadStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const quietMilliseconds = 10_000;
const heavy = {class: 'cpu-heavy'};

let cluster: RunningControlPlane;
let operator: RunningOperator;

beforeAll(async () => {
  cluster = await new ControlPlane({nodes: 4, podStartMilliseconds: 300}).start();
  operator = await new OperatorProcess(cluster).start();
}, startLimitMilliseconds);

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
}, 60_000);

it.each([
  {
    title: 'the required anti-affinity of the template',
    namespace: 'template',
    podSpec: {affinity: {podAntiAffinity: required(heavy, HOSTNAME)}},
    separateFrom: [],
    message: /shares kubernetes.io\/hostname node-1 with neighbour, which its required anti-affinity forbids/,
  },
  {
    title: 'separateFrom, which is in no template',
    namespace: 'separate-from',
    podSpec: {},
    separateFrom: [{selector: {matchLabels: heavy}, whenUnsatisfiable: 'DoNotSchedule' as const}],
    message: /shares kubernetes.io\/hostname node-1 with neighbour, from which separateFrom keeps it away/,
  },
])(
  'a neighbour that becomes one to keep away from by $title costs one eviction',
  withOperatorLog(async ({namespace, podSpec, separateFrom, message}) => {
    await cluster.createNamespace(namespace);
    await place(cluster, namespace, deployment({podSpec}), [1, 1, 1, 0]);
    await cluster.apply(neighbour(namespace));
    await cluster.apply(
      policy(namespace, {
        injection: 'Disabled',
        eviction: {mode: 'DryRun'},
        selector: {matchLabels: {app: 'web'}},
        ...(separateFrom.length === 0 ? {} : {separateFrom}),
      }),
    );
    await waitForState(namespace, 'Spread');

    await cluster.kubectl([
      'label',
      'pod/neighbour',
      'class=cpu-heavy',
      '--overwrite',
      '--namespace',
      namespace,
    ]);
    await waitForState(namespace, 'Planned');
    const planned = await workloadStatus(cluster, namespace);
    await cluster.apply(
      policy(namespace, {
        injection: 'Disabled',
        selector: {matchLabels: {app: 'web'}},
        ...(separateFrom.length === 0 ? {} : {separateFrom}),
      }),
    );
    await waitForPlacement(cluster, namespace, 'web', [0, 1, 1, 1], {timeout: 60_000});
    await waitForState(namespace, 'Spread');
    await sleep(quietMilliseconds);

    expect(planned).toMatchObject({movesNeeded: 1, message: expect.stringMatching(message)});
    expect(await movesIn(cluster, namespace)).toBe(1);
  }),
  120_000,
);

it(
  'two replicas that come to share a rack which they must not share cost one eviction',
  withOperatorLog(async () => {
    const namespace = 'racks';
    const rack = 'example.com/rack';
    await cluster.createNamespace(namespace);
    for (const node of [1, 2, 3, 4]) {
      await cluster.kubectl(['label', `node/node-${node}`, `${rack}=r${node}`]);
    }
    const podSpec = {affinity: {podAntiAffinity: required({app: 'web'}, rack)}};
    await place(cluster, namespace, deployment({podSpec}), [1, 1, 1, 0]);
    await cluster.apply(policy(namespace, {injection: 'Disabled'}));
    await waitForState(namespace, 'Spread');

    await cluster.kubectl(['label', 'node/node-2', `${rack}=r1`, '--overwrite']);
    await waitFor('one of the two has moved to node-4', async () => (await movesIn(cluster, namespace)) > 0, {
      timeout: 60_000,
    });
    await waitForState(namespace, 'Spread');
    await sleep(quietMilliseconds);

    expect(await movesIn(cluster, namespace)).toBe(1);
  }),
  120_000,
);

async function waitForState(namespace: string, state: string): Promise<void> {
  const now = () => workloadStatus(cluster, namespace);
  await waitFor(`web in ${namespace} is ${state}`, async () => (await now())?.state === state, {
    timeout: 60_000,
    state: async () => JSON.stringify(await now()),
  });
}

function required(matchLabels: Record<string, string>, topologyKey: string): object {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey, labelSelector: {matchLabels}}],
  };
}

/** On node-1, and not yet one to keep away from: the scheduler would not have let it beside a replica. */
function neighbour(namespace: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name: 'neighbour', namespace, labels: {class: 'calm'}},
    spec: {nodeName: 'node-1', containers: [{name: 'main', image: 'registry.k8s.io/pause:3.10'}]},
  };
}
