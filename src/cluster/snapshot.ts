/**
 * The cluster as planning and scheduling see it: one NodeInfo for each node with the pods on it, as in
 * kube-scheduler's snapshot (pkg/scheduler/framework/types.go). Pure: it holds values and computes.
 */
import type {Labels} from './label-selector.ts';
import type {Node} from './node.ts';
import {isFinished, type Pod} from './pod.ts';
import type {HostPort} from './pod-spec.ts';
import {addResources, NO_RESOURCES, type Resources, subtractResources} from './resources.ts';

/** A node and what runs on it. Terminating pods still hold their room, as for the scheduler. */
export interface NodeInfo {
  readonly node: Node;
  readonly pods: ReadonlyMap<string, Pod>;
  readonly requested: Resources;
  readonly nonZeroRequested: {readonly milliCPU: number; readonly memory: number};
  readonly usedPorts: readonly HostPort[];
  /** Those of `pods` with any affinity or anti-affinity term, by uid. */
  readonly podsWithAffinity: ReadonlyMap<string, Pod>;
  /** Those of `pods` with required anti-affinity, which the scheduler honours against newcomers. */
  readonly podsWithRequiredAntiAffinity: ReadonlyMap<string, Pod>;
}

/** What the scheduling plugins read. */
export interface SchedulingSnapshot {
  /** Every node, ordered by name. */
  nodeInfos(): Iterable<NodeInfo>;
  nodeInfo(name: string): NodeInfo | undefined;
  namespaceLabels(name: string): Labels;
  /** Nodes that hold a pod with affinity terms; on most clusters far fewer than all. */
  nodeInfosWithAffinityPods(): Iterable<NodeInfo>;
  nodeInfosWithRequiredAntiAffinityPods(): Iterable<NodeInfo>;
}

/**
 * The changing state that the watches feed. Each change costs what that change touches, never the whole cluster.
 */
export class ClusterState implements SchedulingSnapshot {
  readonly #infos = new Map<string, MutableNodeInfo>();
  /** Pods whose node has not been seen (yet), by node name. */
  readonly #podsWithoutNode = new Map<string, Map<string, Pod>>();
  readonly #namespaces = new Map<string, Labels>();
  readonly #withAffinity = new Set<string>();
  readonly #withRequiredAntiAffinity = new Set<string>();
  #sorted: MutableNodeInfo[] | undefined;

  setNode(node: Node): void {
    const info = this.#infos.get(node.name);
    if (info !== undefined) {
      info.node = node;
      return;
    }
    const created = new MutableNodeInfo(node);
    this.#infos.set(node.name, created);
    this.#sorted = undefined;
    for (const pod of this.#podsWithoutNode.get(node.name)?.values() ?? []) {
      created.add(pod);
    }
    this.#podsWithoutNode.delete(node.name);
    this.#index(created);
  }

  deleteNode(name: string): void {
    const info = this.#infos.get(name);
    if (info === undefined) {
      return;
    }
    if (info.pods.size > 0) {
      this.#podsWithoutNode.set(name, new Map(info.pods));
    }
    this.#infos.delete(name);
    this.#withAffinity.delete(name);
    this.#withRequiredAntiAffinity.delete(name);
    this.#sorted = undefined;
  }

  /** Puts a pod in, in place of what was known of it (`previous`). */
  setPod(pod: Pod, previous?: Pod): void {
    if (previous !== undefined && previous.nodeName === pod.nodeName && previous.spec === pod.spec) {
      if (pod.nodeName !== undefined && !isFinished(pod) && !isFinished(previous)) {
        this.#infos.get(pod.nodeName)?.replace(pod);
        this.#podsWithoutNode.get(pod.nodeName)?.set(pod.uid, pod);
        return;
      }
    }
    if (previous !== undefined) {
      this.deletePod(previous);
    }
    if (pod.nodeName === undefined || isFinished(pod)) {
      return;
    }
    const info = this.#infos.get(pod.nodeName);
    if (info === undefined) {
      const waiting = this.#podsWithoutNode.get(pod.nodeName) ?? new Map<string, Pod>();
      waiting.set(pod.uid, pod);
      this.#podsWithoutNode.set(pod.nodeName, waiting);
      return;
    }
    info.add(pod);
    this.#index(info);
  }

