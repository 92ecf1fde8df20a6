/**
 * Everything the watches have told, indexed by what the operator asks: whose replicas are these, which budgets cover
 * this namespace, what runs on that node. Pure: it is fed values and answers with values; a change costs what it
 * touches.
 */

import type {DisruptionBudget} from './disruption-budget.ts';
import type {LabelSelector, Labels} from './label-selector.ts';
import {type NestedIndex, putInto, takeFrom} from './nested-index.ts';
import type {Node} from './node.ts';
import {isFinished, isTerminating, type Pod} from './pod.ts';
import {liveReplicas, type WorkloadReplicas} from './replicas.ts';
import {ClusterState} from './snapshot.ts';
import type {HorizontalPodAutoscaler, Namespace, ReplicaSet, Workload} from './workload.ts';
import {WorkloadLabels} from './workload-labels.ts';

/** `namespace/name`; names of Kubernetes objects hold no slash. */
export type WorkloadKey = string;

export function workloadKey({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): WorkloadKey {
  return `${namespace}/${name}`;
}

export class ClusterCache {
  readonly state = new ClusterState();
  readonly #workloads = new Map<WorkloadKey, Workload>();
  readonly #workloadsOfNamespace: NestedIndex<Workload> = new Map();
  readonly #labelsOfNamespace = new Map<string, WorkloadLabels>();
  readonly #keyOfDeploymentUid = new Map<string, WorkloadKey>();
  readonly #replicaSets = new Map<string, ReplicaSet>();
  readonly #replicaSetsOfDeployment: NestedIndex<ReplicaSet> = new Map();
  /** Lists, as a map for each of thousands of ReplicaSets takes several times the memory. */
  readonly #podsOfController = new Map<string, Pod[]>();
  /** Without a node, by uid. */
  readonly #waitingPods = new Map<string, Pod>();
  readonly #budgetsOfNamespace: NestedIndex<DisruptionBudget> = new Map();
  readonly #autoscalersOfNamespace: NestedIndex<HorizontalPodAutoscaler> = new Map();
  readonly #namespaces = new Map<string, Namespace>();

  setNode(node: Node): void {
    this.state.setNode(node);
  }

  deleteNode(node: Node): void {
    this.state.deleteNode(node.name);
  }

  setPod(pod: Pod, previous?: Pod): void {
    const known = this.state.setPod(pod, previous) ?? previous ?? this.#waitingPods.get(pod.uid);
    if (known?.controller !== undefined && known.controller.uid !== pod.controller?.uid) {
      this.#takeFromController(known);
    }
    if (pod.controller !== undefined) {
      this.#putIntoController(pod.controller.uid, pod, known);
    }
    if (previous !== undefined) {
      this.#waitingPods.delete(previous.uid);
    }
    if (pod.nodeName === undefined && !isFinished(pod) && !isTerminating(pod)) {
      this.#waitingPods.set(pod.uid, pod);
    } else {
      this.#waitingPods.delete(pod.uid);
    }
  }

  deletePod(pod: Pod): void {
    const known = this.state.deletePod(pod) ?? this.#waitingPods.get(pod.uid);
    this.#waitingPods.delete(pod.uid);
    this.#takeFromController(known ?? pod);
  }

  setWorkload(workload: Workload): void {
    const key = workloadKey(workload);
    const labels = this.#labelsOfNamespace.get(workload.namespace) ?? new WorkloadLabels();
    this.#labelsOfNamespace.set(workload.namespace, labels);
    const before = this.#workloads.get(key);
    if (before !== undefined) {
      labels.delete(before);
    }
    labels.add(workload);
    this.#workloads.set(key, workload);
    putInto(this.#workloadsOfNamespace, workload.namespace, workload.name, workload);
    this.#keyOfDeploymentUid.set(workload.uid, key);
  }

  deleteWorkload(workload: Workload): void {
    const key = workloadKey(workload);
    const before = this.#workloads.get(key);
    if (before !== undefined) {
      this.#labelsOfNamespace.get(workload.namespace)?.delete(before);
    }
    this.#workloads.delete(key);
    takeFrom(this.#workloadsOfNamespace, workload.namespace, workload.name);
    this.#keyOfDeploymentUid.delete(workload.uid);
  }

  setReplicaSet(replicaSet: ReplicaSet, previous?: ReplicaSet): void {
    if (previous?.deploymentUid !== undefined && previous.deploymentUid !== replicaSet.deploymentUid) {
      takeFrom(this.#replicaSetsOfDeployment, previous.deploymentUid, previous.uid);
    }
    this.#replicaSets.set(replicaSet.uid, replicaSet);
    if (replicaSet.deploymentUid !== undefined) {
      putInto(this.#replicaSetsOfDeployment, replicaSet.deploymentUid, replicaSet.uid, replicaSet);
    }
  }

  deleteReplicaSet(replicaSet: ReplicaSet): void {
    this.#replicaSets.delete(replicaSet.uid);
    if (replicaSet.deploymentUid !== undefined) {
      takeFrom(this.#replicaSetsOfDeployment, replicaSet.deploymentUid, replicaSet.uid);
    }
  }

  setBudget(budget: DisruptionBudget): void {
    putInto(this.#budgetsOfNamespace, budget.namespace, budget.name, budget);
  }

  deleteBudget(budget: DisruptionBudget): void {
    takeFrom(this.#budgetsOfNamespace, budget.namespace, budget.name);
  }

  setAutoscaler(autoscaler: HorizontalPodAutoscaler): void {
    putInto(this.#autoscalersOfNamespace, autoscaler.namespace, autoscaler.name, autoscaler);
  }

  deleteAutoscaler(autoscaler: HorizontalPodAutoscaler): void {
    takeFrom(this.#autoscalersOfNamespace, autoscaler.namespace, autoscaler.name);
  }

  setNamespace(namespace: Namespace): void {
    this.#namespaces.set(namespace.name, namespace);
    this.state.setNamespace(namespace.name, namespace.labels);
  }

  deleteNamespace(namespace: Namespace): void {
    this.#namespaces.delete(namespace.name);
    this.state.deleteNamespace(namespace.name);
  }

  workload(key: WorkloadKey): Workload | undefined {
    return this.#workloads.get(key);
  }

  workloads(): Iterable<Workload> {
    return this.#workloads.values();
  }

  workloadsOf(namespace: string): Iterable<Workload> {
    return this.#workloadsOfNamespace.get(namespace)?.values() ?? [];
  }

  /** Those of the namespace whose pod template the selector may match: more than it does, rather than fewer. */
  workloadsMeantBy(namespace: string, selector: LabelSelector): Workload[] {
    const names = this.#labelsOfNamespace.get(namespace)?.meantBy(selector);
    return names === undefined ? [...this.workloadsOf(namespace)] : this.#named(namespace, names);
  }

  /** Those of the namespace with a required anti-affinity term that may mean pods of these labels. */
  workloadsAvoiding(namespace: string, labels: Labels): Workload[] {
    return this.#named(namespace, this.#labelsOfNamespace.get(namespace)?.avoidingPodsWith(labels) ?? []);
  }

  namespace(name: string): Namespace | undefined {
    return this.#namespaces.get(name);
  }

  budgetsOf(namespace: string): Iterable<DisruptionBudget> {
    return this.#budgetsOfNamespace.get(namespace)?.values() ?? [];
  }

  /** max(spec.replicas, maxReplicas of each HorizontalPodAutoscaler that targets it) */
  maxReplicasOf(workload: Workload): number {
    let most = workload.replicas;
    for (const {target, maxReplicas} of this.#autoscalersOfNamespace.get(workload.namespace)?.values() ??
      []) {
      if (target.kind === workload.kind && target.name === workload.name) {
        most = Math.max(most, maxReplicas);
      }
    }
    return most;
  }

  replicasOf(workload: Workload): WorkloadReplicas {
    const replicaSets = [...(this.#replicaSetsOfDeployment.get(workload.uid)?.values() ?? [])];
    const [pods = [], ...more] = replicaSets.flatMap(({uid}) => {
      const ofReplicaSet = this.#podsOfController.get(uid);
      return ofReplicaSet === undefined ? [] : [liveReplicas(ofReplicaSet)];
    });
    return {workload, replicaSets, pods: more.length === 0 ? pods : [pods, ...more].flat()};
  }

  /** Those that are yet to be placed. */
  waitingPods(): Iterable<Pod> {
    return this.#waitingPods.values();
  }

  /** The workload that a pod is a replica of. */
  workloadOfPod(pod: Pod): WorkloadKey | undefined {
    const deploymentUid = this.#replicaSets.get(pod.controller?.uid ?? '')?.deploymentUid;
    return deploymentUid === undefined ? undefined : this.#keyOfDeploymentUid.get(deploymentUid);
  }

  workloadOfReplicaSet({deploymentUid}: ReplicaSet): WorkloadKey | undefined {
    return deploymentUid === undefined ? undefined : this.#keyOfDeploymentUid.get(deploymentUid);
  }

  /** A pod that is known already keeps its place. */
  #putIntoController(uid: string, pod: Pod, known: Pod | undefined): void {
    const pods = this.#podsOfController.get(uid);
    if (pods === undefined) {
      this.#podsOfController.set(uid, [pod]);
      return;
    }
    const index = known === undefined ? -1 : positionOf(known, pods);
    pods[index < 0 ? pods.length : index] = pod;
  }

  #takeFromController(pod: Pod): void {
    const uid = pod.controller?.uid ?? '';
    const pods = this.#podsOfController.get(uid);
    if (pods === undefined) {
      return;
    }
    const index = positionOf(pod, pods);
    if (index >= 0) {
      pods.splice(index, 1);
    }
    if (pods.length === 0) {
      this.#podsOfController.delete(uid);
    }
  }

  #named(namespace: string, names: Iterable<string>): Workload[] {
    const workloads = this.#workloadsOfNamespace.get(namespace);
    return Array.from(new Set(names), (name) => workloads?.get(name)).filter(
      (workload) => workload !== undefined,
    );
  }
}

/** By identity where it can be: that reads none of the others. */
function positionOf(pod: Pod, pods: readonly Pod[]): number {
  const own = pods.indexOf(pod);
  return own < 0 ? pods.findIndex(({uid}) => uid === pod.uid) : own;
}
