/**
 * In-tree volumes as the CSI volumes that the scheduler takes them for (k8s.io/csi-translation-lib). Only those whose
 * migration the scheduler knows to be on: AWS EBS, GCE PD, Azure Disk, Cinder and Portworx.
 */
import type {Labels} from './label-selector.ts';
import type {NodeSelectorRequirement, NodeSelectorTerm} from './pod-spec.ts';

/** A volume as its CSI driver names it. */
export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
}

export interface MigratedVolume {
  /** The in-tree plugin, as nodes list it once it is migrated there. */
  readonly plugin: string;
  /** Absent when the in-tree source cannot be translated; `problem` says why. */
  readonly csi?: CsiVolume;
  readonly problem?: string;
  /** The topology key of the CSI driver that stands in for zones in the volume's node affinity. */
  readonly topologyKey?: string;
}

/** The sources of a volume in a pod or in a PersistentVolume that are migrated, as far as they are read. */
export interface ApiMigratedSource {
  awsElasticBlockStore?: {volumeID: string; readOnly?: boolean};
  gcePersistentDisk?: {pdName: string; readOnly?: boolean};
  azureDisk?: {diskName?: string; diskURI: string; kind?: string; readOnly?: boolean};
  cinder?: {volumeID: string; readOnly?: boolean};
  portworxVolume?: {volumeID: string; readOnly?: boolean};
}

const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const BETA_REGION = 'failure-domain.beta.kubernetes.io/region';
const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const ZONE_DELIMITER = '__';
const UNSPECIFIED = 'UNSPECIFIED';

/** The CSI driver that has taken over a provisioner; undefined for a provisioner that is not migrated. */
export const MIGRATED_PROVISIONERS: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/portworx-volume': 'pxd.portworx.com',
};

/** Migratable by the library, but the scheduler does not count their volumes. */
export const UNCOUNTED_PROVISIONERS: ReadonlySet<string> = new Set([
  'kubernetes.io/azure-file',
  'kubernetes.io/vsphere-volume',
]);

/** Undefined for a source that is not migrated. `labels` are those of a PersistentVolume; a pod's volume has none. */
export function migratedVolume(source: ApiMigratedSource, labels: Labels = {}): MigratedVolume | undefined {
  if (source.awsElasticBlockStore !== undefined) {
    return migrated('kubernetes.io/aws-ebs', ebsHandle(source.awsElasticBlockStore.volumeID), {
      topologyKey: 'topology.ebs.csi.aws.com/zone',
    });
  }
  if (source.gcePersistentDisk !== undefined) {
    return migrated('kubernetes.io/gce-pd', gceHandle(source.gcePersistentDisk.pdName, labels), {
      topologyKey: 'topology.gke.io/zone',
    });
  }
  if (source.azureDisk !== undefined) {
    const {kind, diskURI} = source.azureDisk;
    return migrated(
      'kubernetes.io/azure-disk',
      kind === undefined || kind.toLowerCase() === 'managed'
        ? {handle: diskURI}
        : {problem: `kind(${kind}) is not supported in csi migration`},
    );
  }
  if (source.cinder !== undefined) {
    return migrated(
      'kubernetes.io/cinder',
      {handle: source.cinder.volumeID},
      {topologyKey: 'topology.cinder.csi.openstack.org/zone'},
    );
  }
  if (source.portworxVolume !== undefined) {
    return migrated('kubernetes.io/portworx-volume', {handle: source.portworxVolume.volumeID});
  }
  return undefined;
}

/**
 * The node affinity of a migrated PersistentVolume: zones by the driver's own key, taken from the volume's labels
 * where the affinity names none (translateTopologyFromInTreeToCSI in plugins/in_tree_volume.go).
 */
