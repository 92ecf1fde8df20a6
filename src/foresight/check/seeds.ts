/**
 * Each simulation draws from a seed of its own: one that goes on from the objects of another with the same seed would
 * give new objects the names and uids that old ones have. Pure, and the same for the same picture.
 */
import type {ClusterPicture} from '../cluster-picture.ts';

export const SEEDS = {foresight: 1002, rollouts: 1003} as const;

const STAGING = 1001;
/** FNV-1a. */
const PRIME = 16_777_619;

/** Another one for each set of pods: the picture may be that of a simulation that was staged with it. */
export function stagingSeed({objects}: Pick<ClusterPicture, 'objects'>): number {
  let seed = STAGING;
  for (const {kind, metadata} of objects) {
    for (const character of kind === 'Pod' ? metadata.uid : '') {
      seed = Math.imul(seed ^ (character.codePointAt(0) ?? 0), PRIME) >>> 0;
    }
  }
  return seed;
}
