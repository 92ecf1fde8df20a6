/**
 * How much CPU the pods of a picture call for, and what that is taken from: what people wrote on their objects, else what
 * was measured, else an assumption. Pure.
 */
import {parseMilli} from '../cluster/quantity.ts';
import type {ApiObject} from '../simulator/cluster-api.ts';
import {BASE_CPU, milliOf, podCpuSpec, SERVICE_LOAD} from '../simulator/load/pod-cpu.ts';
import {
  controllerOf,
  isPodFinished,
  isPodReady,
  keyOf,
  type PodObject,
  type ServiceObject,
} from '../simulator/objects.ts';
import type {ClusterPicture} from './cluster-picture.ts';

/**
 * - `annotations`: simulator.spread-operator.io/load-cpu and base-cpu, where any object of the picture has one.
 * - `metrics`: what metrics-server measured; of pods without a measurement what they request.
 * - `requests`: each pod is taken to use what it requests, which few do. No claim that a node dies rests on that.
 */
export type CpuBasis = 'annotations' | 'metrics' | 'requests';

export interface CpuDemand {
  readonly basis: CpuBasis;
  /** milliCPU of all of a Service's traffic, by `namespace/name`; its ready endpoints share it evenly. */
  readonly loads: ReadonlyMap<string, number>;
  /** milliCPU that a pod uses whatever its Services get, by the pod's uid. */
  readonly bases: ReadonlyMap<string, number>;
  /** The same of a pod that does not exist yet, by the uid of its ReplicaSet, StatefulSet or Deployment. */
  readonly newPods: ReadonlyMap<string, number>;
}

interface PodMetricsObject extends ApiObject {
  readonly containers?: readonly {readonly usage?: Readonly<Record<string, string>>}[];
}

export function cpuDemandOf({objects}: Pick<ClusterPicture, 'objects'>): CpuDemand {
  const pods = objects.filter(isPod);
  const services = objects.filter(isService);
  if (services.some(isAnnotated) || pods.some((pod) => podCpuSpec(pod).base > 0)) {
    return annotatedDemand(pods, services);
  }
  const measured = measuredUsage(objects);
  return derivedDemand(
    measured.size > 0 ? 'metrics' : 'requests',
    objects,
    pods.filter((pod) => pod.spec.nodeName !== undefined && !isPodFinished(pod)),
    services,
    (pod) => measured.get(keyOf(pod.metadata)) ?? podCpuSpec(pod).request,
  );
}

function annotatedDemand(pods: readonly PodObject[], services: readonly ServiceObject[]): CpuDemand {
  const loads = new Map<string, number>();
  for (const {metadata} of services) {
    const load = milliOf(metadata.annotations?.[SERVICE_LOAD]);
    if (load > 0) {
      loads.set(keyOf(metadata), load);
    }
  }
  const bases = new Map<string, number>();
  for (const pod of pods) {
    const {base} = podCpuSpec(pod);
    if (base > 0) {
      bases.set(pod.metadata.uid, base);
    }
  }
  // Templates carry the annotation themselves.
  return {basis: 'annotations', loads, bases, newPods: new Map()};
}

/** What a pod uses is its Services' where it is an endpoint, in equal parts, and its own where it is none. */
function derivedDemand(
  basis: CpuBasis,
  objects: readonly ApiObject[],
  pods: readonly PodObject[],
  services: readonly ServiceObject[],
  usageOf: (pod: PodObject) => number,
): CpuDemand {
  const servicesOf = servicesByPod(services);
  const loads = new Map<string, number>();
  const bases = new Map<string, number>();
  const ofOwner = new Map<string, {sum: number; pods: number}>();
  const deploymentOf = deploymentsByReplicaSet(objects);
  for (const pod of pods) {
    const usage = usageOf(pod);
    const keys = isEndpoint(pod) ? servicesOf(pod) : [];
    for (const key of keys) {
      loads.set(key, (loads.get(key) ?? 0) + usage / keys.length);
    }
    const base = keys.length === 0 ? usage : 0;
    if (base > 0) {
      bases.set(pod.metadata.uid, base);
    }
    const owner = controllerOf(pod)?.uid;
    // A Deployment and its ReplicaSets must get the same, or their templates would differ: a rollout.
    for (const uid of owner === undefined ? [] : [deploymentOf.get(owner) ?? owner]) {
      const known = ofOwner.get(uid) ?? {sum: 0, pods: 0};
      ofOwner.set(uid, {sum: known.sum + base, pods: known.pods + 1});
    }
  }
  const newPods = new Map<string, number>();
  for (const [uid, {sum, pods: count}] of ofOwner) {
    if (sum > 0) {
      newPods.set(uid, sum / count);
    }
  }
  for (const [replicaSet, deployment] of deploymentOf) {
    const each = newPods.get(deployment);
    if (each !== undefined) {
      newPods.set(replicaSet, each);
    }
  }
  return {basis, loads, bases, newPods};
}

