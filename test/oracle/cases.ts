/**
 * Random scheduling cases. The vocabulary is small on purpose: with few labels, taints and topologies, terms meet
 * pods and nodes often enough that every branch of every plugin is reached.
 */
import * as fc from 'fast-check';
import type {LabelSelector} from '../../src/cluster/label-selector.ts';
import type {ApiNode} from '../../src/cluster/node.ts';
import type {ApiPod} from '../../src/cluster/pod.ts';
import type {
  ApiPodSpec,
  ApiResourceRequirements,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '../../src/cluster/pod-spec.ts';
import type {SchedulingCase} from './oracle.ts';
import {withStorage} from './volume-cases.ts';

const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const NAMESPACES = ['default', 'shop', 'bank'];
const MEBIBYTE = 1024 * 1024;

const label = (key: string, ...values: string[]) =>
  fc
    .option(fc.constantFrom(...values), {nil: undefined})
    .map((value) => (value === undefined ? {} : {[key]: value}));

const merged = (...parts: fc.Arbitrary<Record<string, string>>[]) =>
  fc.tuple(...parts).map((all): Record<string, string> => Object.assign({}, ...all));

const podLabels = merged(
  label('app', 'web', 'db'),
  label('tier', 'front', 'back'),
  label('revision', '1', '2'),
);

const some = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number) => fc.array(arbitrary, {maxLength});

/** Absent `absences` times for each time that it is there, so that one plugin leaves work for the next ones. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>, absences = 3): fc.Arbitrary<T | undefined> =>
  fc.oneof({weight: absences, arbitrary: fc.constant(undefined)}, {weight: 1, arbitrary});

const labelSelector: fc.Arbitrary<LabelSelector> = fc.oneof(
  {weight: 6, arbitrary: fc.constantFrom('web', 'db').map((app) => ({matchLabels: {app}}))},
  {weight: 1, arbitrary: fc.constant({})},
  {
    weight: 3,
    arbitrary: fc.oneof(
      fc
        .record({
          key: fc.constantFrom('app', 'tier', 'revision'),
          operator: fc.constantFrom('In' as const, 'NotIn' as const),
          values: fc.subarray(['web', 'front', '1'], {minLength: 1}),
        })
        .map((requirement) => ({matchExpressions: [requirement]})),
      fc
        .record({
          key: fc.constantFrom('app', 'tier', 'revision'),
          operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
        })
        .map((requirement) => ({matchExpressions: [requirement]})),
    ),
  },
);

const requests = fc
  .record({
    cpu: seldom(fc.constantFrom('100m', '100m', '500m', '0.3', '1', '2500m', '0'), 1),
    // Not 3.5Gi: the API server stores 3584Mi. Left as it is, Go keeps a fraction behind a pointer, and PodRequests
    // then adds the overhead to the pod's own request, again with each call.
    memory: seldom(fc.constantFrom('128Mi', '128Mi', '1Gi', '1G', '3584Mi', '0'), 1),
    'ephemeral-storage': seldom(fc.constantFrom('1Gi', '6Gi'), 9),
    'example.com/gpu': seldom(fc.constantFrom('1', '2', '0'), 15),
    'hugepages-2Mi': seldom(fc.constantFrom('2Mi', '4Mi'), 15),
  })
  .map(withoutUndefined);

const restartsAll = [{action: 'RestartAllContainers'}];

const container = fc
  .record({
    requests,
    restartPolicyRules: seldom(fc.constant(restartsAll), 40),
    limits: seldom(fc.constantFrom({cpu: '3'}, {memory: '4Gi'}, {cpu: '1', memory: '2Gi'})),
    image: fc.constantFrom(
      'registry.example/large',
      'registry.example/small:v1',
      'registry.example:5000/large:latest',
    ),
    ports: seldom(
      fc.array(
        fc
          .record({
            containerPort: fc.constantFrom(80, 81),
            hostPort: seldom(fc.constantFrom(80, 81), 1),
            hostIP: seldom(fc.constantFrom('10.0.0.1', '10.0.0.2', '0.0.0.0', '')),
            protocol: seldom(fc.constantFrom('TCP', 'UDP')),
          })
          .map(withoutUndefined),
        {minLength: 1, maxLength: 2},
      ),
    ),
  })
  .map(({requests, limits, image, ports, restartPolicyRules}) => ({
    image,
    resources: {requests, ...(limits === undefined ? {} : {limits})},
    ...(ports === undefined ? {} : {ports}),
    ...(restartPolicyRules === undefined ? {} : {restartPolicyRules}),
  }));

/** Statuses are found by these names. */
const numbered =
  <T extends object>(prefix: string) =>
  (containers: T[]) =>
    containers.map((container, index) => ({...container, name: `${prefix}-${index + 1}`}));

