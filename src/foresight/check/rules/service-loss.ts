/** Services that lose every endpoint at the loss of one node or of two: those whose endpoints are on no more nodes. */
import type {Eligibility} from '../../../planning/eligibility.ts';
import {type CheckContext, type CheckRule, eligibilityOfWorkload} from '../context.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {describePlacement} from '../placement.ts';
import type {ServiceView} from '../view.ts';

export const serviceLoss: CheckRule = {
  id: 'service-loss',
  summary: 'A Service loses every endpoint at the loss of one node, or of two',

  find(context) {
    const {view} = context;
    const nodes = [...view.caches.cache.state.nodeInfos()].length;
    return view.services.flatMap((service) => {
      const lost = [...new Set(service.pods.flatMap(({spec}) => spec.nodeName ?? []))].sort();
      // Two nodes of two are everything, and what one replica has to fear has a rule of its own.
      if (service.pods.length < 2 || lost.length === 0 || lost.length >= Math.min(nodes, 3)) {
        return [];
      }
      return finding(context, service, lost);
    });
  },
};

function finding(
  context: CheckContext,
  {namespace, name, manifest, workloads}: ServiceView,
  lost: readonly string[],
): Finding[] {
  const workload = workloads.find((each) => each.manifest !== undefined);
  const place = workload?.manifest ?? manifest;
  if (place === undefined) {
    return [];
  }
  const isTied = workloads.every((each) => isTiedTo(lost.length, eligibilityOfWorkload(context, each)));
  return [
    {
      rule: 'service-loss',
      level: lost.length === 1 ? 'warning' : 'note',
      object: workload === undefined ? {kind: 'Service', namespace, name} : referenceOf(workload),
      position: place.locate(workload === undefined ? [] : ['spec', 'replicas']),
      title: `Service ${namespace}/${name} has no endpoint left when ${lost.join(' and ')} ${lost.length === 1 ? 'is' : 'are'} lost`,
      why: [
        ...workloads.map((each) => `${describeObject(each)} would be on ${describePlacement(each)}.`),
        ...(isTied ? ['Its nodeSelector, node affinity and tolerations leave it no other node.'] : []),
      ],
      cure: {
        text: isTied
          ? 'Let more nodes take its replicas: loosen these rules, or give more nodes the labels that they ask for.'
          : 'Run more replicas, and keep them on different nodes and zones.',
      },
    },
  ];
}

/** Whether it is the template alone that keeps the replicas away from every other node. */
function isTiedTo(nodes: number, {eligible, ineligible}: Eligibility): boolean {
  return (
    eligible.size <= nodes && ineligible.every(({cause}) => cause === 'NodeAffinity' || cause === 'Taint')
  );
}
