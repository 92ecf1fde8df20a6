import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {apiPod, clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {type LabelSelector, matchesSelector} from './label-selector.ts';
import type {Node} from './node.ts';
import {nodeTable} from './node-table.ts';
import type {Pod} from './pod.ts';
import {toPod} from './pod.ts';
import type {PodGroup} from './pod-groups.ts';
import {type ApiPodSpec, createPodSpecInterner} from './pod-spec.ts';
import {ClusterState, type NodeInfo, type SchedulingSnapshot, withChanges} from './snapshot.ts';

const NODES = ['a', 'b', 'c'];
const NAMES = ['p1', 'p2', 'p3', 'p4'];
const TERM = {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: 'web'}}};
const SPECS: readonly ApiPodSpec[] = [
  {},
  {containers: [{ports: [{hostPort: 80}], resources: {requests: {cpu: '100m', 'nvidia.com/gpu': '1'}}}]},
  {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [TERM]}}},
  {
    affinity: {
      podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: TERM}]},
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: 'kubernetes.io/hostname',
            namespaceSelector: {},
            labelSelector: {matchExpressions: [{key: 'app', operator: 'Exists'}]},
          },
          {topologyKey: 'kubernetes.io/hostname', namespaces: ['shop'], labelSelector: TERM.labelSelector},
        ],
      },
    },
  },
];
const SELECTORS: readonly LabelSelector[] = [
  {matchLabels: {app: 'web'}},
  {matchLabels: {app: 'db'}},
  {matchLabels: {app: 'web', tier: 'front'}},
  {matchExpressions: [{key: 'app', operator: 'Exists'}]},
  {matchLabels: {app: 'none'}},
  {},
];
const NEWCOMERS = [
  {namespace: 'default', labels: {app: 'web'}},
  {namespace: 'default', labels: {app: 'db'}},
  {namespace: 'shop', labels: {app: 'web', tier: 'front'}},
  {namespace: 'other', labels: {}},
];

const podEvent = fc.record({
  kind: fc.constant('pod' as const),
  name: fc.constantFrom(...NAMES),
  on: fc.option(fc.constantFrom(...NODES), {nil: undefined}),
  spec: fc.nat(SPECS.length - 1),
  phase: fc.constantFrom('Running' as const, 'Failed' as const),
  ready: fc.boolean(),
});
const event = fc.oneof(
  {weight: 6, arbitrary: podEvent},
  {
    weight: 2,
    arbitrary: fc.record({kind: fc.constant('pod gone' as const), name: fc.constantFrom(...NAMES)}),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('node' as const),
      name: fc.constantFrom(...NODES),
      unschedulable: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({kind: fc.constant('node gone' as const), name: fc.constantFrom(...NODES)}),
  },
);

describe('ClusterState', () => {
  it('after any events equals one that is built from what is left', () => {
    fc.assert(
      fc.property(fc.array(event, {maxLength: 40, size: 'max'}), (events) => {
        const intern = createPodSpecInterner();
        const state = new ClusterState();
        const pods = new Map<string, Pod>();
        const nodes = new Map<string, Node>();
        for (const each of events) {
          switch (each.kind) {
            case 'pod': {
              const {name, on, ready, phase, spec} = each;
              const raw = apiPod(name, {
                ready,
                phase,
                spec: SPECS[spec] ?? {},
                ...(on === undefined ? {} : {on}),
              });
              const after = toPod(raw, intern);
              state.setPod(after, pods.get(name));
              pods.set(name, after);
              break;
            }
            case 'pod gone': {
              const before = pods.get(each.name);
              if (before !== undefined) {
                state.deletePod(before);
                pods.delete(each.name);
              }
              break;
            }
            case 'node': {
              const after = node(each.name, {unschedulable: each.unschedulable});
              state.setNode(after);
              nodes.set(each.name, after);
              break;
            }
            case 'node gone':
              state.deleteNode(each.name);
              nodes.delete(each.name);
          }
        }

        expect(contentOf(state)).toEqual(
          contentOf(clusterState({nodes: [...nodes.values()], pods: [...pods.values()]})),
        );
      }),
      {numRuns: 300},
    );
  });

  it('shows the pods of a node that was seen after them', () => {
    const state = new ClusterState();
    state.setPod(pod('web-1', {on: 'a', requests: {cpu: '1'}}));

    state.setNode(node('a'));

    expect(state.nodeInfo('a')?.requested.milliCPU).toBe(1000);
  });

  it('keeps the port of a pod whose twin on the same node is gone', () => {
    const intern = createPodSpecInterner();
    const spec = {containers: [{ports: [{hostPort: 80}]}]};
    const [first, second] = ['proxy-1', 'proxy-2'].map((name) =>
      toPod(apiPod(name, {on: 'a', spec}), intern),
    );
    const state = clusterState({nodes: [node('a')], pods: [first as Pod, second as Pod]});

    state.deletePod(first as Pod);

    expect(state.nodeInfo('a')?.usedPorts.map(({hostPort}) => hostPort)).toEqual([80]);
  });

  it('lists its nodes by name, whatever the order of their arrival', () => {
    const names = ['node-10', 'b', 'node-9', 'A'];

    const state = clusterState({nodes: names.map((name) => node(name))});

    expect([...state.nodeInfos()].map((info) => info.node.name)).toEqual(['A', 'b', 'node-10', 'node-9']);
  });
});