const podLevelResources: fc.Arbitrary<ApiResourceRequirements> = fc
  .record({
    requests: seldom(
      fc
        .record({
          cpu: seldom(fc.constantFrom('200m', '2', '0'), 1),
          memory: seldom(fc.constantFrom('256Mi', '2Gi', '0'), 1),
          'hugepages-2Mi': seldom(fc.constantFrom('2Mi', '4Mi'), 9),
        })
        .map(withoutUndefined),
      1,
    ),
    limits: seldom(
      fc
        .record({cpu: seldom(fc.constant('3'), 1), memory: seldom(fc.constant('4Gi'), 1)})
        .map(withoutUndefined),
      1,
    ),
  })
  .map(withoutUndefined);

const initContainer = fc
  .record({container, sidecar: fc.boolean()})
  .map(({container, sidecar}) => ({...container, ...(sidecar ? {restartPolicy: 'Always'} : {})}));

const requirement: fc.Arbitrary<NodeSelectorRequirement> = fc.oneof(
  fc.record({
    key: fc.constantFrom('disk', ZONE),
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.subarray(['ssd', 'hdd', 'a', 'b'], {minLength: 1}),
  }),
  fc.record({
    key: fc.constantFrom('disk', ZONE, 'rank'),
    operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
  }),
  fc.record({
    key: fc.constantFrom('rank', 'disk'),
    operator: fc.constantFrom('Gt' as const, 'Lt' as const),
    values: fc.constantFrom(['5'], ['10'], ['-1'], ['9223372036854775807'], ['many'], ['1', '2']),
  }),
  // What the API server would not store, and the scheduler reads all the same.
  fc.constantFrom<NodeSelectorRequirement>(
    {key: 'disk', operator: 'In', values: []},
    {key: 'disk', operator: 'NotIn', values: ['not a label']},
    {key: 'disk', operator: 'Exists', values: ['ssd']},
  ),
);

const nodeName = fc.integer({min: 1, max: 8}).map((index) => `node-${index}`);

const fieldRequirement: fc.Arbitrary<NodeSelectorRequirement> = fc.record({
  key: fc.constant('metadata.name'),
  operator: fc.constantFrom('In' as const, 'NotIn' as const),
  values: fc.oneof({weight: 5, arbitrary: nodeName.map((name) => [name])}, some(nodeName, 2)),
});

const nodeSelectorTerm: fc.Arbitrary<NodeSelectorTerm> = fc
  .record({
    matchExpressions: seldom(some(requirement, 2), 1),
    matchFields: seldom(some(fieldRequirement, 2), 2),
  })
  .map(withoutUndefined);

/** The API server refuses preferred terms that do not parse, and the scheduler gives up on them. */
const preferredTerm = nodeSelectorTerm.filter((term) =>
  [...(term.matchExpressions ?? []), ...(term.matchFields ?? [])].every(isValid),
);

