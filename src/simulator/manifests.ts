/** Manifests, as a user would apply them, put into the simulated cluster's API. */
import type {ApiObject, ClusterApi, ResourceName} from './cluster-api.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'StorageClass',
  'PriorityClass',
  'CSINode',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
]);

/** Creates all of them, in order; those that name no namespace in `default`. */
export function loadManifests(api: ClusterApi, manifests: readonly Manifest[]): ApiObject[] {
  return manifests.map((manifest) => {
    const isNamespaced = !CLUSTER_SCOPED.has(manifest.kind);
    const {metadata} = manifest;
    const object = isNamespaced
      ? {...manifest, metadata: {...metadata, namespace: metadata.namespace ?? 'default'}}
      : manifest;
    return api.create(resourceOf(manifest), object, 'kubectl-create');
  });
}

/** `deployments.apps` of a Deployment: the plural in lower case and the API group. */
export function resourceOf({apiVersion, kind}: Pick<Manifest, 'apiVersion' | 'kind'>): ResourceName {
  const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
  return `${pluralOf(kind.toLowerCase())}${group}`;
}

function pluralOf(kind: string): string {
  if (kind.endsWith('y')) {
    return `${kind.slice(0, -1)}ies`;
  }
  return /(?:s|x|ch)$/.test(kind) ? `${kind}es` : `${kind}s`;
}
