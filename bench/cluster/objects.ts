/**
 * The objects of a layout as the API server returns them, with all that nobody reads: made one at a time, because all
 * of them together are gigabytes.
 */
import {withDefaults} from '../../src/api/defaults.ts';
import {API_VERSION, FIELD_MANAGER, KIND} from '../../src/api/names.ts';
import type {SpreadPolicy, WrittenSpec} from '../../src/api/types.ts';
import type {ApiDisruptionBudget} from '../../src/cluster/disruption-budget.ts';
import type {ApiManagedFields, ApiMeta, ApiNode} from '../../src/cluster/node.ts';
import type {ApiPod} from '../../src/cluster/pod.ts';
import type {ApiPodSpec, PodAffinityTerm, TopologySpreadConstraint} from '../../src/cluster/pod-spec.ts';
import type {
  ApiDeployment,
  ApiHorizontalPodAutoscaler,
  ApiNamespace,
  ApiReplicaSet,
} from '../../src/cluster/workload.ts';
import {
  type ClusterLayout,
  DAEMON_SETS,
  type NamespaceLayout,
  type NodeLayout,
  type Pool,
  type WorkloadLayout,
  ZONES,
} from './layout.ts';

export const HOSTNAME = 'kubernetes.io/hostname';
export const ZONE = 'topology.kubernetes.io/zone';

/** Long before any run, so that everything has settled. */
const CREATED = '2026-01-01T00:00:00Z';
const TAINTS: Record<Pool, {key: string; value: string; effect: string}[]> = {
  general: [],
  batch: [{key: 'dedicated', value: 'batch', effect: 'NoSchedule'}],
  gpu: [{key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule'}],
};
/** As every pod has them from the DefaultTolerationSeconds admission plugin. */
const DEFAULT_TOLERATIONS = ['not-ready', 'unreachable'].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: 'Exists' as const,
  effect: 'NoExecute' as const,
  tolerationSeconds: 300,
}));

export function* apiNodes({nodes}: ClusterLayout): Generator<ApiNode> {
  for (const node of nodes) {
    yield apiNode(node);
  }
}

