/**
 * StatefulSets, as far as a loss goes: a pod that is gone from the API is created again under its name, with its claims.
 * On a node that is merely silent it is never gone, and so, as in a real cluster, never comes back. Pure.
 * Source: pkg/controller/statefulset of Kubernetes 1.36; rollouts and scaling are left out.
 */
import type {ApiObject} from '../simulator/cluster-api.ts';
import {controllerOf, PODS, type PodObject, unlessGone} from '../simulator/objects.ts';
import type {SimulatedCluster} from '../simulator/simulated-cluster.ts';

const STATEFUL_SETS = 'statefulsets.apps';
const STATEFUL_SET_CONTROLLER = 'statefulset-controller';

export function recreateStatefulPods(cluster: SimulatedCluster): void {
  const {api, clock, parameters} = cluster;
  api.onChange(({type, resource, object, previous}) => {
    if (type !== 'DELETED' || resource !== PODS) {
      return;
    }
    const pod = (previous ?? object) as PodObject;
    const owner = controllerOf(pod);
    if (owner?.kind !== 'StatefulSet') {
      return;
    }
    clock.after(parameters.controllerMilliseconds, () => {
      const {namespace, name} = pod.metadata;
      const set = api.get(STATEFUL_SETS, namespace, owner.name);
      if (isWanted(set, owner.uid, name)) {
        unlessGone(() => api.create(PODS, successorOf(pod), STATEFUL_SET_CONTROLLER));
      }
    });
  });
}

function isWanted(set: ApiObject | undefined, uid: string, pod: string): boolean {
  if (set?.metadata.uid !== uid || set.metadata.deletionTimestamp !== undefined) {
    return false;
  }
  const {replicas = 1, ordinals} = set['spec'] as {
    readonly replicas?: number;
    readonly ordinals?: {readonly start?: number};
  };
  return Number(pod.slice(pod.lastIndexOf('-') + 1)) < replicas + (ordinals?.start ?? 0);
}

function successorOf({metadata, spec}: PodObject): object {
  const {name, namespace, labels, annotations, ownerReferences} = metadata;
  const {nodeName: _, ...rest} = spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name, namespace, labels, annotations, ownerReferences},
    spec: rest,
  };
}