export function migratedNodeAffinity(
  terms: readonly NodeSelectorTerm[] | undefined,
  labels: Labels,
  topologyKey: string,
): readonly NodeSelectorTerm[] | undefined {
  const [zoneKey, regionKey] = usesBetaKeys(terms ?? [], labels) ? [BETA_ZONE, BETA_REGION] : [ZONE, REGION];
  const zonesInLabel = labels[zoneKey]
    ?.split(ZONE_DELIMITER)
    .map((zone) => zone.trim())
    .filter((zone) => zone !== '');
  let result = terms;
  if (hasValues(terms ?? [], zoneKey)) {
    result = withKeyReplaced(terms ?? [], zoneKey, topologyKey);
  } else if (zonesInLabel !== undefined && zonesInLabel.length > 0) {
    const inZones: NodeSelectorRequirement = {key: topologyKey, operator: 'In', values: zonesInLabel};
    result = (terms === undefined || terms.length === 0 ? [{}] : terms).map((term: NodeSelectorTerm) => ({
      ...term,
      matchExpressions: [...(term.matchExpressions ?? []), inZones],
    }));
  }
  return result !== undefined && regionKey === BETA_REGION && hasValues(result, BETA_REGION)
    ? withKeyReplaced(result, BETA_REGION, REGION)
    : result;
}

function migrated(
  plugin: string,
  {handle, problem}: {readonly handle?: string; readonly problem?: string},
  rest: Pick<MigratedVolume, 'topologyKey'> = {},
): MigratedVolume {
  return {
    plugin,
    ...rest,
    ...(handle === undefined ? {} : {csi: {driver: MIGRATED_PROVISIONERS[plugin] ?? '', handle}}),
    ...(problem === undefined ? {} : {problem}),
  };
}

// plugins/aws_ebs.go, KubernetesVolumeIDToEBSVolumeID: aws://<zone>/<id>, aws:///<id> or the id alone.
function ebsHandle(volumeID: string): {handle: string} | {problem: string} {
  if (!volumeID.startsWith('aws://')) {
    return {handle: volumeID};
  }
  const handle = /^aws:\/\/[^/]*\/+(vol-[^/]*)\/*$/.exec(volumeID)?.[1];
  return handle === undefined
    ? {
        problem: `failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (${volumeID})`,
      }
    : {handle};
}

// plugins/gce_pd.go, TranslateInTreePVToCSI: a disk in several zones is a disk of their region.
function gceHandle(disk: string, labels: Labels): {handle: string} | {problem: string} {
  const zones = (labels[BETA_ZONE] || labels[ZONE] || '').split(ZONE_DELIMITER);
  if (zones.length === 1) {
    return {handle: `projects/${UNSPECIFIED}/zones/${zones[0] || UNSPECIFIED}/disks/${disk}`};
  }
  const regions = new Set(zones.map((zone) => /^([^-]*-[^-]*)-[^-]*$/.exec(zone)?.[1]));
  const [region] = regions;
  return regions.size === 1 && region !== undefined
    ? {handle: `projects/${UNSPECIFIED}/regions/${region}/disks/${disk}`}
    : {problem: `failed to get region from zones: ${zones.join(', ')}`};
}

function usesBetaKeys(terms: readonly NodeSelectorTerm[], labels: Labels): boolean {
  const named = (key: string): boolean =>
    terms.some(({matchExpressions = []}) => matchExpressions.some((requirement) => requirement.key === key));
  if (named(ZONE) || named(BETA_ZONE)) {
    return !named(ZONE);
  }
  return labels[ZONE] === undefined && labels[BETA_ZONE] !== undefined;
}

function hasValues(terms: readonly NodeSelectorTerm[], key: string): boolean {
  return terms.some(({matchExpressions = []}) =>
    matchExpressions.some((requirement) => requirement.key === key && (requirement.values ?? []).length > 0),
  );
}

function withKeyReplaced(
  terms: readonly NodeSelectorTerm[],
  from: string,
  to: string,
): readonly NodeSelectorTerm[] {
  return terms.map(({matchExpressions, ...term}) => ({
    ...term,
    ...(matchExpressions === undefined
      ? {}
      : {
          matchExpressions: matchExpressions.map((requirement) =>
            requirement.key === from ? {...requirement, key: to} : requirement,
          ),
        }),
  }));
}
