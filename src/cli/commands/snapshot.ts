/** `kubectl spread snapshot`: the cluster in one file. */
import {writeFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {addLiveClusterOptions, type LiveClusterOptions} from '../cluster-options.ts';
import type {AddCommand} from '../command.ts';
import {EXIT_CLEAN, InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {readLiveCluster} from '../source/live-cluster.ts';
import {encodeCluster} from '../source/saved-cluster.ts';

interface SnapshotOptions extends LiveClusterOptions {
  readonly output: string;
}

export const addSnapshotCommand: AddCommand = (program, run) => {
  const command = program
    .command('snapshot')
    .summary('save the cluster to a file, for the other commands to read')
    .description(
      'Saves what the other commands read of a cluster to one file: nodes, pods, workloads, Services, budgets, policies and CPU metrics. Only what the answers need is kept: no environment, no commands, no arguments, no annotations of others, no Secrets or ConfigMaps, not even their names.',
    )
    .requiredOption(
      '-o, --output <file>',
      'where to; compressed when it ends in .gz, `-` for standard output',
    );
  addLiveClusterOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  kubectl spread snapshot -o cluster.json.gz
  kubectl spread status -A --snapshot cluster.json.gz`,
    )
    .action(run((options: SnapshotOptions, io) => saveSnapshot(options, io)));
};

async function saveSnapshot({output, ...cluster}: SnapshotOptions, io: CommandIo): Promise<number> {
  const picture = await readLiveCluster(cluster, io);
  const bytes = encodeCluster(picture, output.endsWith('.gz'));
  if (output === '-') {
    io.stdout.write(bytes.toString('utf8'));
    return EXIT_CLEAN;
  }
  try {
    await writeFile(resolve(io.directory, output), bytes);
  } catch (error) {
    throw new InputError(`cannot write ${output}: ${(error as Error).message}`, {cause: error});
  }
  io.stderr.write(`${picture.objects.length} objects of ${picture.origin} saved to ${output}\n`);
  for (const {resource, reason} of picture.missing) {
    io.stderr.write(`without ${resource}: ${reason}\n`);
  }
  return EXIT_CLEAN;
}