describe('ClusterState: the version of its nodes', () => {
  it('outlives heartbeats, pulled images and pods', () => {
    const state = clusterState({nodes: [node('a'), node('b')]});
    const before = state.nodesVersion;

    state.setNode({
      ...node('a'),
      resourceVersion: '2',
      images: {names: ['registry.example/web:1'], sizes: [1]},
    });
    state.setPod(pod('web-1', {on: 'a'}));

    expect(state.nodesVersion).toBe(before);
    expect(withChanges(state, {add: [pod('web-2', {on: 'b'})]}).nodesVersion).toBe(before);
  });

  it.each([
    ['comes', (state: ClusterState) => state.setNode(node('c'))],
    ['goes', (state: ClusterState) => state.deleteNode('b')],
    ['is cordoned', (state: ClusterState) => state.setNode(node('a', {unschedulable: true}))],
    ['is labelled', (state: ClusterState) => state.setNode(node('a', {zone: 'z'}))],
  ])('is another one when a node %s', (_what, change) => {
    const state = clusterState({nodes: [node('a'), node('b')]});
    const before = state.nodesVersion;

    change(state);

    expect(state.nodesVersion).not.toBe(before);
  });
});

describe('withChanges', () => {
  const placed = fc.record({
    name: fc.constantFrom(...NAMES),
    on: fc.constantFrom(...NODES),
    spec: fc.nat(SPECS.length - 1),
  });
  const bound = ({name, on, spec}: {name: string; on: string; spec: number}) =>
    pod(name, {on, spec: SPECS[spec] ?? {}});

  it('equals the same changes made to a copy, and leaves the snapshot underneath alone', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(placed, {selector: ({name}) => name}),
        fc.subarray(NAMES),
        fc.uniqueArray(placed, {selector: ({name}) => name, maxLength: 2}),
        (there, leaving, arriving) => {
          const pods = there.map(bound);
          const remove = pods.filter(({name}) => leaving.includes(name));
          const add = arriving.map((each) => bound({...each, name: `new-${each.name}`}));
          const nodes = NODES.map((name) => node(name));
          const state = clusterState({nodes, pods});
          const before = contentOf(state);

          const changed = withChanges(state, {remove, add});

          const left = pods.filter((each) => !remove.includes(each));
          expect(contentOf(changed)).toEqual(contentOf(clusterState({nodes, pods: [...left, ...add]})));
          expect(contentOf(state)).toEqual(before);
          for (const name of NODES) {
            expect(changed.nodeInfo(name)?.pods).toEqual([...changed.nodeInfos()].find(named(name))?.pods);
          }
        },
      ),
      {numRuns: 150},
    );
  });

  it('of what was changed before equals all changes at once', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(placed, {selector: ({name}) => name}),
        fc.subarray(NAMES),
        fc.uniqueArray(placed, {selector: ({name}) => name}),
        fc.subarray(NAMES),
        (there, leavingFirst, arriving, leavingThen) => {
          const pods = there.map(bound);
          const first = pods.filter(({name}) => leavingFirst.includes(name));
          const add = arriving.map((each) => bound({...each, name: `new-${each.name}`}));
          // Some that were there from the beginning, and some that came with the first change.
          const then = [
            ...pods.filter((each) => leavingThen.includes(each.name) && !first.includes(each)),
            ...add.filter(({name}) => leavingThen.includes(name.slice('new-'.length))),
          ];
          const nodes = NODES.map((name) => node(name));
          const state = clusterState({nodes, pods});

          const changed = withChanges(withChanges(state, {remove: first, add}), {remove: then});

          const left = [...pods, ...add].filter((each) => !first.includes(each) && !then.includes(each));
          expect(contentOf(changed)).toEqual(contentOf(clusterState({nodes, pods: left})));
        },
      ),
      {numRuns: 150},
    );
  });

  it.each([
    ['come', (state: ClusterState) => state.setNode(node('0'))],
    ['gone', (state: ClusterState) => state.deleteNode('a')],
  ])('has the nodes of now when one has %s since somebody asked', (_, change) => {
    const state = clusterState({nodes: [node('a'), node('b')], pods: [pod('web-1', {on: 'a'})]});
    const changed = withChanges(state, {add: [pod('web-2', {on: 'a'})]});
    const namesOf = (snapshot: SchedulingSnapshot) =>
      Array.from(snapshot.nodeInfos(), (info) => info.node.name);
    namesOf(changed);

    change(state);

    expect(nodeTable(changed).names).toEqual(namesOf(state));
    expect(namesOf(changed)).toEqual(namesOf(state));
    expect(Array.from(changed.changedNodes(), (info) => info.node.name)).toEqual(
      namesOf(state).filter((name) => name === 'a'),
    );
  });

  it('has nothing to say of a pod on a node that nobody knows', () => {
    const state = clusterState({nodes: [node('a')]});

    const changed = withChanges(state, {add: [pod('web-1', {on: 'gone'})]});

    expect([...changed.nodeInfos()].map((info) => info.pods.length)).toEqual([0]);
  });
});

