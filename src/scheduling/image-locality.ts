import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import {divide, MAX_NODE_SCORE, type ScorePlugin} from './framework.ts';

const MEBIBYTE = 1024 * 1024;
const MIN_THRESHOLD = 23 * MEBIBYTE;
const MAX_THRESHOLD_PER_CONTAINER = 1000 * MEBIBYTE;

/**
 * Prefers nodes that hold the pod's images already, weighted by size.
 */
export const imageLocality: ScorePlugin = {
  name: 'ImageLocality',
  weight: 1,
  isLocal: true,

  prescore(pod, snapshot) {
    const {images, volumeImages} = pod.spec;
    const names = [...images, ...volumeImages].map(normalizedImageName);
    const {nodes, holders} = imageHolders(snapshot);
    return ({node}) => {
      let sum = 0;
      for (const name of names) {
        const size = node.images[name];
        if (size !== undefined) {
          // An image that few nodes hold counts less, or its first nodes would draw all its pods.
          sum += Math.trunc(size * ((holders.get(name) ?? 0) / nodes));
        }
      }
      const maxThreshold = MAX_THRESHOLD_PER_CONTAINER * images.length;
      const bounded = Math.min(Math.max(sum, MIN_THRESHOLD), maxThreshold);
      return divide(MAX_NODE_SCORE * (bounded - MIN_THRESHOLD), maxThreshold - MIN_THRESHOLD);
    };
  },
};

interface ImageHolders {
  readonly nodes: number;
  /** How many nodes hold each image, by its name. */
  readonly holders: ReadonlyMap<string, number>;
}

const known = new WeakMap<object, ImageHolders>();

function imageHolders(snapshot: SchedulingSnapshot): ImageHolders {
  let answer = known.get(snapshot.imagesVersion);
  if (answer === undefined) {
    const holders = new Map<string, number>();
    let nodes = 0;
    for (const {node} of snapshot.nodeInfos()) {
      nodes++;
      for (const name of Object.keys(node.images)) {
        holders.set(name, (holders.get(name) ?? 0) + 1);
      }
    }
    answer = {nodes, holders};
    known.set(snapshot.imagesVersion, answer);
  }
  return answer;
}

function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
