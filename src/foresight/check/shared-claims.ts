/** Claims that several replicas mount, and only one node, or one pod, can use. Pure. */
import {type AccessMode, attachesToOneNode} from '../../cluster/volumes.ts';
import {asList, asObject} from '../../simulator/apiserver/json.ts';
import type {CheckContext} from './context.ts';
import {podTemplateOf} from './pod-templates.ts';
import type {WorkloadView} from './view.ts';

/** Of the kinds whose replicas mount the claims of one template. */
const KINDS: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'StatefulSet']);

export interface SharedClaim {
  readonly name: string;
  /** Of the template's volumes. */
  readonly index: number;
  readonly isOfOnePod: boolean;
}

/**
 * The one that allows the least. Undefined where the replicas share none, and where nobody tells its access modes.
 */
export function sharedClaimOf(context: CheckContext, workload: WorkloadView): SharedClaim | undefined {
  if (!KINDS.has(workload.kind) || workload.replicas < 2) {
    return undefined;
  }
  const {manifest, namespace} = workload;
  const volumes = manifest === undefined ? [] : asList(podTemplateOf(manifest.content)?.spec?.volumes);
  const shared = volumes.flatMap((volume, index) => {
    const {claimName: name} = asObject(asObject(volume)['persistentVolumeClaim']);
    const accessModes = typeof name === 'string' ? accessModesOf(context, namespace, name) : [];
    return typeof name === 'string' && attachesToOneNode({accessModes}, {accessModes})
      ? [{name, index, isOfOnePod: accessModes.includes('ReadWriteOncePod')}]
      : [];
  });
  const ofOnePod = shared.find(({isOfOnePod}) => isOfOnePod);
  // Who replaces all replicas at once because of the volume knows of it; to one pod that is of no use.
  return ofOnePod ?? (isRecreated(workload) ? undefined : shared[0]);
}

/** Of the volume where the claim has one: it may allow more than was asked for. */
function accessModesOf(
  {view, manifests, request}: CheckContext,
  namespace: string,
  name: string,
): readonly AccessMode[] {
  const {storage} = view.caches.cache.state;
  const claim = storage.persistentVolumeClaim(namespace, name);
  if (claim !== undefined) {
    const volume = claim.volumeName === undefined ? undefined : storage.persistentVolume(claim.volumeName);
    return volume?.accessModes ?? claim.accessModes;
  }
  const written = manifests.find(
    (manifest) =>
      manifest.kind === 'PersistentVolumeClaim' &&
      manifest.name === name &&
      (manifest.namespace ?? request.defaultNamespace) === namespace,
  );
  const {accessModes} = asObject(written?.content['spec']);
  return asList(accessModes) as readonly AccessMode[];
}

function isRecreated({kind, object}: WorkloadView): boolean {
  const {strategy} = asObject(object['spec']);
  return kind === 'Deployment' && asObject(strategy)['type'] === 'Recreate';
}
