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

  prescore(pod, snapshot) {
    const {images, volumeImages} = pod.spec;
    const names = [...images, ...volumeImages].map(normalizedImageName);
    const holders = new Map(names.map((name) => [name, 0]));
    let nodes = 0;
    for (const {node} of snapshot.nodeInfos()) {
      nodes++;
      for (const [name, count] of holders) {
        if (node.images[name] !== undefined) {
          holders.set(name, count + 1);
        }
      }
    }
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

function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