function named(name: string): (info: NodeInfo) => boolean {
  return ({node}) => node.name === name;
}

/** Everything that plugins can see, in a form without orders that mean nothing. */
function contentOf(snapshot: SchedulingSnapshot) {
  // Each pod once, with what its group says of it; how the pods are grouped is nobody's business.
  const uids = (groups: Iterable<PodGroup>) =>
    [...groups]
      .flatMap(({namespace, labels, spec, pods}) =>
        [...pods].map((each) => {
          expect(each).toMatchObject({namespace, labels, spec});
          return each.uid;
        }),
      )
      .sort();
  for (const selector of SELECTORS) {
    const matching = (groups: Iterable<PodGroup>) =>
      uids([...groups].filter(({labels}) => matchesSelector(selector, labels)));
    expect(matching(snapshot.podGroupsMeantBy('default', selector))).toEqual(
      matching(snapshot.podGroups('default')),
    );
  }
  return {
    nodes: [...snapshot.nodeInfos()].map((info) => ({
      node: info.node,
      pods: [...info.pods.values()].sort(byUid),
      // Names of resources that nothing asks for any more may stay behind as zeros.
      requested: {
        ...info.requested,
        scalar: Object.fromEntries(
          Object.entries(info.requested.scalar).filter(([, amount]) => amount !== 0),
        ),
      },
      nonZeroRequested: info.nonZeroRequested,
      usedPorts: info.usedPorts.map(({hostPort}) => hostPort).sort((a, b) => a - b),
      podCount: info.podCount,
    })),
    resources: resourcesOf(snapshot),
    groups: uids(snapshot.podGroups()),
    groupsOfNamespace: uids(snapshot.podGroups('default')),
    reaching: NEWCOMERS.flatMap((newcomer) =>
      (['preferences', 'required anti-affinity'] as const).map((terms) =>
        uids(snapshot.podGroupsThatReach(newcomer, terms)),
      ),
    ),
  };
}

function resourcesOf(snapshot: SchedulingSnapshot) {
  const {resources} = snapshot;
  const changed = new Set(Array.from(snapshot.changedNodes(), ({node: {name}}) => name));
  return Array.from(snapshot.nodeInfos(), ({node, requested, nonZeroRequested, podCount}, number) =>
    changed.has(node.name)
      ? [
          node.allocatable.milliCPU,
          requested.milliCPU,
          nonZeroRequested.memory,
          node.allocatablePods - podCount,
        ]
      : [
          resources.allocatableCPU[number],
          resources.requestedCPU[number],
          resources.nonZeroRequestedMemory[number],
          resources.freePods[number],
        ],
  );
}

function byUid(a: Pod, b: Pod): number {
  return a.uid < b.uid ? -1 : 1;
}
