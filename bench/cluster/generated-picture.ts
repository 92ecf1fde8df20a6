/** A large cluster at rest as its API server would tell it, with metrics: Deployments of ten replicas over all nodes. */
import type {ClusterPicture} from '../../src/foresight/cluster-picture.ts';
import type {ApiObject} from '../../src/simulator/cluster-api.ts';
import {nodeObject} from '../../src/simulator/nodes.ts';

export interface GeneratedCluster {
  readonly nodes: number;
  readonly pods: number;
  /** Of each pod, of nodes of 16 CPUs. */
  readonly request?: string;
  /** Hard rules in the templates. */
  readonly rule?: 'Separate' | 'Even';
  /** Every so many Deployments one has a single replica. */
  readonly lone?: number;
}

const REPLICAS = 10;
const NAMESPACES = 100;
const CREATED = '2026-01-01T00:00:00Z';
const USED = '180m';
const TOLERATIONS = ['not-ready', 'unreachable'].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

export function generatedPicture(cluster: GeneratedCluster): ClusterPicture {
  const workloads = Math.round(cluster.pods / REPLICAS);
  const objects = [
    ...Array.from({length: NAMESPACES}, (_, index) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: meta(`team-${index}`),
      status: {phase: 'Active'},
    })),
    ...Array.from({length: cluster.nodes}, (_, index) => node(index)),
    ...Array.from({length: workloads}, (_, index) => workload(cluster, index)).flat(),
  ];
  return {
    origin: 'a generated cluster',
    takenAt: Date.UTC(2026, 0, 2),
    server: {major: 1, minor: 36},
    objects,
    missing: [],
  };
}

function node(index: number): ApiObject {
  const name = `node-${index}`;
  const made = nodeObject(
    name,
    {zone: `zone-${'abc'[index % 3]}`},
    {cpu: '16', memory: '64Gi', podsPerNode: 110},
  ) as {metadata: object; status: object};
  return {
    ...made,
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {...meta(name), ...made.metadata},
    status: {...made.status, conditions: [{type: 'Ready', status: 'True'}]},
  };
}

function workload({nodes, rule, lone = 0, request = '800m'}: GeneratedCluster, index: number): ApiObject[] {
  const name = `app-${index}`;
  const namespace = `team-${index % NAMESPACES}`;
  const replicas = lone > 0 && index % lone === 0 ? 1 : REPLICAS;
  const labels = {app: name};
  const hashed = {...labels, 'pod-template-hash': 'abc'};
  const spec = {
    containers: [
      {
        name: 'main',
        image: 'registry.example/app:1',
        resources: {requests: {cpu: request, memory: '512Mi'}},
      },
    ],
    ...rulesOf(rule, labels),
  };
  const selector = {matchLabels: labels};
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {...meta(name, namespace), labels, annotations: {'deployment.kubernetes.io/revision': '1'}},
    spec: {replicas, selector, template: {metadata: {labels}, spec}},
    status: {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    },
  };
  const replicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...meta(`${name}-abc`, namespace),
      labels: hashed,
      annotations: {'deployment.kubernetes.io/revision': '1'},
      ownerReferences: [owner(deployment)],
    },
    spec: {replicas, selector: {matchLabels: hashed}, template: {metadata: {labels: hashed}, spec}},
    status: {replicas, readyReplicas: replicas, availableReplicas: replicas, observedGeneration: 1},
  };
  const pods = Array.from({length: replicas}, (_, replica) => {
    const metadata = meta(`${name}-abc-${replica}`, namespace);
    return [
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {...metadata, labels: hashed, ownerReferences: [owner(replicaSet)]},
        spec: {
          ...spec,
          nodeName: `node-${(index * REPLICAS + replica) % nodes}`,
          serviceAccountName: 'default',
          tolerations: TOLERATIONS,
        },
        status: {
          phase: 'Running',
          qosClass: 'Burstable',
          startTime: CREATED,
          conditions: [
            {type: 'Ready', status: 'True', lastTransitionTime: CREATED},
            {type: 'PodScheduled', status: 'True', lastTransitionTime: CREATED},
          ],
        },
      },
      {
        apiVersion: 'metrics.k8s.io/v1beta1',
        kind: 'PodMetrics',
        metadata,
        containers: [{name: 'main', usage: {cpu: USED, memory: '200Mi'}}],
      },
    ];
  });
  return [
    deployment,
    replicaSet,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta(name, namespace),
      spec: {selector: labels, ports: [{port: 80}]},
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: meta(name, namespace),
      spec: {selector, maxUnavailable: 1},
    },
    ...pods.flat(),
  ];
}

function rulesOf(rule: GeneratedCluster['rule'], matchLabels: Readonly<Record<string, string>>): object {
  const labelSelector = {matchLabels};
  switch (rule) {
    case 'Separate': {
      const term = {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector,
        matchLabelKeys: ['pod-template-hash'],
      };
      return {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [term]}}};
    }
    case 'Even':
      return {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'topology.kubernetes.io/zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector,
          },
        ],
      };
    case undefined:
      return {};
    default:
      return rule satisfies never;
  }
}

function meta(name: string, namespace?: string) {
  return {
    name,
    ...(namespace === undefined ? {} : {namespace}),
    uid: `${namespace ?? ''}/${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: CREATED,
  };
}

function owner({apiVersion, kind, metadata}: ApiObject) {
  const {name, uid} = metadata;
  return {apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true};
}
