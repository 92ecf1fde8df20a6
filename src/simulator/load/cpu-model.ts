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

export interface NodeLoad {
  readonly node: string;
  readonly capacity: number;
  /** Of its pods and the system. */
  readonly usage: number;
  readonly demand: number;
  readonly isSaturated: boolean;
}

export interface NodeUsage extends NodeLoad {
  readonly pods: readonly PodUsage[];
}

/** How a node shares its CPU: what each of its pods calls for, could use within its limit, and gets. */
interface Shares {
  readonly workers: readonly PodWorker[];
  readonly demands: readonly number[];
  readonly wants: readonly number[];
  readonly shares: readonly number[];
}

export interface CpuListener {
  nodeSaturated(load: NodeLoad): void;
  nodeRelieved(node: string): void;
}

export class CpuModel {
  readonly #context: SimulationContext;
  readonly #kubelets: Kubelets;
  readonly #services: ServiceDirectory;
  readonly #listeners: CpuListener[] = [];
  /** Without the pods: nodes are worked out far more often than somebody asks about pods. */
  readonly #loads = new Map<string, NodeLoad>();
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
    const load = this.#loads.get(name);
    if (load === undefined) {
      return undefined;
    }
    const {workers, demands, shares} = this.#share(name, load.capacity);
    const pods = workers.map(({pod: {metadata}}, index) => ({
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      node: name,
      demand: demands[index] ?? 0,
      usage: shares[index] ?? 0,
    }));
    return {...load, pods};
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
      this.#loads.delete(name);
      this.#setSaturated(name, undefined);
      return;
    }
    const {parameters} = this.#context;
    const capacity = parseMilli(node.status?.capacity?.['cpu'] ?? 0);
    const system = this.#systemOf(capacity);
    const {workers, demands, wants, shares} = this.#share(name, capacity);
    const usage = shares.reduce((sum, share) => sum + share, system);
    const load: NodeLoad = {
      node: name,
      capacity,
      usage,
      demand: demands.reduce((sum, demand) => sum + demand, system),
      isSaturated: capacity > 0 && usage >= parameters.saturatedShare * capacity,
    };
    this.#loads.set(name, load);
    this.#setSaturated(name, load);
    this.#setStarved(workers, wants, shares);
  }

  #systemOf(capacity: number): number {
    return Math.min(this.#context.parameters.systemMilliCpu, capacity);
  }

  #share(name: string, capacity: number): Shares {
    const workers = [...this.#kubelets.runningPods(name)];
    const demands = workers.map(({pod}) => this.#demandOf(pod));
    const specs = workers.map(({pod}) => this.#specOf(pod));
    const wants = specs.map(({limit}, index) => Math.min(demands[index] ?? 0, limit));
    const shares = shareNodeCpu(
      capacity - this.#systemOf(capacity),
      specs.map(({qosClass, request}, index) => ({qosClass, request, wants: wants[index] ?? 0})),
    );
    return {workers, demands, wants, shares};
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

  #setSaturated(name: string, load: NodeLoad | undefined): void {
    const isSaturated = load?.isSaturated === true;
    if (isSaturated === this.#panics.has(name)) {
      return;
    }
    if (!isSaturated || load === undefined) {
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
      listener.nodeSaturated(load);
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
