import type {Node} from '../cluster/node.ts';
import {NodesMemo} from '../cluster/nodes-memo.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PluginName} from './framework.ts';

const masks = new NodesMemo<Uint8Array>();

/**
 * The sweep of a filter that reads nothing but the node itself: which nodes it takes is kept as long as none changes.
 *
 * @param asked what of the pod the answer depends on
 */
export function sweepByNode(
  snapshot: SchedulingSnapshot,
  {plugin, asked}: {readonly plugin: PluginName; readonly asked: unknown},
  takesPod: (node: Node) => boolean,
): (takes: Uint8Array) => void {
  return (takes) => {
    const mask = masks.get(snapshot.nodesVersion, `${plugin} ${JSON.stringify(asked)}`, () =>
      Uint8Array.from(snapshot.nodeInfos(), ({node}) => Number(takesPod(node))),
    );
    for (let number = 0; number < takes.length; number++) {
      takes[number] = (takes[number] ?? 0) & (mask[number] ?? 0);
    }
  };
}
