/**
 * `kubectl spread simulate` against what really happens: random clusters on a real control plane, a node of each lost and
 * later one drained; where the replicas go, which stay Pending, which Services end without an endpoint.
 *
 * Where scores tie, and in the order in which pods are evicted, the real cluster draws lots: the command is asked with
 * several seeds, and what it tells is the set of their answers.
 *
 * `RANDOM_CLUSTERS=40` takes more of them, `RANDOM_SEED=7 RANDOM_CLUSTERS=1` takes one again.
 */
import {afterAll, beforeAll, expect, it} from '@jest/globals';
import {runCli} from '../../src/cli/testing/run-cli.ts';
import type {Outcome, ReplicaMove} from '../../src/foresight/outcome.ts';
import {podsOf} from '../controlplane/placement.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import type {Pod} from '../controlplane/workloads.ts';
import {caseNumber, tell} from '../scenarios/case-numbers.ts';
import {type RandomCluster, randomCluster} from '../scenarios/random-clusters.ts';
import {RandomClusterRun} from './random-cluster-run.ts';
import {startLimitMilliseconds} from './with-operator-log.ts';

const count = caseNumber('RANDOM_CLUSTERS', 10);
const firstSeed = caseNumber('RANDOM_SEED', 1);
const seeds = 5;
/** So that nobody waits five minutes for the evictions; the simulation reads it from the pods. Time enough to look first. */
const tolerationSeconds = 15;
const drainSeconds = 12;
/** Of the workloads whose answer is the same for every seed; the order of evictions is not foreseen. */
const leastCertainShare = 0.9;
const leastPossibleShare = 0.9;

interface Comparison {
  readonly act: 'lose' | 'drain';
  readonly workload: string;
  /** One for each seed, as sorted nodes with `Pending` for each pod without one. */
  readonly foreseen: readonly string[];
  readonly real: string;
}

const comparisons: Comparison[] = [];
/** Without endpoint at once, and in the end. */
const services: {readonly foreseen: readonly string[]; readonly real: readonly string[]}[] = [];
const drains: {readonly node: string; readonly foreseen: boolean; readonly real: boolean}[] = [];

beforeAll(async () => {
  const clusters = Array.from({length: count}, (_, index) => impatient(randomCluster(firstSeed + index)));
  const run = await RandomClusterRun.start(clusters, ['--node-eviction-rate=1000']);
  try {
    await run.cluster.apply(clusters.flatMap(servicesOf));
    await compareLosses(run, clusters);
    await compareDrains(run, clusters);
  } finally {
    await run.stop();
  }
}, startLimitMilliseconds + 240_000);

afterAll(() => tell(['', ...summary()]));

it('foresees where the replicas of a lost node go, where the scheduler has no choice', () => {
  expectShare('lose', isCertain, leastCertainShare);
});

it('foresees what may happen where it has', () => {
  expectShare('lose', (each) => !isCertain(each), leastPossibleShare);
});

it('foresees how many replicas of a lost node stay Pending', () => {
  const wrong = comparisons.filter(
    ({act, foreseen, real}) =>
      act === 'lose' && !foreseen.some((each) => pendingIn(each) === pendingIn(real)),
  );
  expect(wrong).toEqual([]);
});

it('foresees which Services lose every endpoint at once, and which have none in the end', () => {
  const [atOnce, inTheEnd] = services;

  expect(atOnce?.foreseen).toEqual(atOnce?.real);
  expect(inTheEnd?.foreseen).toEqual(inTheEnd?.real);
});

it('foresees which drains end', () => {
  expect(drains.filter(({foreseen, real}) => foreseen !== real)).toEqual([]);
});

it('foresees where the replicas of a drained node go', () => {
  expectShare('drain', isCertain, leastCertainShare);
});

async function compareLosses(run: RandomClusterRun, clusters: readonly RandomCluster[]): Promise<void> {
  const {cluster} = run;
  const lost = clusters.map(fullestNode);
  const before = await livePods(run, clusters);
  const outcomes = await simulate(run, ['--lose', lost.join(',')]);

  await Promise.all(lost.map((node) => cluster.failNode(node)));
  const downAtOnce = await waitFor('no endpoint on a lost node is ready', async () => {
    const endpoints = await readyEndpoints(run, clusters);
    const isNoticed = [...endpoints.values()].every((nodes) => nodes.every((node) => !lost.includes(node)));
    return isNoticed ? withoutEndpoint(endpoints) : undefined;
  });
  const after = await settledPods(run, clusters);

  services.push({
    foreseen: (outcomes[0] as Outcome).rounds[0]?.servicesDown.toSorted() ?? [],
    real: downAtOnce,
  });
  compare('lose', {before, after}, outcomes, ({rounds}) => rounds.flatMap(({moves}) => moves));
  services.push({
    foreseen: downAtEnd(outcomes[0] as Outcome),
    real: withoutEndpoint(await readyEndpoints(run, clusters)),
  });
}