export function apiNode({name, zone, pool, cpu, state}: NodeLayout): ApiNode {
  const memory = `${cpu * 4 - 2}Gi`;
  return {
    metadata: {
      ...meta(name, {prefix: 'node'}),
      labels: {
        [HOSTNAME]: name,
        [ZONE]: ZONES[zone] ?? '',
        'topology.kubernetes.io/region': 'region-1',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        'node.kubernetes.io/instance-type': `standard-${cpu}`,
        pool,
      },
    },
    spec: {
      ...(state === 'cordoned' ? {unschedulable: true} : {}),
      taints: [
        ...TAINTS[pool],
        ...(state === 'cordoned' ? [{key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule'}] : []),
        ...(state === 'notReady'
          ? ['NoSchedule', 'NoExecute'].map((effect) => ({key: 'node.kubernetes.io/not-ready', effect}))
          : []),
      ],
    },
    status: {
      allocatable: {
        cpu: `${cpu * 1000 - 200}m`,
        memory,
        'ephemeral-storage': '180Gi',
        pods: '110',
        ...(pool === 'gpu' ? {'nvidia.com/gpu': '8'} : {}),
      },
      conditions: [
        {type: 'MemoryPressure', status: 'False', lastTransitionTime: CREATED},
        {type: 'Ready', status: state === 'notReady' ? 'False' : 'True', lastTransitionTime: CREATED},
      ],
      // The kubelet reports up to 50 images.
      images: Array.from({length: 25}, (_, image) => ({
        names: [
          `registry.example/team/image-${image}@sha256:${'0'.repeat(64)}`,
          `registry.example/team/image-${image}:1.${image}.0`,
        ],
        sizeBytes: 20_000_000 + image * 1_000_000,
      })),
    },
  };
}

export function* apiNamespaces({namespaces}: ClusterLayout): Generator<ApiNamespace> {
  for (const name of ['default', 'kube-system', ...namespaces.map((namespace) => namespace.name)]) {
    yield {
      metadata: {...meta(name, {prefix: 'namespace'}), labels: {'kubernetes.io/metadata.name': name}},
      status: {phase: 'Active'},
    };
  }
}

export function* apiDeployments(layout: ClusterLayout): Generator<ApiDeployment> {
  for (const workload of layout.workloads) {
    const {name, namespace, nodes} = workload;
    const running = nodes.filter((node) => node !== undefined).length;
    yield {
      metadata: {
        ...meta(name, {prefix: 'deployment', namespace: namespace.name}),
        generation: 2,
        labels: {app: name},
        annotations: {'deployment.kubernetes.io/revision': '3'},
        managedFields: namespace.injected ? [ownedFields(workload, layout)] : [],
      },
      spec: {
        replicas: nodes.length,
        selector: {matchLabels: {app: name}},
        strategy: {type: 'RollingUpdate'},
        template: {metadata: {labels: templateLabels(workload)}, spec: templateSpec(workload, layout)},
      },
      status: {
        observedGeneration: 2,
        replicas: nodes.length,
        updatedReplicas: nodes.length,
        availableReplicas: running,
      },
    };
  }
}

/** The current one of each Deployment and two old ones. */
export function* apiReplicaSets({workloads}: ClusterLayout): Generator<ApiReplicaSet> {
  for (const workload of workloads) {
    const {name, namespace, nodes} = workload;
    for (const revision of [1, 2, 3]) {
      const hash = revision === 3 ? hashOf(workload) : `old${revision}`;
      yield {
        metadata: {
          ...meta(`${name}-${hash}`, {prefix: 'replicaset', namespace: namespace.name}),
          annotations: {'deployment.kubernetes.io/revision': String(revision)},
          ownerReferences: [
            {
              apiVersion: 'apps/v1',
              kind: 'Deployment',
              name,
              uid: uidOf(`deployment/${namespace.name}/${name}`),
              controller: true,
            },
          ],
        },
        spec: {
          replicas: revision === 3 ? nodes.length : 0,
          template: {metadata: {labels: {...templateLabels(workload), 'pod-template-hash': hash}}},
        },
      };
    }
  }
}

export function* apiBudgets({workloads}: ClusterLayout): Generator<ApiDisruptionBudget> {
  for (const {name, namespace, hasBudget, nodes} of workloads) {
    if (hasBudget) {
      yield {
        metadata: {...meta(name, {prefix: 'budget', namespace: namespace.name}), generation: 1},
        spec: {maxUnavailable: 1, selector: {matchLabels: {app: name}}},
        status: {
          observedGeneration: 1,
          disruptionsAllowed: 1,
          currentHealthy: nodes.length,
          desiredHealthy: nodes.length - 1,
          expectedPods: nodes.length,
        },
      };
    }
  }
}

export function* apiAutoscalers({workloads}: ClusterLayout): Generator<ApiHorizontalPodAutoscaler> {
  for (const {name, namespace, maxReplicas} of workloads) {
    if (maxReplicas !== undefined) {
      yield {
        metadata: meta(name, {prefix: 'autoscaler', namespace: namespace.name}),
        spec: {maxReplicas, scaleTargetRef: {kind: 'Deployment', name}},
      };
    }
  }
}

/** One for each namespace, over all its Deployments. */
export function* spreadPolicies({namespaces}: ClusterLayout): Generator<SpreadPolicy> {
  for (const namespace of namespaces) {
    yield withDefaults({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: {
        ...meta('apart', {prefix: 'policy', namespace: namespace.name}),
        generation: 1,
        finalizers: ['spread-operator.io/injection'],
      },
      spec: {
        selector: {},
        topologies: topologiesOf(namespace),
        injection: {mode: namespace.injected ? 'Apply' : 'Disabled'},
        // What is co-located stays so for the time of a run.
        eviction: {mode: namespace.injected ? 'Evict' : 'DryRun'},
      },
    });
  }
}

export function* apiPods(layout: ClusterLayout): Generator<ApiPod> {
  for (const workload of layout.workloads) {
    const spec = templateSpec(workload, layout);
    for (const [replica, node] of workload.nodes.entries()) {
      yield replicaPod(layout, workload, {
        suffix: String(replica),
        node: node === undefined ? undefined : layout.nodes[node]?.name,
        spec,
      });
    }
  }
  for (const node of layout.nodes) {
    for (const name of DAEMON_SETS) {
      yield daemonPod(name, node);
    }
  }
  for (const {kind, namespace, set, ordinal, node} of layout.others) {
    const name = `${kind === 'Job' ? 'job' : 'db'}-${set}`;
    const full = `${name}-${ordinal}`;
    const labels: Record<string, string> =
      kind === 'Job'
        ? {'batch.kubernetes.io/job-name': name}
        : {
            app: name,
            'statefulset.kubernetes.io/pod-name': full,
            'apps.kubernetes.io/pod-index': `${ordinal}`,
          };
    yield podOf({
      name: full,
      namespace,
      labels,
      owner: {kind, name},
      node: layout.nodes[node]?.name,
      spec: {...containers(100, 256, name), tolerations: DEFAULT_TOLERATIONS},
      phase: kind === 'Job' ? 'Succeeded' : 'Running',
    });
  }
}

export interface ReplicaOptions {
  /** Of the pod's name. */
  readonly suffix: string;
  readonly node: string | undefined;
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly spec?: ApiPodSpec;
}

/** A replica of the workload's current template. */
export function replicaPod(layout: ClusterLayout, workload: WorkloadLayout, options: ReplicaOptions): ApiPod {
  const hash = hashOf(workload);
  const pod = podOf({
    name: `${workload.name}-${hash}-${options.suffix}`,
    namespace: workload.namespace.name,
    labels: {...templateLabels(workload), 'pod-template-hash': hash},
    owner: {kind: 'ReplicaSet', name: `${workload.name}-${hash}`},
    node: options.node,
    spec: withHash(options.spec ?? templateSpec(workload, layout), hash),
    phase: options.node === undefined ? 'Pending' : 'Running',
    ready: options.ready ?? options.node !== undefined,
  });
  return options.terminating === true
    ? {...pod, metadata: {...pod.metadata, deletionTimestamp: CREATED}}
    : pod;
}

function daemonPod(name: string, node: NodeLayout): ApiPod {
  return podOf({
    name: `${name}-${node.name.slice(-5)}`,
    namespace: 'kube-system',
    labels: {'k8s-app': name, 'controller-revision-hash': '5d8f7c9b6', 'pod-template-generation': '1'},
    owner: {kind: 'DaemonSet', name},
    node: node.name,
    spec: {
      ...containers(100, 128, name),
      priority: 2_000_001_000,
      tolerations: [{operator: 'Exists'}],
      // The DaemonSet controller binds each pod to its node so.
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{matchFields: [{key: 'metadata.name', operator: 'In', values: [node.name]}]}],
          },
        },
      },
    },
    phase: 'Running',
  });
}

