/**
 * The volumes of a pod that bear on where it can run: claims, generic ephemeral volumes, and disks named in the pod
 * itself. ConfigMaps, Secrets, emptyDirs and the like are dropped.
 */
import {type ApiMigratedSource, type CsiVolume, migratedVolume} from './csi-migration.ts';
import type {ApiClaimSpec} from './volumes.ts';

export type PodVolume = ClaimVolume | EphemeralVolume | DiskVolume;

export interface ClaimVolume {
  readonly kind: 'claim';
  /** The name of the PersistentVolumeClaim. */
  readonly claim: string;
}

/** A claim of the pod's own, `<pod>-<volume>`, which the cluster creates from a template in the pod. */
export interface EphemeralVolume {
  readonly kind: 'ephemeral';
  readonly name: string;
  readonly template: ApiClaimSpec;
}

/** A disk that the pod names itself, without a claim. */
export interface DiskVolume {
  readonly kind: 'disk';
  readonly type:
    | 'GCEPersistentDisk'
    | 'AWSElasticBlockStore'
    | 'ISCSI'
    | 'RBD'
    | 'AzureDisk'
    | 'Cinder'
    | 'Portworx';
  readonly id: string;
  readonly readOnly: boolean;
  /** Of an RBD image: it is the same image only when a monitor is shared. */
  readonly monitors?: readonly string[];
  /** What it counts as against a node's limit of volumes; absent when it does not count. */
  readonly csi?: CsiVolume;
  /** Why it cannot be told what it counts as. */
  readonly problem?: string;
}

export interface ApiPodVolume extends ApiMigratedSource {
  name: string;
  persistentVolumeClaim?: {claimName: string; readOnly?: boolean};
  ephemeral?: {volumeClaimTemplate?: {metadata?: object; spec: ApiClaimSpec}};
  iscsi?: {targetPortal?: string; iqn: string; lun?: number; readOnly?: boolean};
  rbd?: {monitors: string[]; image: string; pool?: string; readOnly?: boolean};
  /** An OCI image that is mounted as a volume. */
  image?: {reference?: string};
  projected?: unknown;
}

/** Shared by all pods without such volumes. */
const NO_VOLUMES: readonly PodVolume[] = [];

export function toPodVolumes(volumes: readonly ApiPodVolume[] | undefined): readonly PodVolume[] {
  const kept = (volumes ?? []).flatMap((volume) => toPodVolume(volume) ?? []);
  return kept.length === 0 ? NO_VOLUMES : kept;
}

/** Whether `toPodVolumes` keeps the volume. */
export function bearsOnPlacement(volume: ApiPodVolume): boolean {
  return toPodVolume(volume) !== undefined;
}

function toPodVolume(volume: ApiPodVolume): PodVolume | undefined {
  if (volume.persistentVolumeClaim !== undefined) {
    return {kind: 'claim', claim: volume.persistentVolumeClaim.claimName};
  }
  if (volume.ephemeral !== undefined) {
    return {
      kind: 'ephemeral',
      name: volume.name,
      template: volume.ephemeral.volumeClaimTemplate?.spec ?? {},
    };
  }
  return toDisk(volume);
}

function toDisk(volume: ApiPodVolume): DiskVolume | undefined {
  const {gcePersistentDisk, awsElasticBlockStore, iscsi, rbd, azureDisk, cinder, portworxVolume} = volume;
  if (gcePersistentDisk !== undefined) {
    return disk('GCEPersistentDisk', gcePersistentDisk.pdName, gcePersistentDisk, volume);
  }
  if (awsElasticBlockStore !== undefined) {
    return disk('AWSElasticBlockStore', awsElasticBlockStore.volumeID, awsElasticBlockStore, volume);
  }
  if (iscsi !== undefined) {
    return disk('ISCSI', iscsi.iqn, iscsi, volume);
  }
  if (rbd !== undefined) {
    // The API server's default pool; templates read from files carry no defaults.
    return {...disk('RBD', `${rbd.pool ?? 'rbd'}/${rbd.image}`, rbd, volume), monitors: rbd.monitors};
  }
  if (azureDisk !== undefined) {
    return disk('AzureDisk', azureDisk.diskURI, azureDisk, volume);
  }
  if (cinder !== undefined) {
    return disk('Cinder', cinder.volumeID, cinder, volume);
  }
  if (portworxVolume !== undefined) {
    return disk('Portworx', portworxVolume.volumeID, portworxVolume, volume);
  }
  return undefined;
}

function disk(
  type: DiskVolume['type'],
  id: string,
  {readOnly = false}: {readonly readOnly?: boolean},
  source: ApiPodVolume,
): DiskVolume {
  const {csi, problem} = migratedVolume(source) ?? {};
  return {
    kind: 'disk',
    type,
    id,
    readOnly,
    ...(csi === undefined ? {} : {csi}),
    ...(problem === undefined
      ? {}
      : {problem: `converting volume(${source.name}) from inline to csi: ${problem}`}),
  };
}
