import {type LabelSelector, withLabelKeys} from '../cluster/label-selector.ts';
import {completeForLabels} from '../cluster/pod-spec.ts';
import type {ReplicaSet, Workload} from '../cluster/workload.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';

const POD_TEMPLATE_HASH = 'pod-template-hash';

/**
 * A replica as the workload's controller would create it now: the current template with the labels of the current
 * ReplicaSet, so that terms with matchLabelKeys [pod-template-hash] see what they will see.
 */
export function replacementOf(workload: Workload, currentReplicaSet: ReplicaSet | undefined): PodToSchedule {
  const labels = currentReplicaSet?.templateLabels ?? workload.template.labels;
  return {
    namespace: workload.namespace,
    labels,
    spec: completeForLabels(workload.template.spec, labels),
    defaultSpreadSelector: withLabelKeys(workload.selector, labels, [POD_TEMPLATE_HASH]) as LabelSelector,
  };
}
