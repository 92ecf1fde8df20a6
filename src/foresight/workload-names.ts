/** Which workload a pod of the simulation is a replica of, as people name it. Pure. */
import type {ApiObject, ClusterApi} from '../simulator/cluster-api.ts';
import {controllerOf, type PodObject, REPLICA_SETS} from '../simulator/objects.ts';
import type {WorkloadReference} from './outcome.ts';

export class WorkloadNames {
  readonly #api: ClusterApi;

  constructor(api: ClusterApi) {
    this.#api = api;
  }

  ofPod({metadata}: ApiObject): WorkloadReference {
    const owner = controllerOf({metadata} as PodObject);
    const namespace = metadata.namespace ?? '';
    return owner === undefined
      ? {kind: 'Pod', namespace, name: metadata.name}
      : (this.#deploymentOf(namespace, owner.name, owner.kind) ?? {
          kind: owner.kind,
          namespace,
          name: owner.name,
        });
  }

  /** By the name of what controls the pod, where that is all that is known of it. */
  ofOwner(namespace: string, owner: string | undefined, pod: string): WorkloadReference {
    return owner === undefined
      ? {kind: 'Pod', namespace, name: pod}
      : (this.#deploymentOf(namespace, owner, 'ReplicaSet') ?? {kind: 'StatefulSet', namespace, name: owner});
  }

  #deploymentOf(namespace: string, name: string, kind: string): WorkloadReference | undefined {
    const replicaSet = kind === 'ReplicaSet' ? this.#api.get(REPLICA_SETS, namespace, name) : undefined;
    if (replicaSet === undefined) {
      return undefined;
    }
    const deployment = controllerOf(replicaSet);
    return {kind: deployment?.kind ?? 'ReplicaSet', namespace, name: deployment?.name ?? name};
  }
}
