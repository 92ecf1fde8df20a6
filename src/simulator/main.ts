/** A simulated cluster to try things on: prints a kubeconfig and runs until Ctrl-C. */
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Command, InvalidArgumentError} from 'commander';
import {parseAllDocuments} from 'yaml';
import {createLog} from '../observability/logging.ts';
import {RealTimeDriver} from './drivers.ts';
import {ApiFace} from './http/api-face.ts';
import {installation, type OperatorSurroundings} from './installation.ts';
import {loadManifests, type Manifest} from './manifests.ts';
import type {OperatorOnClock} from './operator-on-clock.ts';
import {PARAMETERS, type SimulationParameters} from './parameters.ts';
import {SimulatedCluster} from './simulated-cluster.ts';
import {describeEntry, type TimelineEntry} from './timeline.ts';

interface Options {
  readonly nodes: number;
  readonly zones: number;
  readonly cpu: string;
  readonly memory: string;
  readonly podsPerNode: number;
  readonly speed: number;
  readonly seed: number;
  readonly port: number;
  readonly manifests: readonly string[];
  readonly operator: boolean;
  readonly set: Readonly<Record<string, number>>;
}

const TIMELINE_MILLISECONDS = 200;

async function main(): Promise<void> {
  const options = parseOptions();
  const began = Date.now();
  const cluster = new SimulatedCluster({...options, start: began, parameters: options.set});
  if (options.operator) {
    // First, so that manifests may hold policies.
    loadManifests(cluster.api, installation());
  }
  for (const file of options.manifests) {
    const documents = parseAllDocuments(await readFile(file, 'utf8'));
    loadManifests(
      cluster.api,
      documents.map((document) => document.toJS() as Manifest),
    );
  }
  const face = await ApiFace.start({
    api: cluster.api,
    port: options.port,
    // So that to the operator on the simulation's clock bookmarks come as often as it expects.
    ...(options.operator ? {clock: cluster.clock} : {}),
    usage: {
      node: (name) => cluster.nodeMetrics(name),
      pod: (namespace, name) => cluster.podMetrics(namespace, name),
    },
  });
  const directory = await mkdtemp(join(tmpdir(), 'simulated-cluster-'));
  const kubeconfig = join(directory, 'kubeconfig');
  await face.writeKubeconfig(kubeconfig);
  const driver = new RealTimeDriver(cluster.clock, options.speed);
  driver.start();
  const operator = options.operator
    ? await startOperator({cluster, face, directory}, options.speed)
    : undefined;

  say(
    `${options.nodes} simulated nodes at ${options.speed} times real time, ready in ${Date.now() - began} ms`,
  );
  say(`export KUBECONFIG=${kubeconfig}`);
  say('Ctrl-C stops it. To try:');
  say('  kubectl annotate service NAME simulator.spread-operator.io/load-cpu=3500m --overwrite');
  say(
    '  kubectl label node node-1 spread-operator.test/failed=true    # and spread-operator.test/failed- to recover',
  );
  const stopTelling = tellTimeline(cluster, began);

  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  try {
    await Promise.race([interrupted, ...(operator === undefined ? [] : [operator.ended])]);
    await operator?.stop();
  } finally {
    stopTelling();
    driver.stop();
  }
  await face.stop();
  await rm(directory, {recursive: true, force: true});
}

async function startOperator(surroundings: OperatorSurroundings, speed: number): Promise<OperatorOnClock> {
  // Loaded only for those who want it: its client library takes tens of megabytes.
  const {OperatorOnClock: Operator} = await import('./operator-on-clock.ts');
  return await Operator.start(surroundings, speed, createLog());
}

function tellTimeline(cluster: SimulatedCluster, since: number): () => void {
  let last: TimelineEntry | undefined;
  const timer = setInterval(() => {
    const {entries} = cluster.timeline;
    for (const entry of entries.slice(last === undefined ? 0 : entries.lastIndexOf(last) + 1)) {
      say(describeEntry(entry, since));
    }
    last = entries.at(-1);
  }, TIMELINE_MILLISECONDS);
  return () => clearInterval(timer);
}

function parseOptions(): Options {
  const command = new Command('simulator')
    .description('Runs a simulated Kubernetes cluster and prints a kubeconfig for it.')
    .option('--nodes <count>', 'how many nodes', parseNumber, 3)
    .option('--zones <count>', 'spread over so many zones; 0 for no zone labels', parseNumber, 0)
    .option('--cpu <quantity>', 'of each node', '4')
    .option('--memory <quantity>', 'of each node', '16Gi')
    .option('--pods-per-node <count>', 'that a node takes', parseNumber, 110)
    .option('--speed <factor>', 'simulated seconds per second', parseNumber, 1)
    .option('--operator', 'with the operator, on the clock of the simulation', false)
    .option('--seed <number>', 'of everything that is drawn by lot', parseNumber, 1)
    .option('--port <number>', 'of the API server on 127.0.0.1; 0 takes a free one', parseNumber, 0)
    .option(
      '--manifests <file>',
      'YAML to begin with; may be repeated',
      (file: string, files: readonly string[]) => [...files, file],
      [] as readonly string[],
    )
    .option(
      '--set <parameter=value>',
      `may be repeated; parameters: ${Object.keys(PARAMETERS).join(', ')}`,
      parseParameter,
      {} as Partial<SimulationParameters>,
    );
  return command.parse().opts<Options>();
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError(`expected a number from 0 up, found "${text}"`);
  }
  return value;
}

function parseParameter(text: string, known: Partial<SimulationParameters>): Partial<SimulationParameters> {
  const [name = '', value = ''] = text.split('=');
  if (!Object.hasOwn(PARAMETERS, name)) {
    throw new InvalidArgumentError(`expected <parameter>=<number>, found "${text}"`);
  }
  return {...known, [name]: parseNumber(value)};
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
