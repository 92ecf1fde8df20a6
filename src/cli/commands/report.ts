/** `kubectl spread report`: all that is foreseen of a cluster, as one page. */
import {writeFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {Option} from 'commander';
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {
  addClusterOrNodesOptions,
  type ClusterOrNodesOptions,
  positiveNumber,
  readCluster,
} from '../cluster-options.ts';
import type {AddCommand} from '../command.ts';
import {EXIT_CLEAN, InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {
  addNamespaceOptions,
  describeScope,
  type NamespaceOptions,
  namespaceOf,
} from '../namespace-options.ts';
import {type Progress, withProgress} from '../output/progress.ts';
import {assertHasNodesToLose, assertPlacesPods} from '../unanswerable.ts';
import {VERSION} from '../version.ts';

interface ReportOptions extends ClusterOrNodesOptions, NamespaceOptions {
  readonly output: string;
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  /** Seconds. */
  readonly budget: number;
}

export const addReportCommand: AddCommand = (program, run) => {
  const command = program
    .command('report')
    .summary('one HTML page: blast radius of each node, cascades, placement, before and after')
    .description(
      'Writes one HTML page to show around: what the loss of each node and of each two would take with it, how the worst of them would go, where the replicas are, what the operator would do and what would be different then. The page loads nothing from anywhere and runs no script.',
    )
    .requiredOption('-o, --output <file>', 'where to; `-` for standard output')
    .option(
      '-f, --filename <file>',
      'manifests: the page is about the cluster with them applied, and has the findings of `kubectl spread check`; file, directory or - for standard input; may be repeated',
      (value: string, all: readonly string[] | undefined) => [...(all ?? []), value],
    )
    .option('-R, --recursive', 'also the directories in a directory')
    .addOption(
      new Option(
        '--budget <seconds>',
        'how long losses are simulated where proofs do not tell; what is left then is told not to be judged',
      )
        .argParser(positiveNumber)
        .default(60),
    );
  addNamespaceOptions(addClusterOrNodesOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  kubectl spread report -A -o report.html                               of the whole cluster
  kubectl spread report -n shop -o report.html                          of what is in one namespace
  kubectl spread report -A --snapshot cluster.json.gz -o report.html    of a saved cluster
  kubectl spread report -f k8s/ -o report.html                          as it would be with these manifests
  kubectl spread report -f k8s/ --nodes 3 --cpu 4 -o report.html        on three nodes that are only assumed`,
    )
    .action(run((options: ReportOptions, io) => writeReport(options, io)));
};

async function writeReport(options: ReportOptions, io: CommandIo): Promise<number> {
  const {output} = options;
  const picture = await readCluster(options, io);
  if (options.nodes !== undefined && options.filename === undefined) {
    throw new InputError('--nodes: an assumed cluster is empty: say with -f what runs on it');
  }
  assertHasNodesToLose(picture);
  if (options.filename !== undefined) {
    assertPlacesPods(picture);
  }
  const page = await withProgress(io, (progress) => pageAbout(picture, options, io, progress));
  io.signal.throwIfAborted();
  if (output === '-') {
    io.stdout.write(page);
    return EXIT_CLEAN;
  }
  try {
    await writeFile(resolve(io.directory, output), page);
  } catch (error) {
    throw new InputError(`cannot write ${output}: ${(error as Error).message}`, {cause: error});
  }
  io.stderr.write(`the report of ${picture.origin} is in ${output}\n`);
  return EXIT_CLEAN;
}

async function pageAbout(
  picture: ClusterPicture,
  options: ReportOptions,
  io: CommandIo,
  progress: Progress,
): Promise<string> {
  // Not needed by the other commands.
  const {buildReport} = await import('../report/build-report.ts');
  const {pageOf} = await import('../report/page.ts');
  const {clock, signal} = io;
  const milliseconds = options.budget * 1000;
  const applied = await withManifests(picture, options, io);
  const namespace = namespaceOf(options, applied.picture);
  const start = clock.now();
  const ends = {now: start + milliseconds / 2, after: start + milliseconds};
  return pageOf(
    await buildReport({
      ...applied,
      namespace,
      scope: `${describeScope(namespace, picture)}${applied.files === undefined ? '' : ` with ${applied.files} applied`}`,
      version: VERSION,
      tell: (text) => progress.tell(text),
      isBudgetSpent: (of) => clock.now() >= ends[of] || signal.aborted,
    }),
  );
}

/** The cluster as it would be after `kubectl apply`, and what is wrong with that. */
async function withManifests(
  picture: ClusterPicture,
  {filename, recursive = false, nodes, budget, namespace}: ReportOptions,
  io: CommandIo,
) {
  if (filename === undefined) {
    return {picture};
  }
  const {checkManifests} = await import('../../foresight/check/check.ts');
  const {readManifests} = await import('../manifests/read-manifests.ts');
  const {readSuppressions} = await import('../check/configuration.ts');
  const manifests = await readManifests({filenames: filename, isRecursive: recursive}, io);
  const end = io.clock.now() + budget * 1000;
  const {findings, context} = checkManifests({
    picture,
    manifests: manifests.objects,
    defaultNamespace: namespace ?? picture.namespace ?? 'default',
    isAssumed: nodes !== undefined,
    suppressions: await readSuppressions(undefined, io),
    isBudgetSpent: () => io.clock.now() >= end || io.signal.aborted,
  });
  return {picture: context.view.picture, findings, files: filename.join(', ')};
}
