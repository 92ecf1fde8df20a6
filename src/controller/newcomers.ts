/**
 * Pods that have no node yet and may come to where a replacement is expected. What the scheduler puts there first
 * changes its scores, and with them the landing that was foreseen.
 */
import type {Clock} from '../clock.ts';
import {type ClusterCache, type WorkloadKey, workloadKey} from '../cluster/cluster-cache.ts';
import {currentReplicaSet, rolloutInProgress} from '../cluster/replicas.ts';
import type {Workload} from '../cluster/workload.ts';
import {replacementOf} from '../planning/replacement.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';
import {nodeFilter} from '../scheduling/scheduler.ts';
import type {Replacement} from './arrivals.ts';
import type {Look} from './look.ts';
import type {PolicyIndex} from './policy-index.ts';
import {titleOf} from './workload-status.ts';

/** The scheduler is quick: a pod that has waited longer than this, milliseconds, waits for something else. */
const QUICK = 10_000;
/**
 * A rollout whose newest pod is younger than this, milliseconds, may make the next one at any moment: where nodes are
 * busy, a pod takes longer to become Ready than it does on a quiet day.
 */
const BRISK = 15_000;
/** Pods are alike in their crowds; when more kinds than this wait at once, any of them may come anywhere. */
const KINDS_JUDGED = 20;

export interface NewcomersOptions {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  readonly clock: Clock;
  /** Replacements of other workloads that are on their way. */
  readonly replacementsBesides: (key: WorkloadKey) => readonly Replacement[];
}

export class Newcomers {
  readonly #options: NewcomersOptions;

  constructor(options: NewcomersOptions) {
    this.#options = options;
  }

  /** Who may come to one of the nodes at any moment, for people; undefined when nobody does. */
  headedFor(nodes: readonly string[], look: Look): string | undefined {
    const judged = new Map<string, boolean>();
    const mayCome = (kind: string, pod: PodToSchedule): boolean => {
      const known = judged.get(kind);
      if (known !== undefined || judged.size >= KINDS_JUDGED) {
        return known ?? true;
      }
      const answer = this.#fits(pod, nodes);
      judged.set(kind, answer);
      return answer;
    };
    return this.#waiting(look, mayCome) ?? this.#replacements(look, mayCome) ?? this.#rollouts(look, mayCome);
  }

  #waiting({key}: Look, mayCome: (kind: string, pod: PodToSchedule) => boolean): string | undefined {
    const {cache} = this.#options;
    for (const pod of cache.waitingPods()) {
      const isNew = pod.unschedulable === undefined && this.#isYounger(pod.createdAt, QUICK);
      if (isNew && cache.workloadOfPod(pod) !== key && mayCome(pod.controller?.uid ?? pod.uid, pod)) {
        return `Pod ${pod.namespace}/${pod.name}`;
      }
    }
    return undefined;
  }

  #replacements({key}: Look, mayCome: (kind: string, pod: PodToSchedule) => boolean): string | undefined {
    for (const {workload, pod, since} of this.#options.replacementsBesides(key)) {
      const replacement = `the replacement of ${titleOf(workload)}`;
      if (this.#isYounger(since, QUICK) && mayCome(`${replacement} in ${pod.namespace}`, pod)) {
        return replacement;
      }
    }
    return undefined;
  }

  // Those of the same policy: to follow every rollout in the cluster would cost more than it is worth.
  #rollouts({key, policy}: Look, mayCome: (kind: string, pod: PodToSchedule) => boolean): string | undefined {
    const {cache, policies} = this.#options;
    for (const workload of cache.workloadsOf(policy.namespace)) {
      const other = workloadKey(workload);
      if (other === key || policies.governing(workload)?.uid !== policy.uid) {
        continue;
      }
      const next = this.#nextOf(workload);
      if (next !== undefined && mayCome(`the rollout of ${other}`, next)) {
        return `the rollout of ${titleOf(other)}`;
      }
    }
    return undefined;
  }

  /** What a rollout will create next; undefined when none is going on, or not briskly. */
  #nextOf(workload: Workload): PodToSchedule | undefined {
    const replicas = this.#options.cache.replicasOf(workload);
    if (
      workload.paused ||
      workload.progressDeadlineExceeded !== undefined ||
      rolloutInProgress(replicas) === undefined
    ) {
      return undefined;
    }
    const isBrisk =
      workload.status.observedGeneration < workload.generation ||
      replicas.pods.some(({createdAt}) => this.#isYounger(createdAt, BRISK));
    return isBrisk ? replacementOf(workload, currentReplicaSet(replicas), replicas.pods) : undefined;
  }

  #fits(pod: PodToSchedule, nodes: readonly string[]): boolean {
    const {state} = this.#options.cache;
    const filter = nodeFilter(pod, state);
    return nodes.some((name) => {
      const info = state.nodeInfo(name);
      return info !== undefined && filter(info) === undefined;
    });
  }

  #isYounger(since: number, milliseconds: number): boolean {
    return this.#options.clock.now() - since < milliseconds;
  }
}
