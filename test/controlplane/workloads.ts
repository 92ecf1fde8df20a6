// Looking at Deployments and their pods the way a user does. Pods are found by owner, never by label alone.
import type {KubernetesObject} from './admin.ts';
import {compareNames} from './nodes.ts';
import type {RunningControlPlane} from './running-control-plane.ts';

export interface Deployment extends KubernetesObject {
  spec: {
    replicas?: number;
    paused?: boolean;
    selector: {matchLabels?: Record<string, string>};
    template: {metadata?: {labels?: Record<string, string>}; spec: Record<string, unknown>};
  };
  status?: {
    replicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    updatedReplicas?: number;
    observedGeneration?: number;
    conditions?: {type: string; status: string; reason?: string; message?: string}[];
  };
}

export interface Pod extends KubernetesObject {
  spec: {nodeName?: string; containers: {name: string}[]};
  status: {
    phase?: string;
    conditions?: {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime?: string;
    }[];
  };
}

export async function getDeployment(
  cluster: RunningControlPlane,
  namespace: string,
  name: string,
): Promise<Deployment> {
  return cluster.admin.get(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
}

export async function scaleDeployment(
  cluster: RunningControlPlane,
  namespace: string,
  name: string,
  replicas: number,
): Promise<void> {
  await cluster.admin.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}/scale`, {
    spec: {replicas},
  });
}

/** All pods of the Deployment's ReplicaSets, terminating ones included, by name. */
export async function podsOf(cluster: RunningControlPlane, namespace: string, name: string): Promise<Pod[]> {
  const [deployment, replicaSets, pods] = await Promise.all([
    getDeployment(cluster, namespace, name),
    cluster.admin.list<KubernetesObject>(`/apis/apps/v1/namespaces/${namespace}/replicasets`),
    cluster.admin.list<Pod>(`/api/v1/namespaces/${namespace}/pods`),
  ]);
  const owners = new Set(
    replicaSets.filter((one) => isOwnedBy(one, deployment.metadata.uid)).map(({metadata}) => metadata.uid),
  );
  return pods
    .filter(({metadata}) => metadata.ownerReferences?.some(({uid}) => owners.has(uid)))
    .sort((left, right) => compareNames(left.metadata.name, right.metadata.name));
}

/** Live (not terminating, not finished) and bound pods by node; every node of the cluster has an entry. */
export async function podsByNode(
  cluster: RunningControlPlane,
  namespace: string,
  name: string,
): Promise<Map<string, Pod[]>> {
  const [nodes, pods] = await Promise.all([cluster.nodes(), podsOf(cluster, namespace, name)]);
  const byNode = new Map(nodes.map(({metadata}): [string, Pod[]] => [metadata.name, []]));
  for (const pod of pods.filter(isLive)) {
    if (pod.spec.nodeName !== undefined) {
      byNode.set(pod.spec.nodeName, [...(byNode.get(pod.spec.nodeName) ?? []), pod]);
    }
  }
  return byNode;
}

/** Live pods per node, in the order of the nodes' names: `[3, 0, 0]`. */
export async function placementOf(
  cluster: RunningControlPlane,
  namespace: string,
  name: string,
): Promise<number[]> {
  return [...(await podsByNode(cluster, namespace, name)).values()].map(({length}) => length);
}

export function isLive(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status.phase !== 'Succeeded' &&
    pod.status.phase !== 'Failed'
  );
}

export function isPodReady(pod: Pod): boolean {
  return pod.status.conditions?.some(({type, status}) => type === 'Ready' && status === 'True') ?? false;
}

/** One line for each pod, for messages. */
export function describePods(pods: Pod[]): string {
  if (pods.length === 0) {
    return '  (no pods)';
  }
  return pods
    .map((pod) => {
      const unscheduled = pod.status.conditions?.find(
        ({type, status}) => type === 'PodScheduled' && status === 'False',
      );
      return [
        `  ${pod.metadata.name}`,
        pod.spec.nodeName ?? `unscheduled: ${unscheduled?.message ?? 'not looked at yet'}`,
        pod.status.phase,
        isPodReady(pod) ? 'Ready' : 'not Ready',
        ...(pod.metadata.deletionTimestamp === undefined ? [] : ['terminating']),
      ].join(', ');
    })
    .join('\n');
}

function isOwnedBy({metadata}: KubernetesObject, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true) ?? false;
}
