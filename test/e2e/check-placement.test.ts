/**
 * What `kubectl spread check` says of random workloads, and what the real control plane then makes of them: how many
 * replicas find no node, and where the others go. `CHECK_ROUNDS=100` takes more, `CHECK_SEED=7 CHECK_ROUNDS=1` one again.
 */
import {afterAll, beforeAll, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {stringify} from 'yaml';
import {runCli} from '../../src/cli/testing/run-cli.ts';
import {ControlPlane} from '../controlplane/control-plane.ts';
import type {NodeSpec} from '../controlplane/nodes.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {startLimitMilliseconds} from './with-operator-log.ts';

const ROUNDS = Number(process.env['CHECK_ROUNDS'] ?? 12);
const SEED = Number(process.env['CHECK_SEED'] ?? 1);
const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
/** Of the placements: the scheduler draws lots among nodes of equal score, and each draw changes the next scores. */
const LEAST_ALIKE = 0.75;

const NODES: NodeSpec[] = [
  {name: 'node-1', zone: 'zone-a', cpu: '16', labels: {pool: 'front'}},
  {name: 'node-2', zone: 'zone-a', cpu: '8'},
  {name: 'node-3', zone: 'zone-b', cpu: '16', labels: {pool: 'front'}},
  {name: 'node-4', zone: 'zone-b', cpu: '8'},
  {name: 'node-5', zone: 'zone-c', cpu: '16'},
  {name: 'node-6', zone: 'zone-c', cpu: '8', taints: [{key: 'dedicated', effect: 'NoSchedule'}]},
];

interface RandomWorkload {
  readonly replicas: number;
  readonly cpu: string;
  readonly rule: 'none' | 'separate' | 'prefer' | 'even-nodes' | 'even-zones' | 'one-per-zone';
  readonly selectsPool: boolean;
  readonly toleratesTaint: boolean;
  readonly hostPort: boolean;
}

interface Placement {
  readonly workload: {readonly name: string};
  readonly replicas: number;
  readonly nodes: readonly {readonly node: string; readonly replicas: number}[];
  readonly pending?: {readonly replicas: number};
}

interface Counts {
  pending: number;
  readonly nodes: Map<string, number>;
}

const workloads = fc.array(
  fc.record<RandomWorkload>({
    replicas: fc.integer({min: 1, max: 7}),
    cpu: fc.constantFrom('50m', '200m', '200m', '500m', '20'),
    rule: fc.constantFrom('none', 'separate', 'prefer', 'even-nodes', 'even-zones', 'one-per-zone'),
    selectsPool: fc.integer({min: 0, max: 3}).map((draw) => draw === 0),
    toleratesTaint: fc.boolean(),
    hostPort: fc.integer({min: 0, max: 5}).map((draw) => draw === 0),
  }),
  {minLength: 1, maxLength: 4},
);

let cluster: RunningControlPlane;
let kubeconfig: string;

beforeAll(async () => {
  cluster = await new ControlPlane({
    nodes: NODES,
    podStartMilliseconds: 100,
    podStopMilliseconds: 50,
  }).start();
  kubeconfig = await cluster.createKubeconfig({user: 'admin'});
}, startLimitMilliseconds);

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

it(
  'says of as many replicas that no node takes them as stay Pending, and where the others go',
  async () => {
    const disagreements: string[] = [];
    const agreed = {workloads: 0, pending: 0, alike: 0, same: 0};

    for (const [index, round] of fc.sample(workloads, {numRuns: ROUNDS, seed: SEED}).entries()) {
      const namespace = `round-${index}`;
      await cluster.createNamespace(namespace);
      const manifests = round.map((workload, number) => deploymentOf(`w${number}`, workload, 8080 + number));
      const foreseen = await check(manifests, namespace);
      for (const manifest of manifests) {
        await cluster.admin.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, manifest);
      }
      const actual = await settled(namespace, round);
      for (const [number, workload] of round.entries()) {
        const was = actual.get(`w${number}`) ?? {pending: 0, nodes: new Map<string, number>()};
        const said = foreseen.find((each) => each.workload.name === `w${number}`);
        const saidPending = said?.pending?.replicas ?? 0;
        const saidNodes = new Map(said?.nodes.map(({node, replicas}) => [node, replicas]));
        agreed.workloads++;
        agreed.pending += was.pending;
        agreed.alike += shapeOf(saidNodes) === shapeOf(was.nodes) ? 1 : 0;
        agreed.same += namesOf(saidNodes) === namesOf(was.nodes) ? 1 : 0;
        if (said === undefined || saidPending !== was.pending) {
          disagreements.push(
            `seed ${SEED}, round ${index}, w${number} ${JSON.stringify(workload)}: foreseen ${saidPending} Pending, were ${was.pending}`,
          );
        }
      }
      await clear(namespace);
    }

    console.log(
      `${agreed.workloads} workloads in ${ROUNDS} rounds: ${agreed.pending} replicas Pending, ` +
        `${disagreements.length} workloads with another number foreseen; ` +
        `${agreed.alike} spread over their nodes as foreseen, ${agreed.same} of them over the very same nodes`,
    );
    expect(disagreements).toEqual([]);
    expect(agreed.alike).toBeGreaterThanOrEqual(LEAST_ALIKE * agreed.workloads);
  },
  10 * 60_000,
);

