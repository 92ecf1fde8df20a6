/** Whether a pod is one that a rule keeps the replicas of a workload away from; a little too often rather than not. */
import type {SeparateFrom} from '../api/types.ts';
import {type Labels, matchesSelector} from '../cluster/label-selector.ts';
import {isFinished, isTerminating, type Pod} from '../cluster/pod.ts';
import type {PodAffinityTerm} from '../cluster/pod-spec.ts';
import type {Workload} from '../cluster/workload.ts';

export function isKeptApart(
  {namespace, template}: Pick<Workload, 'namespace' | 'template'>,
  separateFrom: readonly SeparateFrom[],
  pod: Pod,
): boolean {
  // Loops, as this is asked of all workloads of a namespace whenever a pod comes or goes.
  for (const {selector} of pod.namespace === namespace ? separateFrom : []) {
    if (matchesSelector(selector, pod.labels)) {
      return true;
    }
  }
  for (const term of template.spec.podAntiAffinity.required) {
    if (mayMean(term, namespace, pod.namespace, pod.labels)) {
      return true;
    }
  }
  for (const term of pod.spec.podAntiAffinity.required) {
    if (mayMean(term, pod.namespace, namespace, template.labels)) {
      return true;
    }
  }
  return false;
}

function mayMean(
  {namespaces, namespaceSelector, labelSelector}: PodAffinityTerm,
  ownNamespace: string,
  namespace: string,
  labels: Labels,
): boolean {
  const reaches =
    namespaceSelector !== undefined ||
    (namespaces === undefined || namespaces.length === 0
      ? namespace === ownNamespace
      : namespaces.includes(namespace));
  return reaches && matchesSelector(labelSelector, labels);
}

/** Whether a pod came to a node or left it, or changed in what other pods' rules read of it. */
export function changesNeighbourhood(before: Pod | undefined, after: Pod | undefined): boolean {
  const was = neighbourOf(before);
  const is = neighbourOf(after);
  return (
    was?.nodeName !== is?.nodeName ||
    was?.spec !== is?.spec ||
    (was?.labels !== is?.labels && JSON.stringify(was?.labels) !== JSON.stringify(is?.labels))
  );
}

function neighbourOf(pod: Pod | undefined): Pod | undefined {
  return pod === undefined || pod.nodeName === undefined || isFinished(pod) || isTerminating(pod)
    ? undefined
    : pod;
}
