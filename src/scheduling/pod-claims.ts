/** What the volume plugins share: the claims behind a pod's volumes. */
import {MIGRATED_PROVISIONERS} from '../cluster/csi-migration.ts';
import type {EphemeralVolume} from '../cluster/pod-volumes.ts';
import type {Storage} from '../cluster/storage.ts';
import {type PersistentVolumeClaim, type StorageClass, toPersistentVolumeClaim} from '../cluster/volumes.ts';
import type {PodToSchedule} from './framework.ts';

export interface MountedClaim {
  readonly name: string;
  /** Of a generic ephemeral volume: the claim has to be the pod's own. */
  readonly ephemeral: boolean;
  /** Absent when there is none of that name. */
  readonly claim?: PersistentVolumeClaim;
}

/** The claims that the pod mounts, in the order of its volumes. */
export function mountedClaims(pod: PodToSchedule, storage: Storage): MountedClaim[] {
  return pod.spec.volumes.flatMap((volume): MountedClaim[] => {
    if (volume.kind === 'disk') {
      return [];
    }
    const ephemeral = volume.kind === 'ephemeral';
    if (ephemeral && pod.name === undefined) {
      return [{name: volume.name, ephemeral, claim: futureClaim(pod.namespace, volume, storage)}];
    }
    const name = ephemeral ? `${pod.name}-${volume.name}` : volume.claim;
    const claim = storage.persistentVolumeClaim(pod.namespace, name);
    return [{name, ephemeral, ...(claim === undefined ? {} : {claim})}];
  });
}

/** The claim of a generic ephemeral volume as it will be created with the pod: unbound, of the default class if it names none. */
function futureClaim(
  namespace: string,
  {name, template}: EphemeralVolume,
  storage: Storage,
): PersistentVolumeClaim {
  const defaultClass = storage.defaultStorageClass()?.name;
  return toPersistentVolumeClaim({
    metadata: {namespace, name, uid: '', resourceVersion: ''},
    spec: {...(defaultClass === undefined ? {} : {storageClassName: defaultClass}), ...template},
  });
}

/** Why the claim of a generic ephemeral volume is not the pod's (ephemeral.VolumeIsForPod); undefined when it is. */
export function foreignBecause(pod: PodToSchedule, {ephemeral, claim}: MountedClaim): string | undefined {
  if (!ephemeral || claim === undefined || claim.controllerUid === pod.uid) {
    return undefined;
  }
  return `PVC ${claim.namespace}/${claim.name} was not created for pod ${pod.namespace}/${pod.name} (pod is not owner)`;
}

export function isFullyBound({volumeName, bindCompleted}: PersistentVolumeClaim): boolean {
  return volumeName !== undefined && bindCompleted;
}

/** The claim waits until its pod is scheduled, and the scheduler has a say in which volume it gets. */
export function waitsForConsumer(claim: PersistentVolumeClaim, storage: Storage): boolean {
  const storageClass = storage.storageClass(claim.storageClassName);
  return claim.volumeName === undefined && storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** The CSI driver that provisions volumes of the class. */
export function driverOf({provisioner}: StorageClass): string {
  return MIGRATED_PROVISIONERS[provisioner] ?? provisioner;
}

/** As the API machinery words it. */
export function notFound(resource: string, name: string): string {
  return `${resource} ${quoted(name)} not found`;
}

/** As Go's %q; names of Kubernetes objects hold nothing that would have to be escaped. */
export function quoted(name: string): string {
  return `"${name}"`;
}
