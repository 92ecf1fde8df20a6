/**
 * The cluster as planning and scheduling see it: one NodeInfo for each node with the pods on it, as in
 * kube-scheduler's snapshot (pkg/scheduler/framework/types.go). Pure: it holds values and computes.
 */

import {ImageHolders} from './image-holders.ts';
import type {LabelSelector, Labels} from './label-selector.ts';
import {type NestedIndex, putInto, takeFrom} from './nested-index.ts';
import type {Node} from './node.ts';
import {MutableNodeInfo, type NodeInfo} from './node-info.ts';
import {type NodeResources, NodeResourceTable} from './node-resources.ts';
import {isFinished, type Pod} from './pod.ts';
import {type Newcomer, type PodGroup, PodGroups, type ReachingTerms} from './pod-groups.ts';
import {ClaimHolders, type Storage, StorageState} from './storage.ts';

export {type PodChanges, withChanges} from './changed-snapshot.ts';
export {type NodeInfo, withPods} from './node-info.ts';

const NO_PODS: readonly Pod[] = [];

/** What the scheduling plugins read. */
export interface SchedulingSnapshot {
  /** Every node, ordered by name. */
  nodeInfos(): Iterable<NodeInfo>;
  nodeInfo(name: string): NodeInfo | undefined;
  namespaceLabels(name: string): Labels;
  /**
   * Stands for the nodes as they are: another object as soon as one comes, goes, or changes in what placement reads of
   * it but its images. What was computed from nodes alone may be kept by it.
   */
  readonly nodesVersion: object;
  /** The same for the images that the nodes hold. */
  readonly imagesVersion: object;
  /** As they are without the nodes that are changed in this snapshot only. */
  readonly resources: NodeResources;
  /** These are not as `resources` has them. */
  changedNodes(): Iterable<NodeInfo>;
  /** The pods that are on nodes, of one namespace or of all. */
  podGroups(namespace?: string): Iterable<PodGroup>;
  /** The pods of a namespace, of groups whose labels the selector may match: of more than it does, rather than fewer. */
  podGroupsMeantBy(namespace: string, selector: LabelSelector): Iterable<PodGroup>;
  /** The pods of all namespaces, of groups with a term that may mean the newcomer. */
  podGroupsThatReach(newcomer: Newcomer, terms: ReachingTerms): Iterable<PodGroup>;
  /** Pods that wait for a node that was promised to them (status.nominatedNodeName): preemption makes room there. */
  nominatedPods(nodeName: string): readonly Pod[];
  /** The names of the nodes that are promised to pods; some may not have been seen. */
  nominatedNodes(): Iterable<string>;
  readonly storage: Storage;
  /** The nodes that hold the image, by one of its names as the kubelets report them. */
  imageHolders(name: string): Iterable<Pick<NodeInfo, 'node'>>;
  /** The pods that are bound to a node and mount the claim by name. */
  claimHolders(namespace: string, claim: string): Iterable<Pod>;
}

/**
 * The changing state that the watches feed. Each change costs what that change touches, never the whole cluster.
 */
export class ClusterState implements SchedulingSnapshot {
  readonly #infos = new Map<string, MutableNodeInfo>();
  /** Pods whose node has not been seen (yet), by node name. */
  readonly #podsWithoutNode: NestedIndex<Pod> = new Map();
  /** Pods without a node, by the name of the one that is promised to them. */
  readonly #nominated: NestedIndex<Pod> = new Map();
  readonly #namespaces = new Map<string, Labels>();
  readonly storage = new StorageState();
  readonly #claimHolders = new ClaimHolders();
  readonly #imageHolders = new ImageHolders<MutableNodeInfo>();
  readonly #groups = new PodGroups();
  readonly #resources = new NodeResourceTable();
  #sorted: MutableNodeInfo[] | undefined;
  #nodesVersion: object = {};
  #imagesVersion: object = {};

  setNode(node: Node): void {
    const info = this.#infos.get(node.name);
    if (info !== undefined) {
      if (!isPlacedAlike(info.node, node)) {
        this.#nodesVersion = {};
      }
      const {images} = info.node;
      const isHeldAlike = holdAlike(info.node, node);
      info.node = node;
      if (!isHeldAlike) {
        this.#imagesVersion = {};
        this.#imageHolders.set(info, images.names);
      }
      return;
    }
    const created = new MutableNodeInfo(node);
    this.#infos.set(node.name, created);
    this.#imageHolders.set(created, []);
    this.#nodesHaveChanged();
    for (const pod of this.#podsWithoutNode.get(node.name)?.values() ?? []) {
      this.#put(created, pod);
    }
    this.#podsWithoutNode.delete(node.name);
  }

