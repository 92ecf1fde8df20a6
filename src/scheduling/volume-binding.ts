import {matchesSelector} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import {compareText} from '../cluster/snapshot.ts';
import type {Storage} from '../cluster/storage.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  TopologySelectorTerm,
} from '../cluster/volumes.ts';
import type {FilterPlugin, PodRefusal, PodToSchedule} from './framework.ts';
import {matchesByLabels, type NodeMatcher} from './node-affinity.ts';
import {
  foreignBecause,
  isFullyBound,
  type MountedClaim,
  mountedClaims,
  quoted,
  waitsForConsumer,
} from './pod-claims.ts';

const NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity";
const BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind";
const VOLUME_MISSING = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';
/** The provisioner of classes whose volumes are made by hand. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/**
 * Refuses nodes that a bound volume cannot be reached from, and nodes where a claim that waits for its first consumer
 * finds neither a free volume nor a provisioner. Whether a driver has room for a new volume (CSIStorageCapacity) is
 * not asked: planning takes such a claim for unpredictable.
 */
export const volumeBinding: FilterPlugin = {
  name: 'VolumeBinding',

  prefilter(pod, {storage}) {
    const mounted = mountedClaims(pod, storage);
    if (mounted.length === 0) {
      return undefined;
    }
    for (const each of mounted) {
      const reason = unusableBecause(pod, each);
      if (reason !== undefined) {
        return refuse(reason);
      }
    }
    const claims = mounted.flatMap(({claim}) => claim ?? []);
    const bound = claims.filter(isFullyBound);
    const unbound = claims.filter((claim) => !isFullyBound(claim));
    if (!unbound.every((claim) => waitsForConsumer(claim, storage))) {
      return refuse('pod has unbound immediate PersistentVolumeClaims');
    }
    const reachable = boundVolumes(bound, storage);
    const findable = claimsToBind(unbound, storage);
    return ({node}) => {
      const reasons = [reachable(node), findable(node)].filter((reason) => reason !== undefined);
      return reasons.length === 0
        ? undefined
        : {plugin: 'VolumeBinding', node: node.name, reasons, resolvable: false};
    };
  },
};

function refuse(reason: string): PodRefusal {
  return {plugin: 'VolumeBinding', reasons: [reason], resolvable: false};
}