const podAffinityTerm: fc.Arbitrary<PodAffinityTerm> = fc
  .record({
    topologyKey: fc.constantFrom(HOST, ZONE, 'rack'),
    labelSelector: fc.option(labelSelector, {nil: undefined, freq: 9}),
    namespaces: seldom(fc.subarray(NAMESPACES)),
    matchLabelKeys: seldom(fc.constant(['revision']), 9),
    namespaceSelector: seldom(
      fc.constantFrom<LabelSelector>(
        {},
        {matchLabels: {team: 'red'}},
        {matchExpressions: [{key: 'team', operator: 'Exists'}]},
        {matchExpressions: [{key: 'team', operator: 'NotIn', values: ['red']}]},
      ),
    ),
  })
  .map(withoutUndefined);

const podAffinity = fc
  .record({
    requiredDuringSchedulingIgnoredDuringExecution: seldom(some(podAffinityTerm, 2), 1),
    preferredDuringSchedulingIgnoredDuringExecution: seldom(
      some(fc.record({weight: fc.integer({min: 1, max: 100}), podAffinityTerm}), 2),
      1,
    ),
  })
  .map(withoutUndefined);

const affinity = fc
  .record({
    nodeAffinity: seldom(
      fc
        .record({
          requiredDuringSchedulingIgnoredDuringExecution: seldom(
            some(nodeSelectorTerm, 2).map((nodeSelectorTerms) => ({nodeSelectorTerms})),
            1,
          ),
          preferredDuringSchedulingIgnoredDuringExecution: seldom(
            some(fc.record({weight: fc.integer({min: 1, max: 100}), preference: preferredTerm}), 3),
            1,
          ),
        })
        .map(withoutUndefined),
      3,
    ),
    podAffinity: seldom(podAffinity),
    podAntiAffinity: seldom(podAffinity, 2),
  })
  .map(withoutUndefined);

const toleration: fc.Arbitrary<Toleration> = fc
  .record({
    key: seldom(fc.constantFrom('dedicated', 'rank', 'node.kubernetes.io/unschedulable'), 1),
    operator: seldom(fc.constantFrom('Exists' as const, 'Equal' as const, 'Lt' as const, 'Gt' as const), 1),
    value: seldom(fc.constantFrom('db', '5', ''), 1),
    effect: seldom(
      fc.constantFrom('NoSchedule' as const, 'PreferNoSchedule' as const, 'NoExecute' as const),
      2,
    ),
  })
  .map(withoutUndefined);

const spreadConstraint: fc.Arbitrary<TopologySpreadConstraint> = fc
  .record({
    maxSkew: fc.integer({min: 1, max: 3}),
    topologyKey: fc.constantFrom(HOST, ZONE, 'rack'),
    whenUnsatisfiable: fc.constantFrom('DoNotSchedule' as const, 'ScheduleAnyway' as const),
    labelSelector: fc.option(labelSelector, {nil: undefined, freq: 9}),
    minDomains: seldom(fc.integer({min: 1, max: 6})),
    nodeAffinityPolicy: seldom(fc.constantFrom('Honor' as const, 'Ignore' as const)),
    nodeTaintsPolicy: seldom(fc.constantFrom('Honor' as const, 'Ignore' as const)),
    matchLabelKeys: seldom(fc.subarray(['revision', 'absent'])),
  })
  .map(withoutUndefined);

const priority = seldom(fc.constantFrom(10, -10), 1);

const podSpec: fc.Arbitrary<ApiPodSpec> = fc
  .record({
    containers: fc.array(container, {minLength: 1, maxLength: 2}).map(numbered('main')),
    initContainers: seldom(some(initContainer, 2).map(numbered('init')), 4),
    resources: seldom(podLevelResources, 3),
    hostNetwork: seldom(fc.constant(true), 8),
    hostUsers: seldom(fc.constant(false), 8),
    priority,
    volumes: seldom(
      fc.constantFrom<{name: string; image: {reference: string}}[]>([
        {name: 'image', image: {reference: 'registry.example/small:v1'}},
      ]),
      8,
    ),
    overhead: seldom(fc.constantFrom({cpu: '250m', memory: '64Mi'}), 5),
    nodeSelector: seldom(merged(label('disk', 'ssd'), label(ZONE, 'a', 'b')), 4),
    affinity: seldom(affinity, 1),
    tolerations: seldom(some(toleration, 2), 1),
    topologySpreadConstraints: seldom(some(spreadConstraint, 3), 1),
  })
  .map(withoutUndefined);

