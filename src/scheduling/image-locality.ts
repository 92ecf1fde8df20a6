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
    const {sizes, holders} = holdersOf(name, snapshot, size);
    for (let number = 0; number < size; number++) {
      // An image that few nodes hold counts less, or its first nodes would draw all its pods.
      sums[number] = (sums[number] ?? 0) + Math.trunc((sizes[number] ?? 0) * (holders / size));
    }
  }
  const scores = new Uint8Array(size);
  for (let number = 0; number < size; number++) {
    const bounded = Math.min(Math.max(sums[number] ?? 0, MIN_THRESHOLD), maxThreshold);
    scores[number] = divide(MAX_NODE_SCORE * (bounded - MIN_THRESHOLD), maxThreshold - MIN_THRESHOLD);
  }
  return scores;
}

/** How many nodes hold an image, and how large it is on each, in bytes; 0 where it is not. */
function holdersOf(
  image: string,
  snapshot: SchedulingSnapshot,
  nodes: number,
): {readonly sizes: Float64Array; readonly holders: number} {
  const name = sharedText(image);
  const sizes = new Float64Array(nodes);
  let holders = 0;
  let number = 0;
  for (const {node} of snapshot.nodeInfos()) {
    const index = node.images.names.indexOf(name);
    if (index >= 0) {
      sizes[number] = node.images.sizes[index] ?? 0;
      holders += 1;
    }
    number += 1;
  }
  return {sizes, holders};
}

function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
