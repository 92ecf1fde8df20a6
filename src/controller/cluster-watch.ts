/**
 * Reflectors for everything the operator reads. Each object is trimmed to a value of the domain model before it is
 * kept; each change goes into the ClusterCache and is told on as "look at these workloads".
 */
import {API_VERSION, PLURAL} from '../api/names.ts';
import type {Clock} from '../clock.ts';
import type {ClusterCache} from '../cluster/cluster-cache.ts';
import {toDisruptionBudget} from '../cluster/disruption-budget.ts';
import {toNode} from '../cluster/node.ts';
import {createPodTrimmer} from '../cluster/pod-trimmer.ts';
import {
  toCsiDriver,
  toCsiNode,
  toPersistentVolume,
  toPersistentVolumeClaim,
  toStorageClass,
  toVolumeAttachment,
} from '../cluster/volumes.ts';
import {toHorizontalPodAutoscaler, toNamespace, toReplicaSet, toWorkload} from '../cluster/workload.ts';
import type {Requests, Watches} from '../kube/client.ts';
import {resourcePath} from '../kube/paths.ts';
import {Reflector, type ReflectorListener} from '../kube/reflector.ts';
import {Store, type StoredObject, type StoreHandler} from '../kube/store.ts';
import type {Log} from '../log.ts';
import {Freshness} from './freshness.ts';
import {type PolicyIndex, toStoredPolicy} from './policy-index.ts';
import type {Triggers} from './triggers.ts';

export interface ClusterWatchOptions {
  readonly client: Requests & Watches;
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  readonly triggers: Triggers;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log: Log;
  readonly onWatchRestart: (resource: string, reason: string) => void;
}

/** A reflector whatever it reflects. */
interface Running {
  readonly resource: string;
  run(signal?: AbortSignal): Promise<void>;
  synced(signal?: AbortSignal): Promise<void>;
  problem(): string | undefined;
  hasSynced(): boolean;
}

type ReflectOptions = Omit<ClusterWatchOptions, 'onWatchRestart'> & {readonly listener: ReflectorListener};

export class ClusterWatch {
  readonly #reflectors: readonly Running[];
  readonly #freshness: Freshness;

