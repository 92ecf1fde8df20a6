/** `kubectl spread map`: Deployments by nodes or zones. */
import {InvalidArgumentError, Option} from 'commander';
import {conforms, labelKey} from '../../api/syntax.ts';
import {PolicyIndex} from '../../controller/policy-index.ts';
import {cachesOf} from '../../foresight/cluster-picture.ts';
import {previewOperator} from '../../foresight/operator-preview.ts';
import {assumePolicies} from '../../foresight/policy-sources.ts';
import {addClusterOptions, type ClusterOptions, readCluster} from '../cluster-options.ts';
import type {AddCommand} from '../command.ts';
import {EXIT_CLEAN, InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {
  addNamespaceOptions,
  describeScope,
  type NamespaceOptions,
  namespaceOf,
} from '../namespace-options.ts';
import {addOutputOption, type OutputOptions, printDocument} from '../output/document.ts';
import {printLines} from '../output/text.ts';
import {mapLines} from '../views/map-text.ts';
import {MAP_KIND, placementMapOf} from '../views/placement-map.ts';

interface MapOptions extends ClusterOptions, NamespaceOptions, OutputOptions {
  readonly by: string;
  readonly all?: boolean;
}

const SHORT_KEYS: Readonly<Record<string, string>> = {
  node: 'kubernetes.io/hostname',
  hostname: 'kubernetes.io/hostname',
  zone: 'topology.kubernetes.io/zone',
  region: 'topology.kubernetes.io/region',
};

export const addMapCommand: AddCommand = (program, run) => {
  const command = program
    .command('map')
    .summary('which replicas run on which node or in which zone, with hot and unusable nodes marked')
    .description(
      'Shows Deployments by nodes, or by zones: how many replicas of each run where, which nodes are hot, cordoned or not Ready. What has two replicas more than another place that could take them is marked with an exclamation mark.',
    )
    .addOption(
      new Option('--by <key>', 'node, zone, region, or any label of nodes')
        .default('node')
        .argParser(topologyKeyOf),
    )
    .option('--all', 'leave nothing out: neither Deployments that cannot be spread better, nor empty nodes');
  addOutputOption(addNamespaceOptions(addClusterOptions(command)))
    .addHelpText(
      'after',
      `
A node is hot when it uses more than 85 % of its allocatable CPU, by the metrics API.

Examples:
  kubectl spread map
  kubectl spread map -A --by zone
  kubectl spread map --by example.com/rack -o json`,
    )
    .action(run((options: MapOptions, io) => map(options, io)));
};

async function map(options: MapOptions, io: CommandIo): Promise<number> {
  const {output, all = false, allNamespaces = false} = options;
  const topologyKey = SHORT_KEYS[options.by] ?? options.by;
  const picture = await readCluster(options, io);
  const namespace = namespaceOf(options, picture);
  const {cache} = cachesOf(picture);
  const infos = [...cache.state.nodeInfos()];
  if (topologyKey !== SHORT_KEYS['node'] && infos.every(({node}) => node.labels[topologyKey] === undefined)) {
    throw new InputError(`--by ${options.by}: no node of ${picture.origin} has the label ${topologyKey}`);
  }
  // What the policies want is another question: here all that counts is whether the replicas lie evenly.
  const caches = {cache, policies: new PolicyIndex()};
  assumePolicies(caches, {
    topologies: [{topologyKey}],
    injection: {mode: 'Disabled'},
    eviction: {mode: 'DryRun'},
  });
  const preview = await previewOperator(caches, picture, {namespace, rounds: 1});
  const document = placementMapOf({
    caches,
    picture,
    preview,
    topologyKey,
    scope: describeScope(namespace, picture),
  });
  if (output !== undefined) {
    printDocument(io.stdout, output, MAP_KIND, document);
    return EXIT_CLEAN;
  }
  const namespaces = new Set(document.workloads.map((workload) => workload.namespace));
  printLines(
    io.stdout,
    mapLines(document, {
      isWithNamespace: allNamespaces || namespaces.size > 1,
      isComplete: all,
      width: io.stdout.width,
    }),
  );
  return EXIT_CLEAN;
}

function topologyKeyOf(text: string): string {
  if (!conforms(text, labelKey)) {
    throw new InvalidArgumentError(`It ${labelKey.message}.`);
  }
  return text;
}