/** The keys of the Services that select a pod, ready or not. */
export function servicesByPod(services: readonly ServiceObject[]): (pod: PodObject) => readonly string[] {
  // By one label of each selector, so that a pod is held against few Services.
  const byLabel = new Map<string, ServiceObject[]>();
  for (const service of services) {
    const [first] = Object.entries(service.spec?.selector ?? {});
    if (first !== undefined) {
      const label = labelKey(service.metadata.namespace, ...first);
      byLabel.set(label, [...(byLabel.get(label) ?? []), service]);
    }
  }
  return ({metadata}) => {
    const {namespace, labels = {}} = metadata;
    return Object.entries(labels).flatMap((label) =>
      (byLabel.get(labelKey(namespace, ...label)) ?? [])
        .filter(({spec}) =>
          Object.entries(spec?.selector ?? {}).every(([key, value]) => labels[key] === value),
        )
        .map((service) => keyOf(service.metadata)),
    );
  };
}

function labelKey(namespace: string | undefined, key: string, value: string): string {
  return `${namespace} ${key}=${value}`;
}

/** As kube-proxy sees it: Ready and not on its way out. */
export function isEndpoint(pod: PodObject): boolean {
  return pod.spec.nodeName !== undefined && pod.metadata.deletionTimestamp === undefined && isPodReady(pod);
}

function deploymentsByReplicaSet(objects: readonly ApiObject[]): ReadonlyMap<string, string> {
  return new Map(
    objects.flatMap((object) => {
      const owner = object.kind === 'ReplicaSet' ? controllerOf(object) : undefined;
      return owner?.kind === 'Deployment' ? [[object.metadata.uid, owner.uid] as const] : [];
    }),
  );
}

export function isPod(object: ApiObject): object is PodObject {
  return object.kind === 'Pod' && object.apiVersion === 'v1';
}

export function isService(object: ApiObject): object is ServiceObject {
  return object.kind === 'Service' && object.apiVersion === 'v1';
}

function isAnnotated({metadata}: ServiceObject): boolean {
  return metadata.annotations?.[SERVICE_LOAD] !== undefined;
}

/** milliCPU by `namespace/name`. */
function measuredUsage(objects: readonly ApiObject[]): ReadonlyMap<string, number> {
  const usage = new Map<string, number>();
  for (const object of objects) {
    if (object.kind === 'PodMetrics') {
      const {containers = []} = object as PodMetricsObject;
      usage.set(
        keyOf(object.metadata),
        containers.reduce((sum, each) => sum + parseMilli(each.usage?.['cpu'] ?? 0), 0),
      );
    }
  }
  return usage;
}

/** The objects with the demand written on them as the simulated cluster reads it. */
export function withDemand(objects: readonly ApiObject[], demand: CpuDemand): readonly ApiObject[] {
  if (demand.basis === 'annotations') {
    return objects;
  }
  return objects.map((object) => {
    const {kind, metadata} = object;
    switch (kind) {
      case 'Service':
        return annotate(object, SERVICE_LOAD, demand.loads.get(keyOf(metadata)));
      case 'Pod':
        return annotate(object, BASE_CPU, demand.bases.get(metadata.uid));
      case 'Deployment':
      case 'ReplicaSet':
      case 'StatefulSet':
        return annotateTemplate(object, demand.newPods.get(metadata.uid));
      default:
        return object;
    }
  });
}

function annotate<T extends {readonly metadata?: {readonly annotations?: Readonly<Record<string, string>>}}>(
  object: T,
  annotation: string,
  milliCpu: number | undefined,
): T {
  if (milliCpu === undefined || milliCpu <= 0) {
    return object;
  }
  const annotations = {...object.metadata?.annotations, [annotation]: `${Math.round(milliCpu)}m`};
  return {...object, metadata: {...object.metadata, annotations}};
}

function annotateTemplate(object: ApiObject, milliCpu: number | undefined): ApiObject {
  const spec = object['spec'] as {readonly template: object};
  return milliCpu === undefined
    ? object
    : {...object, spec: {...spec, template: annotate(spec.template, BASE_CPU, milliCpu)}};
}
