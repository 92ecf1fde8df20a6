/**
 * `kubectl spread plan`, asked about random clusters before any operator is installed, against what the operator then
 * does there and where the real scheduler puts the replacements.
 *
 * `RANDOM_CLUSTERS=100` takes more of them, `RANDOM_SEED=7 RANDOM_CLUSTERS=1` takes one again.
 */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from '@jest/globals';
import {parse, stringify} from 'yaml';
import type {WorkloadStatus} from '../../src/api/types.ts';
import {runCli} from '../../src/cli/testing/run-cli.ts';
import type {MovePlan, PlannedWorkload} from '../../src/cli/views/move-plan.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import type {Deployment} from '../controlplane/workloads.ts';
import {randomCluster} from '../scenarios/random-clusters.ts';
import {isReplicaOf} from './live-problem.ts';
import {type Observation, RandomClusterRun} from './random-cluster-run.ts';
import {type Prediction, predictionOf} from './random-cluster-verdict.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const count = Number(process.env['RANDOM_CLUSTERS'] ?? 15);
const firstSeed = Number(process.env['RANDOM_SEED'] ?? 1);
/** Of the first moves whose landing the scheduler's scores decide. */
const leastLikelyShare = 0.9;

interface Comparison {
  readonly seed: number;
  readonly planned: PlannedWorkload;
  readonly deployment: Deployment;
  /** The first eviction of the workload, and where its replacement came to. */
  readonly first: Prediction | undefined;
  /** What the operator says of it in the end. */
  readonly status: WorkloadStatus | undefined;
  /** Whether the operator moved a replica of another workload of the cluster before. */
  readonly isLater: boolean;
}

const comparisons: Comparison[] = [];
let built = '';

beforeAll(
  withOperatorLog(async () => {
    const clusters = Array.from({length: count}, (_, index) => randomCluster(firstSeed + index));
    const run = await RandomClusterRun.start(clusters);
    try {
      const {kubeconfigPath: kubeconfig, directory} = run.cluster;
      const policies = clusters.map(({policy}) => policy);
      await writeFile(
        join(directory, 'policies.yaml'),
        policies.map((each) => `---\n${stringify(each)}`).join(''),
      );
      const ask = async (...args: readonly string[]) =>
        await runCli([...args, '-A', '--kubeconfig', kubeconfig, '-f', 'policies.yaml'], {directory});
      const plan = await waitFor('no budget is waited for and nothing settles', async () => {
        const {code, stdout, stderr} = await ask('plan', '-o', 'json');
        if (code !== 1) {
          throw new Error(`plan ended with ${code} instead of 1: ${stderr}`);
        }
        const answer = JSON.parse(stdout) as MovePlan;
        const isAtRest = answer.workloads.every(
          ({message}) => !/^settling|has not computed it yet/.test(message),
        );
        return isAtRest ? answer : undefined;
      });
      await ask('patch', '--output-dir', 'spread');
      built = await build(run, directory);

      const observations = await run.letOperatorWork();

      for (const observed of observations) {
        comparisons.push(...compare(plan, observed));
      }
    } finally {
      await run.stop();
    }
  }),
  startLimitMilliseconds + 8 * 60_000,
);

afterAll(() => {
  console.log(summary());
});

it('names the replica that the operator moves first', () => {
  expectNone(
    moving().filter(({planned, first}) => first !== undefined && first.pod !== planned.moves[0]?.pod),
  );
});

it('foresees every move that is made', () => {
  expectNone(
    comparisons.filter(
      ({planned, first, isLater}) => planned.next === 'Nothing' && first !== undefined && !isLater,
    ),
  );
});

it('foresees no move that is not made', () => {
  expectNone(moving().filter(({first}) => first === undefined));
});

it('foresees every certain landing of a first move', () => {
  expectNone(landings('certain').filter((each) => !isRight(each)));
});

it('foresees nearly every likely landing of a first move', () => {
  const likely = landings('likely');

  expect(likely.filter(isRight).length).toBeGreaterThanOrEqual(leastLikelyShare * likely.length);
});

it('foresees the rules that are injected, unless the rollout of another one came first and left no room', () => {
  expectNone(edited().filter((each) => !isAsEdited(each) && !isOvertaken(each)));
});

it('makes patches that kustomize applies', () => {
  const documents = built.split(/^---$/m).map((text) => parse(text) as Deployment);

  const patched = documents.filter(
    ({spec}) =>
      spec.template.spec['affinity'] !== undefined ||
      spec.template.spec['topologySpreadConstraints'] !== undefined,
  );
  expect(patched.length).toBeGreaterThan(0);
});

/** The manifests of the Deployments with the component over them, by the kustomize of a real kubectl. */
async function build(run: RandomClusterRun, directory: string): Promise<string> {
  const deployments = await run.cluster.kubectl(['get', 'deployments', '-A', '-o', 'yaml']);
  const base = join(directory, 'base');
  await mkdir(base, {recursive: true});
  await writeFile(join(base, 'deployments.yaml'), deployments);
  await writeFile(join(base, 'kustomization.yaml'), 'resources: [deployments.yaml]\n');
  const over = join(directory, 'over');
  await mkdir(over, {recursive: true});
  await writeFile(join(over, 'kustomization.yaml'), 'resources: [../base]\ncomponents: [../spread]\n');
  return await run.cluster.kubectl(['kustomize', over]);
}

