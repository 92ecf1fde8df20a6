/** `kubectl spread report`: all that is foreseen of a cluster, as one page. */
import {writeFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {Option} from 'commander';
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
import {withProgress} from '../output/progress.ts';
import {VERSION} from '../version.ts';

interface ReportOptions extends ClusterOptions, NamespaceOptions {
  readonly output: string;
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
    .addOption(
      new Option(
        '--budget <seconds>',
        'how long losses are simulated; what is then left is told not to be judged',
      )
        .argParser(positiveNumber)
        .default(60),
    );
  addNamespaceOptions(addClusterOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  kubectl spread report -A -o report.html                                of the whole cluster
  kubectl spread report -n shop -o report.html                           of what is in one namespace
  kubectl spread report -A --snapshot cluster.json.gz -o report.html     of a saved cluster`,
    )
    .action(run((options: ReportOptions, io) => writeReport(options, io)));
};

async function writeReport(options: ReportOptions, io: CommandIo): Promise<number> {
  const {output, budget} = options;
  const picture = await readCluster(options, io);
  const namespace = namespaceOf(options, picture);
  // Not needed by the other commands.
  const {buildReport} = await import('../report/build-report.ts');
  const {pageOf} = await import('../report/page.ts');
  const end = io.clock.now() + budget * 1000;
  const page = await withProgress(io, async (progress) =>
    pageOf(
      await buildReport({
        picture,
        namespace,
        scope: describeScope(namespace, picture),
        version: VERSION,
        tell: (text) => progress.tell(text),
        isBudgetSpent: () => io.clock.now() > end,
      }),
    ),
  );
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
