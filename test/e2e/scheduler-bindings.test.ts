/**
 * What the running kube-scheduler does with random pods on random nodes, one pod at a time, against what we foresee.
 * A newcomer is foreseen from its template, as the replacement of a replica is; the cluster is read from the API.
 */
import {afterAll, beforeAll, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {type ApiNode, toNode} from '../../src/cluster/node.ts';
import {type ApiPod, toPod} from '../../src/cluster/pod.ts';
import {type ApiPodSpec, completeForLabels, createPodSpecInterner} from '../../src/cluster/pod-spec.ts';
import {ClusterState} from '../../src/cluster/snapshot.ts';
import {explainRefusals} from '../../src/scheduling/explain-refusals.ts';
import type {PodToSchedule} from '../../src/scheduling/framework.ts';
import {likelyTargets, nodesToFind} from '../../src/scheduling/sampling.ts';
import {bestNodes, filterNodes, scoreNodes} from '../../src/scheduling/scheduler.ts';
import type {KubernetesObject} from '../controlplane/admin.ts';
import {ControlPlane} from '../controlplane/control-plane.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {
  LIVE_NAMESPACES,
  type LiveBoundPod,
  type LiveNode,
  type LivePodTemplate,
  type LiveRound,
  liveRound,
} from '../oracle/live-cases.ts';
import {startLimitMilliseconds} from './with-operator-log.ts';

const ROUNDS = Number(process.env['BINDING_ROUNDS'] ?? 30);
const NEWCOMERS = 15;
const SAMPLED_NEWCOMERS = 60;
const SEED = Number(process.env['BINDING_SEED'] ?? 1);
const NODES = Array.from({length: 8}, (_, index) => `node-${index + 1}`);
const BARRIER = 'spread-operator.test/barrier';
const BARRIER_NODE = 'node-barrier';
const FINALIZER = 'spread-operator.test/hold';

let cluster: RunningControlPlane;

beforeAll(async () => {
  // Nothing starts: what a kubelet would report is the test's to say.
  cluster = await new ControlPlane({
    nodes: [
      ...NODES.map((name) => ({name})),
      {name: BARRIER_NODE, taints: [{key: BARRIER, effect: 'NoSchedule'}]},
    ],
    podStartMilliseconds: 3_600_000,
    podStopMilliseconds: 3_600_000,
  }).start();
  for (const {name, labels, ...rest} of LIVE_NAMESPACES) {
    await cluster.createNamespace(name, labels);
    if ('serviceSelector' in rest) {
      await cluster.admin.create(`/api/v1/namespaces/${name}/services`, {
        metadata: {name: 'service'},
        spec: {clusterIP: 'None', selector: rest.serviceSelector, ports: [{port: 80}]},
      });
    }
  }
}, startLimitMilliseconds);

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

it(
  'binds each pod to the node that we foresee, or to one of those that are equally good, or refuses it in our words',
  async () => {
    const counts = {onlyOne: 0, best: 0, tied: 0, refused: 0};
    const disagreements: string[] = [];

    for (const [index, round] of fc
      .sample(liveRound(NODES, NEWCOMERS), {numRuns: ROUNDS, seed: SEED})
      .entries()) {
      const state = await prepare(round, `round-${index}`);
      for (const [number, template] of round.newcomers.entries()) {
        const foreseen = foresee(template, state);
        const outcome = await schedule(template, `newcomer-${number}`);
        if ('pod' in outcome) {
          state.setPod(toPod(outcome.pod));
        }
        const actual = 'pod' in outcome ? (outcome.pod.spec.nodeName ?? '') : outcome.refusal;
        if (!agrees(foreseen, actual)) {
          disagreements.push(
            `seed ${SEED}, round ${index}, newcomer ${number}: foreseen ${JSON.stringify(foreseen)}, was ${actual}\n` +
              JSON.stringify(template),
          );
        } else {
          counts[kindOf(foreseen)]++;
        }
      }
      await clear();
    }

    console.log(
      `${ROUNDS * NEWCOMERS} pods scheduled as foreseen: ${counts.refused} refused with the same reasons, ` +
        `${counts.onlyOne} to the only node that takes them, ${counts.best} to the one best node, ` +
        `${counts.tied} to one of several equally good ones`,
    );
    expect(disagreements).toEqual([]);
  },
  10 * 60_000,
);