function compare(plan: MovePlan, observed: Observation): Comparison[] {
  const {random, deployments, evictions, podChanges} = observed;
  const firstOf = (deployment: Deployment) =>
    evictions.findIndex(({pod}) =>
      podChanges.some(({object}) => object.metadata.name === pod && isReplicaOf(deployment, object)),
    );
  return deployments.map((deployment): Comparison => {
    const {name} = deployment.metadata;
    const planned = plan.workloads.find((each) => each.namespace === random.namespace && each.name === name);
    if (planned === undefined) {
      throw new Error(`${random.namespace}/${name} is not in the plan`);
    }
    const index = firstOf(deployment);
    const eviction = evictions[index];
    return {
      seed: random.seed,
      planned,
      deployment,
      status: observed.policy.status?.workloads?.find((entry) => entry.name === name),
      first: eviction === undefined ? undefined : predictionOf(observed, eviction.pod),
      isLater: index > 0,
    };
  });
}

/** Where the next thing is a move. */
function moving(): Comparison[] {
  return comparisons.filter(({planned}) => planned.next === 'Move');
}

function edited(): Comparison[] {
  return comparisons.filter(({planned}) => planned.next === 'Edit');
}

function landings(certainty: 'certain' | 'likely'): Comparison[] {
  return moving().filter(
    ({planned, first}) => first !== undefined && planned.moves[0]?.certainty === certainty,
  );
}

function isRight({planned, first}: Comparison): boolean {
  return first?.landed !== undefined && planned.moves[0]?.to.includes(first.landed) === true;
}

/** Whether the template has what the plan said, beside what it had. */
function isAsEdited({planned, deployment}: Comparison): boolean {
  const patch = parse(planned.edit?.patch ?? '') as {spec: Pick<Deployment['spec'], 'template'>};
  const wanted = patch.spec.template.spec;
  const {affinity, topologySpreadConstraints = []} = deployment.spec.template.spec as {
    affinity?: {podAntiAffinity?: object};
    topologySpreadConstraints?: object[];
  };
  const {podAntiAffinity} = (wanted['affinity'] ?? {}) as {podAntiAffinity?: object};
  const constraints = (wanted['topologySpreadConstraints'] ?? []) as object[];
  const includes = (actual: unknown, part: unknown) => {
    try {
      expect(actual).toMatchObject(part as object);
      return true;
    } catch {
      return false;
    }
  };
  return (
    (podAntiAffinity === undefined || includes(affinity?.podAntiAffinity, podAntiAffinity)) &&
    constraints.every((constraint) => topologySpreadConstraints.some((each) => includes(each, constraint)))
  );
}

/** One template is edited at a time: the rollout before may have changed what is possible, and the operator says so. */
function isOvertaken({seed, planned, status}: Comparison): boolean {
  const isFirst = edited().filter((each) => each.seed === seed)[0]?.planned === planned;
  return !isFirst && status?.injection?.state === 'Pending' && status.injection.message !== undefined;
}

function expectNone(wrong: readonly Comparison[]): void {
  expect(wrong.map(describe).join('\n\n')).toBe('');
}

function describe({seed, planned, first, isLater, deployment, status}: Comparison): string {
  return [
    `RANDOM_SEED=${seed} RANDOM_CLUSTERS=1: ${planned.namespace}/${planned.name}, later ${isLater}`,
    `  planned: ${planned.next}: ${planned.message}; ${planned.edit?.description ?? ''}`,
    ...planned.moves.map(
      ({pod, to, certainty, reason}) => `    ${pod} to ${to.join(' or ')} (${certainty}): ${reason}`,
    ),
    `  made: ${JSON.stringify(first)}`,
    `  status: ${JSON.stringify(status)}`,
    `  template: ${JSON.stringify(deployment.spec.template.spec)}`,
  ].join('\n');
}

function summary(): string {
  const share = (all: readonly Comparison[], right: (each: Comparison) => boolean) =>
    `${all.filter(right).length} of ${all.length}`;
  const quiet = comparisons.filter(({planned}) => planned.next === 'Nothing' || planned.next === 'Blocked');
  return [
    `Plans of random clusters ${firstSeed} to ${firstSeed + count - 1}, asked before the operator was installed`,
    `  Deployments                      ${comparisons.length}: ${[...Map.groupBy(comparisons, ({planned}) => planned.next)].map(([next, of]) => `${next} ${of.length}`).join(', ')}`,
    `  first moves made as planned      ${share(moving(), ({planned, first}) => first?.pod === planned.moves[0]?.pod)}`,
    `  certain landings foreseen        ${share(landings('certain'), isRight)}`,
    `  likely landings foreseen         ${share(landings('likely'), isRight)}`,
    `  rules injected as planned        ${share(edited(), isAsEdited)}`,
    `  not moved, as planned            ${share(quiet, ({first}) => first === undefined)}, others after another Deployment had moved`,
  ].join('\n');
}
