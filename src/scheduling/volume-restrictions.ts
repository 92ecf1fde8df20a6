import type {Pod} from '../cluster/pod.ts';
import type {DiskVolume} from '../cluster/pod-volumes.ts';
import type {NodeInfo} from '../cluster/snapshot.ts';
import type {FilterPlugin} from './framework.ts';
import {mountedClaims, notFound} from './pod-claims.ts';

/** Refuses nodes where a disk of the pod is in use already, and claims for one pod only that another pod holds. */
export const volumeRestrictions: FilterPlugin = {
  name: 'VolumeRestrictions',

  prefilter(pod, snapshot) {
    const disks = pod.spec.volumes.filter((volume): volume is DiskVolume => isRestricted(volume));
    const forOnePod = new Set<string>();
    let isHeld = false;
    for (const {name, ephemeral, claim} of mountedClaims(pod, snapshot.storage)) {
      if (ephemeral) {
        continue;
      }
      if (claim === undefined) {
        return {
          plugin: 'VolumeRestrictions',
          reasons: [notFound('persistentvolumeclaim', name)],
          resolvable: false,
        };
      }
      if (claim.accessModes.includes('ReadWriteOncePod')) {
        forOnePod.add(name);
        const [holder] = snapshot.claimHolders(pod.namespace, name);
        isHeld ||= holder !== undefined;
      }
    }
    if (disks.length === 0 && !isHeld) {
      return undefined;
    }
    // By the claim's name alone, whatever the pod's namespace: so does upstream (conflictingPVCRefCountForPod).
    const holds = ({spec}: Pod): boolean =>
      spec.volumes.some((volume) => volume.kind === 'claim' && forOnePod.has(volume.claim));
    return (info, nominated = []) => {
      const reason = conflictsOn(info, disks)
        ? 'node(s) had no available disk'
        : isHeld || nominated.some(holds)
          ? 'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'
          : undefined;
      return reason === undefined
        ? undefined
        : {plugin: 'VolumeRestrictions', node: info.node.name, reasons: [reason], resolvable: true};
    };
  },

  // A claim for one pod only is held, or not, for all nodes at once.
  reach(pod, other) {
    const isHeldAnywhere = pod.spec.volumes.length > 0 && other.spec.volumes.length > 0;
    return isHeldAnywhere ? 'everywhere' : [];
  },
};

function isRestricted(volume: {readonly kind: string; readonly type?: DiskVolume['type']}): boolean {
  return (
    volume.type === 'GCEPersistentDisk' ||
    volume.type === 'AWSElasticBlockStore' ||
    volume.type === 'ISCSI' ||
    volume.type === 'RBD'
  );
}

function conflictsOn({podsWithVolumes}: NodeInfo, disks: readonly DiskVolume[]): boolean {
  if (disks.length === 0) {
    return false;
  }
  for (const {spec} of podsWithVolumes.values()) {
    for (const volume of spec.volumes) {
      if (volume.kind === 'disk' && disks.some((disk) => conflicts(disk, volume))) {
        return true;
      }
    }
  }
  return false;
}

function conflicts(a: DiskVolume, b: DiskVolume): boolean {
  if (a.type !== b.type || a.id !== b.id) {
    return false;
  }
  if (a.type === 'AWSElasticBlockStore') {
    return true;
  }
  const sameCluster = a.type !== 'RBD' || (a.monitors ?? []).some((monitor) => b.monitors?.includes(monitor));
  return sameCluster && !(a.readOnly && b.readOnly);
}
