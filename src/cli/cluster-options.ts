/** Which cluster a command is about: the same options for all of them. */
import {type Command, InvalidArgumentError, Option} from 'commander';
import {parseQuantity} from '../cluster/quantity.ts';
import type {ClusterPicture} from '../foresight/cluster-picture.ts';
import {InputError} from './failure.ts';
import type {CommandIo} from './io.ts';
import {type AssumedCluster, assumeCluster} from './source/assumed-cluster.ts';
import {readLiveCluster} from './source/live-cluster.ts';
import {readSavedCluster} from './source/saved-cluster.ts';

export interface LiveClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface ClusterOptions extends LiveClusterOptions {
  readonly snapshot?: string;
}

/** Of commands that can do with a cluster of nothing but nodes. */
export type ClusterOrNodesOptions = ClusterOptions & Partial<AssumedCluster>;

/** The zones of an assumed cluster are named by letters. */
const MOST_ZONES = 26;

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

export function addClusterOrNodesOptions(command: Command): Command {
  return addClusterOptions(command)
    .addOption(
      new Option('--nodes <number>', 'an assumed cluster of so many empty nodes instead of a live one')
        .argParser(positiveNumber)
        .conflicts(['kubeconfig', 'context', 'snapshot']),
    )
    .addOption(new Option('--cpu <quantity>', 'of each assumed node; default: 4').argParser(quantity))
    .addOption(new Option('--memory <quantity>', 'of each assumed node; default: 16Gi').argParser(quantity))
    .addOption(
      new Option(
        '--zones <number>',
        'zones over which the assumed nodes are spread; default: none',
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option('--pods-per-node <number>', 'room of each assumed node; default: 110').argParser(
        positiveNumber,
      ),
    );
}

/** Throws an InputError when there is no such cluster, or when it cannot be read. */
export async function readCluster(options: ClusterOrNodesOptions, io: CommandIo): Promise<ClusterPicture> {
  const {nodes, snapshot} = options;
  if (nodes !== undefined) {
    return assumeCluster(checked({...options, nodes}), io.clock.now());
  }
  const alone = (['cpu', 'memory', 'zones', 'podsPerNode'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (alone !== undefined) {
    const flag = alone === 'podsPerNode' ? 'pods-per-node' : alone;
    throw new InputError(`--${flag} describes an assumed cluster: say how many nodes it has with --nodes`);
  }
  return snapshot === undefined ? await readLiveCluster(options, io) : await readSavedCluster(snapshot, io);
}

function checked(options: AssumedCluster): AssumedCluster {
  const {nodes, zones = 0} = options;
  if (zones > Math.min(nodes, MOST_ZONES)) {
    throw new InputError(
      `--zones ${zones}: expected at most one for each of the ${nodes} nodes, and at most ${MOST_ZONES}`,
    );
  }
  return options;
}

export function positiveNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError('Expected a whole number from 1 on.');
  }
  return number;
}

function quantity(text: string): string {
  let value: number;
  try {
    value = parseQuantity(text);
  } catch {
    value = 0;
  }
  if (!(value > 0)) {
    throw new InvalidArgumentError('Expected a quantity above 0, such as 4, 3500m or 16Gi.');
  }
  return text;
}
