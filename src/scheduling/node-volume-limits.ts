import {type CsiVolume, MIGRATED_PROVISIONERS, UNCOUNTED_PROVISIONERS} from '../cluster/csi-migration.ts';
import type {NodeInfo} from '../cluster/snapshot.ts';
import type {Storage} from '../cluster/storage.ts';
import type {CsiNode, PersistentVolumeClaim} from '../cluster/volumes.ts';
import type {FilterPlugin, PodToSchedule} from './framework.ts';
import {foreignBecause, mountedClaims} from './pod-claims.ts';

/** Driver names by what makes volumes one and the same: `<driver>/<handle>`. */
type CountedVolumes = Map<string, string>;

const EXCEEDED = 'node(s) exceed max volume count';

/**
 * Refuses nodes to which a CSI driver can attach no more volumes. In-tree volumes count as those of the driver that
 * has taken over from them. The alpha feature VolumeLimitScaling is taken to be off.
 */
export const nodeVolumeLimits: FilterPlugin = {
  name: 'NodeVolumeLimits',

  prefilter(pod, {storage}) {
    if (pod.spec.volumes.length === 0) {
      return undefined;
    }
    // A claim that is missing, or not the pod's own, is refused by VolumeBinding before any node is looked at.
    const wanted: CountedVolumes = new Map();
    const problem = countVolumes(pod, storage, wanted);
    if (wanted.size === 0 && problem === undefined) {
      return undefined;
    }
    return (info) => {
      const csiNode = storage.csiNode(info.node.name);
      const reason = csiNode === undefined ? undefined : (problem ?? exceeds(info, csiNode, wanted, storage));
      return reason === undefined
        ? undefined
        : {
            plugin: 'NodeVolumeLimits',
            node: info.node.name,
            reasons: [reason],
            resolvable: reason === EXCEEDED,
          };
    };
  },
};

function exceeds(
  {node, podsWithVolumes}: NodeInfo,
  {limits}: CsiNode,
  wanted: CountedVolumes,
  storage: Storage,
): string | undefined {
  if (Object.keys(limits).length === 0) {
    return undefined;
  }
  const ofPods: CountedVolumes = new Map();
  for (const pod of podsWithVolumes.values()) {
    const problem = countVolumes(pod, storage, ofPods);
    if (problem !== undefined) {
      return problem;
    }
  }
  const used = countByDriver([...ofPods, ...attachedVolumes(node.name, storage)]);
  // A volume that a pod of the node uses already is attached once for all. One that is merely attached (its pod may
  // just have gone) counts twice, as upstream.
  const added = countByDriver([...wanted].filter(([volume]) => !ofPods.has(volume)));
  for (const [driver, count] of added) {
    const limit = limits[driver];
    if (limit !== undefined && (used.get(driver) ?? 0) + count > limit) {
      return EXCEEDED;
    }
  }
  return undefined;
}

/** Adds the CSI volumes of a pod to `counted`; returns why they cannot be counted, if so. */
function countVolumes(pod: PodToSchedule, storage: Storage, counted: CountedVolumes): string | undefined {
  for (const volume of pod.spec.volumes) {
    if (volume.kind !== 'disk') {
      continue;
    }
    if (volume.problem !== undefined) {
      return volume.problem;
    }
    if (volume.csi !== undefined) {
      counted.set(`${volume.csi.driver}/${volume.csi.handle}`, volume.csi.driver);
    }
  }
  for (const mounted of mountedClaims(pod, storage)) {
    const foreign = foreignBecause(pod, mounted);
    if (foreign !== undefined) {
      return foreign;
    }
    const csi = mounted.claim === undefined ? undefined : csiVolumeOf(mounted.claim, storage);
    if (csi !== undefined && csi.driver !== '' && csi.handle !== '') {
      counted.set(`${csi.driver}/${csi.handle}`, csi.driver);
    }
  }
  return undefined;
}

function csiVolumeOf(claim: PersistentVolumeClaim, storage: Storage): CsiVolume | undefined {
  const volume = claim.volumeName === undefined ? undefined : storage.persistentVolume(claim.volumeName);
  if (volume !== undefined) {
    return volume.csi;
  }
  const storageClass = storage.storageClass(claim.storageClassName);
  if (storageClass === undefined || UNCOUNTED_PROVISIONERS.has(storageClass.provisioner)) {
    return undefined;
  }
  const driver = MIGRATED_PROVISIONERS[storageClass.provisioner] ?? storageClass.provisioner;
  // The volume does not exist yet; no other has a handle like this.
  return {driver, handle: `to be provisioned for ${claim.namespace}/${claim.name}`};
}

function attachedVolumes(nodeName: string, storage: Storage): CountedVolumes {
  const attached: CountedVolumes = new Map();
  for (const {attacher, volumeName} of storage.volumeAttachments(nodeName)) {
    const volume = volumeName === undefined ? undefined : storage.persistentVolume(volumeName);
    if (attacher !== '' && volume?.csi !== undefined && volume.migration === undefined) {
      attached.set(`${attacher}/${volume.csi.handle}`, attacher);
    }
  }
  return attached;
}

function countByDriver(volumes: Iterable<readonly [volume: string, driver: string]>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const driver of new Map(volumes).values()) {
    counts.set(driver, (counts.get(driver) ?? 0) + 1);
  }
  return counts;
}