function podOf(pod: {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly owner: {readonly kind: string; readonly name: string};
  readonly node: string | undefined;
  readonly spec: ApiPodSpec;
  readonly phase: string;
  readonly ready?: boolean;
}): ApiPod {
  const {namespace, owner, node} = pod;
  const ready = pod.ready ?? pod.phase === 'Running';
  const uid = uidOf(`${owner.kind.toLowerCase()}/${namespace}/${owner.name}`);
  const metadata = meta(pod.name, {prefix: 'pod', namespace});
  return {
    metadata: {
      ...metadata,
      labels: pod.labels,
      annotations: {'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080'},
      ownerReferences: [{apiVersion: 'apps/v1', ...owner, uid, controller: true}],
      managedFields: UNREAD_FIELDS,
    },
    spec: {
      ...withToken(pod.spec, metadata.uid),
      ...(node === undefined ? {} : {nodeName: node}),
      ...({serviceAccountName: 'default', dnsPolicy: 'ClusterFirst', restartPolicy: 'Always'} as object),
    },
    status: {
      phase: pod.phase,
      conditions: [
        {type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: CREATED},
        {type: 'Initialized', status: 'True', lastTransitionTime: CREATED},
        {type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: CREATED},
        {
          type: 'PodScheduled',
          status: node === undefined ? 'False' : 'True',
          lastTransitionTime: CREATED,
          ...(node === undefined ? {reason: 'Unschedulable', message: '0/5000 nodes are available.'} : {}),
        },
      ],
    },
  };
}

// What kubelet and controllers write into a pod and nobody here reads; some two kilobytes, as on a real cluster.
const UNREAD_FIELDS: ApiManagedFields[] = ['kube-controller-manager', 'kubelet'].map((manager) => ({
  manager,
  operation: 'Update',
  fieldsV1: {
    'f:metadata': {'f:generateName': {}, 'f:labels': {'.': {}, 'f:app': {}, 'f:pod-template-hash': {}}},
    'f:spec': {
      'f:containers': {
        'k:{"name":"main"}': Object.fromEntries(
          ['image', 'imagePullPolicy', 'name', 'resources', 'terminationMessagePath', 'volumeMounts'].map(
            (field) => [`f:${field}`, {}],
          ),
        ),
      },
      'f:dnsPolicy': {},
      'f:enableServiceLinks': {},
      'f:restartPolicy': {},
      'f:schedulerName': {},
      'f:securityContext': {},
      'f:terminationGracePeriodSeconds': {},
    },
    'f:status': {'f:conditions': {'.': {}}, 'f:containerStatuses': {}, 'f:hostIP': {}, 'f:phase': {}},
  },
}));

