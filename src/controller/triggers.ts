/** Which workloads and policies a change concerns. Costs what the change touches, not the size of the cluster. */

import type {SeparateFrom} from '../api/types.ts';
import type {Clock} from '../clock.ts';
import {type ClusterCache, type WorkloadKey, workloadKey} from '../cluster/cluster-cache.ts';
import type {DisruptionBudget} from '../cluster/disruption-budget.ts';
import {matchesSelector} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import {isFinished, type Pod} from '../cluster/pod.ts';
import type {HorizontalPodAutoscaler, Namespace, ReplicaSet, Workload} from '../cluster/workload.ts';
import type {StoredObject} from '../kube/store.ts';
import {type PolicyIndex, policyKey, type StoredPolicy} from './policy-index.ts';
import {changesNeighbourhood, isKeptApart} from './separation.ts';

const NOBODY: readonly SeparateFrom[] = [];

/** Nodes change in bursts (a rolling upgrade, a cordon of many); one look at the workloads serves a burst. */
const BURST = 250;
/** Pods come and go all the time; those who wait for room are looked at this often at most, milliseconds. */
const ROOM = 5000;

export interface TriggersOptions {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  readonly clock: Clock;
  readonly lookAtWorkload: (key: WorkloadKey) => void;
  readonly lookAtPolicy: (key: string) => void;
  readonly policyGone: (key: string) => void;
  readonly onNodesChanged: () => void;
  /** Workloads that wait for room on a node. */
  readonly waitingForRoom: () => Iterable<WorkloadKey>;
}

export class Triggers {
  readonly #options: TriggersOptions;
  #cancelNodes: (() => void) | undefined;
  #cancelRoom: (() => void) | undefined;
  #lookedForRoomAt = Number.NEGATIVE_INFINITY;

  constructor(options: TriggersOptions) {
    this.#options = options;
  }

  /** After a start, a change of leader or of the circuit breaker. */
  everything(): void {
    const {cache, policies, lookAtWorkload, lookAtPolicy} = this.#options;
    for (const policy of policies.all()) {
      lookAtPolicy(policyKey(policy));
    }
    for (const workload of cache.workloads()) {
      lookAtWorkload(workloadKey(workload));
    }
  }

  workloadChanged(before: Workload | undefined, after: Workload | undefined): void {
    const workload = after ?? before;
    if (workload === undefined) {
      return;
    }
    this.#options.lookAtWorkload(workloadKey(workload));
    const labelsChanged =
      before === undefined || after === undefined || !sameJson(before.labels, after.labels);
    const policies = this.#options.policies.of(workload.namespace);
    // With one policy the workload's own entry says it all; with several, another one's conflicts may change.
    if (labelsChanged && policies.length > 1) {
      for (const policy of policies) {
        this.#options.lookAtPolicy(policyKey(policy));
      }
    }
  }

  replicaSetChanged(replicaSet: ReplicaSet): void {
    this.#look(this.#options.cache.workloadOfReplicaSet(replicaSet));
  }

  podChanged(before: Pod | undefined, after: Pod | undefined): void {
    const {cache} = this.#options;
    const pod = after ?? before;
    if (pod === undefined) {
      return;
    }
    this.#look(cache.workloadOfPod(pod));
    if (before?.controller !== undefined && before.controller.uid !== pod.controller?.uid) {
      this.#look(cache.workloadOfPod(before));
    }
    if (changesNeighbourhood(before, after)) {
      this.#lookBeside([before, after].filter((each) => each !== undefined));
    }
    const heldRoom = before?.nodeName !== undefined && !isFinished(before);
    if (heldRoom && (after === undefined || isFinished(after) || after.spec !== before.spec)) {
      this.#roomFreed();
    }
  }

  budgetChanged({namespace, selector}: DisruptionBudget): void {
    if (selector === undefined) {
      return;
    }
    const {cache, lookAtWorkload} = this.#options;
    for (const workload of cache.workloadsMeantBy(namespace, selector)) {
      lookAtWorkload(workloadKey(workload));
    }
    // Pods may carry labels that their template does not have.
    for (const {labels, pods} of cache.state.podGroupsMeantBy(namespace, selector)) {
      const [pod] = matchesSelector(selector, labels) ? pods : [];
      if (pod !== undefined) {
        this.#look(cache.workloadOfPod(pod));
      }
    }
  }

  autoscalerChanged({namespace, target}: HorizontalPodAutoscaler): void {
    if (target.kind === 'Deployment') {
      this.#look(`${namespace}/${target.name}`);
    }
  }

