/**
 * The question "how few moves could it take?" read from live API objects, without any of the operator's code: which
 * nodes may take a replica, what room they have, what the policy wants even, and what the template's hard rules say.
 */
import type {SeparateFrom, Topology} from '../../src/api/types.ts';
import type {KubernetesObject} from '../controlplane/admin.ts';
import type {Node} from '../controlplane/nodes.ts';
import type {Deployment, Pod} from '../controlplane/workloads.ts';
import type {
  HardRule,
  LevelProblem,
  MoveProblem,
  Placement,
  Size,
  WorkloadProblem,
} from '../scenarios/fewest-moves.ts';

interface Selector {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: {key: string; operator: string; values?: string[]}[];
}

interface AffinityTerm {
  readonly topologyKey: string;
  readonly labelSelector?: Selector;
}

interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly whenUnsatisfiable: string;
  readonly labelSelector?: Selector;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly nodeSelector?: Record<string, string>;
  readonly tolerations?: {key?: string; operator?: string; value?: string; effect?: string}[];
  readonly affinity?: {
    nodeAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: {
        nodeSelectorTerms: {matchExpressions?: Selector['matchExpressions']}[];
      };
    };
    podAntiAffinity?: {requiredDuringSchedulingIgnoredDuringExecution?: AffinityTerm[]};
  };
  readonly topologySpreadConstraints?: SpreadConstraint[];
  readonly containers: {name: string; resources?: {requests?: Record<string, string>}}[];
}

interface TemplateRule extends HardRule {
  readonly topologyKey: string;
}

export interface LivePod extends Omit<Pod, 'spec'> {
  readonly spec: PodSpec;
}

export interface LiveCluster {
  readonly nodes: readonly Node[];
  /** Of the namespace; nothing else shares its nodes. */
  readonly pods: readonly LivePod[];
  readonly topologies: readonly Topology[];
  readonly separateFrom: readonly SeparateFrom[];
  /** Those that the policy selects, with the template that their replicas have now. */
  readonly deployments: readonly Deployment[];
}

export function problemOf(cluster: LiveCluster): MoveProblem {
  const {nodes, deployments} = cluster;
  const pods = cluster.pods.filter(isAlive);
  const others = pods.filter((pod) => deployments.every((deployment) => !isReplicaOf(deployment, pod)));
  return {
    room: nodes.map((node) => {
      const used = others
        .filter(({spec}) => spec.nodeName === node.metadata.name)
        .map(({spec}) => sizeOf(spec));
      const {cpu = '0', memory = '0', pods: slots = '0'} = node.status.allocatable ?? {};
      return {
        cpu: milliCpu(cpu) - total(used, 'cpu'),
        memory: mebibytes(memory) - total(used, 'memory'),
        pods: Number(slots) - used.length,
      };
    }),
    workloads: deployments.map((deployment) => workloadProblem(cluster, pods, deployment)),
  };
}

export function placementIn(
  {nodes, deployments}: Pick<LiveCluster, 'nodes' | 'deployments'>,
  pods: readonly LivePod[],
): Placement {
  return deployments.map((deployment) => {
    const replicas = pods.filter((pod) => isAlive(pod) && isReplicaOf(deployment, pod));
    return nodes.map(({metadata}) => replicas.filter(({spec}) => spec.nodeName === metadata.name).length);
  });
}

/** By name: the ReplicaSet of a pod is the Deployment's name and one hash, which has no dash. */
export function isReplicaOf({metadata: {name}}: KubernetesObject, pod: KubernetesObject): boolean {
  const owner = pod.metadata.ownerReferences?.find(({controller}) => controller === true);
  return owner?.kind === 'ReplicaSet' && owner.name.slice(0, owner.name.lastIndexOf('-')) === name;
}

export function isAlive({metadata, status}: Pick<LivePod, 'metadata' | 'status'>): boolean {
  return (
    metadata.deletionTimestamp === undefined && status.phase !== 'Succeeded' && status.phase !== 'Failed'
  );
}

