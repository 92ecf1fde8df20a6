import type {HeldImages} from '../cluster/node.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import {divide, type LocalScorePlugin, MAX_NODE_SCORE} from './framework.ts';

const MEBIBYTE = 1024 * 1024;
const MIN_THRESHOLD = 23 * MEBIBYTE;
const MAX_THRESHOLD_PER_CONTAINER = 1000 * MEBIBYTE;

/**
 * Prefers nodes that hold the pod's images already, weighted by size.
 */
export const imageLocality: LocalScorePlugin = {
  name: 'ImageLocality',
  weight: 1,
  isLocal: true,

  prescore({spec: {images, volumeImages}}, snapshot) {
    const names = [...images, ...volumeImages].map(normalizedImageName);
    const {nodes, holders} = holdersOf(names, snapshot);
    const maxThreshold = MAX_THRESHOLD_PER_CONTAINER * images.length;
    const score = (held: HeldImages): number => {
      let sum = 0;
      for (const name of names) {
        const size = held.sizes[held.names.indexOf(name)];
        if (size !== undefined) {
          // An image that few nodes hold counts less, or its first nodes would draw all its pods.
          sum += Math.trunc(size * ((holders.get(name)?.length ?? 0) / nodes));
        }
      }
      const bounded = Math.min(Math.max(sum, MIN_THRESHOLD), maxThreshold);
      return divide(MAX_NODE_SCORE * (bounded - MIN_THRESHOLD), maxThreshold - MIN_THRESHOLD);
    };
    return {
      score: ({node}) => score(node.images),
      sweep: (into) => {
        const without = score({names: [], sizes: []});
        into.fill(without);
        for (const numbers of holders.values()) {
          for (const {number, held} of numbers) {
            into[number] = score(held);
          }
        }
      },
    };
  },
};

interface Holder {
  readonly number: number;
  readonly held: HeldImages;
}

/** How many nodes there are, and which of them hold each of the images. */
function holdersOf(
  names: readonly string[],
  snapshot: SchedulingSnapshot,
): {nodes: number; holders: ReadonlyMap<string, readonly Holder[]>} {
  const holders = new Map<string, Holder[]>(names.map((name) => [sameText(name), []]));
  let nodes = 0;
  for (const {node} of snapshot.nodeInfos()) {
    for (const [name, of] of holders) {
      if (node.images.names.includes(name)) {
        of.push({number: nodes, held: node.images});
      }
    }
    nodes += 1;
  }
  return {nodes, holders};
}

// The names that nodes hold are names of properties, too: then two of them are compared at a glance.
function sameText(name: string): string {
  const [same = name] = Object.keys({[name]: undefined});
  return same;
}

function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