function templateLabels(workload: WorkloadLayout): Record<string, string> {
  return {app: workload.name, 'app.kubernetes.io/part-of': workload.namespace.name, tier: 'backend'};
}

/** The pod template, with the rule in it where one is injected. */
function templateSpec(workload: WorkloadLayout, layout: ClusterLayout): ApiPodSpec {
  const {pool, milliCPU, memoryMiB, hostPort, name} = workload;
  const {required, preferred, constraints} = ruleOf(workload, layout);
  const podAntiAffinity = {
    ...(required.length === 0 ? {} : {requiredDuringSchedulingIgnoredDuringExecution: required}),
    ...(preferred.length === 0
      ? {}
      : {
          preferredDuringSchedulingIgnoredDuringExecution: preferred.map((podAffinityTerm) => ({
            weight: 100,
            podAffinityTerm,
          })),
        }),
  };
  return {
    ...containers(milliCPU, memoryMiB, name, hostPort),
    ...(pool === 'general' ? {} : {nodeSelector: {pool}}),
    ...(required.length + preferred.length === 0 ? {} : {affinity: {podAntiAffinity}}),
    ...(constraints.length === 0 ? {} : {topologySpreadConstraints: constraints}),
    tolerations: [
      ...DEFAULT_TOLERATIONS,
      ...TAINTS[pool].map(({key, value}) => ({
        key,
        operator: 'Equal' as const,
        value,
        effect: 'NoSchedule' as const,
      })),
    ],
  };
}

interface Rule {
  readonly required: PodAffinityTerm[];
  readonly preferred: PodAffinityTerm[];
  readonly constraints: TopologySpreadConstraint[];
}

// What the operator itself would inject, so that it finds nothing to do: hard where there are domains for the most
// replicas that there may be.
function ruleOf(workload: WorkloadLayout, layout: ClusterLayout): Rule {
  const rule: Rule = {required: [], preferred: [], constraints: []};
  if (!workload.namespace.injected) {
    return rule;
  }
  const labelSelector = {matchLabels: {app: workload.name}};
  const matchLabelKeys = ['pod-template-hash'];
  const most = workload.maxReplicas ?? workload.nodes.length;
  for (const {topologyKey, distribution} of topologiesOf(workload.namespace)) {
    const hard = most <= domainsOf(topologyKey, workload.pool, layout);
    if (distribution === 'Separate') {
      (hard ? rule.required : rule.preferred).push({labelSelector, topologyKey, matchLabelKeys});
    } else {
      rule.constraints.push({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: hard ? 'DoNotSchedule' : 'ScheduleAnyway',
        labelSelector,
        matchLabelKeys,
      });
    }
  }
  return rule;
}

// The API server merges matchLabelKeys into the selectors of a pod when it creates it.
function withHash(spec: ApiPodSpec, hash: string): ApiPodSpec {
  const merged = <T extends {labelSelector?: unknown}>(term: T): T => ({
    ...term,
    labelSelector: {
      ...(term.labelSelector as object),
      matchExpressions: [{key: 'pod-template-hash', operator: 'In', values: [hash]}],
    },
  });
  const {affinity, topologySpreadConstraints} = spec;
  const own = affinity?.podAntiAffinity;
  return {
    ...spec,
    ...(own === undefined
      ? {}
      : {
          affinity: {
            podAntiAffinity: {
              ...(own.requiredDuringSchedulingIgnoredDuringExecution === undefined
                ? {}
                : {
                    requiredDuringSchedulingIgnoredDuringExecution:
                      own.requiredDuringSchedulingIgnoredDuringExecution.map(merged),
                  }),
              ...(own.preferredDuringSchedulingIgnoredDuringExecution === undefined
                ? {}
                : {
                    preferredDuringSchedulingIgnoredDuringExecution:
                      own.preferredDuringSchedulingIgnoredDuringExecution.map(
                        ({weight, podAffinityTerm}) => ({weight, podAffinityTerm: merged(podAffinityTerm)}),
                      ),
                  }),
            },
          },
        }),
    ...(topologySpreadConstraints === undefined
      ? {}
      : {topologySpreadConstraints: topologySpreadConstraints.map(merged)}),
  };
}

const domainCounts = new WeakMap<ClusterLayout, Map<Pool, number>>();

