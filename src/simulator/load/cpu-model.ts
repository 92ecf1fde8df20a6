/**
 * Who uses how much CPU, and what comes of it. Each Service's load is shared evenly by its ready endpoints; each node
 * shares its CPU among its pods; pods that get too little fail their probes; a node that stays saturated panics.
 *
 * Worked out anew only for the nodes that a change touches.
 */

import {parseMilli} from '../../cluster/quantity.ts';
import {compareText} from '../../cluster/snapshot.ts';
import type {ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import type {Kubelets} from '../kubelet/kubelets.ts';
import type {PodWorker} from '../kubelet/pod-worker.ts';
import {NODES, type NodeObject, PODS, type PodObject} from '../objects.ts';
import {shareNodeCpu} from './cpu-share.ts';
import {milliOf, type PodCpuSpec, podCpuSpec, SERVICE_LOAD} from './pod-cpu.ts';
import type {ServiceDirectory} from './service-directory.ts';

/** milliCPU, all of it. */
export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  /** What its traffic and its own work call for. */
  readonly demand: number;
  /** What it gets. */
  readonly usage: number;
}

export interface NodeUsage {
  readonly node: string;
  readonly capacity: number;
  /** Of its pods and the system. */
  readonly usage: number;
  readonly demand: number;
  readonly pods: readonly PodUsage[];
  readonly isSaturated: boolean;
}

export interface CpuListener {
  nodeSaturated(usage: NodeUsage): void;
  nodeRelieved(node: string): void;
}

export class CpuModel {
  readonly #context: SimulationContext;
  readonly #kubelets: Kubelets;
  readonly #services: ServiceDirectory;
  readonly #listeners: CpuListener[] = [];
  readonly #usage = new Map<string, NodeUsage>();
  readonly #dirty = new Set<string>();
  /** Nodes whose saturation may end in a panic. */
  readonly #panics = new Map<string, () => void>();
  readonly #nodesOfService = new Map<string, ReadonlySet<string>>();
  readonly #specs = new WeakMap<PodObject, PodCpuSpec>();
  #isPlanned = false;

  constructor(context: SimulationContext, kubelets: Kubelets, services: ServiceDirectory) {
    this.#context = context;
    this.#kubelets = kubelets;
    this.#services = services;
    services.listen({serviceChanged: (key) => this.#markService(key)});
    kubelets.listen({
      nodeWentDown: (name) => this.#mark(name),
      nodeCameBack: (name) => this.#mark(name),
    });
  }

  listen(listener: CpuListener): void {
    this.#listeners.push(listener);
  }

  /** Undefined for a node that does not answer. */
  nodeUsage(name: string): NodeUsage | undefined {
    this.#settle();
    return this.#usage.get(name);
  }

  podUsage(node: string, uid: string): PodUsage | undefined {
    const worker = this.#kubelets.worker(node, uid);
    const {namespace, name} = worker?.pod.metadata ?? {};
    return this.nodeUsage(node)?.pods.find((pod) => pod.name === name && pod.namespace === namespace);
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    if (resource === NODES) {
      const cpuOf = (node: NodeObject | undefined) => node?.status?.capacity?.['cpu'];
      if (type === 'DELETED' || cpuOf(object) !== cpuOf(previous)) {
        this.#mark(object.metadata.name);
      }
    } else if (resource === PODS) {
      const pod = object as PodObject;
      const before = previous as PodObject | undefined;
      if (type === 'DELETED' || bearsOnCpu(pod, before)) {
        this.#mark(pod.spec.nodeName);
      }
    }
  }

  #markService(key: string): void {
    const nodes = new Set<string>();
    for (const {spec} of this.#services.endpoints(key)) {
      nodes.add(spec.nodeName ?? '');
    }
    if (
      milliOf(this.#services.service(key)?.metadata.annotations?.[SERVICE_LOAD]) > 0 ||
      this.#nodesOfService.has(key)
    ) {
      for (const node of [...nodes, ...(this.#nodesOfService.get(key) ?? [])]) {
        this.#mark(node);
      }
      this.#nodesOfService.set(key, nodes);
    }
  }

  #mark(node: string | undefined): void {
    if (node === undefined || node === '') {
      return;
    }
    this.#dirty.add(node);
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      this.#context.clock.after(0, () => {
        this.#isPlanned = false;
        this.#settle();
      });
    }
  }

