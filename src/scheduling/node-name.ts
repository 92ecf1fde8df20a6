import type {FilterPlugin} from './framework.ts';

/** Holds a pod to the one node that its template names. */
export const nodeName: FilterPlugin = {
  name: 'NodeName',

  prefilter({requestedNodeName}) {
    if (requestedNodeName === undefined || requestedNodeName === '') {
      return undefined;
    }
    return ({node}) =>
      node.name === requestedNodeName
        ? undefined
        : {
            plugin: 'NodeName',
            node: node.name,
            reasons: ["node(s) didn't match the requested node name"],
            resolvable: false,
          };
  },
};
