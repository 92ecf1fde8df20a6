import {hash} from 'node:crypto';
import {type LabelSelector, type Labels, withLabelKeys} from './label-selector.ts';
import {type ApiPodVolume, bearsOnPlacement, type PodVolume, toPodVolumes} from './pod-volumes.ts';
import {addResources, maxResources, NO_RESOURCES, parseResources, type Resources} from './resources.ts';

/**
 * The part of a pod's spec that scheduling reads. The pods of one template share one value (see `internPodSpec`),
 * so it must never be changed in place. Terms keep the API's own field names.
 */
export interface PodSpec {
  readonly schedulerName: string;
  readonly priority: number;
  readonly nodeSelector: Labels;
  readonly nodeAffinity: NodeAffinity;
  readonly podAffinity: PodAffinity;
  readonly podAntiAffinity: PodAffinity;
  readonly topologySpreadConstraints: readonly TopologySpreadConstraint[];
  readonly tolerations: readonly Toleration[];
  /** What the node must have free: max(init containers, containers + sidecars) + overhead. */
  readonly requests: Resources;
  /** The same for scoring, where a container that asks for nothing counts as 100 milliCPU and 200 MB. */
  readonly nonZeroRequests: {readonly milliCPU: number; readonly memory: number};
  /**
   * `nonZeroRequests` without the requests at pod level: what NodeResourcesFit scores a newcomer by. Upstream's scorer
   * is not told that the gate PodLevelResources is on (NewFit in plugins/noderesources/fit.go).
   */
  readonly nonZeroContainerRequests: {readonly milliCPU: number; readonly memory: number};
  readonly hostPorts: readonly HostPort[];
  /** Of its containers, init containers included. */
  readonly images: readonly string[];
  /** Of its volumes. */
  readonly volumeImages: readonly string[];
  /** Those that bear on where the pod can run; most pods have none. */
  readonly volumes: readonly PodVolume[];
  /** Names of its claims of dynamic resource allocation, and of the device classes that it asks for as resources. */
  readonly resourceClaims: readonly string[];
  /** What the node's kubelet has to declare (`Node.declaredFeatures`). */
  readonly requiredFeatures: readonly string[];
}

export interface NodeSelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values?: readonly string[];
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeSelectorRequirement[];
  readonly matchFields?: readonly NodeSelectorRequirement[];
}

export interface NodeAffinity {
  /** Absent: no requirement. Empty: matches no node, as upstream. */
  readonly required?: readonly NodeSelectorTerm[];
  readonly preferred: readonly {readonly weight: number; readonly preference: NodeSelectorTerm}[];
}

export interface PodAffinityTerm {
  readonly topologyKey: string;
  readonly labelSelector?: LabelSelector;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

export interface WeightedPodAffinityTerm {
  readonly weight: number;
  readonly podAffinityTerm: PodAffinityTerm;
}

export interface PodAffinity {
  readonly required: readonly PodAffinityTerm[];
  readonly preferred: readonly WeightedPodAffinityTerm[];
}

export interface TopologySpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway';
  readonly labelSelector?: LabelSelector;
  readonly minDomains?: number;
  readonly nodeAffinityPolicy?: 'Honor' | 'Ignore';
  readonly nodeTaintsPolicy?: 'Honor' | 'Ignore';
  readonly matchLabelKeys?: readonly string[];
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal' | 'Lt' | 'Gt';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly tolerationSeconds?: number;
}

export interface HostPort {
  readonly hostIP: string;
  readonly protocol: string;
  readonly hostPort: number;
}

export interface ApiResourceRequirements {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}

export interface ApiContainer {
  name?: string;
  image?: string;
  restartPolicy?: string;
  restartPolicyRules?: {action: string}[];
  resources?: ApiResourceRequirements;
  ports?: {hostPort?: number; containerPort?: number; hostIP?: string; protocol?: string}[];
}

export interface ApiPodSpec {
  nodeName?: string;
  schedulerName?: string;
  terminationGracePeriodSeconds?: number;
  priority?: number;
  hostNetwork?: boolean;
  hostUsers?: boolean;
  nodeSelector?: Record<string, string>;
  affinity?: {
    nodeAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: {nodeSelectorTerms?: NodeSelectorTerm[]};
      preferredDuringSchedulingIgnoredDuringExecution?: {weight: number; preference: NodeSelectorTerm}[];
    };
    podAffinity?: ApiPodAffinity;
    podAntiAffinity?: ApiPodAffinity;
  };
  topologySpreadConstraints?: TopologySpreadConstraint[];
  tolerations?: Toleration[];
  overhead?: Record<string, string>;
  resources?: ApiResourceRequirements;
  initContainers?: ApiContainer[];
  containers?: ApiContainer[];
  resourceClaims?: {name: string}[];
  volumes?: ApiPodVolume[];
}

export interface ApiPodAffinity {
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[];
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[];
}

// k8s.io/kubernetes/pkg/scheduler/util/pod_resources.go
const DEFAULT_REQUESTS = {cpu: '100m', memory: '200Mi'};
const HUGE_PAGES = 'hugepages-';
// An extended resource of this prefix is a claim on a DeviceClass in other words (KEP-5004).
const DEVICE_CLASS = 'deviceclass.resource.kubernetes.io/';