async function check(manifests: readonly object[], namespace: string): Promise<readonly Placement[]> {
  const {stdout, stderr} = await runCli(
    ['check', '-f', '-', '-n', namespace, '--kubeconfig', kubeconfig, '-o', 'json'],
    {stdin: async () => manifests.map((manifest) => stringify(manifest)).join('---\n')},
  );
  if (stdout === '') {
    throw new Error(stderr);
  }
  return (JSON.parse(stdout) as {placements: readonly Placement[]}).placements;
}

/** Every replica is on a node, or was refused by the scheduler. */
async function settled(
  namespace: string,
  round: readonly RandomWorkload[],
): Promise<ReadonlyMap<string, Counts>> {
  const wanted = round.reduce((sum, {replicas}) => sum + replicas, 0);
  return await waitFor(
    `every pod of ${namespace} is placed or refused`,
    async () => {
      const pods = await cluster.admin.list<Pod>(`/api/v1/namespaces/${namespace}/pods`);
      const counts = new Map<string, Counts>();
      let decided = 0;
      for (const {metadata, spec, status} of pods) {
        const name = metadata.labels['app'] ?? '';
        const of = counts.get(name) ?? {pending: 0, nodes: new Map<string, number>()};
        counts.set(name, of);
        if (spec.nodeName !== undefined) {
          of.nodes.set(spec.nodeName, (of.nodes.get(spec.nodeName) ?? 0) + 1);
          decided++;
        } else if (status.conditions?.some(({reason}) => reason === 'Unschedulable') === true) {
          of.pending++;
          decided++;
        }
      }
      return decided === wanted ? counts : undefined;
    },
    {timeout: 60_000},
  );
}

interface Pod {
  readonly metadata: {readonly labels: Readonly<Record<string, string>>};
  readonly spec: {readonly nodeName?: string};
  readonly status: {readonly conditions?: readonly {readonly reason?: string}[]};
}

async function clear(namespace: string): Promise<void> {
  await cluster.kubectl(['delete', 'deployments', '--all', '-n', namespace]);
  await waitFor(
    `the pods of ${namespace} are gone`,
    async () =>
      (await cluster.admin.list(`/api/v1/namespaces/${namespace}/pods`)).length === 0 ? true : undefined,
    {timeout: 60_000},
  );
}

function deploymentOf(name: string, workload: RandomWorkload, port: number): object {
  const labels = {app: name};
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name, labels},
    spec: {
      replicas: workload.replicas,
      selector: {matchLabels: labels},
      template: {metadata: {labels}, spec: podSpecOf(labels, workload, port)},
    },
  };
}

function podSpecOf(
  labels: object,
  {cpu, rule, selectsPool, toleratesTaint, hostPort}: RandomWorkload,
  port: number,
): object {
  const term = {topologyKey: rule === 'one-per-zone' ? ZONE : HOSTNAME, labelSelector: {matchLabels: labels}};
  const isRequired = rule === 'separate' || rule === 'one-per-zone';
  const podAntiAffinity = isRequired
    ? {requiredDuringSchedulingIgnoredDuringExecution: [term]}
    : {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: term}]};
  const spread = {
    topologyKey: rule === 'even-zones' ? ZONE : HOSTNAME,
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: {matchLabels: labels},
  };
  return {
    terminationGracePeriodSeconds: 0,
    ...(isRequired || rule === 'prefer' ? {affinity: {podAntiAffinity}} : {}),
    ...(rule === 'even-nodes' || rule === 'even-zones' ? {topologySpreadConstraints: [spread]} : {}),
    ...(selectsPool ? {nodeSelector: {pool: 'front'}} : {}),
    ...(toleratesTaint ? {tolerations: [{key: 'dedicated', operator: 'Exists'}]} : {}),
    containers: [
      {
        name: 'main',
        image: 'registry.k8s.io/pause:3.10',
        resources: {requests: {cpu, memory: '64Mi'}},
        ...(hostPort ? {ports: [{containerPort: port, hostPort: port}]} : {}),
      },
    ],
  };
}

/** How many on each node, whichever the nodes are: `2,1,1`. */
function shapeOf(nodes: ReadonlyMap<string, number>): string {
  return [...nodes.values()].sort((a, b) => b - a).join();
}

function namesOf(nodes: ReadonlyMap<string, number>): string {
  return [...nodes]
    .map(([node, replicas]) => `${node} ${replicas}`)
    .sort()
    .join();
}
