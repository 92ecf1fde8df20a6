/**
 * Builders of storage for tests: `withStorage(cluster, [volume('pv', {zones: ['a']}), claim('data', {volume: 'pv'})])`.
 * They go through the parse functions, so that a test sees what the watches would deliver.
 */
import type {ClusterState} from '../../src/cluster/snapshot.ts';
import type {StorageState} from '../../src/cluster/storage.ts';
import {
  type AccessMode,
  type ApiCsiNode,
  type ApiPersistentVolume,
  type ApiPersistentVolumeClaim,
  type ApiStorageClass,
  toCsiDriver,
  toCsiNode,
  toPersistentVolume,
  toPersistentVolumeClaim,
  toStorageClass,
  toVolumeAttachment,
} from '../../src/cluster/volumes.ts';

/** Puts one object into the storage of a cluster. */
export type StorageObject = (storage: StorageState) => void;

export function withStorage(cluster: ClusterState, objects: readonly StorageObject[]): ClusterState {
  for (const put of objects) {
    put(cluster.storage);
  }
  return cluster;
}

export interface VolumeOptions {
  /** Required node affinity by the zone label. */
  readonly zones?: readonly string[];
  readonly labels?: Record<string, string>;
  readonly capacity?: string;
  readonly accessModes?: AccessMode[];
  readonly phase?: 'Available' | 'Bound' | 'Released';
  readonly terminating?: boolean;
  readonly spec?: ApiPersistentVolume['spec'];
}

/** Of driver `csi.example.com` with the volume's name for a handle; bound, 1 GiB, ReadWriteMany. */
export function volume(name: string, options: VolumeOptions = {}): StorageObject {
  const object = toPersistentVolume({
    metadata: {
      ...meta(name),
      ...(options.labels === undefined ? {} : {labels: options.labels}),
      ...(options.terminating === true ? {deletionTimestamp: '2026-01-01T01:00:00Z'} : {}),
    },
    spec: {
      capacity: {storage: options.capacity ?? '1Gi'},
      accessModes: options.accessModes ?? ['ReadWriteMany'],
      ...(options.zones === undefined
        ? {}
        : {nodeAffinity: {required: {nodeSelectorTerms: [inZones(options.zones)]}}}),
      ...(options.spec ?? {csi: {driver: 'csi.example.com', volumeHandle: name}}),
    },
    status: {phase: options.phase ?? 'Bound'},
  });
  return (storage) => storage.setPersistentVolume(object);
}

export interface ClaimOptions {
  /** Bound to this PersistentVolume. */
  readonly volume?: string;
  readonly storageClass?: string;
  readonly request?: string;
  readonly accessModes?: AccessMode[];
  readonly phase?: string;
  readonly terminating?: boolean;
  readonly annotations?: Record<string, string>;
  /** The uid of the pod that it belongs to. */
  readonly ownedBy?: string;
  readonly spec?: ApiPersistentVolumeClaim['spec'];
}

/** In namespace `default`; ReadWriteMany. */
export function claim(name: string, options: ClaimOptions = {}): StorageObject {
  const object = toPersistentVolumeClaim({
    metadata: {
      ...meta(name),
      namespace: 'default',
      annotations: {
        ...(options.volume === undefined ? {} : {'pv.kubernetes.io/bind-completed': 'yes'}),
        ...options.annotations,
      },
      ...(options.terminating === true ? {deletionTimestamp: '2026-01-01T01:00:00Z'} : {}),
      ...(options.ownedBy === undefined
        ? {}
        : {
            ownerReferences: [
              {apiVersion: 'v1', kind: 'Pod', name: 'owner', uid: options.ownedBy, controller: true},
            ],
          }),
    },
    spec: {
      accessModes: options.accessModes ?? ['ReadWriteMany'],
      ...(options.volume === undefined ? {} : {volumeName: options.volume}),
      ...(options.storageClass === undefined ? {} : {storageClassName: options.storageClass}),
      ...(options.request === undefined ? {} : {resources: {requests: {storage: options.request}}}),
      ...options.spec,
    },
    status: {phase: options.phase ?? (options.volume === undefined ? 'Pending' : 'Bound')},
  });
  return (storage) => storage.setPersistentVolumeClaim(object);
}

/** Waits for the first consumer; `csi.example.com` provisions. */
export function storageClass(
  name: string,
  options: Partial<Omit<ApiStorageClass, 'metadata'>> & {readonly isDefault?: boolean} = {},
): StorageObject {
  const {isDefault = false, ...rest} = options;
  const object = toStorageClass({
    metadata: {
      ...meta(name),
      annotations: {'storageclass.kubernetes.io/is-default-class': String(isDefault)},
    },
    provisioner: 'csi.example.com',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...rest,
  });
  return (storage) => storage.setStorageClass(object);
}

/** A node's limits by driver, and the in-tree plugins that are migrated on it. */
export function csiNode(
  node: string,
  limits: Readonly<Record<string, number | undefined>>,
  migrated: readonly string[] = [],
): StorageObject {
  const drivers: ApiCsiNode['spec']['drivers'] = Object.entries(limits).map(([name, count]) => ({
    name,
    ...(count === undefined ? {} : {allocatable: {count}}),
  }));
  const object = toCsiNode({
    metadata: {
      ...meta(node),
      annotations: {'storage.alpha.kubernetes.io/migrated-plugins': migrated.join(',')},
    },
    spec: {drivers},
  });
  return (storage) => storage.setCsiNode(object);
}

export function csiDriver(name: string, options: {readonly storageCapacity?: boolean} = {}): StorageObject {
  return (storage) => storage.setCsiDriver(toCsiDriver({metadata: meta(name), spec: options}));
}

export function attachment(
  volumeName: string,
  nodeName: string,
  attacher = 'csi.example.com',
): StorageObject {
  const object = toVolumeAttachment({
    metadata: meta(`${volumeName}-${nodeName}`),
    spec: {attacher, nodeName, source: {persistentVolumeName: volumeName}},
  });
  return (storage) => storage.setVolumeAttachment(object);
}

/** Volumes of a pod that mounts these claims. */
export function mounts(...claims: readonly string[]) {
  return claims.map((claimName) => ({name: claimName, persistentVolumeClaim: {claimName}}));
}

function inZones(values: readonly string[]) {
  return {
    matchExpressions: [{key: 'topology.kubernetes.io/zone', operator: 'In' as const, values}],
  };
}

function meta(name: string) {
  return {name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z'};
}
