import {nodeTable} from '../cluster/node-table.ts';
import {NodesMemo} from '../cluster/nodes-memo.ts';
import {sharedText} from '../cluster/shared-text.ts';
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
    const maxThreshold = MAX_THRESHOLD_PER_CONTAINER * images.length;
    const scores = knownScores.get(snapshot.imagesVersion, JSON.stringify([maxThreshold, names]), () =>
      scoresOf(names, maxThreshold, snapshot),
    );
    const {numberOf} = nodeTable(snapshot);
    return {
      score: ({node}) => scores[numberOf.get(node.name) ?? -1] ?? 0,
      sweep: (into) => into.set(scores),
    };
  },
};

/** By the number of the node. */
const knownScores = new NodesMemo<Uint8Array>();

function scoresOf(names: readonly string[], maxThreshold: number, snapshot: SchedulingSnapshot): Uint8Array {
  const {size} = nodeTable(snapshot);
  const sums = new Float64Array(size);
  for (const name of names) {
    const {numbers, sizes} = holdersOf(name, snapshot);
    // An image that few nodes hold counts less, or its first nodes would draw all its pods.
    const share = numbers.length / size;
    for (const [index, number] of numbers.entries()) {
      sums[number] = (sums[number] ?? 0) + Math.trunc((sizes[index] ?? 0) * share);
    }
  }
  const scores = new Uint8Array(size);
  for (let number = 0; number < size; number++) {
    const sum = sums[number] ?? 0;
    if (sum > MIN_THRESHOLD) {
      const bounded = Math.min(sum, maxThreshold);
      scores[number] = divide(MAX_NODE_SCORE * (bounded - MIN_THRESHOLD), maxThreshold - MIN_THRESHOLD);
    }
  }
  return scores;
}

/** The nodes that hold an image, by their numbers, and how large it is on each, in bytes. */
function holdersOf(
  image: string,
  snapshot: SchedulingSnapshot,
): {readonly numbers: readonly number[]; readonly sizes: readonly number[]} {
  const {numberOf} = nodeTable(snapshot);
  const name = sharedText(image);
  const numbers: number[] = [];
  const sizes: number[] = [];
  for (const {node} of snapshot.imageHolders(name)) {
    numbers.push(numberOf.get(node.name) ?? -1);
    sizes.push(node.images.sizes[node.images.names.indexOf(name)] ?? 0);
  }
  return {numbers, sizes};
}

function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