  #settle(): void {
    while (this.#dirty.size > 0) {
      const nodes = [...this.#dirty].sort(compareText);
      this.#dirty.clear();
      for (const name of nodes) {
        this.#recompute(name);
      }
    }
  }

  #recompute(name: string): void {
    const node = this.#context.index.node(name);
    if (node === undefined || !this.#kubelets.isAlive(name)) {
      this.#usage.delete(name);
      this.#setSaturated(name, undefined);
      return;
    }
    const {parameters} = this.#context;
    const capacity = parseMilli(node.status?.capacity?.['cpu'] ?? 0);
    const system = Math.min(parameters.systemMilliCpu, capacity);
    const workers = [...this.#kubelets.runningPods(name)];
    const demands = workers.map(({pod}) => this.#demandOf(pod));
    const specs = workers.map(({pod}) => this.#specOf(pod));
    const wants = specs.map(({limit}, index) => Math.min(demands[index] ?? 0, limit));
    const shares = shareNodeCpu(
      capacity - system,
      specs.map(({qosClass, request}, index) => ({qosClass, request, wants: wants[index] ?? 0})),
    );
    const usage = shares.reduce((sum, share) => sum + share, system);
    const result: NodeUsage = {
      node: name,
      capacity,
      usage,
      demand: demands.reduce((sum, demand) => sum + demand, system),
      // Put together when somebody asks: nodes are worked out far more often than pods are looked at.
      get pods() {
        return workers.map(({pod}, index) => ({
          namespace: pod.metadata.namespace ?? '',
          name: pod.metadata.name,
          node: name,
          demand: demands[index] ?? 0,
          usage: shares[index] ?? 0,
        }));
      },
      isSaturated: capacity > 0 && usage >= parameters.saturatedShare * capacity,
    };
    this.#usage.set(name, result);
    this.#setSaturated(name, result);
    this.#setStarved(workers, wants, shares);
  }

  #specOf(pod: PodObject): PodCpuSpec {
    let spec = this.#specs.get(pod);
    if (spec === undefined) {
      spec = podCpuSpec(pod);
      this.#specs.set(pod, spec);
    }
    return spec;
  }

  #demandOf(pod: PodObject): number {
    let demand = this.#specOf(pod).base;
    for (const key of this.#services.servicesOf(pod.metadata.uid)) {
      const load = milliOf(this.#services.service(key)?.metadata.annotations?.[SERVICE_LOAD]);
      demand += load / Math.max(1, this.#services.endpointCount(key));
    }
    return demand;
  }

  #setStarved(workers: readonly PodWorker[], wants: readonly number[], shares: readonly number[]): void {
    const {starvedShare} = this.#context.parameters;
    for (const [index, worker] of workers.entries()) {
      worker.setStarved((shares[index] ?? 0) < starvedShare * (wants[index] ?? 0) - 1e-6);
    }
  }

  #setSaturated(name: string, usage: NodeUsage | undefined): void {
    const isSaturated = usage?.isSaturated === true;
    if (isSaturated === this.#panics.has(name)) {
      return;
    }
    if (!isSaturated || usage === undefined) {
      this.#panics.get(name)?.();
      this.#panics.delete(name);
      for (const listener of this.#listeners) {
        listener.nodeRelieved(name);
      }
      return;
    }
    const {clock, parameters} = this.#context;
    const cancel =
      parameters.panicAfterSeconds === 0
        ? () => undefined
        : clock.after(parameters.panicAfterSeconds * 1000, () => this.#kubelets.panic(name));
    this.#panics.set(name, cancel);
    for (const listener of this.#listeners) {
      listener.nodeSaturated(usage);
    }
  }
}

/** Status updates that change neither what runs nor what it is asked to do are nine of ten. */
function bearsOnCpu(pod: PodObject, before: PodObject | undefined): boolean {
  return (
    before === undefined ||
    pod.spec.nodeName !== before.spec.nodeName ||
    pod.metadata.annotations !== before.metadata.annotations ||
    pod.status?.containerStatuses !== before.status?.containerStatuses ||
    pod.status?.phase !== before.status?.phase
  );
}
