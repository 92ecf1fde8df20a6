/** What foresight reads of a cluster. */

export interface ReadResource {
  readonly apiVersion: string;
  /** Plural, as in paths. */
  readonly resource: string;
  /** Lists leave the kind of their items out. */
  readonly kind: string;
  /** Without it most answers would be wrong; the rest may be missing, and the answers say so. */
  readonly isRequired: boolean;
  readonly fieldSelector?: string;
  /** What it means that the API server does not know the resource. */
  readonly ifNotServed?: string;
}

export const READ_RESOURCES: readonly ReadResource[] = [
  {apiVersion: 'v1', resource: 'namespaces', kind: 'Namespace', isRequired: true},
  {apiVersion: 'v1', resource: 'nodes', kind: 'Node', isRequired: true},
  {apiVersion: 'v1', resource: 'pods', kind: 'Pod', isRequired: true},
  {apiVersion: 'v1', resource: 'services', kind: 'Service', isRequired: true},
  {apiVersion: 'apps/v1', resource: 'deployments', kind: 'Deployment', isRequired: true},
  {apiVersion: 'apps/v1', resource: 'replicasets', kind: 'ReplicaSet', isRequired: true},
  {apiVersion: 'apps/v1', resource: 'statefulsets', kind: 'StatefulSet', isRequired: false},
  {apiVersion: 'apps/v1', resource: 'daemonsets', kind: 'DaemonSet', isRequired: false},
  {apiVersion: 'policy/v1', resource: 'poddisruptionbudgets', kind: 'PodDisruptionBudget', isRequired: true},
  {
    apiVersion: 'autoscaling/v2',
    resource: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    isRequired: false,
  },
  {
    apiVersion: 'scheduling.k8s.io/v1',
    resource: 'priorityclasses',
    kind: 'PriorityClass',
    isRequired: false,
  },
  {apiVersion: 'v1', resource: 'persistentvolumes', kind: 'PersistentVolume', isRequired: false},
  {apiVersion: 'v1', resource: 'persistentvolumeclaims', kind: 'PersistentVolumeClaim', isRequired: false},
  {apiVersion: 'storage.k8s.io/v1', resource: 'storageclasses', kind: 'StorageClass', isRequired: false},
  {apiVersion: 'storage.k8s.io/v1', resource: 'csinodes', kind: 'CSINode', isRequired: false},
  {apiVersion: 'storage.k8s.io/v1', resource: 'csidrivers', kind: 'CSIDriver', isRequired: false},
  {
    apiVersion: 'storage.k8s.io/v1',
    resource: 'volumeattachments',
    kind: 'VolumeAttachment',
    isRequired: false,
  },
  {
    apiVersion: 'spread-operator.io/v1alpha1',
    resource: 'spreadpolicies',
    kind: 'SpreadPolicy',
    isRequired: false,
    ifNotServed: 'SpreadPolicies are not installed in this cluster',
  },
  {
    apiVersion: 'metrics.k8s.io/v1beta1',
    resource: 'pods',
    kind: 'PodMetrics',
    isRequired: false,
    ifNotServed: 'there is no metrics server, so what CPU is used is not known',
  },
  {
    apiVersion: 'metrics.k8s.io/v1beta1',
    resource: 'nodes',
    kind: 'NodeMetrics',
    isRequired: false,
    ifNotServed: 'there is no metrics server, so what CPU is used is not known',
  },
  {
    // Whether an operator is running.
    apiVersion: 'coordination.k8s.io/v1',
    resource: 'leases',
    kind: 'Lease',
    isRequired: false,
    fieldSelector: 'metadata.name=spread-operator',
  },
];
