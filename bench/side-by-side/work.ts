// The work that both programs get: Deployments whose replicas sit together on a cluster with room everywhere, so
// that the fewest moves are known without any planner: each node keeps one replica, every other one moves.
import {setTimeout as sleep} from 'node:timers/promises';

import {compareNames} from '../../test/controlplane/nodes.ts';
import {waitForReady} from '../../test/controlplane/placement.ts';
import type {RunningControlPlane} from '../../test/controlplane/running-control-plane.ts';
import {waitFor} from '../../test/controlplane/wait-for.ts';
import {isLive, placementOf, podsOf} from '../../test/controlplane/workloads.ts';
import {deployment, HOSTNAME} from '../../test/scenarios/manifests.ts';

export interface Work {
  readonly name: string;
  /** Replicas on each of the nodes that it starts on. */
  readonly start: readonly number[];
}

const STARTS: readonly (readonly number[])[] = [[4], [9], [5, 4], [2, 2, 2], [3, 1], [6, 1, 1], [2, 2], [10]];

export function workOf(deployments: number): Work[] {
  return Array.from({length: deployments}, (_, index) => ({
    name: `work-${index + 1}`,
    start: STARTS[index % STARTS.length] ?? [],
  }));
}

/** Nowhere are there fewer nodes than replicas, so in the end no two are together. */
export function fewestMoves({start}: Work): number {
  return start.reduce((sum, replicas) => sum + replicas - 1, 0);
}

export function replicasOf({start}: Work): number {
  return start.reduce((sum, replicas) => sum + replicas, 0);
}

/** Fills the cluster with Deployments that the scheduler itself places; none of them has two replicas on a node. */
export async function fill(cluster: RunningControlPlane, pods: number): Promise<void> {
  const replicas = 10;
  const names = Array.from({length: Math.ceil(pods / replicas)}, (_, index) => `filler-${index + 1}`);
  await cluster.createNamespace('filler');
  for (const name of names) {
    await cluster.admin.create('/apis/apps/v1/namespaces/filler/deployments', {
      ...deployment({name, replicas, rule: 'hard', requests: {cpu: '50m', memory: '64Mi'}}),
    });
  }
  const running = async () =>
    (await cluster.admin.list<Running>('/api/v1/namespaces/filler/pods')).filter(
      ({status}) => status.phase === 'Running',
    ).length;
  await waitFor(
    `${names.length * replicas} pods of the filler run`,
    async () => (await running()) === names.length * replicas,
    {timeout: 120_000 + pods * 60, interval: 2000, state: async () => `${await running()} run`},
  );
}

interface Running {
  readonly status: {readonly phase?: string};
}

/**
 * Brings the work up as it starts. The scheduler cannot place it, because all nodes are cordoned; the binding is
 * made as the scheduler makes it, through the API.
 */
export async function begin(
  cluster: RunningControlPlane,
  namespace: string,
  work: readonly Work[],
): Promise<void> {
  const nodes = (await cluster.nodes()).map(({metadata}) => metadata.name).sort(compareNames);
  await cluster.createNamespace(namespace);
  await Promise.all(nodes.map((node) => cluster.cordon(node)));
  // The scheduler must have heard of it, or it places the first pods itself.
  await sleep(3000);
  for (const [index, each] of work.entries()) {
    await cluster.admin.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, manifestOf(each));
    const pods = await waitFor(`the pods of ${each.name} exist`, async () => {
      const found = (await podsOf(cluster, namespace, each.name)).filter(isLive);
      return found.length === replicasOf(each) ? found : undefined;
    });
    const targets = each.start.flatMap((replicas, position) =>
      Array.from({length: replicas}, () => nodes[(index * 7 + position * 3) % nodes.length] ?? ''),
    );
    await Promise.all(
      pods.map(({metadata}, position) =>
        cluster.admin.create(`/api/v1/namespaces/${namespace}/pods/${metadata.name}/binding`, {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: {name: metadata.name, namespace},
          target: {apiVersion: 'v1', kind: 'Node', name: targets[position]},
        }),
      ),
    );
  }
  await Promise.all(nodes.map((node) => cluster.uncordon(node)));
  for (const each of work) {
    await waitForReady(cluster, namespace, each.name, replicasOf(each), {timeout: 60_000});
  }
}

// The constraint that the comparison in the descheduler's own documentation uses: soft, by hostname.
function manifestOf(work: Work): object {
  return deployment({
    name: work.name,
    replicas: replicasOf(work),
    requests: {cpu: '50m', memory: '64Mi'},
    podSpec: {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: HOSTNAME,
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: {matchLabels: {app: work.name}},
        },
      ],
    },
  });
}

/** Seconds until no two replicas of any Deployment share a node; undefined when that has not come within the limit. */
export async function secondsUntilSpread(
  cluster: RunningControlPlane,
  namespace: string,
  work: readonly Work[],
  limitSeconds: number,
): Promise<number | undefined> {
  const startedAt = performance.now();
  const open = new Set(work);
  while (performance.now() - startedAt < limitSeconds * 1000) {
    for (const each of open) {
      const counts = await placementOf(cluster, namespace, each.name);
      const live = counts.reduce((sum, count) => sum + count, 0);
      if (Math.max(...counts) <= 1 && live === replicasOf(each)) {
        open.delete(each);
      }
    }
    if (open.size === 0) {
      return (performance.now() - startedAt) / 1000;
    }
    await sleep(1000);
  }
  return undefined;
}
