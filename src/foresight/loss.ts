/** What the loss of some nodes would do. Pure. */
import type {ClusterPicture} from './cluster-picture.ts';
import {type ForesightOptions, foresee} from './foresee.ts';
import type {Outcome} from './outcome.ts';

/** The nodes fall silent together, and stay so. */
export function lossOf(
  picture: ClusterPicture,
  nodes: readonly string[],
  options: ForesightOptions = {},
): Outcome {
  return foresee(picture, [{kind: 'Lose', nodes}], options);
}