it('does not foresee a pod on the room that was made for a more important one', async () => {
  const {admin} = cluster;
  await admin.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
    metadata: {name: 'important'},
    value: 1000,
  });
  const patient = {...asking('3'), terminationGracePeriodSeconds: 3600};
  const important = {priorityClassName: 'important', priority: 1000};
  const state = await prepare(
    {
      nodes: NODES.map((name, index) => plainNode(name, {unschedulable: index > 1})),
      bound: [boundPod(patient, 0), boundPod({...asking('3'), ...important}, 1)],
      newcomers: [],
    },
    'preemption',
  );
  const preemptor = await nominated({namespace: 'bank', labels: {}, spec: {...asking('2'), ...important}});
  state.setPod(toPod(preemptor));
  const template = {namespace: 'bank', labels: {}, spec: asking('500m')};

  const foreseen = foresee(template, state);
  const outcome = await schedule(template, 'newcomer');

  expect(preemptor.status?.nominatedNodeName).toBe('node-1');
  expect(foreseen.nodes).toEqual(['node-2']);
  expect('pod' in outcome ? outcome.pod.spec.nodeName : outcome.refusal).toBe('node-2');
  // Without the promise it would fit there too.
  const unaware = foresee({...template, spec: {...template.spec, priority: 2000}}, state);
  expect(unaware.nodes).toEqual(['node-1', 'node-2']);
  await clear();
}, 60_000);

it('takes one of the likely targets when it looks at a sample of the nodes', async () => {
  const many = Array.from({length: 200}, (_, index) => ({
    name: `many-${index}`,
    cpu: String(4 + (index % 7) * 4),
    memory: `${8 + (index % 5) * 8}Gi`,
    ...(index % 6 === 0 ? {} : {zone: 'abc'[index % 3] ?? 'a'}),
    ...(index % 4 === 0 ? {taints: [{key: 'rank', value: '5', effect: 'PreferNoSchedule' as const}]} : {}),
    labels: {disk: index % 5 === 0 ? 'hdd' : 'ssd'},
  }));
  const round = fc.sample(liveRound(NODES, SAMPLED_NEWCOMERS), {numRuns: 1, seed: SEED})[0];
  await cluster.addNodes(many);
  const state = await prepare({nodes: [], bound: round?.bound ?? [], newcomers: []}, 'sampling');
  const counts = {notAllScored: 0, best: 0};
  const elsewhere: string[] = [];

  for (const [number, template] of (round?.newcomers ?? []).entries()) {
    const foreseen = foresee(template, state);
    const outcome = await schedule(template, `newcomer-${number}`);
    if ('pod' in outcome) {
      state.setPod(toPod(outcome.pod));
      const name = outcome.pod.spec.nodeName ?? '';
      counts.notAllScored += foreseen.feasible > nodesToFind(NODES.length + many.length + 1) ? 1 : 0;
      counts.best += foreseen.nodes.includes(name) ? 1 : 0;
      if (!foreseen.likely.includes(name)) {
        elsewhere.push(`newcomer ${number}: ${name}, foreseen ${foreseen.likely.join(' ')}`);
      }
    }
  }

  console.log(
    `Of ${SAMPLED_NEWCOMERS} pods on ${many.length + NODES.length + 1} nodes ${counts.notAllScored} were scored on a sample; ` +
      `${counts.best} went to one of the best nodes`,
  );
  expect(counts.notAllScored).toBeGreaterThan(SAMPLED_NEWCOMERS / 4);
  expect(elsewhere).toEqual([]);
}, 120_000);

