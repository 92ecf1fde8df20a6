/** What scheduling reads of PersistentVolumes, claims and the objects around them; the rest is dropped before caching. */
import {
  type ApiMigratedSource,
  type CsiVolume,
  migratedNodeAffinity,
  migratedVolume,
} from './csi-migration.ts';
import type {LabelSelector, Labels} from './label-selector.ts';
import {type ApiMeta, parseTime} from './node.ts';
import type {NodeSelectorTerm} from './pod-spec.ts';
import {parseQuantity} from './quantity.ts';

export type AccessMode = 'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod';
export type VolumeMode = 'Filesystem' | 'Block';

interface Stored {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface PersistentVolume extends Stored {
  readonly labels: Labels;
  /** Its required node affinity; absent: any node. */
  readonly nodeAffinity?: readonly NodeSelectorTerm[];
  /** The claim that it is bound to, or set aside for. */
  readonly claim?: {readonly namespace: string; readonly name: string; readonly uid?: string};
  /** Bytes. */
  readonly capacity: number;
  readonly accessModes: readonly AccessMode[];
  /** Empty without one. */
  readonly storageClassName: string;
  readonly volumeMode: VolumeMode;
  readonly volumeAttributesClassName?: string;
  /** status.phase Available: free to be bound. */
  readonly available: boolean;
  readonly terminating: boolean;
  /** As a CSI driver knows it; absent for other kinds of storage, which are not counted. */
  readonly csi?: CsiVolume;
  /** Set for an in-tree volume whose plugin is migrated to the CSI driver. */
  readonly migration?: {
    readonly plugin: string;
    /** Its node affinity on nodes where the plugin is migrated. */
    readonly nodeAffinity?: readonly NodeSelectorTerm[];
    readonly problem?: string;
  };
}

export interface PersistentVolumeClaim extends Stored {
  readonly namespace: string;
  /** The volume that it is bound to, or asks for by name. */
  readonly volumeName?: string;
  /** The binding has been completed (annotation pv.kubernetes.io/bind-completed). */
  readonly bindCompleted: boolean;
  /** Its volume no longer exists: phase Lost. */
  readonly lost: boolean;
  readonly terminating: boolean;
  /** The node for which its volume is being provisioned. */
  readonly selectedNode?: string;
  readonly accessModes: readonly AccessMode[];
  /** Empty without one. */
  readonly storageClassName: string;
  /** Requested bytes. */
  readonly requested?: number;
  readonly volumeMode: VolumeMode;
  readonly volumeAttributesClassName?: string;
  readonly selector?: LabelSelector;
  /** The uid of the object that controls it; of a generic ephemeral volume its pod. */
  readonly controllerUid?: string;
}

export interface StorageClass extends Stored {
  readonly provisioner: string;
  readonly volumeBindingMode: 'Immediate' | 'WaitForFirstConsumer';
  readonly allowedTopologies: readonly TopologySelectorTerm[];
  /** For claims that name no class. */
  readonly isDefault: boolean;
  readonly createdAt: number;
}

export interface TopologySelectorTerm {
  readonly matchLabelExpressions?: readonly {readonly key: string; readonly values: readonly string[]}[];
}

/** Has the name of its node. */
export interface CsiNode extends Stored {
  /** How many volumes the node takes, by driver; drivers without a limit are left out. */
  readonly limits: Readonly<Record<string, number>>;
  /** In-tree plugins that are migrated to CSI on this node. */
  readonly migratedPlugins: readonly string[];
}

export interface CsiDriver extends Stored {
  /** The scheduler asks CSIStorageCapacity objects whether there is room for a new volume. */
  readonly storageCapacity: boolean;
}

export interface VolumeAttachment extends Stored {
  readonly attacher: string;
  readonly nodeName: string;
  readonly volumeName?: string;
}

export interface ApiPersistentVolume {
  metadata: ApiMeta;
  spec?: ApiMigratedSource & {
    nodeAffinity?: {required?: {nodeSelectorTerms?: NodeSelectorTerm[]}};
    claimRef?: {kind?: string; namespace?: string; name?: string; uid?: string};
    capacity?: Record<string, string>;
    accessModes?: AccessMode[];
    storageClassName?: string;
    volumeMode?: VolumeMode;
    volumeAttributesClassName?: string;
    csi?: {driver: string; volumeHandle: string};
    local?: {path: string};
  };
  status?: {phase?: string};
}

export interface ApiClaimSpec {
  accessModes?: AccessMode[];
  resources?: {requests?: Record<string, string>};
  storageClassName?: string;
  volumeName?: string;
  volumeMode?: VolumeMode;
  volumeAttributesClassName?: string;
  selector?: LabelSelector;
}

export interface ApiPersistentVolumeClaim {
  metadata: ApiMeta;
  spec?: ApiClaimSpec;
  status?: {phase?: string};
}

export interface ApiStorageClass {
  metadata: ApiMeta;
  provisioner: string;
  volumeBindingMode?: StorageClass['volumeBindingMode'];
  allowedTopologies?: {matchLabelExpressions?: {key: string; values: string[]}[]}[];
}

export interface ApiCsiNode {
  metadata: ApiMeta;
  spec: {drivers: {name: string; nodeID?: string; allocatable?: {count?: number}}[]};
}

export interface ApiCsiDriver {
  metadata: ApiMeta;
  spec: {storageCapacity?: boolean};
}

export interface ApiVolumeAttachment {
  metadata: ApiMeta;
  spec: {attacher: string; nodeName: string; source: {persistentVolumeName?: string}};
}

const BETA_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class';
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const MIGRATED_PLUGINS = 'storage.alpha.kubernetes.io/migrated-plugins';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export function toPersistentVolume({metadata, spec = {}, status}: ApiPersistentVolume): PersistentVolume {
  const labels = metadata.labels ?? {};
  const nodeAffinity = spec.nodeAffinity?.required?.nodeSelectorTerms;
  const migrated = migratedVolume(spec, labels);
  const csi =
    spec.csi === undefined ? migrated?.csi : {driver: spec.csi.driver, handle: spec.csi.volumeHandle};
  const claim = spec.claimRef;
  return {
    ...storedOf(metadata),
    labels,
    capacity: parseQuantity(spec.capacity?.['storage'] ?? 0),
    accessModes: spec.accessModes ?? [],
    storageClassName: metadata.annotations?.[BETA_STORAGE_CLASS] ?? spec.storageClassName ?? '',
    volumeMode: spec.volumeMode ?? 'Filesystem',
    available: status?.phase === 'Available',
    terminating: metadata.deletionTimestamp !== undefined,
    ...(nodeAffinity === undefined ? {} : {nodeAffinity}),
    ...(claim === undefined
      ? {}
      : {
          claim: {
            namespace: claim.namespace ?? '',
            name: claim.name ?? '',
            ...(claim.uid === undefined ? {} : {uid: claim.uid}),
          },
        }),
    ...(spec.volumeAttributesClassName === undefined
      ? {}
      : {volumeAttributesClassName: spec.volumeAttributesClassName}),
    ...(csi === undefined ? {} : {csi}),
    ...(migrated === undefined ? {} : {migration: migrationOf(migrated, nodeAffinity, labels)}),
  };
}

function migrationOf(
  {plugin, problem, topologyKey}: NonNullable<ReturnType<typeof migratedVolume>>,
  nodeAffinity: readonly NodeSelectorTerm[] | undefined,
  labels: Labels,
): NonNullable<PersistentVolume['migration']> {
  const translated =
    topologyKey === undefined ? nodeAffinity : migratedNodeAffinity(nodeAffinity, labels, topologyKey);
  return {
    plugin,
    ...(translated === undefined ? {} : {nodeAffinity: translated}),
    ...(problem === undefined ? {} : {problem}),
  };
}

export function toPersistentVolumeClaim({
  metadata,
  spec = {},
  status,
}: ApiPersistentVolumeClaim): PersistentVolumeClaim {
  const annotations = metadata.annotations ?? {};
  const selectedNode = annotations[SELECTED_NODE];
  const requested = spec.resources?.requests?.['storage'];
  const controller = metadata.ownerReferences?.find((reference) => reference.controller === true);
  return {
    ...storedOf(metadata),
    namespace: metadata.namespace ?? 'default',
    bindCompleted: annotations[BIND_COMPLETED] !== undefined,
    lost: status?.phase === 'Lost',
    terminating: metadata.deletionTimestamp !== undefined,
    accessModes: spec.accessModes ?? [],
    storageClassName: annotations[BETA_STORAGE_CLASS] ?? spec.storageClassName ?? '',
    volumeMode: spec.volumeMode ?? 'Filesystem',
    ...(spec.volumeName ? {volumeName: spec.volumeName} : {}),
    ...(selectedNode === undefined ? {} : {selectedNode}),
    ...(requested === undefined ? {} : {requested: parseQuantity(requested)}),
    ...(spec.volumeAttributesClassName === undefined
      ? {}
      : {volumeAttributesClassName: spec.volumeAttributesClassName}),
    ...(spec.selector === undefined ? {} : {selector: spec.selector}),
    ...(controller === undefined ? {} : {controllerUid: controller.uid}),
  };
}

export function toStorageClass({
  metadata,
  provisioner,
  volumeBindingMode,
  allowedTopologies,
}: ApiStorageClass): StorageClass {
  return {
    ...storedOf(metadata),
    provisioner,
    volumeBindingMode: volumeBindingMode ?? 'Immediate',
    allowedTopologies: allowedTopologies ?? [],
    isDefault: metadata.annotations?.[DEFAULT_CLASS] === 'true',
    createdAt: parseTime(metadata.creationTimestamp) ?? 0,
  };
}

export function toCsiNode({metadata, spec}: ApiCsiNode): CsiNode {
  const migrated = metadata.annotations?.[MIGRATED_PLUGINS] ?? '';
  const limits: Record<string, number> = {};
  // The field is required by the API and null when a node has no driver.
  for (const {name, allocatable} of spec.drivers ?? []) {
    if (allocatable?.count !== undefined) {
      limits[name] = allocatable.count;
    }
  }
  return {...storedOf(metadata), limits, migratedPlugins: migrated === '' ? [] : migrated.split(',')};
}

export function toCsiDriver({metadata, spec}: ApiCsiDriver): CsiDriver {
  return {...storedOf(metadata), storageCapacity: spec.storageCapacity ?? false};
}

export function toVolumeAttachment({metadata, spec}: ApiVolumeAttachment): VolumeAttachment {
  const volumeName = spec.source.persistentVolumeName;
  return {
    ...storedOf(metadata),
    attacher: spec.attacher,
    nodeName: spec.nodeName,
    ...(volumeName === undefined ? {} : {volumeName}),
  };
}

/**
 * Whether a claim's volume attaches to one node at a time: a pod elsewhere would wait in ContainerCreating
 * (isMultiAttachForbidden in pkg/controller/volume/attachdetach/util). The scheduler does not ask. Unlike there, a
 * volume that many may read does not count as shared by those who may write: most drivers refuse that.
 */
export function attachesToOneNode(
  {accessModes}: Pick<PersistentVolume, 'accessModes'>,
  claim: Pick<PersistentVolumeClaim, 'accessModes'>,
): boolean {
  const isReadByMany = accessModes.includes('ReadOnlyMany') && !claim.accessModes.includes('ReadWriteOnce');
  return accessModes.length > 0 && !accessModes.includes('ReadWriteMany') && !isReadByMany;
}

function storedOf({name, uid, resourceVersion}: ApiMeta): Stored {
  return {name, uid, resourceVersion};
}
