// Honest start placements: the scheduler itself puts the pods where a test wants them, because every other node is
// cordoned at that moment.
import {parse} from 'yaml';

import type {RunningControlPlane} from './running-control-plane.ts';
import {waitFor} from './wait-for.ts';
import {
  type Deployment,
  describePods,
  getDeployment,
  isLive,
  isPodReady,
  placementOf,
  podsOf,
  scaleDeployment,
} from './workloads.ts';

const ATTEMPTS = 3;

export {placementOf, podsByNode, podsOf} from './workloads.ts';

export interface PlaceOptions {
  /** False: settle when every pod is bound, for pods that never become Ready. */
  ready?: boolean;
  /** Milliseconds for each node, and again for the pods to become Ready; 30 s. */
  timeout?: number;
}

/**
 * Brings up a Deployment (a manifest as object or YAML, or the name of one that exists) with `counts[i]` replicas on
 * the i-th node by name, and waits until all are Ready. Nodes beyond the counts get none. Afterwards each node is
 * cordoned or not as it was before.
 */
export async function place(
  cluster: RunningControlPlane,
  namespace: string,
  deployment: object | string,
  counts: number[],
  options: PlaceOptions = {},
): Promise<void> {
  const {ready = true, timeout = 30_000} = options;
  const nodes = await cluster.nodes();
  if (counts.length > nodes.length) {
    throw new Error(
      `The placement [${counts.join(', ')}] needs ${counts.length} nodes; there are ${nodes.length}`,
    );
  }
  const names = nodes.map(({metadata}) => metadata.name);

  await Promise.all(names.map((name) => cluster.cordon(name)));
  try {
    const deploymentName = await startEmpty(cluster, namespace, deployment, timeout);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const steps = names.map((name, index) => ({name, count: counts[index] ?? 0}));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      if (await fillOneByOne(cluster, {namespace, deploymentName, steps, timeout})) {
        break;
      }
      await startEmpty(cluster, namespace, deploymentName, timeout);
    }
    if (ready) {
      await waitForReady(cluster, namespace, deploymentName, total, {timeout});
    }
    const placement = await placementOf(cluster, namespace, deploymentName);
    const wanted = names.map((_, index) => counts[index] ?? 0);
    if (placement.join() !== wanted.join()) {
      const pods = describePods(await podsOf(cluster, namespace, deploymentName));
      throw new Error(
        `Deployment ${namespace}/${deploymentName} was to be placed as [${wanted.join(', ')}] and is ` +
          `[${placement.join(', ')}]:\n${pods}`,
      );
    }
  } finally {
    await Promise.all(
      nodes.map(({metadata, spec}) => cluster.cordon(metadata.name, spec.unschedulable === true)),
    );
  }
}

/** Settles when the Deployment has exactly this many live replicas, all Ready and up to date, and none terminating. */
export async function waitForReady(
  cluster: RunningControlPlane,
  namespace: string,
  name: string,
  replicas: number,
  options: {timeout?: number} = {},
): Promise<void> {
  await waitFor(
    `Deployment ${namespace}/${name} has ${replicas} Ready replicas and no others`,
    async () => {
      const [{status, metadata}, pods] = await Promise.all([
        getDeployment(cluster, namespace, name),
        podsOf(cluster, namespace, name),
      ]);
      return (
        metadata.generation === status?.observedGeneration &&
        (status?.availableReplicas ?? 0) === replicas &&
        (status?.updatedReplicas ?? 0) === replicas &&
        pods.length === replicas &&
        pods.every((pod) => isLive(pod) && isPodReady(pod))
      );
    },
    {...options, state: () => describeDeployment(cluster, namespace, name)},
  );
}

/** Settles when the live pods are spread over the nodes like this, and Ready. */
export async function waitForPlacement(
  cluster: RunningControlPlane,
  namespace: string,
  name: string,
  counts: number[],
  options: {timeout?: number} = {},
): Promise<void> {
  await waitFor(
    `Deployment ${namespace}/${name} is placed as [${counts.join(', ')}], all Ready`,
    async () => {
      const [placement, pods] = await Promise.all([
        placementOf(cluster, namespace, name),
        podsOf(cluster, namespace, name),
      ]);
      return placement.join() === counts.join() && pods.every((pod) => isLive(pod) && isPodReady(pod));
    },
    {...options, state: () => describeDeployment(cluster, namespace, name)},
  );
}

/** The Deployment with no replicas, and none left of an earlier life. */
async function startEmpty(
  cluster: RunningControlPlane,
  namespace: string,
  deployment: object | string,
  timeout: number,
): Promise<string> {
  const given = nameOrManifest(deployment);
  const name = typeof given === 'string' ? given : given.metadata.name;
  if (typeof given === 'string') {
    await scaleDeployment(cluster, namespace, name, 0);
  } else {
    await cluster.admin.apply(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, {
      ...given,
      metadata: {...given.metadata, namespace},
      spec: {...given.spec, replicas: 0},
    });
  }
  await waitFor(
    `Deployment ${namespace}/${name} has no pods`,
    async () => (await podsOf(cluster, namespace, name)).length === 0,
    {timeout, state: () => describeDeployment(cluster, namespace, name)},
  );
  return name;
}

/** A name has no colon, and every manifest in YAML has. */
function nameOrManifest(deployment: object | string): Deployment | string {
  if (typeof deployment === 'string') {
    return deployment.includes(':') ? (parse(deployment) as Deployment) : deployment;
  }
  return deployment as Deployment;
}

/**
 * False when a replica came to another node than the one that was open: the scheduler hears of nodes and of pods on two
 * ways, and may not have heard of the last cordon when it places the next pod.
 */
async function fillOneByOne(
  cluster: RunningControlPlane,
  {
    namespace,
    deploymentName,
    steps,
    timeout,
  }: {
    namespace: string;
    deploymentName: string;
    steps: readonly {name: string; count: number}[];
    timeout: number;
  },
): Promise<boolean> {
  let total = 0;
  for (const {name, count} of steps.filter((step) => step.count > 0)) {
    total += count;
    await cluster.uncordon(name);
    await scaleDeployment(cluster, namespace, deploymentName, total);
    const bound = await waitUntilBound(cluster, namespace, deploymentName, {total, timeout});
    await cluster.cordon(name);
    if (bound.filter((nodeName) => nodeName === name).length !== count) {
      return false;
    }
  }
  return true;
}

/** The nodes of all replicas, one for each, when each has one. */
async function waitUntilBound(
  cluster: RunningControlPlane,
  namespace: string,
  name: string,
  {total, timeout}: {total: number; timeout: number},
): Promise<string[]> {
  let bound: string[] = [];
  await waitFor(
    `${total} replicas of Deployment ${namespace}/${name} are bound`,
    async () => {
      const pods = (await podsOf(cluster, namespace, name)).filter(isLive);
      bound = pods.flatMap(({spec}) => spec.nodeName ?? []);
      return pods.length === total && bound.length === total;
    },
    {timeout, interval: 50, state: () => describeDeployment(cluster, namespace, name)},
  );
  return bound;
}

async function describeDeployment(
  cluster: RunningControlPlane,
  namespace: string,
  name: string,
): Promise<string> {
  const [{spec, status}, pods] = await Promise.all([
    getDeployment(cluster, namespace, name),
    podsOf(cluster, namespace, name),
  ]);
  return (
    `Deployment ${namespace}/${name}: ${spec.replicas} replicas wanted, status ${JSON.stringify(status ?? {})}\n` +
    describePods(pods)
  );
}
