import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {conditionOf, type NodeObject} from '../../simulator/objects.ts';
import type {ReportedNode} from './report.ts';

const ZONE = 'topology.kubernetes.io/zone';

/** By zone, then by name, numbers in their order. */
export function reportedNodes({objects}: ClusterPicture): ReportedNode[] {
  return objects
    .filter((object): object is NodeObject => object.kind === 'Node')
    .map((node): ReportedNode => {
      const zone = node.metadata.labels?.[ZONE];
      const trouble = troubleOf(node);
      return {
        name: node.metadata.name,
        ...(zone === undefined ? {} : {zone}),
        ...(trouble === undefined ? {} : {trouble}),
      };
    })
    .sort((a, b) => compare(a.zone ?? '', b.zone ?? '') || compare(a.name, b.name));
}

function troubleOf({spec, status}: NodeObject): ReportedNode['trouble'] {
  if (conditionOf(status, 'Ready')?.status !== 'True') {
    return 'NotReady';
  }
  return spec?.unschedulable === true ? 'Cordoned' : undefined;
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', {numeric: true});
}
