/** A snapshot as it would be without some pods and with others. */
import {type LabelSelector, type Labels, matchesSelector} from './label-selector.ts';
import {membershipIn} from './membership.ts';
import {ChangedNodeInfo, type NodeInfo} from './node-info.ts';
import type {NodeResources} from './node-resources.ts';
import type {Pod} from './pod.ts';
import {mayReach, type Newcomer, type PodGroup, type ReachingTerms} from './pod-groups.ts';
import type {PodSpec} from './pod-spec.ts';
import type {SchedulingSnapshot} from './snapshot.ts';
import {holdsClaim, type Storage} from './storage.ts';

export interface PodChanges {
  readonly remove?: readonly Pod[];
  readonly add?: readonly Pod[];
}

/**
 * A snapshot with some pods taken away and others put in: "after the victim is gone". The snapshot underneath is
 * not changed, and only the nodes that the difference names are computed anew.
 */
export function withChanges(snapshot: SchedulingSnapshot, changes: PodChanges): SchedulingSnapshot {
  return snapshot instanceof ChangedSnapshot
    ? snapshot.changedFurther(changes)
    : new ChangedSnapshot(snapshot, [changes]);
}

/** All changes are to one snapshot: changes of changes would be asked in turn, one below the other. */
class ChangedSnapshot implements SchedulingSnapshot {
  readonly #base: SchedulingSnapshot;
  readonly #history: readonly PodChanges[];
  /** Those that the base may have and that are gone, or are another value now. */
  readonly #removed: readonly Pod[];
  readonly #added: ReadonlyMap<string, Pod>;
  #known: ReadonlyMap<string, ChangedNodeInfo> | undefined;
  #all: readonly NodeInfo[] | undefined;
  /** The nodes that these two are made of: whoever keeps a snapshot for longer asks for those of now. */
  #madeOf: object | undefined;

  constructor(base: SchedulingSnapshot, history: readonly PodChanges[]) {
    const added = new Map<string, Pod>();
    for (const {remove = [], add = []} of history) {
      for (const {uid} of added.size === 0 ? [] : remove) {
        added.delete(uid);
      }
      for (const pod of add) {
        added.set(pod.uid, pod);
      }
    }
    this.#base = base;
    this.#history = history;
    const [only] = history;
    this.#removed =
      history.length === 1 && only?.add === undefined
        ? (only?.remove ?? [])
        : history.flatMap(({remove = [], add = []}) => [...remove, ...add]);
    this.#added = added;
  }

