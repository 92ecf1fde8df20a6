/** A picture of a simulated cluster as it stands. Pure. */
import type {ApiObject} from '../simulator/cluster-api.ts';
import type {SimulatedCluster} from '../simulator/simulated-cluster.ts';
import type {ClusterPicture} from './cluster-picture.ts';

const RESOURCES = [
  'namespaces',
  'nodes',
  'pods',
  'services',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'poddisruptionbudgets.policy',
  'horizontalpodautoscalers.autoscaling',
  'priorityclasses.scheduling.k8s.io',
  'persistentvolumes',
  'persistentvolumeclaims',
  'storageclasses.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
];

/** What foresight reads of a simulated cluster: all but SpreadPolicies, which not every one has. */
export function objectsOf({api}: Pick<SimulatedCluster, 'api'>): ApiObject[] {
  return RESOURCES.flatMap((resource) => api.list(resource));
}

export function pictureOf(cluster: SimulatedCluster): ClusterPicture {
  return {
    origin: 'a simulated cluster',
    takenAt: cluster.now,
    server: {major: 1, minor: 36},
    objects: objectsOf(cluster),
    missing: [],
  };
}
