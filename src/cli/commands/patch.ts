/** `kubectl spread patch`: the placement rules for Git, where nothing but Git may write to the Deployments. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {Option} from 'commander';
import {policyKey} from '../../controller/policy-index.ts';
import {cachesOf} from '../../foresight/cluster-picture.ts';
import {isAssumed} from '../../foresight/policy-sources.ts';
import {type RulePatch, rulePatchOf} from '../../foresight/rule-patches.ts';
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
import {type DocumentFormat, printDocument} from '../output/document.ts';
import {addPolicies, addPolicyOptions, type PolicyOptions} from '../policy-options.ts';
import {
  componentOf,
  fileNameOf,
  kustomizationOf,
  PATCHES_KIND,
  plainPatch,
  rulePatchesOf,
} from '../views/rule-patches.ts';
import {namedWorkloads} from '../workload-names.ts';

interface PatchOptions extends ClusterOptions, NamespaceOptions, PolicyOptions {
  readonly output: 'kustomize' | 'patch' | DocumentFormat;
  readonly outputDir?: string;
}

export const addPatchCommand: AddCommand = (program, run) => {
  const command = program
    .command('patch')
    .argument('[name...]', 'Deployments; default: all that a policy selects')
    .summary('the placement rules that policies want, as patches for Git')
    .description(
      'Prints the placement rules that the policies want in the pod templates, to be put into manifests instead of letting the operator write them (injection.mode: Suggest). Nothing is changed in the cluster.',
    )
    .addOption(
      new Option('-o, --output <format>', 'kustomize: a component with all patches; patch: for kubectl patch')
        .choices(['kustomize', 'patch', 'json', 'yaml'])
        .default('kustomize'),
    )
    .option('--output-dir <directory>', 'write a file for each Deployment, and a kustomization, instead');
  addPolicyOptions(addNamespaceOptions(addClusterOptions(command)))
    .addHelpText(
      'after',
      `
A kustomize component is taken over with two lines in a kustomization:
  components:
  - spread

Examples:
  kubectl spread patch --output-dir spread
  kubectl spread patch > spread/kustomization.yaml
  kubectl spread patch web -o patch > web.yaml && kubectl patch deployment web --patch-file web.yaml
  kubectl spread patch -f policy.yaml              as if policy.yaml were applied`,
    )
    .action(run((options: PatchOptions, io, names) => patch(options, io, names)));
};

async function patch(options: PatchOptions, io: CommandIo, names: readonly string[]): Promise<number> {
  const {output, outputDir} = options;
  const picture = await readCluster(options, io);
  const namespace = namespaceOf(options, picture);
  const caches = cachesOf(picture);
  const {cache} = caches;
  await addPolicies(caches, picture, options, io);
  const workloads = namedWorkloads(
    names,
    namespace === undefined ? cache.workloads() : cache.workloadsOf(namespace),
  );
  const patches = workloads.flatMap((workload) => rulePatchOf(workload, caches, picture) ?? []);
  if (patches.length === 0) {
    if (workloads.length === 0) {
      throw new InputError(
        `there are no Deployments in ${describeScope(namespace, picture)}${namespace === undefined ? '' : '; -A looks into all namespaces'}`,
      );
    }
    throw new InputError(
      `no SpreadPolicy selects ${names.length === 0 ? 'a Deployment here' : names.join(', ')}; name a policy with -f FILE, or take --default-policy`,
    );
  }
  if (output === 'json' || output === 'yaml') {
    printDocument(io.stdout, output, PATCHES_KIND, rulePatchesOf(patches));
    return EXIT_CLEAN;
  }
  tellOf(patches, io);
  const printed = patches.filter((each) => each.patch !== undefined);
  if (outputDir !== undefined) {
    await writeFiles(outputDir, printed, io);
  } else if (printed.length > 0) {
    io.stdout.write(
      output === 'patch'
        ? printed.map((each) => plainPatch(each, {isOneOf: printed.length > 1})).join('')
        : componentOf(printed),
    );
  }
  return EXIT_CLEAN;
}

/** On stderr: what is printed is for a file. */
function tellOf(patches: readonly RulePatch[], {stderr}: CommandIo): void {
  for (const {workload, policy, patch: content, notes} of patches) {
    const by = isAssumed(policy) ? 'a policy with all defaults' : `policy ${policyKey(policy)}`;
    const what = content === undefined ? 'nothing to patch' : `patched for ${by}`;
    stderr.write(`${[`${workload.namespace}/${workload.name}: ${what}`, ...notes].join('; ')}\n`);
  }
}

async function writeFiles(directory: string, patches: readonly RulePatch[], io: CommandIo): Promise<void> {
  const path = resolve(io.directory, directory);
  try {
    await mkdir(path, {recursive: true});
    for (const each of patches) {
      await writeFile(join(path, fileNameOf(each, patches)), plainPatch(each, {isOneOf: false}));
    }
    await writeFile(join(path, 'kustomization.yaml'), kustomizationOf(patches));
  } catch (error) {
    throw new InputError(`cannot write to ${directory}: ${(error as Error).message}`, {cause: error});
  }
  io.stderr.write(
    `${patches.length + 1} files written to ${directory}; add "components: [${directory}]" to your kustomization\n`,
  );
}
