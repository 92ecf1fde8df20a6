/** The built-in resources, as discovery describes them and as far as the simulated cluster has a use for them. */
import type {ResourceName} from '../cluster-api.ts';

export interface BuiltIn {
  readonly plural: string;
  readonly kind: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly clusterScoped?: true;
  readonly subresources?: readonly string[];
  readonly generation?: true;
  readonly selectable?: readonly string[];
  readonly storage?: ResourceName;
}

const all = ['all'];

export const builtIns: readonly {
  group: string;
  version: string;
  schemas: string;
  resources: readonly BuiltIn[];
}[] = [
  {
    group: '',
    version: 'v1',
    schemas: 'io.k8s.api.core.v1',
    resources: [
      {plural: 'configmaps', kind: 'ConfigMap', shortNames: ['cm']},
      {
        plural: 'events',
        kind: 'Event',
        shortNames: ['ev'],
        selectable: [
          'involvedObject.kind',
          'involvedObject.namespace',
          'involvedObject.name',
          'involvedObject.uid',
          'involvedObject.apiVersion',
          'involvedObject.resourceVersion',
          'involvedObject.fieldPath',
          'reason',
          'reportingComponent',
          'source',
          'type',
        ],
      },
      {plural: 'limitranges', kind: 'LimitRange', shortNames: ['limits']},
      {
        plural: 'namespaces',
        kind: 'Namespace',
        shortNames: ['ns'],
        clusterScoped: true,
        subresources: ['status', 'finalize'],
        selectable: ['status.phase'],
      },
      {
        plural: 'nodes',
        kind: 'Node',
        shortNames: ['no'],
        clusterScoped: true,
        subresources: ['status'],
        selectable: ['spec.unschedulable'],
      },
      {
        plural: 'persistentvolumeclaims',
        kind: 'PersistentVolumeClaim',
        shortNames: ['pvc'],
        subresources: ['status'],
      },
      {
        plural: 'persistentvolumes',
        kind: 'PersistentVolume',
        shortNames: ['pv'],
        clusterScoped: true,
        subresources: ['status'],
      },
      {
        plural: 'pods',
        kind: 'Pod',
        shortNames: ['po'],
        categories: all,
        generation: true,
        subresources: ['status', 'binding', 'eviction', 'log'],
        selectable: [
          'spec.nodeName',
          'spec.restartPolicy',
          'spec.schedulerName',
          'spec.serviceAccountName',
          'spec.hostNetwork',
          'status.phase',
          'status.podIP',
          'status.nominatedNodeName',
        ],
      },
      {
        plural: 'resourcequotas',
        kind: 'ResourceQuota',
        shortNames: ['quota'],
        subresources: ['status'],
      },
      {plural: 'secrets', kind: 'Secret', selectable: ['type']},
      {plural: 'serviceaccounts', kind: 'ServiceAccount', shortNames: ['sa'], subresources: ['token']},
      {
        plural: 'services',
        kind: 'Service',
        shortNames: ['svc'],
        categories: all,
        subresources: ['status'],
        selectable: ['spec.clusterIP', 'spec.type'],
      },
    ],
  },
  {
    group: 'apps',
    version: 'v1',
    schemas: 'io.k8s.api.apps.v1',
    resources: [
      {
        plural: 'daemonsets',
        kind: 'DaemonSet',
        shortNames: ['ds'],
        categories: all,
        subresources: ['status'],
        generation: true,
      },
      {
        plural: 'deployments',
        kind: 'Deployment',
        shortNames: ['deploy'],
        categories: all,
        subresources: ['status', 'scale'],
        generation: true,
      },
      {
        plural: 'replicasets',
        kind: 'ReplicaSet',
        shortNames: ['rs'],
        categories: all,
        subresources: ['status', 'scale'],
        generation: true,
        selectable: ['status.replicas'],
      },
      {
        plural: 'statefulsets',
        kind: 'StatefulSet',
        shortNames: ['sts'],
        categories: all,
        subresources: ['status', 'scale'],
        generation: true,
      },
    ],
  },
  {
    group: 'policy',
    version: 'v1',
    schemas: 'io.k8s.api.policy.v1',
    resources: [
      {
        plural: 'poddisruptionbudgets',
        kind: 'PodDisruptionBudget',
        shortNames: ['pdb'],
        subresources: ['status'],
        generation: true,
      },
    ],
  },
  {
    group: 'autoscaling',
    version: 'v2',
    schemas: 'io.k8s.api.autoscaling.v2',
    resources: [
      {
        plural: 'horizontalpodautoscalers',
        kind: 'HorizontalPodAutoscaler',
        shortNames: ['hpa'],
        categories: all,
        subresources: ['status'],
      },
    ],
  },
  {
    group: 'coordination.k8s.io',
    version: 'v1',
    schemas: 'io.k8s.api.coordination.v1',
    resources: [{plural: 'leases', kind: 'Lease'}],
  },
  {
    group: 'events.k8s.io',
    version: 'v1',
    schemas: 'io.k8s.api.events.v1',
    resources: [
      {
        plural: 'events',
        kind: 'Event',
        shortNames: ['ev'],
        storage: 'events',
        selectable: [
          'reason',
          'reportingController',
          'regarding.kind',
          'regarding.namespace',
          'regarding.name',
          'regarding.uid',
          'regarding.apiVersion',
          'regarding.resourceVersion',
          'regarding.fieldPath',
          'type',
        ],
      },
    ],
  },
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    schemas: 'io.k8s.api.rbac.v1',
    resources: [
      {plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', clusterScoped: true},
      {plural: 'clusterroles', kind: 'ClusterRole', clusterScoped: true},
      {plural: 'rolebindings', kind: 'RoleBinding'},
      {plural: 'roles', kind: 'Role'},
    ],
  },
  {
    group: 'storage.k8s.io',
    version: 'v1',
    schemas: 'io.k8s.api.storage.v1',
    resources: [
      {plural: 'csidrivers', kind: 'CSIDriver', clusterScoped: true},
      {plural: 'csinodes', kind: 'CSINode', clusterScoped: true},
      {plural: 'storageclasses', kind: 'StorageClass', shortNames: ['sc'], clusterScoped: true},
      {plural: 'volumeattachments', kind: 'VolumeAttachment', clusterScoped: true},
    ],
  },
  {
    group: 'discovery.k8s.io',
    version: 'v1',
    schemas: 'io.k8s.api.discovery.v1',
    resources: [{plural: 'endpointslices', kind: 'EndpointSlice', generation: true}],
  },
  {
    group: 'scheduling.k8s.io',
    version: 'v1',
    schemas: 'io.k8s.api.scheduling.v1',
    resources: [
      {
        plural: 'priorityclasses',
        kind: 'PriorityClass',
        shortNames: ['pc'],
        clusterScoped: true,
        generation: true,
      },
    ],
  },
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    schemas: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    resources: [
      {
        plural: 'customresourcedefinitions',
        kind: 'CustomResourceDefinition',
        shortNames: ['crd', 'crds'],
        categories: ['api-extensions'],
        clusterScoped: true,
        subresources: ['status'],
        generation: true,
      },
    ],
  },
  {
    group: 'apiregistration.k8s.io',
    version: 'v1',
    schemas: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
    resources: [
      {
        plural: 'apiservices',
        kind: 'APIService',
        categories: ['api-extensions'],
        clusterScoped: true,
        subresources: ['status'],
      },
    ],
  },
];
