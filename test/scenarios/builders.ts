/**
 * Builders of clusters for tests: `clusterState({nodes: [node('a'), node('b')], pods: [pod('web-1', {on: 'a'})]})`.
 * They go through `toNode` and `toPod`, so that a test sees what the watches would deliver.
 */
import type {Labels} from '../../src/cluster/label-selector.ts';
import {type ApiNode, type Node, toNode} from '../../src/cluster/node.ts';
import {type ApiPod, type Pod, toPod} from '../../src/cluster/pod.ts';
import type {ApiPodSpec} from '../../src/cluster/pod-spec.ts';
import {ClusterState} from '../../src/cluster/snapshot.ts';

export interface NodeOptions {
  readonly labels?: Record<string, string>;
  /** Sets the label topology.kubernetes.io/zone. */
  readonly zone?: string;
  /** As in `dedicated=db:NoSchedule` or `dedicated:NoExecute`. */
  readonly taints?: readonly string[];
  readonly unschedulable?: boolean;
  readonly ready?: 'True' | 'False' | 'Unknown';
  /** Beyond the defaults: 4 CPUs, 16 GiB, 110 pods. */
  readonly allocatable?: Record<string, string>;
  /** Size in bytes by image name. */
  readonly images?: Record<string, number>;
}

/** A Ready node that carries its name as kubernetes.io/hostname. */
export function node(name: string, options: NodeOptions = {}): Node {
  return toNode(apiNode(name, options));
}

export function apiNode(name: string, options: NodeOptions = {}): ApiNode {
  return {
    metadata: {
      name,
      uid: `node-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: {
        'kubernetes.io/hostname': name,
        ...(options.zone === undefined ? {} : {'topology.kubernetes.io/zone': options.zone}),
        ...options.labels,
      },
    },
    spec: {
      ...(options.unschedulable === undefined ? {} : {unschedulable: options.unschedulable}),
      taints: (options.taints ?? []).map(parseTaint),
    },
    status: {
      allocatable: {cpu: '4', memory: '16Gi', pods: '110', ...options.allocatable},
      conditions: [{type: 'Ready', status: options.ready ?? 'True'}],
      images: Object.entries(options.images ?? {}).map(([image, sizeBytes]) => ({names: [image], sizeBytes})),
    },
  };
}

export interface PodOptions {
  /** The node that the pod is bound to; without one it waits for the scheduler. */
  readonly on?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Record<string, string>;
  /** Requests of its one container. */
  readonly requests?: Record<string, string>;
  /** Any further part of the spec. */
  readonly spec?: ApiPodSpec;
  readonly phase?: Pod['phase'];
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly annotations?: Record<string, string>;
  /** The ReplicaSet that controls the pod. */
  readonly replicaSet?: {readonly name: string; readonly uid: string};
  readonly createdAt?: string;
}

/** A pod in namespace `default` with the labels `{app: 'web'}` and one container; bound ones are Running and Ready. */
export function pod(name: string, options: PodOptions = {}): Pod {
  return toPod(apiPod(name, options));
}

export function apiPod(name: string, options: PodOptions = {}): ApiPod {
  const namespace = options.namespace ?? 'default';
  const createdAt = options.createdAt ?? '2026-01-01T00:00:00Z';
  const ready = options.ready ?? options.on !== undefined;
  return {
    metadata: {
      name,
      namespace,
      uid: options.uid ?? `pod-${namespace}-${name}`,
      resourceVersion: '1',
      creationTimestamp: createdAt,
      labels: options.labels ?? {app: 'web'},
      ...(options.annotations === undefined ? {} : {annotations: options.annotations}),
      ...(options.terminating === true ? {deletionTimestamp: '2026-01-01T01:00:00Z'} : {}),
      ...(options.replicaSet === undefined
        ? {}
        : {
            ownerReferences: [
              {apiVersion: 'apps/v1', kind: 'ReplicaSet', controller: true, ...options.replicaSet},
            ],
          }),
    },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'registry.k8s.io/pause:3.10',
          ...(options.requests === undefined ? {} : {resources: {requests: options.requests}}),
        },
      ],
      ...options.spec,
      ...(options.on === undefined ? {} : {nodeName: options.on}),
    },
    status: {
      phase: options.phase ?? (options.on === undefined ? 'Pending' : 'Running'),
      conditions: [{type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: createdAt}],
    },
  };
}

export interface ClusterOptions {
  readonly nodes: readonly Node[];
  readonly pods?: readonly Pod[];
  /** Labels by namespace name. The API server's kubernetes.io/metadata.name is added. */
  readonly namespaces?: Readonly<Record<string, Labels>>;
}

export function clusterState(options: ClusterOptions): ClusterState {
  const state = new ClusterState();
  for (const [name, labels] of Object.entries({default: {}, ...options.namespaces})) {
    state.setNamespace(name, {'kubernetes.io/metadata.name': name, ...labels});
  }
  for (const each of options.nodes) {
    state.setNode(each);
  }
  for (const each of options.pods ?? []) {
    state.setPod(each);
  }
  return state;
}

function parseTaint(text: string): {key: string; value?: string; effect: string} {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
  if (match === null) {
    throw new Error(`"${text}" is not a taint: expected key[=value]:effect, as in dedicated=db:NoSchedule`);
  }
  const [, key = '', value, effect = ''] = match;
  return {key, effect, ...(value === undefined ? {} : {value})};
}
