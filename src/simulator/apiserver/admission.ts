/**
 * What admission plugins of a default API server change or refuse at creation: NamespaceLifecycle, ServiceAccount,
 * Priority, DefaultTolerationSeconds, TaintNodesByCondition, and the allocation of cluster IPs.
 */
import type {ServerContext} from './context.ts';
import {find, randomSuffix} from './context.ts';
import {asList, asObject, valueAt} from './json.ts';
import {child, childIfAny, type Draft, drafts, setDefault, text} from './kinds/draft.ts';
import type {Resource} from './resources.ts';
import {forbidden, notFound, StatusError} from './status-error.ts';

const NAMESPACES = {group: '', plural: 'namespaces'};
const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const UNREACHABLE_SECONDS = 300;
const TOLERATED: readonly Draft[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map(
  (key) => ({key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: UNREACHABLE_SECONDS}),
);

export function assertNamespaceTakesObjects(
  context: ServerContext,
  resource: Resource,
  namespace: string,
  name: string,
): void {
  const object = find(context, 'namespaces', undefined, namespace);
  if (object === undefined) throw notFound(NAMESPACES, namespace);
  if (object.metadata.deletionTimestamp === undefined) return;
  const problem = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const error = forbidden(resource, name, problem);
  throw new StatusError(error.code, error.reason, error.message, {
    ...error.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

export function admitCreation(context: ServerContext, resource: Resource, draft: Draft): void {
  switch (resource.storage) {
    case 'pods':
      admitPod(context, resource, draft);
      break;
    case 'nodes':
      // The node lifecycle controller takes it away once the node is Ready.
      addNotReadyTaint(draft);
      break;
    case 'services':
      allocateClusterIp(context, draft);
      break;
    case 'persistentvolumeclaims':
      setDefaultStorageClass(context, draft);
      break;
    default:
  }
}

function admitPod(context: ServerContext, resource: Resource, pod: Draft): void {
  const spec = child(pod, 'spec');
  const metadata = child(pod, 'metadata');
  const namespace = text(metadata, 'namespace');
  if (childIfAny(metadata, 'annotations')?.['kubernetes.io/config.mirror'] === undefined) {
    admitServiceAccount(context, resource, spec, namespace, text(metadata, 'name'));
  }
  admitPriority(context, resource, spec, text(metadata, 'name'));
  addTolerations(spec);
}

function admitServiceAccount(
  context: ServerContext,
  resource: Resource,
  spec: Draft,
  namespace: string,
  podName: string,
): void {
  setDefault(spec, 'serviceAccountName', 'default');
  const name = text(spec, 'serviceAccountName');
  spec['serviceAccount'] = name;
  const account = find(context, 'serviceaccounts', namespace, name);
  if (account === undefined) {
    throw forbidden(
      resource,
      podName,
      `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
    );
  }
  const mounts = spec['automountServiceAccountToken'] ?? account['automountServiceAccountToken'] ?? true;
  if (mounts === false) return;
  const volume = `kube-api-access-${randomSuffix(context.random)}`;
  let isMounted = false;
  for (const container of [...drafts(spec, 'initContainers'), ...drafts(spec, 'containers')]) {
    const existing = drafts(container, 'volumeMounts');
    if (existing.some((mount) => mount['mountPath'] === TOKEN_MOUNT)) continue;
    container['volumeMounts'] = existing.concat({name: volume, readOnly: true, mountPath: TOKEN_MOUNT});
    isMounted = true;
  }
  if (isMounted) spec['volumes'] = asList(spec['volumes']).concat({name: volume, projected: TOKEN});
}

/** Every pod has the very same. */
const TOKEN: Draft = {
  sources: [
    {serviceAccountToken: {expirationSeconds: 3607, path: 'token'}},
    {configMap: {name: 'kube-root-ca.crt', items: [{key: 'ca.crt', path: 'ca.crt'}]}},
    {
      downwardAPI: {
        items: [{path: 'namespace', fieldRef: {apiVersion: 'v1', fieldPath: 'metadata.namespace'}}],
      },
    },
  ],
  defaultMode: 0o644,
};

function admitPriority(context: ServerContext, resource: Resource, spec: Draft, podName: string): void {
  const name = text(spec, 'priorityClassName');
  const builtIn: Readonly<Record<string, number>> = {
    'system-cluster-critical': 2_000_000_000,
    'system-node-critical': 2_000_001_000,
  };
  const priorityClass =
    name === ''
      ? context.store.list('priorityclasses.scheduling.k8s.io').find((each) => each['globalDefault'] === true)
      : find(context, 'priorityclasses.scheduling.k8s.io', undefined, name);
  if (name !== '' && priorityClass === undefined && builtIn[name] === undefined) {
    throw forbidden(resource, podName, `no PriorityClass with name ${name} was found`);
  }
  if (priorityClass !== undefined) spec['priorityClassName'] = priorityClass.metadata.name;
  spec['priority'] = priorityClass?.['value'] ?? builtIn[name] ?? 0;
  spec['preemptionPolicy'] =
    priorityClass?.['preemptionPolicy'] ?? spec['preemptionPolicy'] ?? 'PreemptLowerPriority';
}

function addTolerations(spec: Draft): void {
  const tolerations = drafts(spec, 'tolerations');
  for (const tolerated of TOLERATED) {
    const isTolerated = tolerations.some(
      (each) =>
        (each['key'] === tolerated['key'] || each['key'] === undefined) &&
        (each['effect'] === 'NoExecute' || each['effect'] === undefined),
    );
    if (!isTolerated) tolerations.push(tolerated);
  }
  spec['tolerations'] = tolerations;
}

function addNotReadyTaint(node: Draft): void {
  const spec = child(node, 'spec');
  const key = 'node.kubernetes.io/not-ready';
  const taints = drafts(spec, 'taints');
  if (taints.some((taint) => taint['key'] === key && taint['effect'] === 'NoSchedule')) return;
  spec['taints'] = [...taints, {key, effect: 'NoSchedule'}];
}

function allocateClusterIp(context: ServerContext, service: Draft): void {
  const spec = child(service, 'spec');
  if (spec['type'] === 'ExternalName') return;
  if (spec['clusterIP'] === undefined || spec['clusterIP'] === '') {
    const used = new Set(context.store.list('services').map((each) => valueAt(each, 'spec', 'clusterIP')));
    for (let number = 1; number < 2 ** 16 - 1; number++) {
      const address = `10.96.${number >> 8}.${number & 255}`;
      if (used.has(address)) continue;
      spec['clusterIP'] = address;
      break;
    }
  }
  setDefault(spec, 'clusterIPs', [spec['clusterIP']]);
  setDefault(spec, 'ipFamilies', ['IPv4']);
  setDefault(spec, 'ipFamilyPolicy', 'SingleStack');
}

function setDefaultStorageClass(context: ServerContext, claim: Draft): void {
  const spec = child(claim, 'spec');
  if (spec['storageClassName'] !== undefined) return;
  const isDefault = 'storageclass.kubernetes.io/is-default-class';
  const chosen = context.store
    .list('storageclasses.storage.k8s.io')
    .find(({metadata}) => asObject(metadata.annotations)[isDefault] === 'true');
  if (chosen !== undefined) spec['storageClassName'] = chosen.metadata.name;
}