type ApiTaint = NonNullable<NonNullable<ApiNode['spec']>['taints']>[number];

/** Asks for nothing that a node could lack: what decides is where the other pods are. */
const topologySpec: fc.Arbitrary<ApiPodSpec> = fc
  .record({
    containers: fc.constant<{image: string}[]>([{image: 'registry.example/small:v1'}]),
    priority,
    nodeSelector: seldom(fc.constantFrom<Record<string, string>>({disk: 'ssd'}, {[ZONE]: 'a'}), 2),
    affinity: seldom(
      fc
        .record({podAffinity: seldom(podAffinity, 2), podAntiAffinity: seldom(podAffinity, 1)})
        .map(withoutUndefined),
      1,
    ),
    tolerations: seldom(fc.constant<Toleration[]>([{key: 'dedicated', operator: 'Exists'}]), 3),
    topologySpreadConstraints: seldom(fc.array(spreadConstraint, {minLength: 1, maxLength: 2}), 1),
  })
  .map(withoutUndefined);

interface Focus {
  readonly spec: fc.Arbitrary<ApiPodSpec>;
  readonly capacity: fc.Arbitrary<Record<string, string>>;
}

const EVERYTHING: Focus = {
  spec: podSpec,
  capacity: fc.record({
    cpu: fc.constantFrom('2', '7500m', '16', '16', '0'),
    memory: fc.constantFrom('4Gi', '16Gi', '16Gi', '64Gi', '0'),
    pods: fc.constantFrom('3', '110', '110', '110', '110', '110'),
  }),
};

const TOPOLOGY: Focus = {
  spec: topologySpec,
  capacity: fc.constant({cpu: '16', memory: '64Gi', pods: '110'}),
};

const taint: fc.Arbitrary<ApiTaint> = fc
  .record({
    key: fc.constantFrom('dedicated', 'rank'),
    value: seldom(fc.constantFrom('db', '5'), 1),
    effect: fc.constantFrom('NoSchedule' as const, 'PreferNoSchedule' as const, 'NoExecute' as const),
  })
  .map(withoutUndefined);

const node = (name: string, {capacity}: Focus): fc.Arbitrary<ApiNode> =>
  fc
    .record({
      labels: merged(
        fc.option(fc.constant({[HOST]: name}), {nil: {}, freq: 19}),
        fc.option(
          fc.constantFrom('a', 'b', 'c').map((zone) => ({[ZONE]: zone})),
          {nil: {}, freq: 6},
        ),
        label('rack', '1', '2', ''),
        label('disk', 'ssd', 'hdd'),
        label('rank', '3', '7', '20', 'x', '-5'),
      ),
      unschedulable: seldom(fc.constant(true), 9),
      taints: fc.oneof({weight: 3, arbitrary: some(taint, 0)}, {weight: 1, arbitrary: some(taint, 2)}),
      capacity,
      declaredFeatures: seldom(
        fc.subarray(['RestartAllContainersOnContainerExits', 'UserNamespacesHostNetworkSupport']),
      ),
      extended: fc.option(fc.constant({'example.com/gpu': '2', 'hugepages-2Mi': '4Mi'}), {nil: {}}),
      images: some(
        fc.record({
          names: fc.constantFrom<string[]>(
            ['registry.example/large:latest', 'registry.example:5000/large:latest'],
            ['registry.example/large:latest'],
            ['registry.example/small:v1'],
          ),
          sizeBytes: fc.constantFrom(2000 * MEBIBYTE, 700 * MEBIBYTE, 40 * MEBIBYTE),
        }),
        2,
      ),
    })
    .map(({labels, unschedulable, taints, capacity, extended, images, declaredFeatures}) => ({
      metadata: {name, uid: name, resourceVersion: '1', labels},
      spec: {taints, ...(unschedulable === undefined ? {} : {unschedulable})},
      status: {
        allocatable: {...capacity, 'ephemeral-storage': '10Gi', ...extended},
        images,
        ...(declaredFeatures === undefined ? {} : {declaredFeatures}),
      },
    }));

