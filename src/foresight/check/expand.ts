/**
 * The pods of a StatefulSet or DaemonSet, which nobody makes in the simulation: created once, as their controllers would,
 * so that they take their room and answer for their Services. Nobody brings them back.
 */
import {type ApiNode, toNode} from '../../cluster/node.ts';
import {type ApiPodSpec, type Toleration, toPodSpec} from '../../cluster/pod-spec.ts';
import {requiredNodeAffinity} from '../../scheduling/node-affinity.ts';
import {hasUntoleratedTaint} from '../../scheduling/taint-toleration.ts';
import type {ApiObject} from '../../simulator/cluster-api.ts';
import {controllerOf, controllerReference, NODES, PODS} from '../../simulator/objects.ts';
import type {SimulatedCluster} from '../../simulator/simulated-cluster.ts';
import type {ApiPodTemplate} from './pod-templates.ts';

const ACTOR = 'statefulset-controller';
/** What the DaemonSet controller lets every pod of its own tolerate: pkg/controller/daemon/util/daemonset_util.go. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  {key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute'},
  {key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute'},
  {key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule'},
  {key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule'},
  {key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule'},
  {key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule'},
];

interface Owner {
  readonly object: ApiObject;
  readonly template: ApiPodTemplate;
}

export function expandStatefulSet(cluster: SimulatedCluster, namespace: string, name: string): void {
  const owner = ownerOf(cluster, 'statefulsets.apps', namespace, name);
  const {replicas = 1, ordinals} = owner.object['spec'] as {
    replicas?: number;
    ordinals?: {start?: number};
  };
  withoutPods(cluster, owner.object);
  const start = ordinals?.start ?? 0;
  for (let ordinal = start; ordinal < start + replicas; ordinal++) {
    createPod(cluster, owner, `${name}-${ordinal}`, {});
  }
}

/** On every node that its nodeSelector, node affinity and tolerations allow. */
export function expandDaemonSet(cluster: SimulatedCluster, namespace: string, name: string): void {
  const owner = ownerOf(cluster, 'daemonsets.apps', namespace, name);
  withoutPods(cluster, owner.object);
  for (const object of cluster.api.list(NODES)) {
    const node = toNode(object as unknown as ApiNode);
    const spec = pinnedTo(owner, node.name);
    const wanted = toPodSpec({...owner.template.spec, ...spec});
    const isMatched = requiredNodeAffinity(wanted)?.(node) ?? true;
    if (isMatched && !hasUntoleratedTaint(node.taints, wanted.tolerations)) {
      createPod(cluster, owner, `${name}-${node.name}`.slice(0, 253), spec);
    }
  }
}

function ownerOf(cluster: SimulatedCluster, resource: string, namespace: string, name: string): Owner {
  const object = cluster.api.get(resource, namespace, name);
  if (object === undefined) {
    throw new Error(`${resource} ${namespace}/${name}: expected the object just applied, found none`);
  }
  return {object, template: (object['spec'] as {template: ApiPodTemplate}).template};
}

function withoutPods({api}: SimulatedCluster, owner: ApiObject): void {
  for (const pod of api.list(PODS, owner.metadata.namespace)) {
    if (controllerOf(pod)?.uid === owner.metadata.uid) {
      const {namespace, name} = pod.metadata;
      api.delete(PODS, namespace, name, {gracePeriodSeconds: 0, actor: ACTOR});
    }
  }
}

function createPod({api}: SimulatedCluster, {object, template}: Owner, name: string, spec: object): void {
  const labels =
    object.kind === 'StatefulSet'
      ? {
          'statefulset.kubernetes.io/pod-name': name,
          'apps.kubernetes.io/pod-index': name.slice(name.lastIndexOf('-') + 1),
        }
      : {};
  api.create(
    PODS,
    {
      metadata: {
        name,
        namespace: object.metadata.namespace,
        labels: {...template.metadata?.labels, ...labels},
        annotations: {...template.metadata?.annotations},
        ownerReferences: [controllerReference(object)],
      },
      spec: {...template.spec, ...spec},
    },
    ACTOR,
  );
}

/** By node affinity, as the DaemonSet controller does, beside the affinity that the template has. */
function pinnedTo({template}: Owner, node: string): ApiPodSpec {
  const own = template.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const field = {key: 'metadata.name', operator: 'In', values: [node]} as const;
  const terms = own?.nodeSelectorTerms ?? [{}];
  return {
    tolerations: [...(template.spec?.tolerations ?? []), ...DAEMON_TOLERATIONS],
    affinity: {
      ...template.spec?.affinity,
      nodeAffinity: {
        ...template.spec?.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: terms.map((term) => ({...term, matchFields: [field]})),
        },
      },
    },
  };
}
