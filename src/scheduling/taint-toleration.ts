import type {Taint} from '../cluster/node.ts';
import type {Toleration} from '../cluster/pod-spec.ts';
import {type FilterPlugin, normaliseByHighest, type ScorePlugin} from './framework.ts';

/** Refuses nodes with a NoSchedule or NoExecute taint that the pod does not tolerate. */
export const taintToleration: FilterPlugin = {
  name: 'TaintToleration',

  prefilter(pod) {
    return ({node}) =>
      hasUntoleratedTaint(node.taints, pod.spec.tolerations)
        ? {
            plugin: 'TaintToleration',
            node: node.name,
            reasons: ['node(s) had untolerated taint(s)'],
            resolvable: false,
          }
        : undefined;
  },
};

/** Prefers nodes with fewer PreferNoSchedule taints that the pod does not tolerate. */
export const taintTolerationScore: ScorePlugin = {
  name: 'TaintToleration',
  weight: 3,
  isLocal: true,

  prescore(pod) {
    const {tolerations} = pod.spec;
    return {
      score: ({node: {taints}}) =>
        taints.length === 0
          ? 0
          : taints.filter(
              (taint) => taint.effect === 'PreferNoSchedule' && !toleratesTaint(tolerations, taint),
            ).length,
      normalise: (scores) => normaliseByHighest(scores, 'fewer is better'),
    };
  },
};

/** Whether a taint keeps the pod from being scheduled; PreferNoSchedule never does. */
export function hasUntoleratedTaint(taints: readonly Taint[], tolerations: readonly Toleration[]): boolean {
  for (const taint of taints) {
    if (taint.effect !== 'PreferNoSchedule' && !toleratesTaint(tolerations, taint)) {
      return true;
    }
  }
  return false;
}

export function toleratesTaint(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

// k8s.io/api/core/v1/toleration.go, ToleratesTaint. Empty effect and empty key stand for all.
function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) {
    return false;
  }
  if (toleration.key && toleration.key !== taint.key) {
    return false;
  }
  switch (toleration.operator || 'Equal') {
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '');
    case 'Exists':
      return true;
    case 'Lt':
    case 'Gt':
      // Behind the alpha gate TaintTolerationComparisonOperators, off by default in 1.36: tolerates nothing.
      return false;
    default:
      return false;
  }
}
