import type {FilterPlugin} from './framework.ts';

/**
 * Refuses nodes whose kubelet does not declare a feature that the pod needs. By default since 1.36; older schedulers
 * do not ask, and the API servers beside them do not store pods that need such a feature, unless by an alpha gate.
 */
export const nodeDeclaredFeatures: FilterPlugin = {
  name: 'NodeDeclaredFeatures',

  prefilter(pod) {
    const required = pod.spec.requiredFeatures;
    if (required.length === 0) {
      return undefined;
    }
    return ({node}) =>
      required.every((feature) => node.declaredFeatures.includes(feature))
        ? undefined
        : {
            plugin: 'NodeDeclaredFeatures',
            node: node.name,
            reasons: ["node(s) didn't match Pod's required features"],
            resolvable: false,
          };
  },
};