function workloadProblem(
  {nodes, topologies, separateFrom}: LiveCluster,
  pods: readonly LivePod[],
  deployment: Deployment,
): WorkloadProblem {
  const {metadata, spec: template} = deployment.spec.template as unknown as {
    metadata: {labels: Record<string, string>};
    spec: PodSpec;
  };
  const able = nodes.filter((node) => takes(node, template));
  const carried = topologies.filter(
    ({topologyKey}) => able.filter((node) => keyOf(node, topologyKey)).length >= 2,
  );
  const active = carried.length > 0 ? carried : topologies;
  const strangers = pods.filter((pod) => !isReplicaOf(deployment, pod));
  const {labels} = metadata;
  const counts = placementIn({nodes, deployments: [deployment]}, pods)[0] ?? [];
  const hardRules = hardRulesOf(nodes, template, labels);
  const separations = separateFrom.map((rule) => ({
    isHard: rule.whenUnsatisfiable === 'DoNotSchedule',
    domains: nodes.map((node) => (isBeside(node, nodes, strangers, rule) ? node.metadata.name : undefined)),
  }));
  const closed = nodes.map(
    (node, index) =>
      isRepelled(node, nodes, strangers, template, labels) ||
      separations.some(({isHard, domains}) => isHard && domains[index] !== undefined),
  );
  const mayReceive = nodes.map(
    (node, index) =>
      able.includes(node) &&
      closed[index] !== true &&
      active.every(({topologyKey}) => keyOf(node, topologyKey) !== undefined),
  );
  return {
    request: {...sizeOf(template), pods: 1},
    counts,
    mayReceive,
    levels: [
      {
        entry: 0,
        kind: 'avoid',
        maxSkew: 1,
        domains: nodes.map(({metadata: {name}}, index) => (closed[index] === true ? name : undefined)),
      },
      ...hardRules.filter((rule) => !isAskedFor(rule, active) && isBroken(rule, counts)).map(levelOf),
      ...active.map(
        (topology): LevelProblem => ({
          // Without the key a node is in no domain; those that are held together in the end are one.
          domains: nodes.map((node) => keyOf(node, topology.topologyKey) ?? ''),
          entry: 1 + topologies.indexOf(topology),
          kind: 'even',
          maxSkew: topology.maxSkew,
        }),
      ),
      ...separations
        .filter(({isHard}) => !isHard)
        .map(
          ({domains}): LevelProblem => ({domains, entry: 1 + topologies.length, kind: 'avoid', maxSkew: 1}),
        ),
    ],
    hardRules,
  };
}

function hardRulesOf(
  nodes: readonly Node[],
  template: PodSpec,
  labels: Record<string, string>,
): TemplateRule[] {
  const own = ({labelSelector}: {labelSelector?: Selector}) => selects(labelSelector, labels);
  const domains = (key: string) => nodes.map((node) => keyOf(node, key));
  const constraints = (template.topologySpreadConstraints ?? []).filter(
    ({whenUnsatisfiable}) => whenUnsatisfiable === 'DoNotSchedule',
  );
  // A node counts as a domain of the constraints when it has all their keys and the template's affinity allows it;
  // its taints do not matter (nodeTaintsPolicy Ignore), nor does a cordon.
  const counted = nodes.map(
    (node) =>
      matchesAffinity(node, template) && constraints.every(({topologyKey}) => keyOf(node, topologyKey)),
  );
  return [
    ...antiAffinityOf(template)
      .filter(own)
      .map(
        ({topologyKey}): TemplateRule => ({
          topologyKey,
          domains: domains(topologyKey),
          limit: 'alone',
          counted: [],
        }),
      ),
    ...constraints.filter(own).map(
      ({topologyKey, maxSkew}): TemplateRule => ({
        topologyKey,
        domains: domains(topologyKey),
        limit: maxSkew,
        counted: counted.map(Boolean),
      }),
    ),
  ];
}

/** By required anti-affinity between a replica and another pod in the node's domain, in either direction. */
function isRepelled(
  node: Node,
  nodes: readonly Node[],
  strangers: readonly LivePod[],
  template: PodSpec,
  labels: Record<string, string>,
): boolean {
  return strangers.some((pod) => {
    const home = nodes.find(({metadata}) => metadata.name === pod.spec.nodeName);
    const together = ({topologyKey}: AffinityTerm) =>
      home !== undefined &&
      keyOf(home, topologyKey) !== undefined &&
      keyOf(home, topologyKey) === keyOf(node, topologyKey);
    return (
      antiAffinityOf(template).some(
        (term) => together(term) && selects(term.labelSelector, pod.metadata.labels ?? {}),
      ) || antiAffinityOf(pod.spec).some((term) => together(term) && selects(term.labelSelector, labels))
    );
  });
}