async function compareDrains(run: RandomClusterRun, clusters: readonly RandomCluster[]): Promise<void> {
  const nodes = clusters.map(secondNode);
  const before = await livePods(run, clusters);
  const outcomes = await simulate(run, ['--drain', nodes.join(','), '--for', '10m']);

  const ended = await Promise.all(nodes.map((node) => drain(run, node)));
  const after = await settledPods(run, clusters);

  compare('drain', {before, after}, outcomes, ({drains: each}) => each.flatMap(({moves}) => moves));
  for (const [index, node] of nodes.entries()) {
    const foreseen = outcomes[0]?.drains.find((each) => each.node === node)?.seconds !== undefined;
    drains.push({node, foreseen, real: ended[index] === true});
  }
}

/** What the command answers, with one seed after the other. */
async function simulate(run: RandomClusterRun, args: readonly string[]): Promise<Outcome[]> {
  const {directory, kubeconfigPath} = run.cluster;
  const saved = await runCli(['snapshot', '--kubeconfig', kubeconfigPath, '-o', 'cluster.json'], {directory});
  expect(saved.code).toBe(0);
  const outcomes: Outcome[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const {stdout, stderr} = await runCli(
      ['simulate', '--snapshot', 'cluster.json', '-o', 'json', '--seed', String(seed), ...args],
      {directory},
    );
    expect(stderr).toBe('');
    outcomes.push(JSON.parse(stdout) as Outcome);
  }
  return outcomes;
}

async function drain({cluster}: RandomClusterRun, node: string): Promise<boolean> {
  try {
    await cluster.kubectl([
      'drain',
      node,
      '--ignore-daemonsets',
      '--delete-emptydir-data',
      '--force',
      `--timeout=${drainSeconds}s`,
    ]);
    return true;
  } catch {
    return false;
  }
}

type PodsByWorkload = ReadonlyMap<string, readonly Pod[]>;

function compare(
  act: Comparison['act'],
  {before, after}: {readonly before: PodsByWorkload; readonly after: PodsByWorkload},
  outcomes: readonly Outcome[],
  movesOf: (outcome: Outcome) => readonly ReplicaMove[],
): void {
  for (const [workload, pods] of after) {
    const known = new Set(before.get(workload)?.map(({metadata}) => metadata.uid));
    const created = pods.filter(({metadata}) => !known.has(metadata.uid));
    const real = sortedText(created.map(({spec}) => spec.nodeName ?? 'Pending'));
    const foreseen = outcomes.map((outcome) => {
      const isOf = ({namespace, name}: ReplicaMove['workload']) => `${namespace}/${name}` === workload;
      return sortedText([
        ...movesOf(outcome).flatMap((move) => (isOf(move.workload) ? move.to : [])),
        ...outcome.pending.flatMap((pod) => (isOf(pod.workload) && !pod.wasPending ? 'Pending' : [])),
      ]);
    });
    if (real !== '' || foreseen.some((each) => each !== '')) {
      comparisons.push({act, workload, foreseen, real});
    }
  }
}

function sortedText(names: readonly string[]): string {
  return names.toSorted((a, b) => (a < b ? -1 : 1)).join(' ');
}

function isCertain({foreseen}: Comparison): boolean {
  return new Set(foreseen).size === 1;
}

function isRight({foreseen, real}: Comparison): boolean {
  return foreseen.includes(real);
}

function pendingIn(nodes: string): number {
  return nodes.split(' ').filter((node) => node === 'Pending').length;
}

function expectShare(
  act: Comparison['act'],
  which: (comparison: Comparison) => boolean,
  least: number,
): void {
  const asked = comparisons.filter((each) => each.act === act && which(each));
  const wrong = asked.filter((each) => !isRight(each));
  if (asked.length - wrong.length < least * asked.length) {
    expect(wrong).toEqual([]);
  }
}

function summary(): string[] {
  const lines = (['lose', 'drain'] as const).map((act) => {
    const all = comparisons.filter((each) => each.act === act);
    const certain = all.filter(isCertain);
    const open = all.filter((each) => !isCertain(each));
    const pending = all.filter(({foreseen, real}) =>
      foreseen.some((each) => pendingIn(each) === pendingIn(real)),
    );
    return (
      `${act}: ${all.length} workloads of ${count} clusters; foreseen without doubt ${certain.filter(isRight).length} of ${certain.length}, ` +
      `among what was foreseen ${open.filter(isRight).length} of ${open.length}, number of Pending ${pending.length} of ${all.length}`
    );
  });
  const [atOnce, inTheEnd] = services;
  return [
    ...lines,
    `Services without endpoint: at once foreseen ${atOnce?.foreseen.length}, real ${atOnce?.real.length}; in the end foreseen ${inTheEnd?.foreseen.length}, real ${inTheEnd?.real.length}`,
    `drains that end: foreseen ${drains.filter(({foreseen}) => foreseen).length}, real ${drains.filter(({real}) => real).length} of ${drains.length}`,
    ...comparisons
      .filter((each) => !isRight(each))
      .map(
        ({act, workload, foreseen, real}) =>
          `  ${act} ${workload}: foreseen ${[...new Set(foreseen)].join(' | ')}; real ${real}`,
      ),
  ];
}

