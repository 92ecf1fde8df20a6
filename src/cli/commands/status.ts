/** `kubectl spread status`: how the replicas lie, and why they stay where they are. */
import {Option} from 'commander';
import {cachesOf} from '../../foresight/cluster-picture.ts';
import {previewOperator} from '../../foresight/operator-preview.ts';
import {assumePolicies} from '../../foresight/policy-sources.ts';
import {addClusterOptions, type ClusterOptions, positiveNumber, readCluster} from '../cluster-options.ts';
import type {AddCommand} from '../command.ts';
import {EXIT_CLEAN, InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {
  addNamespaceOptions,
  describeScope,
  type NamespaceOptions,
  namespaceOf,
} from '../namespace-options.ts';
import {addOutputOption, documentText, type OutputOptions} from '../output/document.ts';
import {linesText} from '../output/text.ts';
import {type SpreadStatus, STATUS_KIND, spreadStatusOf} from '../views/spread-status.ts';
import {statusLines} from '../views/status-text.ts';
import {namedWorkloads} from '../workload-names.ts';

interface StatusOptions extends ClusterOptions, NamespaceOptions, OutputOptions {
  readonly watch?: boolean;
  readonly interval: number;
}

const CLEAR_SCREEN = '\u001B[H\u001B[2J\u001B[3J';

export const addStatusCommand: AddCommand = (program, run) => {
  const command = program
    .command('status')
    .argument('[name...]', 'Deployments to tell all about; default: a table of all of them')
    .summary('how the replicas of each Deployment lie, what is needed, what blocks and how to unblock it')
    .description(
      'Shows how the replicas of each Deployment lie over nodes or zones, how many moves they need, what stands in the way and how to get it out of the way. While an operator is running, its own status is shown; otherwise the same is computed from the cluster, also for Deployments that no policy selects.',
    )
    .option('-w, --watch', 'show it again whenever it changes')
    .addOption(
      new Option('--interval <seconds>', 'how often --watch reads the cluster')
        .argParser(positiveNumber)
        .default(5),
    );
  addOutputOption(addNamespaceOptions(addClusterOptions(command)))
    .addHelpText(
      'after',
      `
A sign for each node or zone, the fullest first: ● is a replica, · a place without one.
Exit code: 0, however the replicas lie; ask \`kubectl spread plan\` in a script.

Examples:
  kubectl spread status                    the Deployments of the namespace
  kubectl spread status web                why do the replicas of web share a node, and why does nothing move?
  kubectl spread status -A -o json         for a program
  kubectl spread status -A --watch`,
    )
    .action(run((options: StatusOptions, io, names) => status(options, io, names)));
};

async function status(options: StatusOptions, io: CommandIo, names: readonly string[]): Promise<number> {
  if (options.watch !== true) {
    io.stdout.write(textOf(await read(options, io, names), options, io, names));
    return EXIT_CLEAN;
  }
  if (options.snapshot !== undefined) {
    throw new InputError('--watch: a saved cluster does not change; leave --snapshot out');
  }
  let shown = '';
  for (;;) {
    const document = await read(options, io, names).catch((error: unknown) => {
      // Whoever watches a cluster in trouble does not want to begin anew each time that it does not answer.
      if (!(error instanceof InputError) || shown === '') {
        throw error;
      }
      io.stderr.write(`${error.message}; trying again\n`);
      return undefined;
    });
    // The time alone is no news.
    const news = document === undefined ? shown : JSON.stringify({...document, time: ''});
    if (document !== undefined && news !== shown) {
      const text = textOf(document, options, io, names);
      io.stdout.write(io.stdout.isTerminal && options.output === undefined ? `${CLEAR_SCREEN}${text}` : text);
      shown = news;
    }
    await io.clock.sleep(options.interval * 1000, io.signal);
  }
}

async function read(options: StatusOptions, io: CommandIo, names: readonly string[]): Promise<SpreadStatus> {
  const picture = await readCluster(options, io);
  const namespace = namespaceOf(options, picture);
  const caches = cachesOf(picture);
  const {cache, policies} = caches;
  const named = new Set(
    namedWorkloads(names, namespace === undefined ? cache.workloads() : cache.workloadsOf(namespace)).map(
      ({uid}) => uid,
    ),
  );
  assumePolicies(caches, {injection: {mode: 'Disabled'}, eviction: {mode: 'DryRun'}});
  const preview = await previewOperator(caches, picture, {namespace, rounds: 1});
  return spreadStatusOf({
    preview: {...preview, workloads: preview.workloads.filter(({workload}) => named.has(workload.uid))},
    picture,
    policies: namespace === undefined ? policies.all() : policies.of(namespace),
    scope: describeScope(namespace, picture),
  });
}

function textOf(
  document: SpreadStatus,
  {output, namespace, allNamespaces = false, snapshot}: StatusOptions,
  {stdout}: CommandIo,
  names: readonly string[],
): string {
  if (output !== undefined) {
    return documentText(output, STATUS_KIND, document);
  }
  const namespaces = new Set(document.workloads.map((workload) => workload.namespace));
  const lines = statusLines(document, {
    isDetailed: names.length > 0,
    isWithNamespace:
      allNamespaces || namespaces.size > 1 || (snapshot !== undefined && namespace === undefined),
    width: stdout.width,
  });
  return linesText(stdout, lines);
}
