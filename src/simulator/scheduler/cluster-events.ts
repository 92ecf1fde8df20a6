/**
 * Which changes are worth another look at a pod that no node took. Pure.
 * Source: the EventsToRegister of the plugins in pkg/scheduler/framework/plugins of Kubernetes 1.36; without their
 * hints, which look at the objects too, so a pod is tried a few times more often here, with the same result.
 */
import type {PluginName} from '../../scheduling/framework.ts';
import type {ObjectChange} from '../cluster-api.ts';
import {isPodFinished, NODES, type NodeObject, PODS, type PodObject} from '../objects.ts';

export type ClusterEvent =
  | 'NodeAdded'
  | 'NodeDeleted'
  | 'NodeLabels'
  | 'NodeTaints'
  | 'NodeAllocatable'
  | 'AssignedPodAdded'
  | 'AssignedPodLabels'
  | 'AssignedPodDeleted'
  | 'Volumes';

/** The plugins that refused the pod on some node. */
export type RefusedBy = ReadonlySet<PluginName>;

const NODE_COMES: readonly ClusterEvent[] = ['NodeAdded'];
const PODS_CHANGE: readonly ClusterEvent[] = ['AssignedPodAdded', 'AssignedPodLabels', 'AssignedPodDeleted'];

const HELPFUL: Readonly<Record<PluginName, readonly ClusterEvent[]>> = {
  NodeUnschedulable: [...NODE_COMES, 'NodeTaints'],
  NodeName: NODE_COMES,
  TaintToleration: [...NODE_COMES, 'NodeTaints'],
  NodeAffinity: [...NODE_COMES, 'NodeLabels'],
  NodePorts: [...NODE_COMES, 'AssignedPodDeleted'],
  NodeResourcesFit: [...NODE_COMES, 'NodeAllocatable', 'AssignedPodDeleted'],
  VolumeRestrictions: [...NODE_COMES, 'AssignedPodDeleted', 'Volumes'],
  NodeVolumeLimits: [...NODE_COMES, 'AssignedPodDeleted', 'Volumes'],
  VolumeBinding: [...NODE_COMES, 'NodeLabels', 'NodeTaints', 'Volumes'],
  VolumeZone: [...NODE_COMES, 'NodeLabels', 'Volumes'],
  PodTopologySpread: [...NODE_COMES, 'NodeDeleted', 'NodeLabels', 'NodeTaints', ...PODS_CHANGE],
  InterPodAffinity: [...NODE_COMES, 'NodeLabels', ...PODS_CHANGE],
  NodeDeclaredFeatures: NODE_COMES,
  NodeResourcesBalancedAllocation: [],
  ImageLocality: [],
};

/** Nobody refused a pod for which there were no nodes at all: everything may help. */
export function mayHelp(event: ClusterEvent, refusedBy: RefusedBy): boolean {
  return refusedBy.size === 0 || [...refusedBy].some((plugin) => HELPFUL[plugin].includes(event));
}

const STORAGE: ReadonlySet<string> = new Set([
  'persistentvolumes',
  'persistentvolumeclaims',
  'storageclasses.storage.k8s.io',
  'csinodes.storage.k8s.io',
]);

/** What a change means to the pods that wait; nothing for most. */
export function eventsOf(change: ObjectChange): readonly ClusterEvent[] {
  if (change.resource === NODES) {
    return nodeEvents(change);
  }
  if (change.resource === PODS) {
    return podEvents(change);
  }
  return STORAGE.has(change.resource) ? ['Volumes'] : [];
}

function nodeEvents({type, object, previous}: ObjectChange): readonly ClusterEvent[] {
  if (type !== 'MODIFIED' || previous === undefined) {
    return [type === 'DELETED' ? 'NodeDeleted' : 'NodeAdded'];
  }
  const [node, before] = [object as NodeObject, previous as NodeObject];
  const events: ClusterEvent[] = [];
  if (differs(node.metadata.labels, before.metadata.labels)) {
    events.push('NodeLabels');
  }
  if (
    differs(node.spec?.taints, before.spec?.taints) ||
    node.spec?.unschedulable !== before.spec?.unschedulable
  ) {
    events.push('NodeTaints');
  }
  if (differs(node.status?.allocatable, before.status?.allocatable)) {
    events.push('NodeAllocatable');
  }
  return events;
}

function podEvents({type, object, previous}: ObjectChange): readonly ClusterEvent[] {
  const [pod, before] = [object as PodObject, previous as PodObject | undefined];
  const holds = (each: PodObject | undefined) =>
    each !== undefined && each.spec.nodeName !== undefined && !isPodFinished(each);
  if (type === 'DELETED' || (holds(before) && !holds(pod))) {
    return holds(before ?? pod) ? ['AssignedPodDeleted'] : [];
  }
  if (holds(pod) && !holds(before)) {
    return ['AssignedPodAdded'];
  }
  return holds(pod) && differs(pod.metadata.labels, before?.metadata.labels) ? ['AssignedPodLabels'] : [];
}

function differs(a: unknown, b: unknown): boolean {
  return a !== b && JSON.stringify(a) !== JSON.stringify(b);
}
