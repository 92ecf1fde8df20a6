import type {Node, Taint} from '../cluster/node.ts';
import {NodesMemo} from '../cluster/nodes-memo.ts';
import type {Toleration} from '../cluster/pod-spec.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import {type FilterPlugin, type LocalScorePlugin, normaliseByHighest} from './framework.ts';
import {sweepByNode} from './node-mask.ts';

/** Refuses nodes with a NoSchedule or NoExecute taint that the pod does not tolerate. */
export const taintToleration: FilterPlugin = {
  name: 'TaintToleration',

  prefilter({spec: {tolerations}}, snapshot) {
    return {
      filter: ({node}) =>
        hasUntoleratedTaint(node.taints, tolerations)
          ? {
              plugin: 'TaintToleration',
              node: node.name,
              reasons: ['node(s) had untolerated taint(s)'],
              resolvable: false,
            }
          : undefined,
      sweep: sweepByNode(
        snapshot,
        {plugin: 'TaintToleration', asked: tolerations},
        ({taints}) => !hasUntoleratedTaint(taints, tolerations),
      ),
    };
  },
};

/** Prefers nodes with fewer PreferNoSchedule taints that the pod does not tolerate. */
export const taintTolerationScore: LocalScorePlugin = {
  name: 'TaintToleration',
  weight: 3,
  isLocal: true,

  prescore({spec: {tolerations}}, snapshot) {
    const unwanted = ({taints}: Node) =>
      taints
        .filter(({effect}) => effect === 'PreferNoSchedule')
        .filter((taint) => !toleratesTaint(tolerations, taint)).length;
    return {
      score: ({node}) => unwanted(node),
      sweep: (into) => {
        for (const {number, node} of nodesToAvoid(snapshot)) {
          into[number] = unwanted(node);
        }
      },
      normalise: (scores) => normaliseByHighest(scores, 'fewer is better'),
    };
  },
};

const known = new NodesMemo<readonly {readonly number: number; readonly node: Node}[]>();

/** Those with a PreferNoSchedule taint, which few have. */
function nodesToAvoid(snapshot: SchedulingSnapshot) {
  return known.get(snapshot.nodesVersion, '', () =>
    Array.from(snapshot.nodeInfos(), ({node}, number) => ({number, node})).filter(({node: {taints}}) =>
      taints.some(({effect}) => effect === 'PreferNoSchedule'),
    ),
  );
}

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
