/** Which cluster a command is about: the same options for all of them. */
import {type Command, Option} from 'commander';
import type {ClusterPicture} from '../foresight/cluster-picture.ts';
import type {CommandIo} from './io.ts';
import {readLiveCluster} from './source/live-cluster.ts';
import {readSavedCluster} from './source/saved-cluster.ts';

export interface LiveClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface ClusterOptions extends LiveClusterOptions {
  readonly snapshot?: string;
}

export function addLiveClusterOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig to use; default: KUBECONFIG, then ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig; default: its current one');
}

export function addClusterOptions(command: Command): Command {
  return addLiveClusterOptions(command).addOption(
    new Option(
      '--snapshot <file>',
      'a saved cluster instead of a live one (see `kubectl spread snapshot`)',
    ).conflicts(['kubeconfig', 'context']),
  );
}

/** Throws an InputError when there is no such cluster, or when it cannot be read. */
export async function readCluster(options: ClusterOptions, io: CommandIo): Promise<ClusterPicture> {
  return options.snapshot === undefined
    ? await readLiveCluster(options, io)
    : await readSavedCluster(options.snapshot, io);
}
