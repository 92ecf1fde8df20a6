/** What CPU the nodes use, by the metrics that a picture has. Pure. */
import {parseMilli} from '../cluster/quantity.ts';
import type {ApiObject} from '../simulator/cluster-api.ts';
import type {ClusterPicture} from './cluster-picture.ts';

interface NodeMetrics extends ApiObject {
  readonly usage?: {readonly cpu?: string};
}

/** In milliCPU, by the name of the node; empty where there are no metrics. */
export function cpuUsageOfNodes({objects}: Pick<ClusterPicture, 'objects'>): ReadonlyMap<string, number> {
  const metrics = objects.filter(({kind}) => kind === 'NodeMetrics') as NodeMetrics[];
  return new Map(
    metrics.flatMap(({metadata, usage}) =>
      usage?.cpu === undefined ? [] : [[metadata.name, parseMilli(usage.cpu)]],
    ),
  );
}
