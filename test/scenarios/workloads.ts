/**
 * Deployments with their ReplicaSet and replicas, as the watches would deliver them: `settled({a: 3, b: 0})` is the
 * Deployment `web` at rest with three replicas on node a. And policies over them.
 */

import {withDefaults} from '../../src/api/defaults.ts';
import {API_VERSION, KIND} from '../../src/api/names.ts';
import type {SpreadPolicy, SpreadPolicyStatus, WorkloadStatus, WrittenSpec} from '../../src/api/types.ts';
import {ClusterCache} from '../../src/cluster/cluster-cache.ts';
import type {ApiManagedFields, Node} from '../../src/cluster/node.ts';
import type {Pod} from '../../src/cluster/pod.ts';
import {type ApiPodSpec, completeForLabels} from '../../src/cluster/pod-spec.ts';
import type {WorkloadReplicas} from '../../src/cluster/replicas.ts';
import {
  type ApiDeployment,
  type ReplicaSet,
  toReplicaSet,
  toWorkload,
  type Workload,
} from '../../src/cluster/workload.ts';
import {type StoredPolicy, toStoredPolicy} from '../../src/controller/policy-index.ts';
import {type PodOptions, pod} from './builders.ts';

/** When the replicas of `settled` became Ready. */
export const READY_AT = Date.UTC(2026, 0, 1);

export interface WorkloadOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly replicas?: number;
  readonly generation?: number;
  readonly requests?: Record<string, string>;
  /** Of the pod template, beside its one container. */
  readonly podSpec?: ApiPodSpec;
  /** Further parts of the Deployment's spec. */
  readonly spec?: Partial<ApiDeployment['spec']>;
  /** What differs from the status of a finished rollout. */
  readonly status?: ApiDeployment['status'];
  readonly managedFields?: ApiManagedFields[];
}

/** Deployment `web` in namespace `default`, rolled out: its pods are labelled `{app: 'web'}`. */
export function workload(options: WorkloadOptions = {}): Workload {
  return toWorkload(apiDeployment(options));
}

export function apiDeployment(options: WorkloadOptions = {}): ApiDeployment {
  const {name = 'web', namespace = 'default', replicas = 3, generation = 1, requests} = options;
  return {
    metadata: {
      name,
      namespace,
      uid: options.uid ?? `deployment-${namespace}-${name}`,
      resourceVersion: '1',
      generation,
      labels: options.labels ?? {app: name},
      annotations: {'deployment.kubernetes.io/revision': '1', ...options.annotations},
      managedFields: options.managedFields ?? [],
    },
    spec: {
      replicas,
      selector: {matchLabels: {app: name}},
      template: {
        metadata: {labels: {app: name}},
        spec: {
          containers: [{name: 'main', ...(requests === undefined ? {} : {resources: {requests}})}],
          ...options.podSpec,
        },
      },
      ...options.spec,
    },
    status: {
      observedGeneration: generation,
      replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
      ...options.status,
    },
  };
}

/** The ReplicaSet that the Deployment controller makes for the template; revision 1 is the current one. */
export function replicaSet(
  {name, namespace, uid, replicas, template}: Workload,
  {revision = '1', hash = `h${revision}`}: {readonly revision?: string; readonly hash?: string} = {},
): ReplicaSet {
  return toReplicaSet({
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      uid: `replicaset-${namespace}-${name}-${hash}`,
      resourceVersion: '1',
      annotations: {'deployment.kubernetes.io/revision': revision},
      ownerReferences: [{apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true}],
    },
    spec: {replicas, template: {metadata: {labels: {...template.labels, 'pod-template-hash': hash}}}},
  });
}

/** A pod of the ReplicaSet with the Deployment's template, label keys merged as the API server does. */
export function replica(
  name: string,
  of: {readonly workload: Workload; readonly replicaSet: ReplicaSet},
  options: PodOptions = {},
): Pod {
  const {namespace, name: owner, uid, templateLabels} = of.replicaSet;
  const created = pod(name, {
    namespace,
    labels: templateLabels,
    replicaSet: {name: owner, uid},
    ...options,
  });
  return {...created, spec: completeForLabels(of.workload.template.spec, created.labels)};
}

/** At rest: `placement` says how many replicas each node holds. They are `web-1`, `web-2`, …, by node. */
export function settled(
  placement: Readonly<Record<string, number>>,
  options: Omit<WorkloadOptions, 'replicas'> = {},
): WorkloadReplicas {
  const replicas = Object.values(placement).reduce((sum, count) => sum + count, 0);
  const deployment = workload({replicas, ...options});
  const current = replicaSet(deployment);
  const nodes = Object.entries(placement).flatMap(([node, count]) => Array<string>(count).fill(node));
  return {
    workload: deployment,
    replicaSets: [current],
    pods: nodes.map((on, index) =>
      replica(`${deployment.name}-${index + 1}`, {workload: deployment, replicaSet: current}, {on}),
    ),
  };
}

/** The caches of a cluster with these nodes and workloads. */
export function clusterCache(
  nodes: readonly Node[],
  ...workloads: readonly WorkloadReplicas[]
): ClusterCache {
  const cache = new ClusterCache();
  cache.setNamespace({
    name: 'default',
    uid: 'namespace-default',
    resourceVersion: '1',
    labels: {'kubernetes.io/metadata.name': 'default'},
    terminating: false,
  });
  for (const node of nodes) {
    cache.setNode(node);
  }
  for (const {workload, replicaSets, pods} of workloads) {
    cache.setWorkload(workload);
    for (const each of replicaSets) {
      cache.setReplicaSet(each);
    }
    for (const each of pods) {
      cache.setPod(each);
    }
  }
  return cache;
}

export interface PolicyOptions extends Partial<WrittenSpec> {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly createdAt?: string;
  readonly deleting?: boolean;
  readonly status?: SpreadPolicyStatus;
}

/** Policy `apart` in namespace `default`, which selects every Deployment and has the defaults otherwise. */
export function storedPolicy(options: PolicyOptions = {}): StoredPolicy {
  return toStoredPolicy(spreadPolicy(options));
}

export function spreadPolicy(options: PolicyOptions = {}): SpreadPolicy {
  const {
    name = 'apart',
    namespace = 'default',
    generation = 1,
    createdAt,
    deleting,
    status,
    uid,
    ...spec
  } = options;
  return withDefaults({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name,
      namespace,
      uid: uid ?? `policy-${namespace}-${name}`,
      resourceVersion: '1',
      generation,
      creationTimestamp: createdAt ?? '2026-01-01T00:00:00Z',
      ...(deleting === true ? {deletionTimestamp: '2026-01-02T00:00:00Z'} : {}),
    },
    spec: {selector: {}, ...spec},
    ...(status === undefined ? {} : {status}),
  });
}

/** A workload's entry in the status of its policy: spread, unless told otherwise. */
export function workloadStatus(name: string, change: Partial<WorkloadStatus> = {}): WorkloadStatus {
  return {
    kind: 'Deployment',
    name,
    replicas: 3,
    state: 'Spread',
    message: 'as it should be',
    movesNeeded: 0,
    ...change,
  };
}