const held = fc
  .record({
    cpu: seldom(fc.constantFrom('100m', '700m', '2'), 1),
    memory: seldom(fc.constantFrom('128Mi', '1073741824', '3Gi'), 1),
  })
  .map(withoutUndefined);

const containerStatus = fc
  .record({
    name: fc.constantFrom('main-1', 'main-2', 'init-1', 'init-2'),
    resources: fc.option(
      held.map((requests) => ({requests})),
      {nil: undefined, freq: 5},
    ),
    allocatedResources: fc.option(held, {nil: undefined, freq: 3}),
  })
  .map(withoutUndefined);

/** What the kubelet reports of a pod, at times in the middle of an in-place resize. */
const resizeStatus: fc.Arbitrary<NonNullable<ApiPod['status']>> = fc
  .record({
    statuses: fc.uniqueArray(containerStatus, {selector: ({name}) => name, maxLength: 4}),
    pending: seldom(fc.constantFrom('Infeasible', 'Deferred'), 1),
    ofPod: fc.option(held, {nil: undefined}),
    allocatedToPod: fc.option(held, {nil: undefined}),
  })
  .map(({statuses, pending, ofPod, allocatedToPod}) => ({
    containerStatuses: statuses.filter(({name}) => name.startsWith('main')),
    initContainerStatuses: statuses.filter(({name}) => name.startsWith('init')),
    ...(pending === undefined
      ? {}
      : {conditions: [{type: 'PodResizePending', status: 'True', reason: pending}]}),
    ...(ofPod === undefined ? {} : {resources: {requests: ofPod}}),
    ...(allocatedToPod === undefined ? {} : {allocatedResources: allocatedToPod}),
  }));

/** Bound to one of these nodes, if there are any. */
const pod = (name: string, nodeNames: readonly string[], {spec}: Focus): fc.Arbitrary<ApiPod> =>
  fc
    .record({
      status: seldom(resizeStatus, 2),
      namespace: fc.constantFrom('default', ...NAMESPACES),
      labels: podLabels,
      spec,
      nodeName: nodeNames.length === 0 ? fc.constant(undefined) : fc.constantFrom(...nodeNames),
      terminating: seldom(fc.constant('2026-01-01T00:00:00Z'), 9),
    })
    .map(({namespace, labels, spec, nodeName: boundTo, terminating, status}) => ({
      metadata: {
        name,
        namespace,
        uid: name,
        resourceVersion: '1',
        labels,
        ...(terminating === undefined || boundTo === undefined ? {} : {deletionTimestamp: terminating}),
      },
      spec: {...spec, ...(boundTo === undefined ? {} : {nodeName: boundTo})},
      ...(status === undefined || boundTo === undefined ? {} : {status}),
    }))
    .map((object) => (object.status === undefined ? object : withoutPodLevelLimits(object)));

/** As the API server has stored it, when a kubelet reports on it: with requests, which no limit stands in for. */
function withoutPodLevelLimits({spec: {resources, ...spec}, ...object}: ApiPod): ApiPod {
  const {requests} = resources ?? {};
  return {...object, spec: {...spec, ...(requests === undefined ? {} : {resources: {requests}})}};
}

