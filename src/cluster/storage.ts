import {type NestedIndex, putInto, takeFrom} from './nested-index.ts';
import type {Pod} from './pod.ts';
import type {
  CsiDriver,
  CsiNode,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from './volumes.ts';

/** The storage objects of the cluster, as the scheduling plugins ask for them. */
export interface Storage {
  persistentVolume(name: string): PersistentVolume | undefined;
  persistentVolumes(): Iterable<PersistentVolume>;
  persistentVolumeClaim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  storageClass(name: string): StorageClass | undefined;
  /** The class of claims that name none: of several the youngest, as the API server has it. */
  defaultStorageClass(): StorageClass | undefined;
  csiNode(nodeName: string): CsiNode | undefined;
  csiDriver(name: string): CsiDriver | undefined;
  volumeAttachments(nodeName: string): Iterable<VolumeAttachment>;
}

/** Fed by the watches; a change costs what it touches. */
export class StorageState implements Storage {
  readonly #volumes = new Map<string, PersistentVolume>();
  readonly #claims = new Map<string, PersistentVolumeClaim>();
  readonly #classes = new Map<string, StorageClass>();
  readonly #csiNodes = new Map<string, CsiNode>();
  readonly #csiDrivers = new Map<string, CsiDriver>();
  readonly #attachments: NestedIndex<VolumeAttachment> = new Map();

  setPersistentVolume(volume: PersistentVolume): void {
    this.#volumes.set(volume.name, volume);
  }

  deletePersistentVolume({name}: PersistentVolume): void {
    this.#volumes.delete(name);
  }

  setPersistentVolumeClaim(claim: PersistentVolumeClaim): void {
    this.#claims.set(claimKey(claim.namespace, claim.name), claim);
  }

  deletePersistentVolumeClaim({namespace, name}: PersistentVolumeClaim): void {
    this.#claims.delete(claimKey(namespace, name));
  }

  setStorageClass(storageClass: StorageClass): void {
    this.#classes.set(storageClass.name, storageClass);
  }

  deleteStorageClass({name}: StorageClass): void {
    this.#classes.delete(name);
  }

  setCsiNode(csiNode: CsiNode): void {
    this.#csiNodes.set(csiNode.name, csiNode);
  }

  deleteCsiNode({name}: CsiNode): void {
    this.#csiNodes.delete(name);
  }

  setCsiDriver(driver: CsiDriver): void {
    this.#csiDrivers.set(driver.name, driver);
  }

  deleteCsiDriver({name}: CsiDriver): void {
    this.#csiDrivers.delete(name);
  }

  setVolumeAttachment(attachment: VolumeAttachment): void {
    putInto(this.#attachments, attachment.nodeName, attachment.name, attachment);
  }

  deleteVolumeAttachment({name, nodeName}: VolumeAttachment): void {
    takeFrom(this.#attachments, nodeName, name);
  }

  persistentVolume(name: string): PersistentVolume | undefined {
    return this.#volumes.get(name);
  }

  persistentVolumes(): Iterable<PersistentVolume> {
    return this.#volumes.values();
  }

  persistentVolumeClaim(namespace: string, name: string): PersistentVolumeClaim | undefined {
    return this.#claims.get(claimKey(namespace, name));
  }

  storageClass(name: string): StorageClass | undefined {
    return this.#classes.get(name);
  }

  // plugin/pkg/admission/storage/storageclass/setdefault: the youngest, then the first by name.
  defaultStorageClass(): StorageClass | undefined {
    let found: StorageClass | undefined;
    for (const candidate of this.#classes.values()) {
      const isBefore =
        found === undefined ||
        candidate.createdAt > found.createdAt ||
        (candidate.createdAt === found.createdAt && candidate.name < found.name);
      if (candidate.isDefault && isBefore) {
        found = candidate;
      }
    }
    return found;
  }

  csiNode(nodeName: string): CsiNode | undefined {
    return this.#csiNodes.get(nodeName);
  }

  csiDriver(name: string): CsiDriver | undefined {
    return this.#csiDrivers.get(name);
  }

  volumeAttachments(nodeName: string): Iterable<VolumeAttachment> {
    return this.#attachments.get(nodeName)?.values() ?? [];
  }
}

/** Which pods hold a claim. Pods without claims cost nothing here. */
export class ClaimHolders {
  readonly #pods: NestedIndex<Pod> = new Map();

  set(pod: Pod): void {
    for (const key of claimKeysOf(pod)) {
      putInto(this.#pods, key, pod.uid, pod);
    }
  }

  delete(pod: Pod): void {
    for (const key of claimKeysOf(pod)) {
      takeFrom(this.#pods, key, pod.uid);
    }
  }

  of(namespace: string, claim: string): Iterable<Pod> {
    return this.#pods.get(claimKey(namespace, claim))?.values() ?? [];
  }
}

/** Whether a pod mounts the claim by name; a generic ephemeral volume does not count. */
export function holdsClaim(pod: Pod, namespace: string, claim: string): boolean {
  return (
    pod.namespace === namespace &&
    pod.spec.volumes.some((volume) => volume.kind === 'claim' && volume.claim === claim)
  );
}

function claimKeysOf({namespace, spec}: Pod): string[] {
  return spec.volumes.flatMap((volume) =>
    volume.kind === 'claim' ? [claimKey(namespace, volume.claim)] : [],
  );
}

function claimKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
