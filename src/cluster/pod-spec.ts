import {type LabelSelector, type Labels, withLabelKeys} from './label-selector.ts';
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
  readonly hostPorts: readonly HostPort[];
  readonly images: readonly string[];
  /** Names of the PersistentVolumeClaims that the pod mounts; generic ephemeral volumes are each pod's own. */
  readonly claims: readonly string[];
  /** Names of its claims of dynamic resource allocation. */
  readonly resourceClaims: readonly string[];
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

interface ApiContainer {
  name?: string;
  image?: string;
  restartPolicy?: string;
  resources?: {requests?: Record<string, string>; limits?: Record<string, string>};
  ports?: {hostPort?: number; containerPort?: number; hostIP?: string; protocol?: string}[];
}

export interface ApiPodSpec {
  nodeName?: string;
  schedulerName?: string;
  priority?: number;
  hostNetwork?: boolean;
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
  resources?: {requests?: Record<string, string>; limits?: Record<string, string>};
  initContainers?: ApiContainer[];
  containers?: ApiContainer[];
  resourceClaims?: {name: string}[];
  volumes?: {persistentVolumeClaim?: {claimName: string}; ephemeral?: unknown; name: string}[];
}

export interface ApiPodAffinity {
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[];
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[];
}

// k8s.io/kubernetes/pkg/scheduler/util/pod_resources.go
const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

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
    hostPorts: hostPortsOf(spec),
    images: [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map(
      (container) => container.image ?? '',
    ),
    claims: (spec.volumes ?? []).flatMap((volume) =>
      volume.persistentVolumeClaim === undefined ? [] : [volume.persistentVolumeClaim.claimName],
    ),
    resourceClaims: (spec.resourceClaims ?? []).map((claim) => claim.name),
  };
}

function toPodAffinity(affinity: ApiPodAffinity | undefined): PodAffinity {
  return {
    required: affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    preferred: affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
  };
}

// k8s.io/component-helpers/resource/helpers.go, PodRequests: sidecars (restartable init containers) run beside
// everything that starts after them.
function podRequests(spec: ApiPodSpec): Pick<PodSpec, 'requests' | 'nonZeroRequests'> {
  const total = (ofContainer: (container: ApiContainer) => Resources): Resources => {
    let running = NO_RESOURCES;
    for (const container of spec.containers ?? []) {
      running = addResources(running, ofContainer(container));
    }
    let sidecars = NO_RESOURCES;
    let initPeak = NO_RESOURCES;
    for (const container of spec.initContainers ?? []) {
      const own = ofContainer(container);
      if (container.restartPolicy === 'Always') {
        running = addResources(running, own);
        sidecars = addResources(sidecars, own);
        initPeak = maxResources(initPeak, sidecars);
      } else {
        initPeak = maxResources(initPeak, addResources(own, sidecars));
      }
    }
    return maxResources(running, initPeak);
  };
  const overhead = parseResources(spec.overhead);
  // A request at pod level (KEP-2837) replaces the sum of the containers for the resources that it names.
  const podLevel = podLevelRequests(spec);
  const withPodLevel = (sum: Resources): Resources => addResources(override(sum, podLevel), overhead);
  const requests = withPodLevel(total((container) => parseResources(requestsOrLimits(container.resources))));
  const nonZero = withPodLevel(
    total((container) => {
      const list = requestsOrLimits(container.resources);
      const own = parseResources(list);
      return {
        ...own,
        milliCPU: list['cpu'] === undefined ? DEFAULT_MILLI_CPU : own.milliCPU,
        memory: list['memory'] === undefined ? DEFAULT_MEMORY : own.memory,
      };
    }),
  );
  return {requests, nonZeroRequests: {milliCPU: nonZero.milliCPU, memory: nonZero.memory}};
}

// The API server defaults a missing request to the limit when it stores a pod; templates read from files carry
// no such defaults.
function requestsOrLimits(
  resources: {requests?: Record<string, string>; limits?: Record<string, string>} | undefined,
): Record<string, string> {
  return {...resources?.limits, ...resources?.requests};
}

// defaultPodRequests in k8s.io/kubernetes/pkg/apis/core/v1/defaults.go: a limit of the pod stands in for its request
// only where no container asks for that resource.
function podLevelRequests({
  resources,
  containers = [],
  initContainers = [],
}: ApiPodSpec): Record<string, string> {
  const asked = new Set(
    [...containers, ...initContainers].flatMap((container) =>
      Object.keys(requestsOrLimits(container.resources)),
    ),
  );
  const limits = Object.entries(resources?.limits ?? {}).filter(([name]) => !asked.has(name));
  return {...Object.fromEntries(limits), ...resources?.requests};
}

function override(sum: Resources, podLevel: Record<string, string>): Resources {
  const parsed = parseResources(podLevel);
  return {
    milliCPU: podLevel['cpu'] === undefined ? sum.milliCPU : parsed.milliCPU,
    memory: podLevel['memory'] === undefined ? sum.memory : parsed.memory,
    ephemeralStorage: sum.ephemeralStorage,
    scalar: {...sum.scalar, ...parsed.scalar},
  };
}

function hostPortsOf(spec: ApiPodSpec): HostPort[] {
  const ports: HostPort[] = [];
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
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
    // The service account's token volume has a random name and nodeName differs for each pod: neither counts.
    const {nodeName: _nodeName, volumes, ...rest} = raw;
    const claims = (volumes ?? []).filter((volume) => volume.persistentVolumeClaim !== undefined);
    const key = JSON.stringify([rest, claims]);
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