/** A pod that waits for the node that it is bound to here. */
function nominate({metadata, spec: {nodeName = '', ...spec}}: ApiPod): ApiPod {
  return {metadata, spec, status: {nominatedNodeName: nodeName}};
}

/** Up to 8 nodes and 20 pods on them, and a pod to schedule that often belongs to a ReplicaSet or a service. */
const caseWithoutStorage: fc.Arbitrary<SchedulingCase> = fc
  .tuple(fc.integer({min: 1, max: 8}), fc.integer({min: 0, max: 20}), fc.constantFrom(EVERYTHING, TOPOLOGY))
  .chain(([nodes, pods, focus]) => caseOf(nodes, pods, focus));

/** One in three with volumes. */
export const schedulingCase: fc.Arbitrary<SchedulingCase> = fc.oneof(
  {weight: 2, arbitrary: caseWithoutStorage},
  {weight: 1, arbitrary: caseWithoutStorage.chain(withStorage)},
);

function caseOf(nodeCount: number, podCount: number, focus: Focus): fc.Arbitrary<SchedulingCase> {
  const names = Array.from({length: nodeCount}, (_, index) => `node-${index + 1}`);
  const podNames = Array.from({length: podCount}, (_, index) => `pod-${index + 1}`);
  return fc
    .record({
      nodes: fc.tuple(...names.map((name) => node(name, focus))),
      pods: fc.tuple(...podNames.map((name) => pod(name, names, focus))),
      nominated: fc.oneof(
        {weight: 2, arbitrary: fc.constant<ApiPod[]>([])},
        {
          weight: 1,
          arbitrary: fc.tuple(
            ...['nominee-1', 'nominee-2', 'nominee-3'].map((name) => pod(name, names, focus)),
          ),
        },
      ),
      newcomer: pod('newcomer', [], focus),
      requestedNode: seldom(fc.constantFrom(...names, 'gone'), 19),
      hasReplicaSet: fc.boolean(),
      hasService: fc.boolean(),
    })
    .map(({nodes, pods, nominated, newcomer: bare, requestedNode, hasReplicaSet, hasService}) => {
      const newcomer =
        requestedNode === undefined ? bare : {...bare, spec: {...bare.spec, nodeName: requestedNode}};
      const namespace = newcomer.metadata.namespace ?? 'default';
      const {app, tier} = newcomer.metadata.labels ?? {};
      const owner = {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'owner',
        uid: 'owner',
        controller: true,
      };
      return {
        nodes,
        pods,
        nominated: nominated.map(nominate),
        namespaces: [
          {metadata: {name: 'default'}},
          {metadata: {name: 'shop', labels: {team: 'red'}}},
          {metadata: {name: 'bank', labels: {team: 'blue'}}},
        ],
        services:
          hasService && app !== undefined
            ? [{metadata: {name: 'service', namespace}, spec: {selector: {app}}}]
            : [],
        replicaSets:
          hasReplicaSet && tier !== undefined
            ? [{metadata: {name: 'owner', namespace}, spec: {selector: {matchLabels: {tier}}}}]
            : [],
        pod: hasReplicaSet
          ? {...newcomer, metadata: {...newcomer.metadata, ownerReferences: [owner]}}
          : newcomer,
      };
    });
}

/** What may be undefined becomes optional, which is what exactOptionalPropertyTypes asks for. */
type WithoutUndefined<T> = {[K in keyof T as undefined extends T[K] ? never : K]: T[K]} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function withoutUndefined<T extends object>(object: T): WithoutUndefined<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as WithoutUndefined<T>;
}

function isValid({key, operator, values = []}: NodeSelectorRequirement): boolean {
  if (key === 'metadata.name') {
    return values.length === 1;
  }
  if (operator === 'Gt' || operator === 'Lt') {
    return values.length === 1 && /^\d+$/.test(values[0] ?? '');
  }
  return operator === 'In' || operator === 'NotIn'
    ? values.length > 0 && !values.includes('not a label')
    : values.length === 0;
}