  deletePod(pod: Pod): void {
    if (pod.nodeName === undefined) {
      return;
    }
    const waiting = this.#podsWithoutNode.get(pod.nodeName);
    if (waiting?.delete(pod.uid) === true && waiting.size === 0) {
      this.#podsWithoutNode.delete(pod.nodeName);
    }
    const info = this.#infos.get(pod.nodeName);
    if (info !== undefined) {
      info.remove(pod.uid);
      this.#index(info);
    }
  }

  setNamespace(name: string, labels: Labels): void {
    this.#namespaces.set(name, labels);
  }

  deleteNamespace(name: string): void {
    this.#namespaces.delete(name);
  }

  nodeInfos(): Iterable<NodeInfo> {
    this.#sorted ??= [...this.#infos.values()].sort((a, b) => compareText(a.node.name, b.node.name));
    return this.#sorted;
  }

  nodeInfo(name: string): NodeInfo | undefined {
    return this.#infos.get(name);
  }

  namespaceLabels(name: string): Labels {
    return this.#namespaces.get(name) ?? {};
  }

  nodeInfosWithAffinityPods(): Iterable<NodeInfo> {
    return this.#named(this.#withAffinity);
  }

  nodeInfosWithRequiredAntiAffinityPods(): Iterable<NodeInfo> {
    return this.#named(this.#withRequiredAntiAffinity);
  }

  *#named(names: ReadonlySet<string>): Iterable<NodeInfo> {
    for (const name of names) {
      const info = this.#infos.get(name);
      if (info !== undefined) {
        yield info;
      }
    }
  }

  #index(info: MutableNodeInfo): void {
    toggle(this.#withAffinity, info.node.name, info.podsWithAffinity.size > 0);
    toggle(this.#withRequiredAntiAffinity, info.node.name, info.podsWithRequiredAntiAffinity.size > 0);
  }
}

/**
 * A snapshot with some pods taken away and others put in: "after the victim is gone". The snapshot underneath is
 * not changed, and only the nodes that the difference names are computed anew.
 */
export function withChanges(
  snapshot: SchedulingSnapshot,
  changes: {readonly remove?: readonly Pod[]; readonly add?: readonly Pod[]},
): SchedulingSnapshot {
  const changed = new Map<string, MutableNodeInfo>();
  const copyOf = (nodeName: string | undefined): MutableNodeInfo | undefined => {
    if (nodeName === undefined) {
      return undefined;
    }
    const known = changed.get(nodeName);
    if (known !== undefined) {
      return known;
    }
    const original = snapshot.nodeInfo(nodeName);
    if (original === undefined) {
      return undefined;
    }
    const copy = MutableNodeInfo.copyOf(original);
    changed.set(nodeName, copy);
    return copy;
  };
  for (const pod of changes.remove ?? []) {
    copyOf(pod.nodeName)?.remove(pod.uid);
  }
  for (const pod of changes.add ?? []) {
    copyOf(pod.nodeName)?.add(pod);
  }
  return {
    nodeInfos: () => overlaid(snapshot.nodeInfos(), changed),
    nodeInfo: (name) => changed.get(name) ?? snapshot.nodeInfo(name),
    namespaceLabels: (name) => snapshot.namespaceLabels(name),
    nodeInfosWithAffinityPods: () =>
      overlaidWith(snapshot.nodeInfosWithAffinityPods(), changed, (info) => info.podsWithAffinity.size > 0),
    nodeInfosWithRequiredAntiAffinityPods: () =>
      overlaidWith(
        snapshot.nodeInfosWithRequiredAntiAffinityPods(),
        changed,
        (info) => info.podsWithRequiredAntiAffinity.size > 0,
      ),
  };
}

