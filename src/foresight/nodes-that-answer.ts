import {conditionOf, type NodeObject} from '../simulator/objects.ts';
import type {ClusterPicture} from './cluster-picture.ts';

/** Names of the nodes that are up, ordered: what falls silent tomorrow is up today. */
export function nodesThatAnswer({objects}: Pick<ClusterPicture, 'objects'>): string[] {
  return objects
    .filter(
      (object) =>
        object.kind === 'Node' && conditionOf((object as NodeObject).status, 'Ready')?.status === 'True',
    )
    .map(({metadata}) => metadata.name)
    .sort();
}