function asking(cpu: string): ApiPodSpec {
  return {containers: [{name: 'main-1', image: 'web', resources: {requests: {cpu}}}]};
}

function plainNode(name: string, {unschedulable}: {unschedulable: boolean}): LiveNode {
  return {
    labels: {'kubernetes.io/hostname': name},
    taints: [],
    unschedulable,
    allocatable: {cpu: '4', memory: '16Gi', pods: '110'},
    images: [],
  };
}

function boundPod(spec: ApiPodSpec, node: number): LiveBoundPod {
  return {namespace: 'bank', labels: {}, spec, node, terminating: false, held: undefined, infeasible: false};
}

/** A pod for which the scheduler has made room, and that waits for the room to become free. */
async function nominated({namespace, labels, spec}: LivePodTemplate): Promise<ApiPod> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await cluster.admin.create(path, {metadata: {name: 'preemptor', labels}, spec});
  return waitFor('the pod is promised a node', async () => {
    const pod = await cluster.admin.get<ApiPod>(`${path}/preemptor`);
    return pod.status?.nominatedNodeName === undefined ? undefined : pod;
  });
}

interface Foreseen {
  /** Any of these. */
  readonly nodes: readonly string[];
  /** Any of these when the scheduler may look at a sample. */
  readonly likely: readonly string[];
  /** Of how many that take the pod. */
  readonly feasible: number;
  /** The scheduler's summary when none does. */
  readonly refusal: string;
}

function foresee({namespace, labels, spec}: LivePodTemplate, state: ClusterState): Foreseen {
  const pod: PodToSchedule = {
    namespace,
    labels,
    spec: completeForLabels(interner(spec), labels),
    ...(namespace === 'shop' && labels['app'] === 'web'
      ? {defaultSpreadSelector: {matchLabels: {app: 'web'}}}
      : {}),
  };
  const {feasible, refusals} = filterNodes(pod, state);
  const scores = scoreNodes(pod, state, feasible);
  const likely = likelyTargets(scores, state);
  return {
    nodes: bestNodes(scores).map(({node}) => node),
    likely: likely.map(({node}) => node),
    feasible: feasible.length,
    refusal: feasible.length === 0 ? explainRefusals(refusals) : '',
  };
}

const interner = createPodSpecInterner();

// What the scheduler adds about preemption is not foreseen.
function agrees({nodes, refusal}: Foreseen, actual: string): boolean {
  return nodes.length > 0 ? nodes.includes(actual) : actual.startsWith(`${refusal} `) || actual === refusal;
}

function kindOf({nodes, feasible}: Foreseen): 'onlyOne' | 'best' | 'tied' | 'refused' {
  if (feasible === 0) {
    return 'refused';
  }
  return feasible === 1 ? 'onlyOne' : nodes.length === 1 ? 'best' : 'tied';
}

/** Makes the nodes and the pods on them, and returns the cluster as the scheduler has seen it by then. */
async function prepare(round: LiveRound, marker: string): Promise<ClusterState> {
  const {admin} = cluster;
  for (const [at, name] of NODES.entries()) {
    const node = round.nodes[at];
    if (node !== undefined) {
      await become(name, node);
    }
  }
  for (const [number, pod] of round.bound.entries()) {
    await bind(pod, `bound-${number}`);
  }
  await passBarrier(marker);
  const state = new ClusterState();
  for (const {metadata} of await admin.list<KubernetesObject>('/api/v1/namespaces')) {
    state.setNamespace(metadata.name, metadata.labels ?? {});
  }
  for (const node of await admin.list<ApiNode>('/api/v1/nodes')) {
    state.setNode(toNode(node));
  }
  for (const pod of await admin.list<ApiPod>('/api/v1/pods')) {
    state.setPod(toPod(pod, interner));
  }
  return state;
}