function unusableBecause(pod: PodToSchedule, mounted: MountedClaim): string | undefined {
  const {name, ephemeral, claim} = mounted;
  if (claim === undefined) {
    return ephemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${quoted(name)}`
      : `persistentvolumeclaim ${quoted(name)} not found`;
  }
  if (claim.lost) {
    return `persistentvolumeclaim ${quoted(name)} bound to non-existent persistentvolume ${quoted(claim.volumeName ?? '')}`;
  }
  if (claim.terminating) {
    return `persistentvolumeclaim ${quoted(name)} is being deleted`;
  }
  return foreignBecause(pod, mounted);
}

/** Says of a node why a bound volume cannot be reached from it: the first volume that is in the way decides. */
function boundVolumes(
  claims: readonly PersistentVolumeClaim[],
  storage: Storage,
): (node: Node) => string | undefined {
  const checks = claims.map(({volumeName = ''}) => {
    const volume = storage.persistentVolume(volumeName);
    return volume === undefined ? undefined : reachabilityOf(volume, storage);
  });
  return (node) => {
    for (const check of checks) {
      const reason = check === undefined ? VOLUME_MISSING : check(node);
      if (reason !== undefined) {
        return reason;
      }
    }
    return undefined;
  };
}

function reachabilityOf(volume: PersistentVolume, storage: Storage): (node: Node) => string | undefined {
  const {migration} = volume;
  const matches = affinityMatcher(volume.nodeAffinity);
  const migrated = migration === undefined ? undefined : affinityMatcher(migration.nodeAffinity);
  return (node) => {
    const isMigrated =
      migration !== undefined &&
      storage.csiNode(node.name)?.migratedPlugins.includes(migration.plugin) === true;
    if (isMigrated && migration.problem !== undefined) {
      return `could not translate pv: ${migration.problem}`;
    }
    return (isMigrated ? migrated?.(node) : matches(node)) === false ? NODE_CONFLICT : undefined;
  };
}

function affinityMatcher(terms: PersistentVolume['nodeAffinity']): NodeMatcher {
  return terms === undefined ? () => true : matchesByLabels(terms);
}

/** Says of a node why claims that wait for their first consumer would wait on. */
function claimsToBind(
  claims: readonly PersistentVolumeClaim[],
  storage: Storage,
): (node: Node) => string | undefined {
  const prepared = claims.map((claim) => ({
    claim,
    candidates: claim.selectedNode === undefined ? candidatesFor(claim, storage) : [],
    provisionable: provisioningMatcher(storage.storageClass(claim.storageClassName)),
  }));
  // The smallest claim first: it gets the smallest volume.
  const toMatch = prepared
    .filter(({claim}) => claim.selectedNode === undefined)
    .sort((a, b) => (a.claim.requested ?? 0) - (b.claim.requested ?? 0));
  const toProvision = prepared.filter(({claim}) => claim.selectedNode !== undefined);
  return (node) => {
    if (toProvision.some(({claim}) => claim.selectedNode !== node.name)) {
      return BIND_CONFLICT;
    }
    const chosen = new Set<string>();
    for (const {candidates, provisionable} of toMatch) {
      const match = bestMatch(candidates, chosen, node);
      if (match !== undefined) {
        chosen.add(match.name);
      } else if (!provisionable(node)) {
        return BIND_CONFLICT;
      }
    }
    return toProvision.every(({provisionable}) => provisionable(node)) ? undefined : BIND_CONFLICT;
  };
}

interface CandidateVolume {
  readonly name: string;
  /** Set aside for this claim, which then takes no other. */
  readonly reserved: boolean;
  readonly matches: NodeMatcher;
}

/**
 * The volumes that the claim could be bound to from some node; one that is set aside for it first, then by size.
 * Source: FindMatchingVolume in k8s.io/component-helpers/storage/volume/pv_helpers.go.
 */
function candidatesFor(claim: PersistentVolumeClaim, storage: Storage): CandidateVolume[] {
  const found: {volume: PersistentVolume; reserved: boolean}[] = [];
  for (const volume of storage.persistentVolumes()) {
    const reserved = isSetAsideFor(volume, claim);
    const usable =
      volume.storageClassName === claim.storageClassName &&
      (volume.claim === undefined || reserved) &&
      volume.capacity >= (claim.requested ?? 0) &&
      volume.volumeMode === claim.volumeMode &&
      (volume.volumeAttributesClassName ?? '') === (claim.volumeAttributesClassName ?? '') &&
      !volume.terminating;
    if (usable && (reserved || isFreeFor(volume, claim))) {
      found.push({volume, reserved});
    }
  }
  return found
    .sort(
      (a, b) =>
        Number(b.reserved) - Number(a.reserved) ||
        a.volume.capacity - b.volume.capacity ||
        compareText(a.volume.name, b.volume.name),
    )
    .map(({volume, reserved}) => ({
      name: volume.name,
      reserved,
      matches: affinityMatcher(volume.nodeAffinity),
    }));
}

function isSetAsideFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (
    volume.claim !== undefined &&
    volume.claim.namespace === claim.namespace &&
    volume.claim.name === claim.name &&
    (volume.claim.uid === undefined || volume.claim.uid === claim.uid)
  );
}

function isFreeFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (
    volume.available &&
    (claim.selector === undefined || matchesSelector(claim.selector, volume.labels)) &&
    claim.accessModes.every((mode) => volume.accessModes.includes(mode))
  );
}

function bestMatch(
  candidates: readonly CandidateVolume[],
  chosen: ReadonlySet<string>,
  node: Node,
): CandidateVolume | undefined {
  for (const candidate of candidates) {
    if (chosen.has(candidate.name)) {
      continue;
    }
    if (candidate.matches(node)) {
      return candidate;
    }
    if (candidate.reserved) {
      return undefined;
    }
  }
  return undefined;
}

/** Where a volume of the class may be made on demand, as far as the class says. */
function provisioningMatcher(storageClass: StorageClass | undefined): NodeMatcher {
  if (
    storageClass === undefined ||
    storageClass.provisioner === '' ||
    storageClass.provisioner === NO_PROVISIONER
  ) {
    return () => false;
  }
  const {allowedTopologies} = storageClass;
  return ({labels}) =>
    allowedTopologies.length === 0 || allowedTopologies.some((term) => isInTopology(term, labels));
}

function isInTopology({matchLabelExpressions = []}: TopologySelectorTerm, labels: Node['labels']): boolean {
  return (
    matchLabelExpressions.length > 0 &&
    matchLabelExpressions.every(({key, values}) => labels[key] !== undefined && values.includes(labels[key]))
  );
}
