/** `kubectl spread check`: manifests judged before they are pushed. */
import {type Command, Option} from 'commander';
import {type CheckReport, checkManifests} from '../../foresight/check/check.ts';
import {LEVELS, type Level, reaches} from '../../foresight/check/finding.ts';
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {readSuppressions} from '../check/configuration.ts';
import {checkDocument} from '../check/document.ts';
import {sarifLog} from '../check/sarif.ts';
import {reportLines} from '../check/text.ts';
import {addClusterOrNodesOptions, type ClusterOrNodesOptions, readCluster} from '../cluster-options.ts';
import type {AddCommand} from '../command.ts';
import {EXIT_CLEAN, EXIT_FINDINGS, InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {type Manifests, readManifests} from '../manifests/read-manifests.ts';
import {printDocument} from '../output/document.ts';
import {withProgress} from '../output/progress.ts';
import {printLines} from '../output/text.ts';
import {assertPlacesPods} from '../unanswerable.ts';

interface CheckOptions extends ClusterOrNodesOptions {
  readonly filename: readonly string[];
  readonly recursive?: true;
  readonly namespace?: string;
  readonly output?: 'json' | 'yaml' | 'sarif';
  readonly failOn: Level | 'never';
  readonly level?: Level;
  readonly config?: string;
}

/** Of simulating losses, milliseconds: what is left then is not told to be harmless. */
const BUDGET = 10_000;

export const addCheckCommand: AddCommand = (program, run) => {
  const command = program
    .command('check')
    .summary('judge manifests before they are pushed')
    .description(
      'Applies manifests to a simulation of the cluster and tells where their replicas would go, what the loss of a node or a load peak would do to them, and what is wrong with them, with file, line and cure. Nothing is sent to the cluster.',
    );
  addFileOptions(command);
  addClusterOrNodesOptions(command)
    .option('-n, --namespace <name>', 'of manifests that name none; default: that of the context, or default')
    .addOption(
      new Option('-o, --output <format>', 'a document for programs instead of text for people').choices([
        'json',
        'yaml',
        'sarif',
      ]),
    )
    .addOption(
      new Option('--fail-on <level>', 'least level of a finding that makes the exit code 1')
        .choices([...LEVELS, 'never'])
        .default('warning'),
    )
    .addOption(
      new Option(
        '--level <level>',
        'least level of a finding that is told; default: warning, or that of --fail-on',
      ).choices(LEVELS),
    )
    .option(
      '--config <file>',
      'findings to silence, with reasons; default: .spread-check.yaml, where there is one',
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 no finding of the level of --fail-on, 1 some, 2 nothing was judged.

Examples:
  kubectl spread check -f k8s/                                   # on the cluster of the current context
  kubectl spread check -f k8s/ -R --nodes 3 --cpu 4              # on three nodes that are only assumed
  kubectl spread check -f web.yaml --snapshot cluster.json.gz    # on a saved cluster
  kubectl kustomize overlays/prod | kubectl spread check -f -
  helm template web ./chart | kubectl spread check -f - -n shop
  kubectl spread check -f k8s/ --nodes 3 -o sarif > spread.sarif # for code review`,
    )
    .action(run((options: CheckOptions, io) => check(options, io)));
};

function addFileOptions(command: Command): Command {
  return command
    .requiredOption(
      '-f, --filename <file>',
      'file, directory or - for standard input; may be repeated',
      (value: string, all: readonly string[] | undefined) => [...(all ?? []), value],
    )
    .option('-R, --recursive', 'also the directories in a directory');
}

async function check(options: CheckOptions, io: CommandIo): Promise<number> {
  const suppressions = await readSuppressions(options.config, io);
  const manifests = await readManifests(
    {filenames: options.filename, isRecursive: options.recursive === true},
    io,
  );
  const picture = await readClusterOrOffer(options, io);
  assertPlacesPods(picture);
  const report = await withProgress(io, (progress) => {
    const end = io.clock.now() + BUDGET;
    return checkManifests({
      picture,
      manifests: manifests.objects,
      defaultNamespace: options.namespace ?? picture.namespace ?? 'default',
      isAssumed: options.nodes !== undefined,
      suppressions,
      tell: (doing) => progress.tell(() => doing),
      isBudgetSpent: () => io.clock.now() >= end || io.signal.aborted,
    });
  });
  io.signal.throwIfAborted();
  print(report, picture, manifests, options, io);
  return report.findings.some(
    (finding) =>
      finding.suppressed === undefined && options.failOn !== 'never' && reaches(finding, options.failOn),
  )
    ? EXIT_FINDINGS
    : EXIT_CLEAN;
}

function print(
  report: CheckReport,
  picture: ClusterPicture,
  manifests: Manifests,
  {output, level, failOn}: CheckOptions,
  {stdout, stderr}: CommandIo,
): void {
  const least = level ?? (failOn === 'note' ? 'note' : 'warning');
  const told = report.findings.filter((finding) => reaches(finding, least));
  for (const note of manifests.notes) {
    stderr.write(`note: ${note}\n`);
  }
  if (output === 'sarif') {
    stdout.write(`${JSON.stringify(sarifLog(told), undefined, 2)}\n`);
  } else if (output !== undefined) {
    printDocument(stdout, output, 'ManifestCheck', checkDocument(report, told, picture));
  } else {
    printLines(stdout, reportLines(report, told, {picture, files: manifests.files, width: stdout.width}));
  }
}

async function readClusterOrOffer(options: CheckOptions, io: CommandIo): Promise<ClusterPicture> {
  try {
    return await readCluster(options, io);
  } catch (error) {
    const isNamed = options.snapshot !== undefined || options.nodes !== undefined;
    if (!(error instanceof InputError) || isNamed) {
      throw error;
    }
    throw new InputError(
      `${error.message}; or judge the manifests on an assumed cluster, such as --nodes 3 --cpu 4`,
      {
        cause: error,
      },
    );
  }
}