export function toPodSpec(spec: ApiPodSpec): PodSpec {
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const totals = podRequests(spec);
  return {
    schedulerName: spec.schedulerName ?? 'default-scheduler',
    priority: spec.priority ?? 0,
    nodeSelector: spec.nodeSelector ?? {},
    nodeAffinity: {
      ...(required === undefined ? {} : {required}),
      preferred: nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
    },
    podAffinity: toPodAffinity(spec.affinity?.podAffinity),
    podAntiAffinity: toPodAffinity(spec.affinity?.podAntiAffinity),
    topologySpreadConstraints: spec.topologySpreadConstraints ?? [],
    tolerations: spec.tolerations ?? [],
    requests: totals.requests,
    nonZeroRequests: totals.nonZeroRequests,
    nonZeroContainerRequests: totals.nonZeroContainerRequests,
    hostPorts: hostPortsOf(spec),
    images: [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map(
      (container) => container.image ?? '',
    ),
    volumeImages: (spec.volumes ?? []).flatMap(({image}) =>
      image?.reference === undefined ? [] : [image.reference],
    ),
    volumes: toPodVolumes(spec.volumes),
    resourceClaims: [
      ...(spec.resourceClaims ?? []).map((claim) => claim.name),
      ...containerResourceNames(spec).filter((name) => name.startsWith(DEVICE_CLASS)),
    ],
    requiredFeatures: requiredFeatures(spec),
  };
}

// InferForScheduling of the features in k8s.io/component-helpers/nodedeclaredfeatures/features.
function requiredFeatures(spec: ApiPodSpec): string[] {
  const restartsAll = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(
    ({restartPolicyRules = []}) => restartPolicyRules.some(({action}) => action === 'RestartAllContainers'),
  );
  const mapsUsersOnHost = spec.hostNetwork === true && spec.hostUsers === false;
  return [
    ...(restartsAll ? ['RestartAllContainersOnContainerExits'] : []),
    ...(mapsUsersOnHost ? ['UserNamespacesHostNetworkSupport'] : []),
  ];
}

function toPodAffinity(affinity: ApiPodAffinity | undefined): PodAffinity {
  return {
    required: affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    preferred: affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
  };
}

type PodRequests = Pick<PodSpec, 'requests' | 'nonZeroRequests' | 'nonZeroContainerRequests'>;

/** Resource names to quantities, as in the API. */
export type ResourceList = Readonly<Record<string, string>>;

function podRequests(spec: ApiPodSpec): PodRequests {
  const overhead = parseResources(spec.overhead);
  // A request at pod level (KEP-2837) replaces the sum of the containers for the resources that it names.
  const podLevel = podLevelRequests(spec);
  const total = (defaults: ResourceList, byPod: ResourceList): Resources =>
    addResources(override(containerTotal(spec, defaults), byPod), overhead);

  const requests = total({}, podLevel);
  const nonZero = total(missingRequests(spec, podLevel), podLevel);
  const nonZeroOfContainers = total(DEFAULT_REQUESTS, {});
  return {
    requests,
    nonZeroRequests: {milliCPU: nonZero.milliCPU, memory: nonZero.memory},
    nonZeroContainerRequests: {
      milliCPU: nonZeroOfContainers.milliCPU,
      memory: nonZeroOfContainers.memory,
    },
  };
}

// k8s.io/component-helpers/resource/helpers.go, AggregateContainerRequests: sidecars (restartable init containers)
// run beside everything that starts after them.
function containerTotal(spec: ApiPodSpec, defaults: ResourceList): Resources {
  const requestsOf = (container: ApiContainer): Resources =>
    parseResources({...defaults, ...requestsOrLimits(container.resources)});
  let running = NO_RESOURCES;
  for (const container of spec.containers ?? []) {
    running = addResources(running, requestsOf(container));
  }
  let sidecars = NO_RESOURCES;
  let initPeak = NO_RESOURCES;
  for (const container of spec.initContainers ?? []) {
    const own = requestsOf(container);
    if (isSidecar(container)) {
      running = addResources(running, own);
      sidecars = addResources(sidecars, own);
      initPeak = maxResources(initPeak, sidecars);
    } else {
      initPeak = maxResources(initPeak, addResources(own, sidecars));
    }
  }
  return maxResources(running, initPeak);
}

// getNonMissingContainerRequests in k8s.io/kubernetes/pkg/scheduler/framework/types.go: with requests at pod level,
// the defaults stand in only for what nothing of the pod asks for, its overhead included.
function missingRequests(spec: ApiPodSpec, podLevel: ResourceList): ResourceList {
  const {requests, limits} = spec.resources ?? {};
  if (!Object.keys({...limits, ...requests}).some(isPodLevelResource)) {
    return DEFAULT_REQUESTS;
  }
  const asked = new Set([
    ...containerResourceNames(spec),
    ...Object.keys(podLevel),
    ...Object.keys(spec.overhead ?? {}),
  ]);
  return Object.fromEntries(Object.entries(DEFAULT_REQUESTS).filter(([name]) => !asked.has(name)));
}

function containerResourceNames({containers = [], initContainers = []}: ApiPodSpec): string[] {
  return [...containers, ...initContainers].flatMap((container) =>
    Object.keys(requestsOrLimits(container.resources)),
  );
}

// The API server defaults a missing request to the limit when it stores a pod; templates read from files carry
// no such defaults.
export function requestsOrLimits(resources: ApiResourceRequirements | undefined): ResourceList {
  return {...resources?.limits, ...resources?.requests};
}

// defaultPodRequests in k8s.io/kubernetes/pkg/apis/core/v1/defaults.go: a limit of the pod stands in for its request
// only where no container asks for that resource. Huge pages know no difference between the two.
function podLevelRequests(spec: ApiPodSpec): ResourceList {
  const asked = new Set(containerResourceNames(spec));
  const limits = Object.entries(spec.resources?.limits ?? {}).filter(
    ([name]) => !asked.has(name) || name.startsWith(HUGE_PAGES),
  );
  const all = {...Object.fromEntries(limits), ...spec.resources?.requests};
  return Object.fromEntries(Object.entries(all).filter(([name]) => isPodLevelResource(name)));
}

function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith(HUGE_PAGES);
}

