/**
 * The roles that every cluster has, as far as people and the operator meet them.
 * Source: kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go.
 */
import type {ClusterApi} from '../cluster-api.ts';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const CORE_READ = [
  'configmaps',
  'endpoints',
  'persistentvolumeclaims',
  'pods',
  'serviceaccounts',
  'services',
  'bindings',
  'events',
  'limitranges',
  'namespaces',
  'pods/log',
  'pods/status',
  'resourcequotas',
];
const CORE_WRITE = [
  'pods',
  'configmaps',
  'persistentvolumeclaims',
  'secrets',
  'serviceaccounts',
  'services',
  'events',
];
const APPS = [
  'daemonsets',
  'deployments',
  'deployments/scale',
  'replicasets',
  'replicasets/scale',
  'statefulsets',
  'statefulsets/scale',
];

const DISCOVERY = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
];
const PUBLIC = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

function aggregate(to: string): Record<string, string> {
  return {[`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true'};
}

const clusterRoles: readonly object[] = [
  {
    metadata: {name: 'cluster-admin'},
    rules: [
      {apiGroups: ['*'], resources: ['*'], verbs: ['*']},
      {nonResourceURLs: ['*'], verbs: ['*']},
    ],
  },
  {metadata: {name: 'system:discovery'}, rules: [{nonResourceURLs: DISCOVERY, verbs: ['get']}]},
  {metadata: {name: 'system:public-info-viewer'}, rules: [{nonResourceURLs: PUBLIC, verbs: ['get']}]},
  {
    metadata: {name: 'system:basic-user'},
    rules: [
      {
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
        verbs: ['create'],
      },
      {apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create']},
    ],
  },
  ...['view', 'edit', 'admin'].map((name) => ({
    metadata: {name, ...(name === 'admin' ? {} : {labels: aggregate(name === 'view' ? 'edit' : 'admin')})},
    aggregationRule: {clusterRoleSelectors: [{matchLabels: aggregate(name)}]},
  })),
  {
    metadata: {name: 'system:aggregate-to-view', labels: aggregate('view')},
    rules: [
      {apiGroups: [''], resources: CORE_READ, verbs: READ},
      {apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ},
      {apiGroups: ['apps'], resources: [...APPS, 'deployments/status', 'replicasets/status'], verbs: READ},
      {
        apiGroups: ['autoscaling'],
        resources: ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'],
        verbs: READ,
      },
      {
        apiGroups: ['policy'],
        resources: ['poddisruptionbudgets', 'poddisruptionbudgets/status'],
        verbs: READ,
      },
    ],
  },
  {
    metadata: {name: 'system:aggregate-to-edit', labels: aggregate('edit')},
    rules: [
      {apiGroups: [''], resources: ['secrets'], verbs: READ},
      {apiGroups: [''], resources: CORE_WRITE, verbs: WRITE},
      {apiGroups: [''], resources: ['pods/eviction', 'serviceaccounts/token'], verbs: ['create']},
      {apiGroups: ['apps'], resources: APPS, verbs: WRITE},
      {apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: WRITE},
      {apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: WRITE},
      {apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...WRITE, ...READ]},
    ],
  },
  {
    metadata: {name: 'system:aggregate-to-admin', labels: aggregate('admin')},
    rules: [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles', 'rolebindings'],
        verbs: [...WRITE, ...READ],
      },
    ],
  },
  {
    metadata: {
      name: 'system:aggregated-metrics-reader',
      labels: {...aggregate('view'), ...aggregate('edit'), ...aggregate('admin')},
    },
    rules: [{apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: READ}],
  },
];

const bindings: readonly (readonly [role: string, groups: readonly string[]])[] = [
  ['cluster-admin', ['system:masters']],
  ['system:discovery', ['system:authenticated']],
  ['system:basic-user', ['system:authenticated']],
  ['system:public-info-viewer', ['system:authenticated', 'system:unauthenticated']],
];

export function installBootstrapPolicy(api: ClusterApi): void {
  const group = 'rbac.authorization.k8s.io';
  const labels = {'kubernetes.io/bootstrapping': 'rbac-defaults'};
  for (const role of clusterRoles) {
    const {metadata} = role as {metadata: {labels?: object}};
    api.create(
      `clusterroles.${group}`,
      {...role, metadata: {...metadata, labels: {...labels, ...metadata.labels}}},
      'kube-apiserver',
    );
  }
  for (const [role, groups] of bindings) {
    api.create(
      `clusterrolebindings.${group}`,
      {
        metadata: {name: role, labels},
        roleRef: {apiGroup: group, kind: 'ClusterRole', name: role},
        subjects: groups.map((name) => ({apiGroup: group, kind: 'Group', name})),
      },
      'kube-apiserver',
    );
  }
}
