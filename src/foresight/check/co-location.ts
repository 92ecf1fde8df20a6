/** Whether all pods of a Service could come to sit together, as far as rules and room allow. Pure. */
import type {LabelSelector, Labels} from '../../cluster/label-selector.ts';
import {matchesSelector} from '../../cluster/label-selector.ts';
import type {Pod} from '../../cluster/pod.ts';
import {toPod} from '../../cluster/pod.ts';
import {type SchedulingSnapshot, withChanges} from '../../cluster/snapshot.ts';
import {filterNode} from '../../scheduling/scheduler.ts';
import type {PodObject} from '../../simulator/objects.ts';
import type {WorkloadView} from './view.ts';

/** More nodes of one cluster are mostly alike, and one that takes all pods is found among the first. */
const MOST_NODES = 50;

/** A node that takes all of them, were they all placed anew; undefined when none does. */
export function nodeForAll(pods: readonly PodObject[], snapshot: SchedulingSnapshot): string | undefined {
  const models = pods.map((pod) => toPod(pod as never));
  const placed = models.filter(({nodeName}) => nodeName !== undefined);
  const without = withChanges(snapshot, {remove: placed});
  const names = [...without.nodeInfos()].map(({node}) => node.name);
  return names.slice(0, MOST_NODES).find((name) => takesAll(models, name, without));
}

function takesAll(pods: readonly Pod[], node: string, without: SchedulingSnapshot): boolean {
  let snapshot = without;
  for (const pod of pods) {
    const {nodeName: _, ...waiting} = pod;
    if (filterNode(waiting, snapshot, node) !== undefined) {
      return false;
    }
    snapshot = withChanges(snapshot, {add: [{...pod, nodeName: node}]});
  }
  return true;
}

/** Whether the template says anything, hard or soft, about its own replicas on different domains of some topology. */
export function hasRuleOfItsOwn({template}: WorkloadView): boolean {
  const labels: Labels = template.metadata?.labels ?? {};
  const {affinity, topologySpreadConstraints = []} = template.spec ?? {};
  const isOwn = ({labelSelector}: {readonly labelSelector?: LabelSelector | undefined}) =>
    matchesSelector(labelSelector, labels);
  const {
    requiredDuringSchedulingIgnoredDuringExecution: required = [],
    preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
  } = affinity?.podAntiAffinity ?? {};
  return (
    required.some(isOwn) ||
    preferred.some(({podAffinityTerm}) => isOwn(podAffinityTerm)) ||
    topologySpreadConstraints.some(isOwn)
  );
}
