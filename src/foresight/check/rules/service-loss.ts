/** Services that lose every endpoint at the loss of one node or of two. */
import type {LossGroup} from '../../loss-summary.ts';
import type {CheckRule} from '../context.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {describePlacement} from '../placement.ts';
import type {ServiceView} from '../view.ts';

export const serviceLoss: CheckRule = {
  id: 'service-loss',
  summary: 'A Service loses every endpoint at the loss of one node, or of two',

  find(context) {
    const [one, two] = context.losses().losses;
    const nodes = context.losses().nodes;
    const byOne = lostServices(one?.groups ?? []);
    const byTwo = lostServices(two?.groups ?? []);
    return context.view.services.flatMap((service) => {
      const key = `${service.namespace}/${service.name}`;
      const replicas = service.pods.length;
      const single = byOne.get(key);
      if (single !== undefined && replicas > 1 && nodes > 1) {
        return finding(service, single, 'warning');
      }
      // Two nodes of two are everything, and what one replica has to fear has a rule of its own.
      const pair = byTwo.get(key);
      return pair === undefined || replicas < 2 || nodes < 3 ? [] : finding(service, pair, 'note');
    });
  },
};

/** Example of the nodes by Service; where other nodes die of the loss, that is a cascade and no matter of this rule. */
function lostServices(groups: readonly LossGroup[]): ReadonlyMap<string, readonly string[]> {
  const lost = new Map<string, readonly string[]>();
  for (const {servicesDown, nodesDying, examples} of groups) {
    const [example] = examples;
    for (const service of nodesDying.length > 0 || example === undefined ? [] : servicesDown) {
      lost.set(service, lost.get(service) ?? example ?? []);
    }
  }
  return lost;
}

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
