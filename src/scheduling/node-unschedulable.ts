import type {FilterPlugin} from './framework.ts';
import {sweepByNode} from './node-mask.ts';
import {toleratesTaint} from './taint-toleration.ts';

/** Refuses cordoned nodes, unless the pod tolerates the taint that goes with the cordon. */
export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',

  prefilter(pod, snapshot) {
    const taint = {key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule'} as const;
    if (toleratesTaint(pod.spec.tolerations, taint)) {
      return undefined;
    }
    return {
      filter: ({node}) =>
        node.unschedulable
          ? {
              plugin: 'NodeUnschedulable',
              node: node.name,
              reasons: ['node(s) were unschedulable'],
              resolvable: false,
            }
          : undefined,
      sweep: sweepByNode(snapshot, {plugin: 'NodeUnschedulable', asked: {}}, (node) => !node.unschedulable),
    };
  },
};
