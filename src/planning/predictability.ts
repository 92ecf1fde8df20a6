/** Whether it is known what decides where a replacement can go. What is not known is a reason to move nothing. */
import type {Pod} from '../cluster/pod.ts';
import type {DiskVolume, PodVolume} from '../cluster/pod-volumes.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {Storage} from '../cluster/storage.ts';
import {attachesToOneNode, type PersistentVolumeClaim} from '../cluster/volumes.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';
import {driverOf, isFullyBound, mountedClaims, waitsForConsumer} from '../scheduling/pod-claims.ts';
import {listNames} from './explain.ts';

export interface PredictabilityRequest {
  readonly replicas: readonly Pod[];
  readonly replacement: PodToSchedule;
  readonly snapshot: SchedulingSnapshot;
}

/** For people; undefined when the model covers all that matters. */
export function unpredictableBecause({
  replicas,
  replacement,
  snapshot,
}: PredictabilityRequest): string | undefined {
  const {spec} = replacement;
  if (spec.schedulerName !== 'default-scheduler') {
    return `the pods are placed by ${spec.schedulerName}, whose rules are not known`;
  }
  if (spec.resourceClaims.length > 0) {
    return `the pods use resource claims (${listNames(spec.resourceClaims)}), and where those can be met is not checked yet`;
  }
  if (spec.volumes.length === 0) {
    return undefined;
  }
  return (
    sharedDisk(spec.volumes, replicas) ??
    claimOfOneNode(replacement, replicas, snapshot) ??
    unknownProvisioning(replacement, snapshot.storage)
  );
}

// Two pods with one such disk run on one node or not at all, which the scheduler does not know: the replacement would
// wait in ContainerCreating (Multi-Attach error).
function sharedDisk(volumes: readonly PodVolume[], replicas: readonly Pod[]): string | undefined {
  const disk = volumes.find(
    (volume): volume is DiskVolume =>
      volume.kind === 'disk' && (!volume.readOnly || volume.type === 'AWSElasticBlockStore'),
  );
  return disk === undefined || replicas.length < 2
    ? undefined
    : `all replicas mount the ${disk.type} volume ${disk.id}, which attaches to one node at a time`;
}

function claimOfOneNode(
  {namespace, spec}: PodToSchedule,
  replicas: readonly Pod[],
  snapshot: SchedulingSnapshot,
): string | undefined {
  const {storage} = snapshot;
  for (const volume of spec.volumes) {
    const claim =
      volume.kind === 'claim' ? storage.persistentVolumeClaim(namespace, volume.claim) : undefined;
    const bound = claim?.volumeName === undefined ? undefined : storage.persistentVolume(claim.volumeName);
    if (claim === undefined || bound === undefined || !attachesToOneNode(bound, claim)) {
      continue;
    }
    // Whichever replica goes, no other pod may hold the volume.
    const holders = [...snapshot.claimHolders(namespace, claim.name)];
    const holder = holders.find(({uid}) => replicas.some((replica) => replica.uid !== uid)) ?? holders[1];
    if (holder !== undefined) {
      return (
        `the pods mount PersistentVolumeClaim ${claim.name} (${bound.accessModes.join(', ')}), which attaches to one ` +
        `node at a time, and ${holder.name} holds it on ${holder.nodeName}`
      );
    }
  }
  return undefined;
}

function unknownProvisioning(replacement: PodToSchedule, storage: Storage): string | undefined {
  for (const {name, ephemeral, claim} of mountedClaims(replacement, storage)) {
    if (claim !== undefined && !isFullyBound(claim)) {
      const reason = provisioningUnknownBecause(claim, ephemeral, storage);
      if (reason !== undefined) {
        return ephemeral
          ? `the pods mount the ephemeral volume ${name}, which does not exist yet, and ${reason}`
          : `the pods mount PersistentVolumeClaim ${name}, which has no volume yet, and ${reason}`;
      }
    }
  }
  return undefined;
}

function provisioningUnknownBecause(
  claim: PersistentVolumeClaim,
  ephemeral: boolean,
  storage: Storage,
): string | undefined {
  const storageClass = storage.storageClass(claim.storageClassName);
  if (storageClass === undefined) {
    return claim.storageClassName === ''
      ? 'it names no StorageClass'
      : `StorageClass ${claim.storageClassName} is not known`;
  }
  if (!waitsForConsumer(claim, storage)) {
    // That of an existing claim is up to its owner: the scheduler refuses the pod until it is bound.
    return ephemeral
      ? `StorageClass ${storageClass.name} makes it before the pod is placed, wherever that is`
      : undefined;
  }
  const driver = driverOf(storageClass);
  return storage.csiDriver(driver)?.storageCapacity === true
    ? `how much room ${driver} has for it on which node (CSIStorageCapacity) is not read`
    : undefined;
}
