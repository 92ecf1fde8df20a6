/** Looks at workloads: each is all that a decision is made from, read from the caches at one moment. */
import type {Clock} from '../clock.ts';
import type {ClusterCache, WorkloadKey} from '../cluster/cluster-cache.ts';
import type {Pod} from '../cluster/pod.ts';
import {currentReplicaSet} from '../cluster/replicas.ts';
import {type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import type {Workload} from '../cluster/workload.ts';
import {separationOf} from '../injection/rule.ts';
import {type AssessRequest, assess} from '../planning/assess.ts';
import {replacementOf} from '../planning/replacement.ts';
import type {Look} from './look.ts';
import type {PolicyIndex, StoredPolicy} from './policy-index.ts';
import {newMemory, restoreMemory, type WorkloadMemory} from './workload-memory.ts';

export interface LooksOptions {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  readonly excludedNamespaces: ReadonlySet<string>;
  readonly clock: Clock;
  /** Replacements of other workloads that are on their way. */
  readonly expectedBesides: (key: WorkloadKey) => readonly Pod[];
}

export class Looks {
  readonly #options: LooksOptions;
  readonly #memories = new Map<WorkloadKey, WorkloadMemory>();

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  at(key: WorkloadKey, policy: StoredPolicy, workload: Workload, memory: WorkloadMemory): Look {
    const {cache, clock} = this.#options;
    const replicas = cache.replicasOf(workload);
    const request: AssessRequest = {
      replicas: replicas.pods,
      replacement: replacementOf(workload, currentReplicaSet(replicas), replicas.pods),
      topologies: policy.object.spec.topologies,
      separateFrom: separationOf(workload, policy.object.spec),
      snapshot: this.snapshotBesides(key),
    };
    return {key, policy, workload, replicas, memory, request, assessment: assess(request), now: clock.now()};
  }

  /** At a workload that is known already; undefined when nothing of it would be moved. */
  atKnown(key: WorkloadKey): Look | undefined {
    const {cache, policies} = this.#options;
    const workload = cache.workload(key);
    const policy = workload === undefined ? undefined : policies.governing(workload);
    const memory = this.#memories.get(key);
    return workload === undefined ||
      policy === undefined ||
      memory?.uid !== workload.uid ||
      workload.deletionTimestamp !== undefined ||
      workload.generation < memory.editedGeneration ||
      policy.problems.length > 0 ||
      cache.namespace(workload.namespace)?.terminating === true ||
      this.excluded(workload) !== undefined
      ? undefined
      : this.at(key, policy, workload, memory);
  }

  /** The cluster with all replacements that are on their way, but for those of one workload. */
  snapshotBesides(key: WorkloadKey): SchedulingSnapshot {
    const {state} = this.#options.cache;
    const expected = this.#options.expectedBesides(key);
    return expected.length === 0 ? state : withChanges(state, {add: expected});
  }

  known(): WorkloadKey[] {
    return [...this.#memories.keys()];
  }

  memoryOf(key: WorkloadKey, policy: StoredPolicy, workload: Workload): WorkloadMemory {
    const known = this.#memories.get(key);
    if (known?.uid === workload.uid) {
      return known;
    }
    const entry = policy.object.status?.workloads?.find(({name}) => name === workload.name);
    const memory = known === undefined ? restoreMemory(workload, entry) : newMemory(workload.uid);
    this.#memories.set(key, memory);
    return memory;
  }

  forget(key: WorkloadKey): void {
    this.#memories.delete(key);
  }

  /** Why the workload is to be left alone. */
  excluded(workload: Workload): string | undefined {
    const {cache, excludedNamespaces} = this.#options;
    if (excludedNamespaces.has(workload.namespace)) {
      return `the operator leaves namespace ${workload.namespace} alone`;
    }
    if (workload.excluded !== undefined) {
      return `the Deployment is annotated ${workload.excluded}`;
    }
    const ofNamespace = cache.namespace(workload.namespace)?.excluded;
    return ofNamespace === undefined
      ? undefined
      : `namespace ${workload.namespace} is annotated ${ofNamespace}`;
  }
}
