import type {Labels} from '../cluster/label-selector.ts';
import type {PersistentVolume} from '../cluster/volumes.ts';
import type {FilterPlugin, PodRefusal} from './framework.ts';
import {mountedClaims, notFound} from './pod-claims.ts';

const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const BETA_REGION = 'failure-domain.beta.kubernetes.io/region';
const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const TOPOLOGY_LABELS = [BETA_ZONE, BETA_REGION, ZONE, REGION];

interface VolumeTopology {
  readonly key: string;
  readonly values: readonly string[];
}

/** Refuses nodes outside the zones and regions that the labels of a bound volume name. */
export const volumeZone: FilterPlugin = {
  name: 'VolumeZone',

  prefilter(pod, {storage}) {
    const topologies: VolumeTopology[] = [];
    for (const {name, ephemeral, claim} of mountedClaims(pod, storage)) {
      if (ephemeral) {
        continue;
      }
      if (claim === undefined) {
        return refuse(notFound('persistentvolumeclaim', name));
      }
      if (claim.volumeName !== undefined) {
        const volume = storage.persistentVolume(claim.volumeName);
        if (volume === undefined) {
          return refuse(notFound('persistentvolume', claim.volumeName));
        }
        topologies.push(...topologiesOf(volume));
        continue;
      }
      const className = claim.storageClassName;
      if (className === '') {
        return refuse('PersistentVolumeClaim had no pv name and storageClass name');
      }
      const storageClass = storage.storageClass(className);
      if (storageClass === undefined) {
        return refuse(notFound('storageclass.storage.k8s.io', className));
      }
      if (storageClass.volumeBindingMode !== 'WaitForFirstConsumer') {
        return refuse('PersistentVolume had no name');
      }
    }
    if (topologies.length === 0) {
      return undefined;
    }
    return ({node}) =>
      isIn(node.labels, topologies)
        ? undefined
        : {
            plugin: 'VolumeZone',
            node: node.name,
            reasons: ['node(s) had no available volume zone'],
            resolvable: false,
          };
  },
};

function refuse(reason: string): PodRefusal {
  return {plugin: 'VolumeZone', reasons: [reason], resolvable: false};
}

function topologiesOf({labels}: PersistentVolume): VolumeTopology[] {
  return TOPOLOGY_LABELS.flatMap((key) => {
    // A volume of several zones: `a__b`. A list with an empty part is ignored as a whole.
    const values = labels[key]?.split('__').map((value) => value.trim());
    return values === undefined || values.includes('') ? [] : [{key, values}];
  });
}

// A node without any of the labels is taken for one of a cluster without zones.
function isIn(labels: Labels, topologies: readonly VolumeTopology[]): boolean {
  if (TOPOLOGY_LABELS.every((key) => labels[key] === undefined)) {
    return true;
  }
  return topologies.every(({key, values}) => {
    const value = labels[key] ?? labels[translateToStable(key)];
    return value !== undefined && values.includes(value);
  });
}

function translateToStable(key: string): string {
  return key === BETA_ZONE ? ZONE : key === BETA_REGION ? REGION : key;
}
