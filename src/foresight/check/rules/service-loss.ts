/** Services that lose every endpoint at the loss of one node or of two: those whose endpoints are on no more nodes. */
import type {CheckRule} from '../context.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {describePlacement} from '../placement.ts';
import type {ServiceView} from '../view.ts';

export const serviceLoss: CheckRule = {
  id: 'service-loss',
  summary: 'A Service loses every endpoint at the loss of one node, or of two',

  find({view}) {
    const nodes = [...view.caches.cache.state.nodeInfos()].length;
    return view.services.flatMap((service) => {
      const lost = [...new Set(service.pods.flatMap(({spec}) => spec.nodeName ?? []))].sort();
      // Two nodes of two are everything, and what one replica has to fear has a rule of its own.
      if (service.pods.length < 2 || lost.length === 0 || lost.length >= Math.min(nodes, 3)) {
        return [];
      }
      return finding(service, lost, lost.length === 1 ? 'warning' : 'note');
    });
  },
};

function finding(
  {namespace, name, manifest, workloads}: ServiceView,
  lost: readonly string[],
  level: 'warning' | 'note',
): Finding[] {
  const workload = workloads.find((each) => each.manifest !== undefined);
  const place = workload?.manifest ?? manifest;
  if (place === undefined) {
    return [];
  }
  return [
    {
      rule: 'service-loss',
      level,
      object: workload === undefined ? {kind: 'Service', namespace, name} : referenceOf(workload),
      position: place.locate(workload === undefined ? [] : ['spec', 'replicas']),
      title: `Service ${namespace}/${name} has no endpoint left when ${lost.join(' and ')} ${lost.length === 1 ? 'is' : 'are'} lost`,
      why: workloads.map((each) => `${describeObject(each)} would be on ${describePlacement(each)}.`),
      cure: {text: 'Run more replicas, and keep them on different nodes and zones.'},
    },
  ];
}
