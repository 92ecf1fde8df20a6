/** Services with several endpoints that nothing keeps from sitting on one node. */
import {hasRuleOfItsOwn, nodeForAll} from '../co-location.ts';
import {type CheckContext, type CheckRule, eligibilityOfWorkload, ZONE} from '../context.ts';
import {keepApart} from '../cures.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {describePlacement} from '../placement.ts';
import {sharedClaimOf} from '../shared-claims.ts';
import type {ServiceView, WorkloadView} from '../view.ts';

export const singlePointOfFailure: CheckRule = {
  id: 'single-point-of-failure',
  summary: 'Every endpoint of a Service can sit on one node, although it has several replicas',

  find(context) {
    const seen = new Set<string>();
    return context.view.services.flatMap((service) => {
      const anchor = anchorOf(service);
      const pods = service.pods.filter((pod) => pod.spec.nodeName !== undefined);
      const key = service.workloads.map(describeObject).sort().join();
      if (anchor?.manifest === undefined || pods.length < 2 || seen.has(key)) {
        return [];
      }
      // A DaemonSet is on every node; where one stands behind a Service, nobody piles up.
      if (service.workloads.some(({kind}) => kind === 'DaemonSet' || kind === 'Pod')) {
        return [];
      }
      // No rule can spread them, and one would keep the second replica from its volume: the finding of another rule.
      if (sharedClaimOf(context, anchor) !== undefined) {
        return [];
      }
      if (service.workloads.some(hasRuleOfItsOwn) && nodesOf(service).size > 1) {
        return [];
      }
      const {eligible} = eligibilityOfWorkload(context, anchor);
      const node = nodeForAll(service.pods, context.view.caches.cache.state);
      if (eligible.size < 2 || node === undefined) {
        return [];
      }
      seen.add(key);
      const zones = new Set([...eligible.values()].flatMap(({node}) => node.labels[ZONE] ?? []));
      return [findingOf(context, anchor, service, node, zones.size > 1)];
    });
  },
};

function findingOf(
  {view}: CheckContext,
  anchor: WorkloadView & {manifest?: NonNullable<WorkloadView['manifest']>},
  service: ServiceView,
  node: string,
  hasZones: boolean,
): Finding {
  const {manifest} = anchor as {manifest: NonNullable<WorkloadView['manifest']>};
  const names = view.services
    .filter(({workloads}) => workloads.includes(anchor))
    .map(({namespace, name}) => `${namespace}/${name}`);
  const isTogether = nodesOf(service).size === 1;
  const workload = referenceOf(anchor);
  return {
    rule: 'single-point-of-failure',
    level: 'warning',
    object: workload,
    position: manifest.locate(['spec', 'replicas']),
    title: `Every endpoint of ${names.length === 1 ? 'Service' : 'Services'} ${names.join(', ')} can sit on one node`,
    why: [
      hasRuleOfItsOwn(anchor)
        ? `The soft rule of ${describeObject(workload)} does not keep its ${anchor.replicas} replicas apart on this cluster.`
        : `${describeObject(workload)} has ${anchor.replicas} replicas and no rule that keeps them apart: ${node} has room for all of them.`,
      isTogether
        ? `The scheduler puts all of them on ${[...nodesOf(service)].join()}.`
        : `The scheduler would begin with ${describePlacement(anchor)}, but after a drain, an upgrade of the nodes or a lost node they can be together, and nothing moves them apart again.`,
      'The loss of that one node is then an outage.',
    ],
    cure: keepApart({workload: anchor, hasZones}),
  };
}

function anchorOf({workloads}: ServiceView): WorkloadView | undefined {
  return workloads.filter(({manifest}) => manifest !== undefined).sort((a, b) => b.replicas - a.replicas)[0];
}

function nodesOf({pods}: ServiceView): ReadonlySet<string> {
  return new Set(pods.flatMap(({spec}) => spec.nodeName ?? []));
}
