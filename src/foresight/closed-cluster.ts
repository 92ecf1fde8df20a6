import {type ApiNode, toNode} from '../cluster/node.ts';
import {closedCluster} from '../planning/closed-cluster.ts';
import type {ClusterPicture} from './cluster-picture.ts';

/** `no node takes pods (not Ready: node-a, node-b)`; undefined while one does. */
export function closedPicture({objects}: Pick<ClusterPicture, 'objects'>): string | undefined {
  const nodes = objects.filter(({kind}) => kind === 'Node');
  // Nodes were told by an API server or made by this program.
  return closedCluster(nodes.map((node) => toNode(node as unknown as ApiNode)));
}
