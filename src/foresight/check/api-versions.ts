/**
 * apiVersions that Kubernetes does not serve any more, and what became of their objects.
 * Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/.
 */
import type {ManifestObject} from './manifest-object.ts';

export interface ReplacedVersion {
  readonly current: string;
  /** The minor version of Kubernetes 1.x that no longer serves it. */
  readonly removedIn: number;
}

const WORKLOADS: Readonly<Record<string, ReplacedVersion>> = {
  'extensions/v1beta1': {current: 'apps/v1', removedIn: 16},
  'apps/v1beta1': {current: 'apps/v1', removedIn: 16},
  'apps/v1beta2': {current: 'apps/v1', removedIn: 16},
};

const REPLACED: Readonly<Record<string, Readonly<Record<string, ReplacedVersion>>>> = {
  Deployment: WORKLOADS,
  ReplicaSet: WORKLOADS,
  DaemonSet: WORKLOADS,
  StatefulSet: WORKLOADS,
  PodDisruptionBudget: {'policy/v1beta1': {current: 'policy/v1', removedIn: 25}},
  PodSecurityPolicy: {
    'policy/v1beta1': {current: 'no other: use Pod Security Admission', removedIn: 25},
    'extensions/v1beta1': {current: 'no other: use Pod Security Admission', removedIn: 16},
  },
  HorizontalPodAutoscaler: {
    'autoscaling/v2beta1': {current: 'autoscaling/v2', removedIn: 25},
    'autoscaling/v2beta2': {current: 'autoscaling/v2', removedIn: 26},
  },
  CronJob: {
    'batch/v1beta1': {current: 'batch/v1', removedIn: 25},
    'batch/v2alpha1': {current: 'batch/v1', removedIn: 21},
  },
  Ingress: {
    'extensions/v1beta1': {current: 'networking.k8s.io/v1', removedIn: 22},
    'networking.k8s.io/v1beta1': {current: 'networking.k8s.io/v1', removedIn: 22},
  },
  NetworkPolicy: {'extensions/v1beta1': {current: 'networking.k8s.io/v1', removedIn: 16}},
  CustomResourceDefinition: {
    'apiextensions.k8s.io/v1beta1': {current: 'apiextensions.k8s.io/v1', removedIn: 22},
  },
  PriorityClass: {
    'scheduling.k8s.io/v1beta1': {current: 'scheduling.k8s.io/v1', removedIn: 22},
    'scheduling.k8s.io/v1alpha1': {current: 'scheduling.k8s.io/v1', removedIn: 22},
  },
};

for (const kind of ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']) {
  Object.assign(REPLACED, {
    [kind]: {
      'rbac.authorization.k8s.io/v1beta1': {current: 'rbac.authorization.k8s.io/v1', removedIn: 22},
      'rbac.authorization.k8s.io/v1alpha1': {current: 'rbac.authorization.k8s.io/v1', removedIn: 22},
    },
  });
}

export function replacedVersion({
  apiVersion,
  kind,
}: Pick<ManifestObject, 'apiVersion' | 'kind'>): ReplacedVersion | undefined {
  const versions = Object.hasOwn(REPLACED, kind) ? REPLACED[kind] : undefined;
  return versions !== undefined && Object.hasOwn(versions, apiVersion) ? versions[apiVersion] : undefined;
}

/** The object in the apiVersion that is served now, as far as `check` reads it. */
export function inServedVersion(object: ManifestObject): ManifestObject {
  const {apiVersion, kind, content} = object;
  if (kind === 'HorizontalPodAutoscaler' && apiVersion.startsWith('autoscaling/v')) {
    return apiVersion === 'autoscaling/v2'
      ? object
      : asVersion(object, 'autoscaling/v2', withoutMetrics(content['spec']));
  }
  const replaced = replacedVersion(object);
  if (
    replaced === undefined ||
    !['apps/v1', 'policy/v1', 'scheduling.k8s.io/v1'].includes(replaced.current)
  ) {
    return object;
  }
  return replaced.current === 'apps/v1'
    ? asVersion(object, 'apps/v1', withSelector(content['spec']))
    : asVersion(object, replaced.current, content['spec']);
}

function asVersion(object: ManifestObject, apiVersion: string, spec: unknown): ManifestObject {
  const content = {...object.content, apiVersion, ...(spec === undefined ? {} : {spec})};
  return {...object, apiVersion, content};
}

/** Each version describes its metrics in its own way, and nothing here reads them. */
function withoutMetrics(spec: unknown): unknown {
  if (typeof spec !== 'object' || spec === null) {
    return spec;
  }
  const {scaleTargetRef, minReplicas, maxReplicas} = spec as Record<string, unknown>;
  return {scaleTargetRef, ...(minReplicas === undefined ? {} : {minReplicas}), maxReplicas};
}

/** The old versions took it from the labels of the template. */
function withSelector(spec: unknown): unknown {
  if (typeof spec !== 'object' || spec === null) {
    return spec;
  }
  const {rollbackTo: _, ...rest} = spec as {
    rollbackTo?: unknown;
    selector?: unknown;
    template?: {metadata?: {labels?: unknown}};
  };
  const matchLabels = rest.template?.metadata?.labels;
  return rest.selector !== undefined || matchLabels === undefined ? rest : {...rest, selector: {matchLabels}};
}
