/** Which policies count besides those of the cluster: the same options for all commands that ask what they lead to. */
import {type Command, Option} from 'commander';
import {policyKey} from '../controller/policy-index.ts';
import type {ClusterCaches, ClusterPicture} from '../foresight/cluster-picture.ts';
import {applyPolicy, assumePolicies} from '../foresight/policy-sources.ts';
import {InputError} from './failure.ts';
import type {CommandIo} from './io.ts';
import type {NamespaceOptions} from './namespace-options.ts';
import {readPolicies} from './source/policy-files.ts';

export interface PolicyOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly defaultPolicy?: boolean;
}

export interface AddedPolicies {
  /** `namespace/name` of those that came from files. */
  readonly fromFiles: ReadonlySet<string>;
  /** What was passed over, for people. */
  readonly notes: readonly string[];
}

export function addPolicyOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '-f, --filename <file>',
        'a policy that is not applied yet: a file, a directory, or - for standard input; may be given several times',
      ).argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file]),
    )
    .option('-R, --recursive', 'look into the directories of directories, too')
    .option(
      '--default-policy',
      'as if a policy with all defaults selected the Deployments that no other policy selects',
    );
}

/** Puts them among the policies of the caches. Throws an InputError that names file and line of what is wrong. */
export async function addPolicies(
  caches: ClusterCaches,
  picture: ClusterPicture,
  options: PolicyOptions & NamespaceOptions,
  io: CommandIo,
): Promise<AddedPolicies> {
  const {filename = [], recursive = false, defaultPolicy = false} = options;
  const namespace = options.namespace ?? picture.namespace ?? 'default';
  const {policies, notes} =
    filename.length === 0
      ? {policies: [], notes: []}
      : await readPolicies({filenames: filename, isRecursive: recursive}, namespace, io);
  for (const policy of policies) {
    if (caches.cache.namespace(policy.metadata.namespace) === undefined) {
      throw new InputError(
        `SpreadPolicy ${policyKey(policy.metadata)}: there is no namespace "${policy.metadata.namespace}" in ${picture.origin}`,
      );
    }
    applyPolicy(caches, policy);
  }
  if (defaultPolicy) {
    assumePolicies(caches);
  }
  return {fromFiles: new Set(policies.map(({metadata}) => policyKey(metadata))), notes};
}
