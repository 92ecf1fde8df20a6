/** Who was Ready when: the timeline replayed over the pods that there were at its beginning. Pure. */

import type {SimulatedCluster} from '../simulator/simulated-cluster.ts';
import type {TimelineEntry} from '../simulator/timeline.ts';
import {isEndpoint} from './cpu-demand.ts';
import {
  describeWorkload,
  type ReplicasLost,
  type WorkloadReadiness,
  type WorkloadReference,
} from './outcome.ts';
import type {WorkloadNames} from './workload-names.ts';

interface Replica {
  readonly workload: string;
  readonly node: string;
  isReady: boolean;
}

interface Count {
  readonly workload: WorkloadReference;
  readonly before: number;
  now: number;
  least: number;
}

export class ReadyReplicas {
  readonly #names: WorkloadNames;
  readonly #replicas = new Map<string, Replica>();
  readonly #onNode = new Map<string, Set<string>>();
  readonly #down: Set<string>;
  readonly #counts = new Map<string, Count>();

  constructor(cluster: SimulatedCluster, names: WorkloadNames) {
    this.#names = names;
    this.#down = new Set(
      cluster.api.list('nodes').flatMap(({metadata}) => (cluster.isUp(metadata.name) ? [] : metadata.name)),
    );
    const before = new Map<string, {workload: WorkloadReference; ready: number}>();
    for (const pod of cluster.pods()) {
      const workload = names.ofPod(pod);
      const key = describeWorkload(workload);
      const node = pod.spec.nodeName ?? '';
      const isReady = isEndpoint(pod);
      if (node !== '') {
        this.#put(`${workload.namespace}/${pod.metadata.name}`, {workload: key, node, isReady});
      }
      const known = before.get(key) ?? {workload, ready: 0};
      known.ready += Number(isReady && !this.#down.has(node));
      before.set(key, known);
    }
    for (const [key, {workload, ready}] of before) {
      this.#counts.set(key, {workload, before: ready, now: ready, least: ready});
    }
  }

  /** What went with the node, when the entry is the death of one. */
  apply(entry: TimelineEntry): readonly ReplicasLost[] {
    switch (entry.kind) {
      case 'NodePanicked':
      case 'NodeFailed':
        return this.#nodeDown(entry.node);
      case 'NodeReturned':
        this.#down.delete(entry.node);
        for (const pod of this.#onNode.get(entry.node) ?? []) {
          this.#change(pod, Number(this.#replicas.get(pod)?.isReady ?? false));
        }
        return [];
      case 'PodPlaced':
      case 'PodMoved': {
        const workload = describeWorkload(this.#names.ofOwner(entry.namespace, entry.owner, entry.pod));
        this.#put(`${entry.namespace}/${entry.pod}`, {workload, node: entry.node, isReady: false});
        return [];
      }
      case 'PodReady':
      case 'PodUnready':
        this.#setReady(`${entry.namespace}/${entry.pod}`, entry.kind === 'PodReady');
        return [];
      case 'PodGone': {
        const key = `${entry.namespace}/${entry.pod}`;
        this.#setReady(key, false);
        this.#onNode.get(entry.node)?.delete(key);
        this.#replicas.delete(key);
        return [];
      }
      case 'NodeSaturated':
      case 'NodeNotReady':
      case 'PodUnschedulable':
      case 'PodCrashed':
      case 'ServiceDown':
      case 'ServiceUp':
        return [];
      default:
        return entry satisfies never;
    }
  }

  /** Of those that had less than at the beginning at some time. */
  readiness(wantedOf: (workload: WorkloadReference) => number | undefined): WorkloadReadiness[] {
    return [...this.#counts.values()]
      .filter(({before, least}) => least < before)
      .map(({workload, before, now, least}) => ({
        workload,
        wanted: wantedOf(workload) ?? before,
        readyBefore: before,
        leastReady: least,
        readyAtEnd: now,
      }));
  }

  #nodeDown(node: string): ReplicasLost[] {
    const lost = new Map<Count, number>();
    const before = new Map<Count, number>();
    for (const pod of this.#onNode.get(node) ?? []) {
      const replica = this.#replicas.get(pod);
      const count = this.#counts.get(replica?.workload ?? '');
      if (replica?.isReady === true && !this.#down.has(node) && count !== undefined) {
        before.set(count, before.get(count) ?? count.now);
        lost.set(count, (lost.get(count) ?? 0) + 1);
        this.#change(pod, -1);
      }
    }
    this.#down.add(node);
    return [...lost].map(([count, number]) => ({
      workload: count.workload,
      lost: number,
      of: before.get(count) ?? number,
    }));
  }

  #put(key: string, replica: Replica): void {
    this.#replicas.set(key, replica);
    const pods = this.#onNode.get(replica.node) ?? new Set<string>();
    pods.add(key);
    this.#onNode.set(replica.node, pods);
  }

  #setReady(key: string, isReady: boolean): void {
    const replica = this.#replicas.get(key);
    if (replica === undefined || replica.isReady === isReady) {
      return;
    }
    replica.isReady = isReady;
    if (!this.#down.has(replica.node)) {
      this.#change(key, isReady ? 1 : -1);
    }
  }

  #change(key: string, difference: number): void {
    const count = this.#counts.get(this.#replicas.get(key)?.workload ?? '');
    if (count !== undefined) {
      count.now += difference;
      count.least = Math.min(count.least, count.now);
    }
  }
}