async function livePods(
  {cluster}: RandomClusterRun,
  clusters: readonly RandomCluster[],
): Promise<PodsByWorkload> {
  const entries = clusters.flatMap(({namespace, deployments}) =>
    deployments.map(async ({manifest: {metadata}}) => {
      const pods = await podsOf(cluster, namespace, metadata.name);
      return [
        `${namespace}/${metadata.name}`,
        pods.filter((pod) => pod.metadata.deletionTimestamp === undefined),
      ] as const;
    }),
  );
  return new Map(await Promise.all(entries));
}

/** When every replica is there, and is Ready or was refused by the scheduler. */
async function settledPods(
  run: RandomClusterRun,
  clusters: readonly RandomCluster[],
): Promise<PodsByWorkload> {
  const wanted = new Map<string, number>(
    clusters.flatMap(({namespace, deployments}) =>
      deployments.map(
        ({manifest, start}) => [`${namespace}/${manifest.metadata.name}`, start.length] as const,
      ),
    ),
  );
  return await waitFor(
    'every replica is Ready or Pending for good',
    async () => {
      const pods = await livePods(run, clusters);
      const down = new Set(clusters.map(fullestNode));
      const isThere = [...pods].every(
        ([workload, own]) =>
          own.length === wanted.get(workload) &&
          own.every(
            ({spec, status}) =>
              !down.has(spec.nodeName ?? '') &&
              status.conditions?.some(
                ({type, status: value}) =>
                  (type === 'Ready' && value === 'True') || (type === 'PodScheduled' && value === 'False'),
              ),
          ),
      );
      return isThere ? pods : undefined;
    },
    {timeout: 90_000},
  );
}

/** The node with the most replicas. */
function fullestNode({deployments}: RandomCluster): string {
  return nodesByReplicas(deployments)[0] ?? '';
}

function secondNode(random: RandomCluster): string {
  const lost = fullestNode(random);
  const full = nodesByReplicas(random.deployments).find((node) => node !== lost);
  return full ?? random.nodes.map(({name}) => name).find((name) => name !== lost) ?? '';
}

function nodesByReplicas(deployments: RandomCluster['deployments']): string[] {
  const counts = new Map<string, number>();
  for (const node of deployments.flatMap(({start}) => start)) {
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return [...counts].sort(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1)).map(([node]) => node);
}

function servicesOf({namespace, deployments}: RandomCluster): object[] {
  return deployments.map(({manifest: {metadata}}) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {name: metadata.name, namespace},
    spec: {selector: {app: metadata.name}, ports: [{port: 80}]},
  }));
}

function downAtEnd({outages, unservedBefore}: Outcome): string[] {
  return [
    ...outages.flatMap(({service, toSeconds}) => (toSeconds === undefined ? service : [])),
    ...unservedBefore,
  ].sort();
}

/** The nodes of each Service's ready endpoints. */
async function readyEndpoints(
  {cluster}: RandomClusterRun,
  clusters: readonly RandomCluster[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  interface EndpointSlice {
    readonly metadata: {readonly labels?: Readonly<Record<string, string>>};
    readonly endpoints?:
      | readonly {readonly nodeName?: string; readonly conditions?: {readonly ready?: boolean}}[]
      | null;
  }
  const all = new Map<string, string[]>();
  await Promise.all(
    clusters.map(async ({namespace, deployments}) => {
      for (const {manifest} of deployments) {
        all.set(`${namespace}/${manifest.metadata.name}`, []);
      }
      const slices = await cluster.admin.list<EndpointSlice>(
        `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      );
      for (const {metadata, endpoints} of slices) {
        const ready = endpoints?.filter(({conditions}) => conditions?.ready === true) ?? [];
        all
          .get(`${namespace}/${metadata.labels?.['kubernetes.io/service-name']}`)
          ?.push(...ready.map(({nodeName = ''}) => nodeName));
      }
    }),
  );
  return all;
}

function withoutEndpoint(endpoints: ReadonlyMap<string, readonly string[]>): string[] {
  return [...endpoints].flatMap(([service, nodes]) => (nodes.length === 0 ? service : [])).sort();
}

/** Its pods tolerate a node that is gone for a second only. */
function impatient(random: RandomCluster): RandomCluster {
  const tolerations = ['not-ready', 'unreachable'].map((condition) => ({
    key: `node.kubernetes.io/${condition}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds,
  }));
  return {
    ...random,
    deployments: random.deployments.map(({manifest, start}) => {
      const {template} = manifest.spec;
      const own = (template.spec['tolerations'] ?? []) as readonly object[];
      const spec = {...template.spec, tolerations: [...own, ...tolerations]};
      return {manifest: {...manifest, spec: {...manifest.spec, template: {...template, spec}}}, start};
    }),
  };
}
