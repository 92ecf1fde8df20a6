import {type LabelSelector, POD_TEMPLATE_HASH, withLabelKeys} from '../cluster/label-selector.ts';
import type {Pod} from '../cluster/pod.ts';
import {completeForLabels, type PodSpec} from '../cluster/pod-spec.ts';
import {summaryOf} from '../cluster/replica-summary.ts';
import {maxResources} from '../cluster/resources.ts';
import type {ReplicaSet, Workload} from '../cluster/workload.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';

const NO_SPECS: ReadonlySet<PodSpec> = new Set();

/**
 * A replica as the workload's controller would create it now: the current template with the labels of the current
 * ReplicaSet, so that terms with matchLabelKeys [pod-template-hash] see what they will see. Where `replicas` of that
 * ReplicaSet exist, what the API server made of the template is known too.
 */
export function replacementOf(
  workload: Workload,
  currentReplicaSet: ReplicaSet | undefined,
  replicas: readonly Pod[] = [],
): PodToSchedule {
  const labels = currentReplicaSet?.templateLabels ?? workload.template.labels;
  const uid = currentReplicaSet?.uid;
  const siblings = uid === undefined ? undefined : summaryOf(replicas).byController.get(uid)?.specs;
  return {
    namespace: workload.namespace,
    labels,
    spec: admittedSpec(completeForLabels(workload.template.spec, labels), siblings ?? NO_SPECS),
    defaultSpreadSelector: withLabelKeys(workload.selector, labels, [POD_TEMPLATE_HASH]) as LabelSelector,
  };
}

/**
 * What a template does not say and its pods have: the value of the priority class, the overhead, node selector and
 * tolerations of the runtime class, the default requests of a LimitRange. Of the requests, the most counts: a replica
 * can have been resized in place since, and to ask for too much room costs no eviction that leads nowhere.
 */
function admittedSpec(template: PodSpec, siblings: ReadonlySet<PodSpec>): PodSpec {
  const [first] = siblings;
  if (first === undefined) {
    return template;
  }
  const specs = new Set([template, ...siblings]);
  const {priority, nodeSelector, tolerations} = first;
  let {requests, nonZeroRequests, nonZeroContainerRequests} = template;
  for (const spec of specs) {
    requests = maxResources(requests, spec.requests);
    nonZeroRequests = maxOf(nonZeroRequests, spec.nonZeroRequests);
    nonZeroContainerRequests = maxOf(nonZeroContainerRequests, spec.nonZeroContainerRequests);
  }
  return {
    ...template,
    priority,
    nodeSelector,
    tolerations,
    requests,
    nonZeroRequests,
    nonZeroContainerRequests,
  };
}

function maxOf(a: PodSpec['nonZeroRequests'], b: PodSpec['nonZeroRequests']): PodSpec['nonZeroRequests'] {
  return {milliCPU: Math.max(a.milliCPU, b.milliCPU), memory: Math.max(a.memory, b.memory)};
}