/** Whether a pod that the replicas are to be kept away from is in the node's domain. */
function isBeside(
  node: Node,
  nodes: readonly Node[],
  strangers: readonly LivePod[],
  {selector, topologyKey}: SeparateFrom,
): boolean {
  return strangers.some((pod) => {
    const home = nodes.find(({metadata}) => metadata.name === pod.spec.nodeName);
    return (
      home !== undefined &&
      keyOf(home, topologyKey) !== undefined &&
      keyOf(home, topologyKey) === keyOf(node, topologyKey) &&
      selects(selector, pod.metadata.labels ?? {})
    );
  });
}

/** Whether the policy wants as much itself, in its own order. */
function isAskedFor({topologyKey, limit}: TemplateRule, topologies: readonly Topology[]): boolean {
  return topologies.some(
    (topology) => topology.topologyKey === topologyKey && (limit === 'alone' || topology.maxSkew <= limit),
  );
}

/** The scheduler insists on a hard rule for newcomers only; replicas that lie against it are to be moved. */
function isBroken({domains, limit, counted}: HardRule, counts: readonly number[]): boolean {
  const held = new Map<string, number>();
  const least = new Set<string>();
  for (const [node, domain] of domains.entries()) {
    if (domain !== undefined) {
      held.set(domain, (held.get(domain) ?? 0) + (counts[node] ?? 0));
      if (counted[node] === true) {
        least.add(domain);
      }
    }
  }
  const fullest = Math.max(0, ...held.values());
  return limit === 'alone'
    ? fullest > 1
    : fullest - Math.min(...[...least].map((domain) => held.get(domain) ?? 0)) > limit;
}

function levelOf({domains, limit}: HardRule): LevelProblem {
  return limit === 'alone'
    ? {entry: 0, kind: 'apart', maxSkew: 1, domains}
    : {entry: 0, kind: 'skew', maxSkew: limit, domains};
}

function antiAffinityOf({affinity}: PodSpec): AffinityTerm[] {
  return affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function takes(node: Node, template: PodSpec): boolean {
  const tolerated = (taint: {key: string; value?: string; effect: string}) =>
    (template.tolerations ?? []).some(
      ({key, operator = 'Equal', value = '', effect}) =>
        (key === undefined || key === taint.key) &&
        (effect === undefined || effect === taint.effect) &&
        (operator === 'Exists' || value === (taint.value ?? '')),
    );
  const hard = (node.spec.taints ?? []).filter(({effect}) => effect !== 'PreferNoSchedule');
  return node.spec.unschedulable !== true && hard.every(tolerated) && matchesAffinity(node, template);
}

function matchesAffinity({metadata: {labels = {}}}: Node, {nodeSelector = {}, affinity}: PodSpec): boolean {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    selects({matchLabels: nodeSelector}, labels) &&
    (required === undefined ||
      required.nodeSelectorTerms.some(({matchExpressions = []}) => selects({matchExpressions}, labels)))
  );
}

function selects(selector: Selector | undefined, labels: Record<string, string>): boolean {
  if (selector === undefined) {
    return false;
  }
  const {matchLabels = {}, matchExpressions = []} = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({key, operator, values = []}) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        default:
          return value === undefined;
      }
    })
  );
}

function keyOf({metadata}: Node, topologyKey: string): string | undefined {
  return metadata.labels?.[topologyKey];
}

function sizeOf({containers}: PodSpec): Size {
  const requests = containers.map(({resources}) => resources?.requests ?? {});
  return {
    cpu: requests.reduce((sum, {cpu = '0'}) => sum + milliCpu(cpu), 0),
    memory: requests.reduce((sum, {memory = '0'}) => sum + mebibytes(memory), 0),
    pods: 1,
  };
}

function total(sizes: readonly Size[], resource: keyof Size): number {
  return sizes.reduce((sum, size) => sum + size[resource], 0);
}

function milliCpu(quantity: string): number {
  return quantity.endsWith('m') ? Number(quantity.slice(0, -1)) : Number(quantity) * 1000;
}

/** Only of the units that random clusters use, as the API server writes them back. */
function mebibytes(quantity: string): number {
  const factors: Record<string, number> = {Ki: 1 / 1024, Mi: 1, Gi: 1024};
  const factor = factors[quantity.slice(-2)];
  return factor === undefined ? Number(quantity) / 1024 ** 2 : Number(quantity.slice(0, -2)) * factor;
}
