/**
 * The story of examples/moonlight, with its own manifests: three web replicas share a node; the policy is applied; nodes
 * are lost. What needs a kernel that panics of hot CPUs is told by src/simulator/moonlight.test.ts and the demo.
 */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';

import {afterAll, beforeAll, expect, it} from '@jest/globals';
import {parseAllDocuments} from 'yaml';

import type {WrittenSpreadPolicy} from '../../src/api/types.ts';
import type {KubernetesObject} from '../controlplane/admin.ts';
import {ControlPlane} from '../controlplane/control-plane.ts';
import {place, placementOf, podsByNode, podsOf, waitForPlacement} from '../controlplane/placement.ts';
import {ReadyRecorder} from '../controlplane/ready-recorder.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {movesIn, waitForStatus} from './reports.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const directory = join(import.meta.dirname, '../../examples/moonlight');
const namespace = 'moonlight';
const policyName = 'one-per-node';

let cluster: RunningControlPlane;
let operator: RunningOperator;
let policy: WrittenSpreadPolicy;

beforeAll(async () => {
  cluster = await new ControlPlane({nodes: 3, podStartMilliseconds: 500}).start();
  operator = await new OperatorProcess(cluster).start();
  const [workloads, policies] = await Promise.all(['workloads.yaml', 'policies.yaml'].map(manifestsOf));
  policy = policies?.[0] as WrittenSpreadPolicy;
  const deployments = (workloads ?? []).filter(({kind}) => kind === 'Deployment');
  await cluster.createNamespace(namespace);
  await cluster.apply((workloads ?? []).filter(({kind}) => kind !== 'Deployment' && kind !== 'Namespace'));
  const placements: Record<string, number[]> = {web: [3, 0, 0], redis: [1, 0, 0], ssr: [0, 1, 1]};
  for (const deployment of deployments) {
    await place(cluster, namespace, deployment, placements[deployment.metadata.name] ?? []);
  }
}, startLimitMilliseconds);

afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
}, 60_000);

async function manifestsOf(file: string): Promise<KubernetesObject[]> {
  const text = await readFile(join(directory, file), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}

/** The example's policy, with a short pause between moves. */
function settlingSoon(mode: 'Suggest' | 'Apply'): WrittenSpreadPolicy {
  return {...policy, spec: {...policy.spec, injection: {mode}, eviction: {settleSeconds: 1}}};
}

it(
  'the replicas that share a node move one by one, and web never has fewer than its budget allows',
  withOperatorLog(async () => {
    const recorder = await ReadyRecorder.start(cluster, namespace, 'web');

    // Nothing is injected yet, so that it is moves alone that spread them.
    await cluster.apply(settlingSoon('Suggest'));

    await waitForPlacement(cluster, namespace, 'web', [1, 1, 1], {timeout: 60_000});
    await recorder.stop();
    expect({moves: await movesIn(cluster, namespace), fewestReady: recorder.minReady}).toEqual({
      moves: 2,
      fewestReady: 2,
    });
  }),
  90_000,
);

it(
  'the rule is injected into web and ssr, and into nothing that the policy does not select',
  withOperatorLog(async () => {
    const recorder = await ReadyRecorder.start(cluster, namespace, 'web');

    await cluster.apply(settlingSoon('Apply'));

    for (const workload of ['web', 'ssr']) {
      await waitForStatus(
        cluster,
        namespace,
        'Spread and Injected',
        ({state, injection}) => state === 'Spread' && injection?.state === 'Injected',
        {workload, policy: policyName, timeout: 60_000},
      );
    }
    await recorder.stop();
    const rules = await Promise.all(['web', 'ssr', 'redis'].map(requiredRule));
    expect(rules).toEqual([
      [expect.objectContaining({topologyKey: 'kubernetes.io/hostname'})],
      [expect.objectContaining({topologyKey: 'kubernetes.io/hostname'})],
      undefined,
    ]);
    expect(await placementOf(cluster, namespace, 'web')).toEqual([1, 1, 1]);
    expect(recorder.minReady).toBeGreaterThanOrEqual(2);
  }),
  90_000,
);

it(
  'with one node lost two web replicas are Ready; the third waits for a free node, and the status says so',
  withOperatorLog(async () => {
    const recorder = await ReadyRecorder.start(cluster, namespace, 'web');
    const moves = await movesIn(cluster, namespace);

    await cluster.failNode('node-1');
    // As its node does after five minutes.
    await giveUpReplicaOn('node-1');

    const {blocked} = await waitForStatus(
      cluster,
      namespace,
      'blocked',
      ({blocked: reason}) => reason?.reason === 'InsufficientDomains',
      {workload: 'web', policy: policyName},
    );
    await recorder.stop();
    const pending = (await podsOf(cluster, namespace, 'web')).filter(({spec}) => spec.nodeName === undefined);
    expect(blocked?.message).toMatch(/need as many domains .* 2 are eligible: web-\S+ stays Pending$/);
    expect(pending.map(({status}) => status.phase)).toEqual(['Pending']);
    expect(await placementOf(cluster, namespace, 'web')).toEqual([0, 1, 1]);
    expect(recorder.minReady).toBe(2);
    expect(await movesIn(cluster, namespace)).toBe(moves);
  }),
  90_000,
);

it(
  'with two nodes lost one web replica is Ready, and nobody evicts it',
  withOperatorLog(async () => {
    const recorder = await ReadyRecorder.start(cluster, namespace, 'web');
    const moves = await movesIn(cluster, namespace);

    await cluster.failNode('node-2');
    await giveUpReplicaOn('node-2');

    await waitFor('the replacement of the second one waits too', async () => {
      const pods = await podsOf(cluster, namespace, 'web');
      return pods.filter(({spec}) => spec.nodeName === undefined).length === 2;
    });
    await recorder.stop();
    expect(await placementOf(cluster, namespace, 'web')).toEqual([0, 0, 1]);
    expect(recorder.minReady).toBe(1);
    expect(await movesIn(cluster, namespace)).toBe(moves);
  }),
  90_000,
);

it(
  'with the nodes back every replica has a node of its own again',
  withOperatorLog(async () => {
    const moves = await movesIn(cluster, namespace);

    await cluster.recoverNode('node-1');
    await cluster.recoverNode('node-2');

    await waitForPlacement(cluster, namespace, 'web', [1, 1, 1], {timeout: 60_000});
    expect(await movesIn(cluster, namespace)).toBe(moves);
    await waitForStatus(cluster, namespace, 'Spread', ({state}) => state === 'Spread', {
      workload: 'web',
      policy: policyName,
    });
  }),
  120_000,
);

async function requiredRule(name: string): Promise<unknown> {
  const {spec} = await cluster.admin.get<{
    spec: {
      template: {
        spec: {
          affinity?: {podAntiAffinity?: {requiredDuringSchedulingIgnoredDuringExecution?: unknown}};
        };
      };
    };
  }>(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
  return spec.template.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
}

async function giveUpReplicaOn(node: string): Promise<void> {
  const pods = (await podsByNode(cluster, namespace, 'web')).get(node) ?? [];
  await Promise.all(
    pods.map(({metadata}) =>
      cluster.admin.delete(`/api/v1/namespaces/${namespace}/pods/${metadata.name}`, {gracePeriodSeconds: 0}),
    ),
  );
}
