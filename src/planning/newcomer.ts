import {POD_TEMPLATE_HASH} from '../cluster/label-selector.ts';
import {completeForLabels, type PodSpec} from '../cluster/pod-spec.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {nodeFilter} from '../scheduling/scheduler.ts';

/** Of a template that does not exist yet: and no hash of one that does, in which there are no vowels. */
const UNKNOWN_HASH = 'new';

/**
 * The first replica of a template that differs from the current one in its placement alone. Terms with matchLabelKeys
 * [pod-template-hash] see no other replica of it.
 *
 * @param replacement a replica of the current template, for what the API server adds to it
 */
export function newcomerOf(replacement: PodToSchedule, template: PodSpec): PodToSchedule {
  const labels = {...replacement.labels, [POD_TEMPLATE_HASH]: UNKNOWN_HASH};
  const {podAffinity, podAntiAffinity, topologySpreadConstraints} = template;
  const spec = {...replacement.spec, podAffinity, podAntiAffinity, topologySpreadConstraints};
  return {...replacement, labels, spec: completeForLabels(spec, labels)};
}

/** Why no node takes the pod; undefined as soon as one does. */
export function refusedEverywhere(pod: PodToSchedule, snapshot: SchedulingSnapshot): Refusal[] | undefined {
  const filter = nodeFilter(pod, snapshot);
  const refusals: Refusal[] = [];
  for (const info of snapshot.nodeInfos()) {
    const refusal = filter(info);
    if (refusal === undefined) {
      return undefined;
    }
    refusals.push(refusal);
  }
  return refusals;
}