  changedFurther(changes: PodChanges): ChangedSnapshot {
    return new ChangedSnapshot(this.#base, [...this.#history, changes]);
  }

  get nodesVersion(): object {
    return this.#base.nodesVersion;
  }

  get imagesVersion(): object {
    return this.#base.imagesVersion;
  }

  get resources(): NodeResources {
    return this.#base.resources;
  }

  *changedNodes(): Iterable<NodeInfo> {
    // The base has none of its own: changes of changes are changes to one snapshot.
    yield* this.#infos.values();
  }

  get storage(): Storage {
    return this.#base.storage;
  }

  nodeInfos(): Iterable<NodeInfo> {
    const changed = this.#infos;
    this.#all ??= Array.from(this.#base.nodeInfos(), (info) => changed.get(info.node.name) ?? info);
    return this.#all;
  }

  nodeInfo(name: string): NodeInfo | undefined {
    return this.#infos.get(name) ?? this.#base.nodeInfo(name);
  }

  namespaceLabels(name: string): Labels {
    return this.#base.namespaceLabels(name);
  }

  nominatedPods(nodeName: string): readonly Pod[] {
    return this.#base.nominatedPods(nodeName);
  }

  nominatedNodes(): Iterable<string> {
    return this.#base.nominatedNodes();
  }

  *podGroups(namespace?: string): Iterable<PodGroup> {
    yield* this.#withoutRemoved(this.#base.podGroups(namespace));
    for (const pod of this.#added.values()) {
      if (namespace === undefined || pod.namespace === namespace) {
        yield groupOfOne(pod);
      }
    }
  }

  *podGroupsMeantBy(namespace: string, selector: LabelSelector): Iterable<PodGroup> {
    yield* this.#withoutRemoved(this.#base.podGroupsMeantBy(namespace, selector));
    for (const pod of this.#added.values()) {
      if (pod.namespace === namespace && matchesSelector(selector, pod.labels)) {
        yield groupOfOne(pod);
      }
    }
  }

  *podGroupsThatReach(newcomer: Newcomer, terms: ReachingTerms): Iterable<PodGroup> {
    yield* this.#withoutRemoved(this.#base.podGroupsThatReach(newcomer, terms));
    for (const pod of this.#added.values()) {
      if (mayReach(pod, newcomer, terms)) {
        yield groupOfOne(pod);
      }
    }
  }

  imageHolders(name: string): Iterable<Pick<NodeInfo, 'node'>> {
    return this.#base.imageHolders(name);
  }

  *claimHolders(namespace: string, claim: string): Iterable<Pod> {
    const isRemoved = membershipIn(this.#removed);
    for (const pod of this.#base.claimHolders(namespace, claim)) {
      if (!isRemoved(pod)) {
        yield pod;
      }
    }
    for (const pod of this.#added.values()) {
      if (holdsClaim(pod, namespace, claim)) {
        yield pod;
      }
    }
  }

  /** The nodes that the changes name; most questions are about others, or about no node at all. */
  get #infos(): ReadonlyMap<string, ChangedNodeInfo> {
    if (this.#known === undefined || this.#madeOf !== this.#base.nodesVersion) {
      this.#madeOf = this.#base.nodesVersion;
      this.#all = undefined;
      const known = new Map<string, ChangedNodeInfo>();
      for (const {remove = [], add = []} of this.#history) {
        for (const {nodeName, uid} of remove) {
          this.#changedInfo(known, nodeName)?.remove(uid);
        }
        for (const pod of add) {
          this.#changedInfo(known, pod.nodeName)?.add(pod);
        }
      }
      this.#known = known;
    }
    return this.#known;
  }

  #changedInfo(
    known: Map<string, ChangedNodeInfo>,
    nodeName: string | undefined,
  ): ChangedNodeInfo | undefined {
    const info = known.get(nodeName ?? '');
    const original = info === undefined ? this.#base.nodeInfo(nodeName ?? '') : undefined;
    if (original === undefined) {
      return info;
    }
    const changed = new ChangedNodeInfo(original);
    known.set(original.node.name, changed);
    return changed;
  }

  *#withoutRemoved(groups: Iterable<PodGroup>): Iterable<PodGroup> {
    const removed = this.#removed;
    // What the caller has may be an older value of the pod, with other labels and another spec than its group.
    const namespaces = new Set(removed.map(({namespace}) => namespace));
    for (const group of groups) {
      yield namespaces.has(group.namespace) ? new GroupWithout(group, removed) : group;
    }
  }
}

/** Most groups are asked for their labels and terms alone, so the pods are picked out when somebody looks at them. */
class GroupWithout implements PodGroup {
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly spec: PodSpec;
  readonly #group: PodGroup;
  readonly #removed: readonly Pod[];
  #pods: readonly Pod[] | undefined;

  constructor(group: PodGroup, removed: readonly Pod[]) {
    this.key = group.key;
    this.namespace = group.namespace;
    this.labels = group.labels;
    this.spec = group.spec;
    this.#group = group;
    this.#removed = removed;
  }

  get pods(): readonly Pod[] {
    if (this.#pods === undefined) {
      const isRemoved = membershipIn(this.#removed);
      this.#pods = this.#group.pods.filter((pod) => !isRemoved(pod));
    }
    return this.#pods;
  }
}

function groupOfOne(pod: Pod): PodGroup {
  const {namespace, labels, spec, uid} = pod;
  return {key: `added/${uid}`, namespace, labels, spec, pods: [pod]};
}
