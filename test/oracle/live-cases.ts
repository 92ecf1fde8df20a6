/**
 * Random rounds for a live cluster: the same small vocabulary as in `cases.ts`, but only what an API server stores and
 * what no controller changes afterwards. No NoExecute taints: their controller would evict the pods.
 */
import * as fc from 'fast-check';
import type {LabelSelector} from '../../src/cluster/label-selector.ts';
import type {
  ApiPodSpec,
  NodeSelectorRequirement,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '../../src/cluster/pod-spec.ts';

const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const MEBIBYTE = 1024 * 1024;
const LARGE = 'registry.example/large:v1';
const SMALL = 'registry.example/small:v1';

/** One with a service that selects app=web, and one without any. */
export const LIVE_NAMESPACES = [
  {name: 'shop', labels: {team: 'red'}, serviceSelector: {app: 'web'}},
  {name: 'bank', labels: {team: 'blue'}},
] as const;

/** What a node is made into for a round. */
export interface LiveNode {
  /** Undefined takes a label away that it may have from the round before. */
  readonly labels: Readonly<Record<string, string | undefined>>;
  readonly taints: readonly {key: string; value?: string; effect: 'NoSchedule' | 'PreferNoSchedule'}[];
  readonly unschedulable: boolean;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly images: readonly {names: string[]; sizeBytes: number}[];
}

export interface LivePodTemplate {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: ApiPodSpec;
}

export interface LiveBoundPod extends LivePodTemplate {
  /** Index of its node. */
  readonly node: number;
  /** Asked to go, and held by a finalizer. */
  readonly terminating: boolean;
  /** What its kubelet reports to have set aside for its first container. */
  readonly held: Readonly<Record<string, string>> | undefined;
  readonly infeasible: boolean;
}

export interface LiveRound {
  readonly nodes: readonly LiveNode[];
  readonly bound: readonly LiveBoundPod[];
  readonly newcomers: readonly LivePodTemplate[];
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>, absences = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({weight: absences, arbitrary: fc.constant(undefined)}, {weight: 1, arbitrary});

const optional = <T extends object>(record: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  record.map(
    (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T,
  );

const labels: fc.Arbitrary<Record<string, string>> = optional(
  fc.record({
    app: maybe(fc.constantFrom('web', 'db'), 0),
    tier: maybe(fc.constantFrom('front', 'back')),
    revision: maybe(fc.constantFrom('1', '2')),
    pool: maybe(fc.constantFrom('x', 'y'), 3),
  }),
) as fc.Arbitrary<Record<string, string>>;

const labelSelector: fc.Arbitrary<LabelSelector> = fc.oneof(
  {weight: 5, arbitrary: fc.constantFrom('web', 'db').map((app) => ({matchLabels: {app}}))},
  {weight: 1, arbitrary: fc.constant({})},
  {
    weight: 2,
    arbitrary: fc.constantFrom<LabelSelector>(
      {matchExpressions: [{key: 'tier', operator: 'Exists'}]},
      {matchExpressions: [{key: 'tier', operator: 'DoesNotExist'}]},
      {matchExpressions: [{key: 'tier', operator: 'NotIn', values: ['front']}]},
      {matchExpressions: [{key: 'app', operator: 'In', values: ['web', 'db']}]},
    ),
  },
);

const affinityTerm: fc.Arbitrary<PodAffinityTerm> = optional(
  fc.record({
    topologyKey: fc.constantFrom(HOST, ZONE, 'rack'),
    labelSelector,
    namespaces: maybe(fc.constantFrom(['bank'], ['shop', 'bank']), 4),
    namespaceSelector: maybe(
      fc.constantFrom<LabelSelector>(
        {},
        {matchLabels: {team: 'red'}},
        {matchExpressions: [{key: 'team', operator: 'NotIn', values: ['red']}]},
      ),
      4,
    ),
    matchLabelKeys: maybe(fc.constant(['revision']), 5),
    mismatchLabelKeys: maybe(fc.constant(['pool']), 7),
  }),
) as fc.Arbitrary<PodAffinityTerm>;

const podAffinity = optional(
  fc.record({
    requiredDuringSchedulingIgnoredDuringExecution: maybe(fc.array(affinityTerm, {maxLength: 2})),
    preferredDuringSchedulingIgnoredDuringExecution: maybe(
      fc.array(fc.record({weight: fc.integer({min: 1, max: 100}), podAffinityTerm: affinityTerm}), {
        maxLength: 2,
      }),
    ),
  }),
);

const requirement: fc.Arbitrary<NodeSelectorRequirement> = fc.constantFrom<NodeSelectorRequirement>(
  {key: 'disk', operator: 'In', values: ['ssd']},
  {key: 'disk', operator: 'In', values: ['ssd', 'hdd']},
  {key: 'disk', operator: 'NotIn', values: ['hdd']},
  {key: ZONE, operator: 'Exists'},
  {key: ZONE, operator: 'In', values: ['a', 'b']},
  {key: 'rank', operator: 'DoesNotExist'},
  {key: 'rank', operator: 'Gt', values: ['5']},
  {key: 'rank', operator: 'Lt', values: ['10']},
);

const nodeAffinity = optional(
  fc.record({
    requiredDuringSchedulingIgnoredDuringExecution: maybe(
      fc.oneof(
        {
          weight: 5,
          arbitrary: fc.array(
            requirement.map((one) => ({matchExpressions: [one]})),
            {
              minLength: 1,
              maxLength: 2,
            },
          ),
        },
        {
          weight: 1,
          arbitrary: fc.integer({min: 1, max: 8}).map((index) => [
            {
              matchFields: [{key: 'metadata.name', operator: 'In' as const, values: [`node-${index}`]}],
            },
          ]),
        },
      ),
      2,
    ).map((nodeSelectorTerms) => (nodeSelectorTerms === undefined ? undefined : {nodeSelectorTerms})),
    preferredDuringSchedulingIgnoredDuringExecution: maybe(
      fc.array(
        fc.record({
          weight: fc.integer({min: 1, max: 100}),
          preference: requirement.map((one) => ({matchExpressions: [one]})),
        }),
        {maxLength: 3},
      ),
    ),
  }),
);

const affinity = optional(
  fc.record({
    nodeAffinity: maybe(nodeAffinity, 2),
    podAffinity: maybe(podAffinity, 2),
    podAntiAffinity: maybe(podAffinity, 2),
  }),
) as fc.Arbitrary<NonNullable<ApiPodSpec['affinity']>>;

const spreadConstraint: fc.Arbitrary<TopologySpreadConstraint> = fc
  .record({
    maxSkew: fc.integer({min: 1, max: 3}),
    topologyKey: fc.constantFrom(HOST, ZONE, 'rack'),
    whenUnsatisfiable: fc.constantFrom('DoNotSchedule' as const, 'ScheduleAnyway' as const),
    labelSelector,
    minDomains: maybe(fc.integer({min: 1, max: 4}), 3),
    nodeAffinityPolicy: maybe(fc.constantFrom('Honor' as const, 'Ignore' as const), 2),
    nodeTaintsPolicy: maybe(fc.constantFrom('Honor' as const, 'Ignore' as const), 2),
    matchLabelKeys: maybe(fc.constant(['revision']), 3),
  })
  .map(({minDomains, nodeAffinityPolicy, nodeTaintsPolicy, matchLabelKeys, ...rest}) => ({
    ...rest,
    ...(minDomains === undefined || rest.whenUnsatisfiable === 'ScheduleAnyway' ? {} : {minDomains}),
    ...(nodeAffinityPolicy === undefined ? {} : {nodeAffinityPolicy}),
    ...(nodeTaintsPolicy === undefined ? {} : {nodeTaintsPolicy}),
    ...(matchLabelKeys === undefined ? {} : {matchLabelKeys}),
  }));

const tolerations = fc.subarray<Toleration>([
  {key: 'dedicated', operator: 'Exists'},
  {key: 'dedicated', operator: 'Equal', value: 'db', effect: 'NoSchedule'},
  {key: 'rank', operator: 'Exists', effect: 'PreferNoSchedule'},
  {operator: 'Exists', effect: 'PreferNoSchedule'},
  {key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule'},
]);

const requests = optional(
  fc.record({
    cpu: maybe(fc.constantFrom('100m', '500m', '0.3', '1'), 1),
    memory: maybe(fc.constantFrom('128Mi', '1Gi', '1.5Gi', '1G'), 1),
  }),
) as fc.Arbitrary<Record<string, string>>;

const container = fc
  .record({
    requests,
    limits: maybe(fc.constantFrom<Record<string, string>>({cpu: '2'}, {memory: '2Gi'}), 3),
    gpu: maybe(fc.constantFrom('1', '2'), 9),
    image: fc.constantFrom(LARGE, SMALL, 'registry.example/large'),
  })
  .map(({requests: asked, limits, gpu, image}) => {
    const extended: Record<string, string> = gpu === undefined ? {} : {'example.com/gpu': gpu};
    return {
      image,
      resources: {requests: {...asked, ...extended}, limits: {...limits, ...extended}},
    };
  });

const hostPort = fc
  .record({
    containerPort: fc.constantFrom(80, 81),
    hostIP: maybe(fc.constantFrom('10.0.0.1', '10.0.0.2', '0.0.0.0'), 1),
    protocol: maybe(fc.constantFrom('TCP', 'UDP'), 1),
  })
  .map(({containerPort, hostIP, protocol}) => ({
    containerPort,
    hostPort: containerPort,
    ...(hostIP === undefined ? {} : {hostIP}),
    ...(protocol === undefined ? {} : {protocol}),
  }));

/** As requests, as limits that stand in for them, and for one resource only; more than the containers can ask for. */
const podLevelResources = fc.constantFrom<NonNullable<ApiPodSpec['resources']>>(
  {requests: {cpu: '6', memory: '7Gi'}},
  {limits: {cpu: '6', memory: '7Gi'}},
  {requests: {cpu: '6'}},
  {requests: {memory: '7Gi'}, limits: {memory: '8Gi'}},
);

const podSpec: fc.Arbitrary<ApiPodSpec> = fc
  .record({
    containers: fc.array(container, {minLength: 1, maxLength: 2}),
    initContainer: maybe(container, 6),
    sidecar: fc.boolean(),
    port: maybe(hostPort, 5),
    resources: maybe(podLevelResources, 6),
    nodeSelector: maybe(fc.constantFrom<Record<string, string>>({disk: 'ssd'}, {[ZONE]: 'a'}), 9),
    affinity: maybe(affinity),
    tolerations: maybe(tolerations),
    constraints: maybe(
      fc.uniqueArray(spreadConstraint, {
        minLength: 1,
        maxLength: 2,
        selector: ({topologyKey, whenUnsatisfiable}) => `${topologyKey} ${whenUnsatisfiable}`,
      }),
      2,
    ),
    volumeImage: maybe(fc.constant(LARGE), 9),
  })
  .map((parts) => ({
    containers: parts.containers.map((one, index) => ({
      ...one,
      name: `main-${index + 1}`,
      ...(index === 0 && parts.port !== undefined ? {ports: [parts.port]} : {}),
    })),
    ...(parts.initContainer === undefined
      ? {}
      : {
          initContainers: [
            {...parts.initContainer, name: 'init', ...(parts.sidecar ? {restartPolicy: 'Always'} : {})},
          ],
        }),
    ...(parts.resources === undefined ? {} : {resources: parts.resources}),
    ...(parts.nodeSelector === undefined ? {} : {nodeSelector: parts.nodeSelector}),
    ...(parts.affinity === undefined ? {} : {affinity: parts.affinity}),
    ...(parts.tolerations === undefined ? {} : {tolerations: parts.tolerations}),
    ...(parts.constraints === undefined ? {} : {topologySpreadConstraints: parts.constraints}),
    ...(parts.volumeImage === undefined
      ? {}
      : {volumes: [{name: 'image', image: {reference: parts.volumeImage}}]}),
  }));

const template: fc.Arbitrary<LivePodTemplate> = fc.record({
  namespace: fc.constantFrom(...LIVE_NAMESPACES.map(({name}) => name)),
  labels,
  spec: podSpec,
});

const node = (name: string): fc.Arbitrary<LiveNode> =>
  fc.record({
    labels: fc.record({
      [HOST]: fc.oneof(
        {weight: 11, arbitrary: fc.constant(name)},
        {weight: 1, arbitrary: fc.constant(undefined)},
      ),
      [ZONE]: maybe(fc.constantFrom('a', 'b', 'c'), 0).chain((zone) =>
        fc.oneof({weight: 6, arbitrary: fc.constant(zone)}, {weight: 1, arbitrary: fc.constant(undefined)}),
      ),
      rack: maybe(fc.constantFrom('1', '2')),
      disk: maybe(fc.constantFrom('ssd', 'hdd')),
      rank: maybe(fc.constantFrom('3', '7', '20', 'x')),
    }),
    taints: fc.oneof(
      {weight: 3, arbitrary: fc.constant([])},
      {
        weight: 1,
        arbitrary: fc.constantFrom<LiveNode['taints'][]>(
          [{key: 'dedicated', value: 'db', effect: 'NoSchedule'}],
          [{key: 'dedicated', effect: 'PreferNoSchedule'}],
          [
            {key: 'rank', value: '5', effect: 'PreferNoSchedule'},
            {key: 'dedicated', value: 'web', effect: 'PreferNoSchedule'},
          ],
        ),
      },
    ),
    unschedulable: fc.oneof(
      {weight: 9, arbitrary: fc.constant(false)},
      {weight: 1, arbitrary: fc.constant(true)},
    ),
    allocatable: fc
      .record({
        cpu: fc.constantFrom('2', '3', '7500m', '16'),
        memory: fc.constantFrom('4Gi', '8Gi', '64Gi'),
        pods: fc.constantFrom('3', '5', '110', '110'),
        gpu: fc.constantFrom('0', '2'),
      })
      .map(({gpu, ...rest}) => ({...rest, 'example.com/gpu': gpu})),
    images: fc.subarray(
      [
        {names: [LARGE], sizeBytes: 1200 * MEBIBYTE},
        {names: ['registry.example/large:latest'], sizeBytes: 900 * MEBIBYTE},
        {names: [SMALL], sizeBytes: 60 * MEBIBYTE},
      ],
      {maxLength: 2},
    ),
  });

/** Nodes that differ in nothing but their zones are often equally good. */
const evenNode = (name: string): fc.Arbitrary<LiveNode> =>
  fc.constantFrom('a', 'b').map((zone) => ({
    labels: {[HOST]: name, [ZONE]: zone, rack: undefined, disk: 'ssd', rank: undefined},
    taints: [],
    unschedulable: false,
    allocatable: {cpu: '16', memory: '64Gi', pods: '110', 'example.com/gpu': '0'},
    images: [],
  }));

/** Rounds for nodes of these names. */
export function liveRound(nodeNames: readonly string[], newcomers: number): fc.Arbitrary<LiveRound> {
  const boundPod: fc.Arbitrary<LiveBoundPod> = fc
    .record({
      template,
      node: fc.nat({max: nodeNames.length - 1}),
      terminating: fc.oneof(
        {weight: 6, arbitrary: fc.constant(false)},
        {weight: 1, arbitrary: fc.constant(true)},
      ),
      held: maybe(
        fc.constantFrom<Record<string, string>>({cpu: '1500m', memory: '2Gi'}, {cpu: '50m', memory: '3Gi'}),
        3,
      ),
      infeasible: fc.boolean(),
    })
    .map(({template: parts, ...rest}) => ({...parts, ...rest}));
  return fc.record({
    nodes: fc.oneof(
      {weight: 3, arbitrary: fc.tuple(...nodeNames.map(node))},
      {weight: 1, arbitrary: fc.tuple(...nodeNames.map(evenNode))},
    ),
    bound: fc.array(boundPod, {minLength: 2, maxLength: 14, size: 'max'}),
    newcomers: fc.array(template, {minLength: newcomers, maxLength: newcomers, size: 'max'}),
  });
}
