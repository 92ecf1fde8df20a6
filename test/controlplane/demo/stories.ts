// The two Deployments of the demo, their policies, and how each of them is spread.
import {stringify} from 'yaml';

import type {WrittenSpec} from '../../../src/api/types.ts';
import type {KubernetesObject} from '../admin.ts';
import {place, placementOf} from '../placement.ts';
import {ReadyRecorder} from '../ready-recorder.ts';
import type {RunningControlPlane} from '../running-control-plane.ts';
import {getDeployment} from '../workloads.ts';
import {namespace, type Observer} from './observer.ts';
import type {Screen} from './screen.ts';

const limitMilliseconds = 120_000;

export interface Story {
  readonly title: string;
  readonly name: string;
  /** What the Deployment's pod template has besides its container. */
  readonly podSpec: object;
  readonly policy: WrittenSpec;
}

export interface Outcome {
  readonly name: string;
  readonly replicas: number;
  readonly before: string;
  readonly after: string;
  readonly evictions: number;
  readonly rollouts: number;
  readonly lowestReady: number;
  readonly seconds: number;
}

/** Short, so that the demo is; the default is 30. */
const eviction = {settleSeconds: 5};

export const stories: readonly Story[] = [
  {
    title: 'eviction only. web has a soft rule of its own, which the scheduler heeds for new pods alone',
    name: 'web',
    podSpec: {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              podAffinityTerm: {
                topologyKey: 'kubernetes.io/hostname',
                labelSelector: {matchLabels: {app: 'web'}},
              },
            },
          ],
        },
      },
    },
    policy: {selector: {matchLabels: {app: 'web'}}, injection: {mode: 'Disabled'}, eviction},
  },
  {
    title: 'injection. api has no rule; the rollout of the injected one spreads it, and nothing is evicted',
    name: 'api',
    podSpec: {},
    policy: {selector: {matchLabels: {app: 'api'}}, eviction},
  },
];

/** Brings up both Deployments, all three replicas of each on the first node. */
export async function prepare(cluster: RunningControlPlane): Promise<void> {
  await cluster.createNamespace(namespace);
  for (const {name, podSpec} of stories) {
    const labels = {app: name};
    const container = {
      name,
      image: `example.com/${name}`,
      resources: {requests: {cpu: '100m', memory: '64Mi'}},
    };
    const template = {metadata: {labels}, spec: {...podSpec, containers: [container]}};
    const spec = {selector: {matchLabels: labels}, template};
    const deployment = {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name, labels}, spec};
    await place(cluster, namespace, deployment, [3, 0, 0]);
  }
}

/** Applies the policy and shows what happens until the operator calls the Deployment spread. */
export async function tell(
  {name, policy}: Story,
  cluster: RunningControlPlane,
  observer: Observer,
  screen: Screen,
  signal: AbortSignal,
): Promise<Outcome> {
  const before = await lookAt(cluster, name);
  const recorder = await ReadyRecorder.start(cluster, namespace, name);
  const manifest = {
    apiVersion: 'spread-operator.io/v1alpha1',
    kind: 'SpreadPolicy',
    metadata: {name, namespace},
    spec: policy,
  };
  screen.say(`${stringify(manifest).trimEnd().replaceAll(/^/gm, '  ')}\n`);
  const started = Date.now();
  await cluster.apply(manifest);
  observer.addDeployment(name);
  const isSpread = await observer.followUntil(
    (entries) => entries.get(name)?.state === 'Spread',
    signal,
    started + limitMilliseconds,
  );
  const seconds = (Date.now() - started) / 1000;
  await recorder.stop();
  signal.throwIfAborted();
  if (!isSpread) {
    throw new Error(`${name} is not spread after ${limitMilliseconds / 1000} s, which should not happen`);
  }
  const after = await lookAt(cluster, name);
  return {
    name,
    replicas: 3,
    before: before.placement,
    after: after.placement,
    evictions: after.evictions - before.evictions,
    rollouts: after.revision - before.revision,
    lowestReady: recorder.minReady,
    seconds,
  };
}

async function lookAt(
  cluster: RunningControlPlane,
  name: string,
): Promise<{placement: string; evictions: number; revision: number}> {
  const [placement, evictions, deployment] = await Promise.all([
    placementOf(cluster, namespace, name),
    // Counted by the API server, not by the operator.
    cluster.evictions((eviction) => eviction.namespace === namespace),
    getDeployment(cluster, namespace, name),
  ]);
  return {
    placement: `[${placement.join(', ')}]`,
    evictions: evictions.length,
    revision: revisionOf(deployment),
  };
}

function revisionOf({metadata}: KubernetesObject): number {
  return Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
}
