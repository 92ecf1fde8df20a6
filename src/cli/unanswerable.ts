/** Clusters in such trouble that an answer about them would mislead: they are refused, with what to ask instead. */
import {closedPicture} from '../foresight/closed-cluster.ts';
import type {ClusterPicture} from '../foresight/cluster-picture.ts';
import {nodesThatAnswer} from '../foresight/nodes-that-answer.ts';
import {InputError} from './failure.ts';

const BETTER =
  'a snapshot of a better moment (--snapshot FILE), or an assumed cluster (such as --nodes 3 --cpu 4)';

/** Where manifests would lead to is asked. Throws an InputError when no node takes pods. */
export function assertPlacesPods(picture: ClusterPicture): void {
  const closed = closedPicture(picture);
  if (closed !== undefined) {
    throw new InputError(
      `${picture.origin}: ${closed}, so where replicas would go cannot be told; judge the manifests on ${BETTER}`,
    );
  }
}

/** What a loss leads to is asked. Throws an InputError when no node is Ready. */
export function assertHasNodesToLose(picture: ClusterPicture): void {
  const closed = closedPicture(picture);
  if (closed !== undefined && nodesThatAnswer(picture).length === 0) {
    throw new InputError(
      `${picture.origin}: ${closed}, so nothing is left that could be lost; ask about ${BETTER}`,
    );
  }
}
