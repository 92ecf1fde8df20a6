/** Which pods are behind which Service, as kube-proxy would send traffic to them. */
import type {ApiObject, ClusterApi, ObjectChange} from '../cluster-api.ts';
import {isPodReady, keyOf, PODS, type PodObject, SERVICES, type ServiceObject} from '../objects.ts';

export interface ServiceListener {
  /** The endpoints of a Service changed, or the Service itself. */
  serviceChanged(key: string): void;
}

interface Entry {
  service: ServiceObject;
  /** Pods that are Ready and not on their way out, by uid. */
  readonly endpoints: Map<string, PodObject>;
}

export class ServiceDirectory {
  readonly #api: ClusterApi;
  readonly #services = new Map<string, Entry>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #servicesOfPod = new Map<string, string[]>();
  readonly #listeners: ServiceListener[] = [];

  constructor(api: ClusterApi) {
    this.#api = api;
  }

  listen(listener: ServiceListener): void {
    this.#listeners.push(listener);
  }

  keys(): Iterable<string> {
    return this.#services.keys();
  }

  service(key: string): ServiceObject | undefined {
    return this.#services.get(key)?.service;
  }

  endpoints(key: string): readonly PodObject[] {
    return [...(this.#services.get(key)?.endpoints.values() ?? [])];
  }

  endpointCount(key: string): number {
    return this.#services.get(key)?.endpoints.size ?? 0;
  }

  /** Keys of the Services that send traffic to the pod. */
  servicesOf(uid: string): readonly string[] {
    return this.#servicesOfPod.get(uid) ?? [];
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    if (resource === SERVICES) {
      this.#observeService(type, object, previous);
    } else if (resource === PODS) {
      this.#observePod(type, object as PodObject, previous as PodObject | undefined);
    }
  }

  #observeService(
    type: ObjectChange['type'],
    service: ServiceObject,
    previous: ServiceObject | undefined,
  ): void {
    const key = keyOf(service.metadata);
    const namespace = service.metadata.namespace ?? '';
    if (type === 'DELETED') {
      for (const uid of this.#services.get(key)?.endpoints.keys() ?? []) {
        this.#unlink(uid, key);
      }
      this.#services.delete(key);
      this.#byNamespace.get(namespace)?.delete(key);
      this.#tell(key);
      return;
    }
    const known = this.#services.get(key);
    if (known === undefined || !isSameSelector(service, previous)) {
      const entry: Entry = {service, endpoints: known?.endpoints ?? new Map()};
      this.#services.set(key, entry);
      const keys = this.#byNamespace.get(namespace) ?? new Set<string>();
      keys.add(key);
      this.#byNamespace.set(namespace, keys);
      for (const pod of this.#api.list(PODS, namespace) as readonly PodObject[]) {
        this.#place(pod, key, entry);
      }
    } else {
      known.service = service;
    }
    this.#tell(key);
  }

  #observePod(type: ObjectChange['type'], pod: PodObject, previous: PodObject | undefined): void {
    const isEndpoint = type !== 'DELETED' && serves(pod);
    const wasEndpoint = previous !== undefined && serves(previous);
    if (!isEndpoint && !wasEndpoint) {
      return;
    }
    for (const key of this.#byNamespace.get(pod.metadata.namespace ?? '') ?? []) {
      const entry = this.#services.get(key);
      if (entry === undefined) {
        continue;
      }
      const changed =
        type === 'DELETED' ? this.#take(pod.metadata.uid, key, entry) : this.#place(pod, key, entry);
      if (changed) {
        this.#tell(key);
      }
    }
  }

  /** True when the pod came or went. */
  #place(pod: PodObject, key: string, entry: Entry): boolean {
    const {uid} = pod.metadata;
    if (!serves(pod) || !selects(entry.service, pod)) {
      return this.#take(uid, key, entry);
    }
    const isNew = !entry.endpoints.has(uid);
    entry.endpoints.set(uid, pod);
    if (isNew) {
      this.#servicesOfPod.set(uid, this.servicesOf(uid).concat(key));
    }
    return isNew;
  }

  #take(uid: string, key: string, entry: Entry): boolean {
    const was = entry.endpoints.delete(uid);
    if (was) {
      this.#unlink(uid, key);
    }
    return was;
  }

  #unlink(uid: string, key: string): void {
    const left = this.servicesOf(uid).filter((each) => each !== key);
    if (left.length === 0) {
      this.#servicesOfPod.delete(uid);
    } else {
      this.#servicesOfPod.set(uid, left);
    }
  }

  #tell(key: string): void {
    for (const listener of this.#listeners) {
      listener.serviceChanged(key);
    }
  }
}

function serves(pod: PodObject): boolean {
  return pod.spec.nodeName !== undefined && pod.metadata.deletionTimestamp === undefined && isPodReady(pod);
}

function selects({spec}: ServiceObject, {metadata}: ApiObject): boolean {
  const entries = Object.entries(spec?.selector ?? {});
  return entries.length > 0 && entries.every(([key, value]) => metadata.labels?.[key] === value);
}

function isSameSelector(a: ServiceObject, b: ServiceObject | undefined): boolean {
  return b !== undefined && JSON.stringify(a.spec?.selector) === JSON.stringify(b.spec?.selector);
}