function override(sum: Resources, podLevel: ResourceList): Resources {
  const parsed = parseResources(podLevel);
  return {
    milliCPU: podLevel['cpu'] === undefined ? sum.milliCPU : parsed.milliCPU,
    memory: podLevel['memory'] === undefined ? sum.memory : parsed.memory,
    ephemeralStorage: sum.ephemeralStorage,
    scalar: {...sum.scalar, ...parsed.scalar},
  };
}

/** A restartable init container, which runs beside the containers. */
export function isSidecar(container: ApiContainer): boolean {
  return container.restartPolicy === 'Always';
}

function hostPortsOf(spec: ApiPodSpec): HostPort[] {
  const ports: HostPort[] = [];
  const sidecars = (spec.initContainers ?? []).filter(isSidecar);
  for (const container of [...(spec.containers ?? []), ...sidecars]) {
    for (const port of container.ports ?? []) {
      const hostPort = port.hostPort ?? (spec.hostNetwork === true ? port.containerPort : undefined) ?? 0;
      if (hostPort > 0) {
        ports.push({hostIP: port.hostIP ?? '0.0.0.0', protocol: port.protocol ?? 'TCP', hostPort});
      }
    }
  }
  return ports;
}

/**
 * The spec as the API server would store it for a pod with these labels: matchLabelKeys and mismatchLabelKeys of
 * its affinity terms and spread constraints merged into the label selectors.
 */
export function completeForLabels(spec: PodSpec, labels: Labels): PodSpec {
  const term = (t: PodAffinityTerm): PodAffinityTerm => {
    const labelSelector = withLabelKeys(t.labelSelector, labels, t.matchLabelKeys, t.mismatchLabelKeys);
    return labelSelector === undefined ? t : {...t, labelSelector};
  };
  const affinity = (a: PodAffinity): PodAffinity => ({
    required: a.required.map(term),
    preferred: a.preferred.map((w) => ({...w, podAffinityTerm: term(w.podAffinityTerm)})),
  });
  return {
    ...spec,
    podAffinity: affinity(spec.podAffinity),
    podAntiAffinity: affinity(spec.podAntiAffinity),
    topologySpreadConstraints: spec.topologySpreadConstraints.map((constraint) => {
      const labelSelector = withLabelKeys(constraint.labelSelector, labels, constraint.matchLabelKeys);
      return labelSelector === undefined ? constraint : {...constraint, labelSelector};
    }),
  };
}

/** Returns one shared PodSpec for all equal ones: 10,000 replicas of 300 templates hold 300 values. */
export type PodSpecInterner = (spec: ApiPodSpec) => PodSpec;

export function createPodSpecInterner(): PodSpecInterner {
  const known = new Map<string, WeakRef<PodSpec>>();
  const collected = new FinalizationRegistry<string>((key) => {
    if (known.get(key)?.deref() === undefined) {
      known.delete(key);
    }
  });
  return (raw) => {
    // The service account's token volume has a random name, which its mounts repeat, and nodeName differs for each pod:
    // none of them counts.
    const {nodeName: _nodeName, volumes, containers, initContainers, ...rest} = raw;
    const telling = (volumes ?? []).filter(
      (volume) => bearsOnPlacement(volume) || volume.image !== undefined,
    );
    // The digest, because the text of a spec is larger than the value that is kept for it.
    const key = hash(
      'sha256',
      JSON.stringify([rest, telling, containers?.map(withoutMounts), initContainers?.map(withoutMounts)]),
      'base64',
    );
    const existing = known.get(key)?.deref();
    if (existing !== undefined) {
      return existing;
    }
    const spec = toPodSpec(raw);
    known.set(key, new WeakRef(spec));
    collected.register(spec, key);
    return spec;
  };
}

function withoutMounts(container: ApiContainer & {volumeMounts?: unknown}): ApiContainer {
  const {volumeMounts: _volumeMounts, ...rest} = container;
  return rest;
}
