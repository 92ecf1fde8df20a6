import type {Node} from './node.ts';
import type {Pod} from './pod.ts';
import type {HostPort} from './pod-spec.ts';
import {addResources, NO_RESOURCES, type Resources, subtractResources} from './resources.ts';

/** A node and what runs on it. Terminating pods still hold their room, as for the scheduler. */
export interface NodeInfo {
  readonly node: Node;
  readonly pods: readonly Pod[];
  /** The length of `pods`, which a hypothetical node need not put together for it. */
  readonly podCount: number;
  readonly requested: Resources;
  readonly nonZeroRequested: {readonly milliCPU: number; readonly memory: number};
  readonly usedPorts: readonly HostPort[];
  /** Those of `pods` with volumes that bear on placement, by uid. */
  readonly podsWithVolumes: ReadonlyMap<string, Pod>;
}

const NO_PORTS: readonly HostPort[] = [];
const NONE: ReadonlyMap<string, Pod> = new Map();

/** What the pods of a node add up to. Every value is replaced, never changed: others may share it. */
abstract class Totals {
  requested: Resources = NO_RESOURCES;
  nonZeroRequested = {milliCPU: 0, memory: 0};
  usedPorts = NO_PORTS;
  podsWithVolumes = NONE;

  protected count(pod: Pod): void {
    const {uid, spec} = pod;
    this.requested = addResources(this.requested, spec.requests);
    this.nonZeroRequested = {
      milliCPU: this.nonZeroRequested.milliCPU + spec.nonZeroRequests.milliCPU,
      memory: this.nonZeroRequested.memory + spec.nonZeroRequests.memory,
    };
    if (spec.hostPorts.length > 0) {
      this.usedPorts = [...this.usedPorts, ...spec.hostPorts];
    }
    if (spec.volumes.length > 0) {
      this.podsWithVolumes = new Map(this.podsWithVolumes).set(uid, pod);
    }
  }

  protected discount({uid, spec}: Pod): void {
    this.requested = subtractResources(this.requested, spec.requests);
    this.nonZeroRequested = {
      milliCPU: this.nonZeroRequested.milliCPU - spec.nonZeroRequests.milliCPU,
      memory: this.nonZeroRequested.memory - spec.nonZeroRequests.memory,
    };
    if (spec.hostPorts.length > 0) {
      // One entry for each port: pods of one template that were bound past the scheduler share the value.
      const kept = [...this.usedPorts];
      for (const port of spec.hostPorts) {
        kept.splice(kept.indexOf(port), 1);
      }
      this.usedPorts = kept.length === 0 ? NO_PORTS : kept;
    }
    if (spec.volumes.length > 0) {
      const others = new Map(this.podsWithVolumes);
      others.delete(uid);
      this.podsWithVolumes = others.size === 0 ? NONE : others;
    }
  }
}

/** A node of the cluster as it is. */
export class MutableNodeInfo extends Totals implements NodeInfo {
  node: Node;
  /** A list, as there are few to search: a map for each of thousands of nodes takes five times the memory. */
  readonly pods: Pod[] = [];

  constructor(node: Node) {
    super();
    this.node = node;
  }

  get podCount(): number {
    return this.pods.length;
  }

  /** Returns the pod of this uid that was there before. */
  add(pod: Pod): Pod | undefined {
    const before = this.remove(pod.uid);
    this.pods.push(pod);
    this.count(pod);
    return before;
  }

  /** For a pod that is here already and whose spec is the same. Returns the one that was there before. */
  replace(pod: Pod): Pod | undefined {
    const index = indexOf(pod.uid, this.pods);
    const before = this.pods[index];
    this.pods[index < 0 ? this.pods.length : index] = pod;
    if (pod.spec.volumes.length > 0) {
      this.podsWithVolumes = new Map(this.podsWithVolumes).set(pod.uid, pod);
    }
    return before;
  }

  /** Returns the pod that was there. */
  remove(uid: string): Pod | undefined {
    const index = indexOf(uid, this.pods);
    const pod = this.pods[index];
    if (pod !== undefined) {
      this.pods.splice(index, 1);
      this.discount(pod);
    }
    return pod;
  }
}

/**
 * A node as it would be without some pods and with others. Most of those who ask want the totals alone, so the pods are
 * put together when somebody looks at them.
 */
export class ChangedNodeInfo extends Totals implements NodeInfo {
  readonly #base: NodeInfo;
  readonly #removed = new Set<string>();
  readonly #added = new Map<string, Pod>();
  #pods: readonly Pod[] | undefined;
  podCount: number;

  constructor(base: NodeInfo) {
    super();
    this.#base = base;
    this.podCount = base.podCount;
    this.requested = base.requested;
    this.nonZeroRequested = base.nonZeroRequested;
    this.usedPorts = base.usedPorts;
    this.podsWithVolumes = base.podsWithVolumes;
  }

  get node(): Node {
    return this.#base.node;
  }

  get pods(): readonly Pod[] {
    this.#pods ??= [...this.#base.pods.filter(({uid}) => !this.#removed.has(uid)), ...this.#added.values()];
    return this.#pods;
  }

  add(pod: Pod): void {
    this.remove(pod.uid);
    this.#added.set(pod.uid, pod);
    this.#change(1);
    this.count(pod);
  }

  remove(uid: string): void {
    const pod =
      this.#added.get(uid) ??
      (this.#removed.has(uid) ? undefined : this.#base.pods[indexOf(uid, this.#base.pods)]);
    if (pod === undefined) {
      return;
    }
    if (!this.#added.delete(uid)) {
      this.#removed.add(uid);
    }
    this.#change(-1);
    this.discount(pod);
  }

  #change(pods: number): void {
    this.podCount += pods;
    this.#pods = undefined;
  }
}

function indexOf(uid: string, pods: readonly Pod[]): number {
  return pods.findIndex((pod) => pod.uid === uid);
}

/** The node as it would be with these pods on it, too. */
export function withPods(info: NodeInfo, pods: readonly Pod[]): NodeInfo {
  const changed = new ChangedNodeInfo(info);
  for (const pod of pods) {
    changed.add(pod);
  }
  return changed;
}