  deleteNode(name: string): void {
    const info = this.#infos.get(name);
    if (info === undefined) {
      return;
    }
    if (info.pods.length > 0) {
      this.#podsWithoutNode.set(name, new Map(info.pods.map((pod) => [pod.uid, pod])));
      for (const pod of info.pods) {
        this.#groups.remove(pod);
      }
    }
    this.#infos.delete(name);
    this.#imageHolders.delete(info);
    this.#resources.forget(info);
    this.#nodesHaveChanged();
  }

  /** Puts a pod in, in place of what was known of it (`previous`). Returns the one that was on its node. */
  setPod(pod: Pod, previous?: Pod): Pod | undefined {
    if (previous !== undefined && previous.nodeName === pod.nodeName && previous.spec === pod.spec) {
      if (pod.nodeName !== undefined && !isFinished(pod) && !isFinished(previous)) {
        const before = this.#replace(pod.nodeName, pod);
        this.#podsWithoutNode.get(pod.nodeName)?.set(pod.uid, pod);
        this.#claimHolders.set(pod);
        return before;
      }
    }
    if (previous !== undefined) {
      this.deletePod(previous);
    }
    if (isFinished(pod)) {
      return undefined;
    }
    if (pod.nodeName === undefined) {
      this.#nominate(pod);
      return undefined;
    }
    this.#claimHolders.set(pod);
    const info = this.#infos.get(pod.nodeName);
    if (info === undefined) {
      putInto(this.#podsWithoutNode, pod.nodeName, pod.uid, pod);
      return undefined;
    }
    return this.#put(info, pod);
  }

  /** Returns the value of it that was on its node. */
  deletePod(pod: Pod): Pod | undefined {
    if (pod.nodeName === undefined) {
      this.#withdrawNomination(pod);
      return undefined;
    }
    this.#claimHolders.delete(pod);
    takeFrom(this.#podsWithoutNode, pod.nodeName, pod.uid);
    const info = this.#infos.get(pod.nodeName);
    const removed = info?.remove(pod.uid);
    if (info !== undefined && removed !== undefined) {
      this.#resources.touch(info);
      this.#groups.remove(removed);
    }
    return removed;
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

  get nodesVersion(): object {
    return this.#nodesVersion;
  }

  get imagesVersion(): object {
    return this.#imagesVersion;
  }

  get resources(): NodeResources {
    return this.#resources.of(this);
  }

  changedNodes(): Iterable<NodeInfo> {
    return [];
  }

  podGroups(namespace?: string): Iterable<PodGroup> {
    return this.#groups.of(namespace);
  }

  podGroupsMeantBy(namespace: string, selector: LabelSelector): Iterable<PodGroup> {
    return this.#groups.meantBy(namespace, selector);
  }

  podGroupsThatReach(newcomer: Newcomer, terms: ReachingTerms): Iterable<PodGroup> {
    return this.#groups.reaching(newcomer, terms);
  }

  nominatedPods(nodeName: string): readonly Pod[] {
    const pods = this.#nominated.get(nodeName);
    return pods === undefined ? NO_PODS : [...pods.values()];
  }

  nominatedNodes(): Iterable<string> {
    return this.#nominated.keys();
  }

  imageHolders(name: string): Iterable<NodeInfo> {
    return this.#imageHolders.of(name);
  }

  claimHolders(namespace: string, claim: string): Iterable<Pod> {
    return this.#claimHolders.of(namespace, claim);
  }

  #nominate(pod: Pod): void {
    if (pod.nominatedNodeName === undefined) {
      return;
    }
    putInto(this.#nominated, pod.nominatedNodeName, pod.uid, pod);
  }

  #withdrawNomination(pod: Pod): void {
    takeFrom(this.#nominated, pod.nominatedNodeName ?? '', pod.uid);
  }

  #put(info: MutableNodeInfo, pod: Pod): Pod | undefined {
    const before = info.add(pod);
    this.#resources.touch(info);
    if (before !== undefined) {
      this.#groups.remove(before);
    }
    this.#groups.add(pod);
    return before;
  }

  #replace(nodeName: string, pod: Pod): Pod | undefined {
    const info = this.#infos.get(nodeName);
    const before = info?.replace(pod);
    if (info !== undefined) {
      this.#groups.replace(pod, before);
    }
    return before;
  }

  #nodesHaveChanged(): void {
    this.#sorted = undefined;
    this.#nodesVersion = {};
    this.#imagesVersion = {};
  }
}

// A kubelet's heartbeat changes nothing that placement reads, and a pulled image only a score.
function isPlacedAlike(a: Node, b: Node): boolean {
  const {resourceVersion: _a, images: _b, ...was} = a;
  const {resourceVersion: _c, images: _d, ...is} = b;
  return JSON.stringify(was) === JSON.stringify(is);
}

function holdAlike(a: Node, b: Node): boolean {
  return JSON.stringify(a.images) === JSON.stringify(b.images);
}

/** Orders by UTF-16 code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