  constructor({onWatchRestart, ...given}: ClusterWatchOptions) {
    const {cache, policies, triggers, clock} = given;
    const freshness = new Freshness(clock, () => triggers.everything());
    this.#freshness = freshness;
    const options: ReflectOptions = {
      ...given,
      listener: {
        failed: ({resource}) => freshness.failed(resource),
        watchStarted: ({resource}) => freshness.followed(resource),
        watchRestarted: ({resource, reason}) => {
          if (reason === 'inactive') {
            freshness.silent(resource);
          }
          onWatchRestart(resource, reason);
        },
      },
    };
    const {storage} = cache.state;
    this.#reflectors = [
      reflect(options, 'v1', 'namespaces', toNamespace, {
        added: (namespace) => cache.setNamespace(namespace),
        updated: (before, namespace) => {
          cache.setNamespace(namespace);
          triggers.namespaceChanged(before, namespace);
        },
        deleted: (namespace) => cache.deleteNamespace(namespace),
      }),
      reflect(options, 'v1', 'nodes', toNode, {
        added: (node) => {
          cache.setNode(node);
          triggers.nodesChanged();
        },
        updated: (before, node) => {
          cache.setNode(node);
          triggers.nodeChanged(before, node);
        },
        deleted: (node) => {
          cache.deleteNode(node);
          triggers.nodesChanged();
        },
      }),
      reflect(options, 'apps/v1', 'deployments', toWorkload, {
        added: (workload) => {
          cache.setWorkload(workload);
          triggers.workloadChanged(undefined, workload);
        },
        updated: (before, workload) => {
          cache.setWorkload(workload);
          triggers.workloadChanged(before, workload);
        },
        deleted: (workload) => {
          cache.deleteWorkload(workload);
          triggers.workloadChanged(workload, undefined);
        },
      }),
      reflect(options, 'apps/v1', 'replicasets', toReplicaSet, {
        added: (replicaSet) => {
          cache.setReplicaSet(replicaSet);
          triggers.replicaSetChanged(replicaSet);
        },
        updated: (before, replicaSet) => {
          cache.setReplicaSet(replicaSet, before);
          triggers.replicaSetChanged(replicaSet);
        },
        deleted: (replicaSet) => {
          triggers.replicaSetChanged(replicaSet);
          cache.deleteReplicaSet(replicaSet);
        },
      }),
      reflect(options, 'v1', 'pods', createPodTrimmer(), {
        added: (pod) => {
          cache.setPod(pod);
          triggers.podChanged(undefined, pod);
        },
        updated: (before, pod) => {
          cache.setPod(pod, before);
          triggers.podChanged(before, pod);
        },
        deleted: (pod) => {
          cache.deletePod(pod);
          triggers.podChanged(pod, undefined);
        },
      }),
      reflect(options, 'v1', 'persistentvolumes', toPersistentVolume, {
        ...storageHandler(triggers, (volume) => storage.setPersistentVolume(volume)),
        deleted: (volume) => storage.deletePersistentVolume(volume),
      }),
      reflect(options, 'v1', 'persistentvolumeclaims', toPersistentVolumeClaim, {
        ...storageHandler(triggers, (claim) => storage.setPersistentVolumeClaim(claim)),
        deleted: (claim) => storage.deletePersistentVolumeClaim(claim),
      }),
      reflect(options, 'storage.k8s.io/v1', 'storageclasses', toStorageClass, {
        ...storageHandler(triggers, (storageClass) => storage.setStorageClass(storageClass)),
        deleted: (storageClass) => storage.deleteStorageClass(storageClass),
      }),
      reflect(options, 'storage.k8s.io/v1', 'csinodes', toCsiNode, {
        ...storageHandler(triggers, (csiNode) => storage.setCsiNode(csiNode)),
        deleted: (csiNode) => storage.deleteCsiNode(csiNode),
      }),
      reflect(options, 'storage.k8s.io/v1', 'csidrivers', toCsiDriver, {
        ...storageHandler(triggers, (driver) => storage.setCsiDriver(driver)),
        deleted: (driver) => storage.deleteCsiDriver(driver),
      }),
      // Only one that goes makes room.
      reflect(options, 'storage.k8s.io/v1', 'volumeattachments', toVolumeAttachment, {
        added: (attachment) => storage.setVolumeAttachment(attachment),
        updated: (_before, attachment) => storage.setVolumeAttachment(attachment),
        deleted: (attachment) => {
          storage.deleteVolumeAttachment(attachment);
          triggers.storageChanged(attachment, undefined);
        },
      }),
      reflect(options, 'policy/v1', 'poddisruptionbudgets', toDisruptionBudget, {
        added: (budget) => {
          cache.setBudget(budget);
          triggers.budgetChanged(budget);
        },
        updated: (before, budget) => {
          cache.setBudget(budget);
          triggers.budgetChanged(before);
          triggers.budgetChanged(budget);
        },
        deleted: (budget) => {
          cache.deleteBudget(budget);
          triggers.budgetChanged(budget);
        },
      }),
      reflect(options, 'autoscaling/v2', 'horizontalpodautoscalers', toHorizontalPodAutoscaler, {
        added: (autoscaler) => {
          cache.setAutoscaler(autoscaler);
          triggers.autoscalerChanged(autoscaler);
        },
        updated: (before, autoscaler) => {
          cache.setAutoscaler(autoscaler);
          triggers.autoscalerChanged(before);
          triggers.autoscalerChanged(autoscaler);
        },
        deleted: (autoscaler) => {
          cache.deleteAutoscaler(autoscaler);
          triggers.autoscalerChanged(autoscaler);
        },
      }),
      reflect(options, API_VERSION, PLURAL, toStoredPolicy, {
        added: (policy) => {
          policies.set(policy);
          triggers.policyChanged(undefined, policy);
        },
        updated: (before, policy) => {
          policies.set(policy);
          triggers.policyChanged(before, policy);
        },
        deleted: (policy) => {
          policies.delete(policy);
          triggers.policyChanged(policy, undefined);
        },
      }),
    ];
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }

  /** Resolves when every cache holds a complete list. */
  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.synced(signal)));
  }

  /**
   * Why decisions would be made on old news: a watch that has been cut for a while. Undefined while all are followed.
   */
  behind(): string | undefined {
    return this.#freshness.behind();
  }

  /** Which resources have not been listed yet; undefined when all have. */
  notSynced(): string | undefined {
    const missing = this.#reflectors.filter((reflector) => !reflector.hasSynced());
    return missing.length === 0
      ? undefined
      : missing.map((reflector) => reflector.problem() ?? `${reflector.resource} not listed yet`).join('; ');
  }
}

/** A new object or a changed one may be what a replica waits for. */
function storageHandler<T extends StoredObject>(
  triggers: Triggers,
  set: (object: T) => void,
): Pick<Required<StoreHandler<T>>, 'added' | 'updated'> {
  return {
    added: (object) => {
      set(object);
      triggers.storageChanged(undefined, object);
    },
    updated: (before, object) => {
      set(object);
      triggers.storageChanged(before, object);
    },
  };
}

function reflect<T extends StoredObject>(
  {client, clock, random = Math.random, log, listener}: ReflectOptions,
  apiVersion: string,
  resource: string,
  // What the API server sends is taken to be of the type that the trimming function expects.
  trim: (raw: never) => T,
  handler: StoreHandler<T>,
): Running {
  const store = new Store<T>();
  store.subscribe(handler);
  const path = resourcePath(apiVersion, resource);
  const reflector = new Reflector<never, T>({client, path, store, trim, log, clock, random, listener});
  return {
    resource,
    run: (signal) => reflector.run(signal),
    synced: (signal) => reflector.synced(signal),
    problem: () => reflector.problem(),
    hasSynced: () => reflector.hasSynced(),
  };
}