function* overlaid(infos: Iterable<NodeInfo>, changed: ReadonlyMap<string, NodeInfo>): Iterable<NodeInfo> {
  for (const info of infos) {
    yield changed.get(info.node.name) ?? info;
  }
}

// A changed node may have joined or left the index, so the changed ones are judged anew and come last.
function* overlaidWith(
  infos: Iterable<NodeInfo>,
  changed: ReadonlyMap<string, NodeInfo>,
  belongs: (info: NodeInfo) => boolean,
): Iterable<NodeInfo> {
  for (const info of infos) {
    if (!changed.has(info.node.name)) {
      yield info;
    }
  }
  for (const info of changed.values()) {
    if (belongs(info)) {
      yield info;
    }
  }
}

class MutableNodeInfo implements NodeInfo {
  node: Node;
  readonly pods = new Map<string, Pod>();
  requested: Resources = NO_RESOURCES;
  nonZeroRequested = {milliCPU: 0, memory: 0};
  usedPorts: HostPort[] = [];
  readonly podsWithAffinity = new Map<string, Pod>();
  readonly podsWithRequiredAntiAffinity = new Map<string, Pod>();

  constructor(node: Node) {
    this.node = node;
  }

  static copyOf(info: NodeInfo): MutableNodeInfo {
    const copy = new MutableNodeInfo(info.node);
    for (const [uid, pod] of info.pods) {
      copy.pods.set(uid, pod);
    }
    for (const [uid, pod] of info.podsWithAffinity) {
      copy.podsWithAffinity.set(uid, pod);
    }
    for (const [uid, pod] of info.podsWithRequiredAntiAffinity) {
      copy.podsWithRequiredAntiAffinity.set(uid, pod);
    }
    copy.requested = info.requested;
    copy.nonZeroRequested = {...info.nonZeroRequested};
    copy.usedPorts = [...info.usedPorts];
    return copy;
  }

  add(pod: Pod): void {
    if (this.pods.has(pod.uid)) {
      this.remove(pod.uid);
    }
    this.requested = addResources(this.requested, pod.spec.requests);
    this.nonZeroRequested = {
      milliCPU: this.nonZeroRequested.milliCPU + pod.spec.nonZeroRequests.milliCPU,
      memory: this.nonZeroRequested.memory + pod.spec.nonZeroRequests.memory,
    };
    this.usedPorts.push(...pod.spec.hostPorts);
    this.replace(pod);
  }

  /** For a pod that is here already and whose spec is the same. */
  replace(pod: Pod): void {
    this.pods.set(pod.uid, pod);
    const {podAffinity, podAntiAffinity} = pod.spec;
    if (podAntiAffinity.required.length > 0) {
      this.podsWithRequiredAntiAffinity.set(pod.uid, pod);
    }
    if (
      podAntiAffinity.required.length > 0 ||
      podAntiAffinity.preferred.length > 0 ||
      podAffinity.required.length > 0 ||
      podAffinity.preferred.length > 0
    ) {
      this.podsWithAffinity.set(pod.uid, pod);
    }
  }

  remove(uid: string): void {
    const pod = this.pods.get(uid);
    if (pod === undefined) {
      return;
    }
    this.pods.delete(uid);
    this.podsWithAffinity.delete(uid);
    this.podsWithRequiredAntiAffinity.delete(uid);
    this.requested = subtractResources(this.requested, pod.spec.requests);
    this.nonZeroRequested = {
      milliCPU: this.nonZeroRequested.milliCPU - pod.spec.nonZeroRequests.milliCPU,
      memory: this.nonZeroRequested.memory - pod.spec.nonZeroRequests.memory,
    };
    // One entry for each port: pods of one template that were bound past the scheduler share the value.
    const kept = [...this.usedPorts];
    for (const port of pod.spec.hostPorts) {
      kept.splice(kept.indexOf(port), 1);
    }
    this.usedPorts = kept;
  }
}

function toggle(set: Set<string>, name: string, present: boolean): void {
  if (present) {
    set.add(name);
  } else {
    set.delete(name);
  }
}

/** Orders by UTF-16 code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