  /** A volume, a claim or what they depend on. Those who wait for room may be waiting for it. */
  storageChanged(before: StoredObject | undefined, after: StoredObject | undefined): void {
    const {resourceVersion: _a, ...was} = before ?? {};
    const {resourceVersion: _b, ...is} = after ?? {};
    if (!sameJson(was, is)) {
      this.#roomFreed();
    }
  }

  namespaceChanged(before: Namespace, after: Namespace): void {
    if (before.excluded !== after.excluded || before.terminating !== after.terminating) {
      this.#lookAtNamespace(after.name);
      for (const policy of this.#options.policies.of(after.name)) {
        this.#options.lookAtPolicy(policyKey(policy));
      }
    }
  }

  nodeChanged(before: Node, after: Node): void {
    // A kubelet's heartbeat changes nothing that placement reads, and a pulled image only a score.
    const {resourceVersion: _a, images: _b, ...was} = before;
    const {resourceVersion: _c, images: _d, ...is} = after;
    if (before.ready === 'True' && after.ready !== 'True') {
      // At once: an eviction may be about to be sent.
      this.#options.onNodesChanged();
    }
    if (!sameJson(was, is)) {
      this.nodesChanged();
    }
  }

  nodesChanged(): void {
    this.#cancelNodes ??= this.#options.clock.after(BURST, () => {
      this.#cancelNodes = undefined;
      this.#options.onNodesChanged();
      this.everything();
    });
  }

  policyChanged(before: StoredPolicy | undefined, after: StoredPolicy | undefined): void {
    const policy = after ?? before;
    if (policy === undefined) {
      return;
    }
    const key = policyKey(policy);
    if (after === undefined) {
      this.#options.policyGone(key);
    } else {
      this.#options.lookAtPolicy(key);
    }
    // Our own status writes come back as changes, too: they concern nobody.
    const specChanged =
      before === undefined ||
      after === undefined ||
      before.uid !== after.uid ||
      before.generation !== after.generation ||
      before.deleting !== after.deleting;
    if (!specChanged) {
      return;
    }
    this.#lookAtNamespace(policy.namespace);
    for (const other of this.#options.policies.of(policy.namespace)) {
      this.#options.lookAtPolicy(policyKey(other));
    }
  }

  stop(): void {
    this.#cancelNodes?.();
    this.#cancelNodes = undefined;
    this.#cancelRoom?.();
    this.#cancelRoom = undefined;
  }

  // Room that comes free after a quiet time is used at once.
  #roomFreed(): void {
    const {clock} = this.#options;
    const pause = Math.max(BURST, this.#lookedForRoomAt + ROOM - clock.now());
    this.#cancelRoom ??= clock.after(pause, () => {
      this.#cancelRoom = undefined;
      this.#lookedForRoomAt = clock.now();
      for (const key of this.#options.waitingForRoom()) {
        this.#options.lookAtWorkload(key);
      }
    });
  }

  // Those whose replicas a rule keeps away from the pod, as long as rules and pod are of one namespace, as nearly all
  // are; the others see it when they are looked at next.
  #lookBeside(pods: readonly Pod[]): void {
    const {cache, policies, lookAtWorkload} = this.#options;
    for (const pod of pods) {
      const own = cache.workloadOfPod(pod);
      for (const workload of this.#mayBeKeptApartFrom(pod)) {
        const separateFrom = policies.governing(workload)?.object.spec.separateFrom ?? NOBODY;
        const key = workloadKey(workload);
        if (key !== own && isKeptApart(workload, separateFrom, pod)) {
          lookAtWorkload(key);
        }
      }
    }
  }

  #mayBeKeptApartFrom({namespace, labels, spec}: Pod): Iterable<Workload> {
    const {cache, policies} = this.#options;
    const separates = policies
      .of(namespace)
      .some(({object}) =>
        (object.spec.separateFrom ?? NOBODY).some(({selector}) => matchesSelector(selector, labels)),
      );
    if (separates) {
      return cache.workloadsOf(namespace);
    }
    const meant = spec.podAntiAffinity.required.flatMap(({labelSelector}) =>
      labelSelector === undefined ? [] : cache.workloadsMeantBy(namespace, labelSelector),
    );
    return new Set([...cache.workloadsAvoiding(namespace, labels), ...meant]);
  }

  #lookAtNamespace(namespace: string): void {
    for (const workload of this.#options.cache.workloadsOf(namespace)) {
      this.#options.lookAtWorkload(workloadKey(workload));
    }
  }

  #look(key: WorkloadKey | undefined): void {
    if (key !== undefined) {
      this.#options.lookAtWorkload(key);
    }
  }
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