function domainsOf(topologyKey: string, pool: Pool, layout: ClusterLayout): number {
  if (topologyKey === ZONE) {
    return ZONES.length;
  }
  let counts = domainCounts.get(layout);
  if (counts === undefined) {
    counts = new Map();
    for (const {pool: own, state} of layout.nodes) {
      counts.set(own, (counts.get(own) ?? 0) + (state === 'ready' ? 1 : 0));
    }
    domainCounts.set(layout, counts);
  }
  return counts.get(pool) ?? 0;
}

function topologiesOf({topologies}: NamespaceLayout): NonNullable<WrittenSpec['topologies']> {
  const hostname = {topologyKey: HOSTNAME, distribution: 'Separate'} as const;
  const zone = {topologyKey: ZONE, distribution: 'Even'} as const;
  switch (topologies) {
    case 'hostname':
      return [hostname];
    case 'zone':
      return [zone];
    case 'zone and hostname':
      return [zone, hostname];
  }
}

/** managedFields of the operator's own server-side apply. */
function ownedFields(workload: WorkloadLayout, layout: ClusterLayout): ApiManagedFields {
  const {required, preferred, constraints} = ruleOf(workload, layout);
  const podAntiAffinity = {
    ...(required.length === 0 ? {} : {'f:requiredDuringSchedulingIgnoredDuringExecution': {}}),
    ...(preferred.length === 0 ? {} : {'f:preferredDuringSchedulingIgnoredDuringExecution': {}}),
  };
  const keys = constraints.map(({topologyKey, whenUnsatisfiable}) => [
    `k:${JSON.stringify({topologyKey, whenUnsatisfiable})}`,
    {},
  ]);
  const spec = {
    ...(required.length + preferred.length === 0
      ? {}
      : {'f:affinity': {'f:podAntiAffinity': podAntiAffinity}}),
    ...(constraints.length === 0 ? {} : {'f:topologySpreadConstraints': Object.fromEntries(keys)}),
  };
  return {
    manager: FIELD_MANAGER,
    operation: 'Apply',
    fieldsV1: {'f:spec': {'f:template': {'f:spec': spec}}},
  };
}

function containers(milliCPU: number, memoryMiB: number, name: string, hostPort?: number): ApiPodSpec {
  const requests = {cpu: `${milliCPU}m`, memory: `${memoryMiB}Mi`};
  const main = {
    name: 'main',
    image: `registry.example/team/${name}:1.0.0`,
    resources: {requests, limits: {memory: requests.memory}},
    ports: [{containerPort: 8080, ...(hostPort === undefined ? {} : {hostPort})}],
    env: ['LOG_LEVEL', 'REGION', 'CACHE_SIZE', 'DATABASE'].map((key) => ({name: key, value: 'value'})),
    imagePullPolicy: 'IfNotPresent',
  };
  return {schedulerName: 'default-scheduler', containers: [main]};
}

/** As the API server admits a pod: each has a token volume under a random name. */
function withToken(spec: ApiPodSpec, uid: string): ApiPodSpec {
  const name = `kube-api-access-${uid.slice(0, 5)}`;
  const mount = {name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount'};
  const mounted = spec.containers?.map((container) => ({...container, volumeMounts: [mount]}));
  return {...spec, ...(mounted === undefined ? {} : {containers: mounted}), volumes: [{name}]};
}

function hashOf({name}: WorkloadLayout): string {
  return uidOf(name).slice(0, 8) + uidOf(name).slice(9, 11);
}

function meta(name: string, of: {readonly prefix: string; readonly namespace?: string}): ApiMeta {
  const uid = uidOf(`${of.prefix}/${of.namespace === undefined ? '' : `${of.namespace}/`}${name}`);
  return {
    name,
    ...(of.namespace === undefined ? {} : {namespace: of.namespace}),
    uid,
    // Of its own for each object, as on a real cluster: what can be shared must not look like more than it is.
    resourceVersion: String(1_000_000_000 + (Number.parseInt(uid.slice(0, 8), 16) % 1_000_000_000)),
    creationTimestamp: CREATED,
  };
}

/** A UUID that is always the same for one text (FNV-1a, four times). */
function uidOf(text: string): string {
  let digits = '';
  for (let part = 0; part < 4; part += 1) {
    let hash = 0x811c9dc5 ^ (part * 0x9e3779b9);
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    digits += (hash >>> 0).toString(16).padStart(8, '0');
  }
  const at = (from: number, to: number) => digits.slice(from, to);
  return `${at(0, 8)}-${at(8, 12)}-4${at(13, 16)}-8${at(17, 20)}-${at(20, 32)}`;
}
