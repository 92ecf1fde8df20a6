/** The staged cluster as the rules ask about it: which workload has its replicas where, which Service is answered by whom. */
import {type Labels, matchesSelector} from '../../cluster/label-selector.ts';
import type {ApiObject, ResourceName} from '../../simulator/cluster-api.ts';
import {
  conditionOf,
  controllerOf,
  DEPLOYMENTS,
  isPodActive,
  isPodFinished,
  keyOf,
  PODS,
  type PodObject,
  REPLICA_SETS,
  SERVICES,
  type ServiceObject,
} from '../../simulator/objects.ts';
import {type ClusterCaches, type ClusterPicture, cachesOf} from '../cluster-picture.ts';
import {objectsOf} from '../picture-of.ts';
import type {ManifestObject} from './manifest-object.ts';
import {type ApiPodTemplate, podTemplateOf} from './pod-templates.ts';
import {POLICIES, type Stage} from './stage.ts';

export interface WorkloadView {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent of what was in the cluster before. */
  readonly manifest?: ManifestObject;
  readonly object: ApiObject;
  /** As its spec says, after defaults; of a DaemonSet as many as there are pods. */
  readonly replicas: number;
  readonly template: ApiPodTemplate;
  /** Neither finished nor on their way out. */
  readonly pods: readonly PodObject[];
  /** Replicas by node, by name. */
  readonly placement: ReadonlyMap<string, number>;
  readonly pending: readonly PodObject[];
}

export interface ServiceView {
  readonly namespace: string;
  readonly name: string;
  readonly manifest?: ManifestObject;
  readonly object: ServiceObject;
  readonly workloads: readonly WorkloadView[];
  readonly pods: readonly PodObject[];
}

export interface StageView {
  readonly stage: Stage;
  readonly picture: ClusterPicture;
  readonly caches: ClusterCaches;
  /** Of the manifests, and others that their Services select. */
  readonly workloads: readonly WorkloadView[];
  /** Those with a selector: of the manifests, and others that select a workload of the manifests. */
  readonly services: readonly ServiceView[];
  /** Every workload there is, of the manifests or not. */
  readonly all: readonly WorkloadView[];
  readonly manifestOf: (
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
  ) => ManifestObject | undefined;
}

const OWNERS: readonly ResourceName[] = [DEPLOYMENTS, 'statefulsets.apps', 'daemonsets.apps', REPLICA_SETS];

/** The staged cluster as a picture, for questions about what comes next. */
export function stagedPicture({cluster, request: {picture}}: Stage): ClusterPicture {
  const staged = [...objectsOf(cluster), ...cluster.api.list(POLICIES)];
  const isStaged = new Set(staged.map(identity));
  // Measurements, and policies of the cluster, which are not in the simulation.
  const others = picture.objects.filter(
    (object) => ['PodMetrics', 'SpreadPolicy'].includes(object.kind) && !isStaged.has(identity(object)),
  );
  return {...picture, takenAt: cluster.now, objects: [...staged, ...others]};
}

export function viewOf(stage: Stage): StageView {
  const {cluster, applied} = stage;
  const manifests = new Map(
    applied.map(({resource, namespace, manifest}) => [
      `${resource} ${namespace ?? ''}/${manifest.name}`,
      manifest,
    ]),
  );
  const manifestOf: StageView['manifestOf'] = (resource, namespace, name) =>
    manifests.get(`${resource} ${namespace ?? ''}/${name}`);
  const all = workloadsOf(stage, manifestOf);
  const podsOf = new Map(all.map((workload) => [workload, new Set(workload.pods)]));
  const services = cluster.api.list(SERVICES).flatMap((object): ServiceView[] => {
    const service = object as ServiceObject;
    const {namespace = '', name} = service.metadata;
    const selector = service.spec?.selector;
    if (
      selector === undefined ||
      Object.keys(selector).length === 0 ||
      service.spec?.type === 'ExternalName'
    ) {
      return [];
    }
    const workloads = all.filter(
      (each) => each.namespace === namespace && matchesLabels(selector, each.template.metadata?.labels ?? {}),
    );
    const manifest = manifestOf(SERVICES, namespace, name);
    if (manifest === undefined && workloads.every((each) => each.manifest === undefined)) {
      return [];
    }
    const pods = workloads.flatMap((each) => [...(podsOf.get(each) ?? [])]);
    return [
      {namespace, name, ...(manifest === undefined ? {} : {manifest}), object: service, workloads, pods},
    ];
  });
  const selected = new Set(services.flatMap(({workloads}) => workloads));
  const picture = stagedPicture(stage);
  return {
    stage,
    picture,
    caches: cachesOf(picture),
    workloads: all.filter((each) => each.manifest !== undefined || selected.has(each)),
    services,
    all,
    manifestOf,
  };
}

function workloadsOf({cluster: {api}}: Stage, manifestOf: StageView['manifestOf']): WorkloadView[] {
  const ownerOf = new Map<string, string>();
  for (const replicaSet of api.list(REPLICA_SETS)) {
    const deployment = controllerOf(replicaSet);
    if (deployment !== undefined) {
      ownerOf.set(replicaSet.metadata.uid, deployment.uid);
    }
  }
  const podsByOwner = new Map<string, PodObject[]>();
  const alone: PodObject[] = [];
  for (const pod of api.list(PODS) as readonly PodObject[]) {
    const uid = controllerOf(pod)?.uid;
    if (!isPodActive(pod) || isPodFinished(pod)) {
      continue;
    }
    if (uid === undefined) {
      alone.push(pod);
    } else {
      const owner = ownerOf.get(uid) ?? uid;
      podsByOwner.set(owner, [...(podsByOwner.get(owner) ?? []), pod]);
    }
  }
  const view = (resource: ResourceName, object: ApiObject, pods: readonly PodObject[]): WorkloadView => {
    const {namespace = '', name} = object.metadata;
    const manifest = manifestOf(resource, namespace, name);
    const spec = object['spec'] as {replicas?: number};
    const placement = new Map<string, number>();
    for (const {
      spec: {nodeName},
    } of pods) {
      if (nodeName !== undefined) {
        placement.set(nodeName, (placement.get(nodeName) ?? 0) + 1);
      }
    }
    return {
      kind: object.kind,
      namespace,
      name,
      ...(manifest === undefined ? {} : {manifest}),
      object,
      replicas: ['DaemonSet', 'Pod'].includes(object.kind) ? pods.length : (spec.replicas ?? 1),
      template: podTemplateOf(object) ?? {},
      pods,
      placement: new Map([...placement].sort(([a], [b]) => (a < b ? -1 : 1))),
      pending: pods.filter((pod) => pod.spec.nodeName === undefined),
    };
  };
  return [
    ...OWNERS.flatMap((resource) =>
      api
        .list(resource)
        .filter((object) => resource !== REPLICA_SETS || controllerOf(object) === undefined)
        .map((object) => view(resource, object, podsByOwner.get(object.metadata.uid) ?? [])),
    ),
    ...alone.map((pod) => view(PODS, pod, [pod])),
  ];
}

/** `shop/web` */
export function keyOfWorkload({namespace, name}: Pick<WorkloadView, 'namespace' | 'name'>): string {
  return keyOf({namespace, name});
}

export function matchesLabels(selector: Labels, labels: Labels): boolean {
  return matchesSelector({matchLabels: selector}, labels);
}

/** Why the scheduler found no node for it, in its words. */
export function whyPending(pod: PodObject): string {
  return conditionOf(pod.status, 'PodScheduled')?.message ?? 'the scheduler has not looked at it yet';
}

function identity({kind, metadata}: ApiObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