// The scheduler sees the changes of one kind in their order. When it has bound a pod that was made after all others,
// and waits for a change of a node that came after all others, it has seen everything.
async function passBarrier(marker: string): Promise<void> {
  const {admin} = cluster;
  const path = '/api/v1/namespaces/default/pods';
  await admin.patch(`/api/v1/nodes/${BARRIER_NODE}`, {metadata: {labels: {[BARRIER]: marker}}});
  await admin.create(path, {
    metadata: {name: 'barrier'},
    spec: {
      containers: [{name: 'main', image: 'barrier'}],
      nodeSelector: {[BARRIER]: marker},
      tolerations: [{operator: 'Exists'}],
    },
  });
  await waitFor(
    'the scheduler has seen all changes',
    async () => (await admin.get<ApiPod>(`${path}/barrier`)).spec.nodeName === BARRIER_NODE,
    {interval: 5},
  );
}

async function become(
  name: string,
  {labels, taints, unschedulable, allocatable, images}: LiveNode,
): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  // The node controller would add the taint of a cordoned node a moment later, and change the cluster under us.
  const cordon = {key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule'};
  const absent = Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, value ?? null]));
  await cluster.admin.patch(path, {
    metadata: {labels: absent},
    spec: {
      unschedulable: unschedulable ? true : null,
      taints: unschedulable ? [...taints, cordon] : taints,
    },
  });
  await cluster.admin.patch(`${path}/status`, {status: {allocatable, capacity: allocatable, images}});
}

async function bind(
  {namespace, labels, spec, node, terminating, held, infeasible}: LiveBoundPod,
  name: string,
): Promise<void> {
  const {admin} = cluster;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await admin.create(path, {
    metadata: {name, labels, ...(terminating ? {finalizers: [FINALIZER]} : {})},
    spec: {...spec, nodeName: NODES[node]},
  });
  if (held !== undefined) {
    const container = {name: 'main-1', image: 'any', imageID: '', ready: false, restartCount: 0};
    await admin.patch(`${path}/${name}/status`, {
      status: {
        containerStatuses: [{...container, resources: {requests: held}, allocatedResources: held}],
        ...(infeasible
          ? {conditions: [{type: 'PodResizePending', status: 'True', reason: 'Infeasible'}]}
          : {}),
      },
    });
  }
  if (terminating) {
    await admin.delete(`${path}/${name}`, {gracePeriodSeconds: 0});
  }
}

type Outcome = {readonly pod: ApiPod} | {readonly refusal: string};

/** A pod that is refused does not stay. */
async function schedule({namespace, labels, spec}: LivePodTemplate, name: string): Promise<Outcome> {
  const {admin} = cluster;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await admin.create(path, {metadata: {name, labels}, spec});
  const outcome = await waitFor<Outcome | undefined>(
    `the scheduler has decided on pod ${namespace}/${name}`,
    async () => {
      const pod = await admin.get<ApiPod>(`${path}/${name}`);
      const scheduled = pod.status?.conditions?.find(({type}) => type === 'PodScheduled');
      if (pod.spec.nodeName !== undefined) {
        return {pod};
      }
      return scheduled?.reason === 'Unschedulable' ? {refusal: scheduled.message ?? ''} : undefined;
    },
    {interval: 5},
  );
  if ('refusal' in outcome) {
    await admin.delete(`${path}/${name}`, {gracePeriodSeconds: 0});
  }
  return outcome;
}

async function clear(): Promise<void> {
  const {admin} = cluster;
  const namespaces = ['default', ...LIVE_NAMESPACES.map(({name}) => name)];
  for (const namespace of namespaces) {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    for (const pod of await admin.list<ApiPod>(path)) {
      if ((pod.metadata.finalizers ?? []).length > 0) {
        await admin.patch(`${path}/${pod.metadata.name}`, {metadata: {finalizers: null}});
      }
    }
    await admin.delete(path, {gracePeriodSeconds: 0});
  }
  await waitFor('all pods are gone', async () => (await admin.list<ApiPod>('/api/v1/pods')).length === 0, {
    interval: 10,
  });
}
