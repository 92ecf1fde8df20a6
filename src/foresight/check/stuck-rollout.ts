/** A rolling update that waits on the staged cluster: replicas of the old template run, and one of the new finds no node. */
import {toPod} from '../../cluster/pod.ts';
import {refusedEverywhere} from '../../planning/newcomer.ts';
import {TEMPLATE_HASH} from '../../simulator/controllers/deployment/revisions.ts';
import type {PodObject} from '../../simulator/objects.ts';
import {cachesOf} from '../cluster-picture.ts';
import type {StageView, WorkloadView} from './view.ts';

export interface StuckRollout {
  /** Of the new template. */
  readonly waiting: PodObject;
  /** Whether it would find a node if the old replicas were gone: then they are what it waits for, and they for it. */
  readonly waitsForOld: boolean;
}

/** Undefined where no rolling update is under way: what is Pending then is of the only template there is. */
export function stuckRolloutOf(
  {kind, pods, pending}: WorkloadView,
  {picture}: StageView,
): StuckRollout | undefined {
  const [waiting] = pending;
  if (kind !== 'Deployment' || waiting === undefined) {
    return undefined;
  }
  const old = pods.filter((pod) => templateHashOf(pod) !== templateHashOf(waiting));
  if (old.every(({spec}) => spec.nodeName === undefined)) {
    return undefined;
  }
  const gone = new Set(old.map(({metadata}) => metadata.uid));
  const {cache} = cachesOf({objects: picture.objects.filter(({metadata}) => !gone.has(metadata.uid))});
  return {waiting, waitsForOld: refusedEverywhere(toPod(waiting as never), cache.state) === undefined};
}

function templateHashOf({metadata}: PodObject): string | undefined {
  return metadata.labels?.[TEMPLATE_HASH];
}
