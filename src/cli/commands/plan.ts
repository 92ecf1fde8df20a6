/** `kubectl spread plan`: what the operator would do now, by its own decisions, whether one runs or not. */
import {cachesOf} from '../../foresight/cluster-picture.ts';
import {previewOperator} from '../../foresight/operator-preview.ts';
import {addClusterOptions, type ClusterOptions, readCluster} from '../cluster-options.ts';
import type {AddCommand} from '../command.ts';
import {EXIT_CLEAN, EXIT_FINDINGS} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {
  addNamespaceOptions,
  describeScope,
  type NamespaceOptions,
  namespaceOf,
} from '../namespace-options.ts';
import {addOutputOption, type OutputOptions, printDocument} from '../output/document.ts';
import {withProgress} from '../output/progress.ts';
import {printLines} from '../output/text.ts';
import {addPolicies, addPolicyOptions, type PolicyOptions} from '../policy-options.ts';
import {movePlanOf, PLAN_KIND} from '../views/move-plan.ts';
import {planLines} from '../views/plan-text.ts';

type PlanOptions = ClusterOptions & NamespaceOptions & PolicyOptions & OutputOptions;

export const addPlanCommand: AddCommand = (program, run) => {
  const command = program
    .command('plan')
    .summary('what the operator would do now: edits of pod templates, moves, and what stands in their way')
    .description(
      'Says what the operator would do now, in order: which pod templates it would edit, which replicas it would move from where to where and why, and what blocks it. It asks the operator’s own code, also where no operator is installed, and for policies that are not applied yet. Nothing is changed.',
    );
  addOutputOption(addNamespaceOptions(addClusterOptions(addPolicyOptions(command))))
    .addHelpText(
      'after',
      `
Exit code, as of kubectl diff: 0 when there is nothing to do, 1 when there is something to do, also when it is
blocked, 2 when the question could not be answered.

Examples:
  kubectl spread plan                              with the policies of the namespace
  kubectl spread plan -A -o json                   of all namespaces, for a program
  kubectl spread plan -f policy.yaml               as if policy.yaml were applied
  kubectl spread plan --default-policy             without any policy
  kubectl spread plan --snapshot cluster.json.gz   of a saved cluster`,
    )
    .action(run((options: PlanOptions, io) => plan(options, io)));
};

async function plan(options: PlanOptions, io: CommandIo): Promise<number> {
  const picture = await readCluster(options, io);
  const namespace = namespaceOf(options, picture);
  const caches = cachesOf(picture);
  const {fromFiles, notes} = await addPolicies(caches, picture, options, io);
  const preview = await withProgress(io, (progress) =>
    previewOperator(caches, picture, {
      namespace,
      onProgress: (done, all) => progress.tell(() => `planning: ${done} of ${all} Deployments`),
    }),
  );
  const document = movePlanOf({
    preview,
    picture,
    policies: caches.policies,
    scope: describeScope(namespace, picture),
    namespace,
    fromFiles,
    notes,
  });
  if (options.output === undefined) {
    printLines(
      io.stdout,
      planLines(document, {isPolicyAssumed: options.defaultPolicy === true, width: io.stdout.width}),
    );
  } else {
    printDocument(io.stdout, options.output, PLAN_KIND, document);
  }
  const {edits, moves, blocked} = document.summary;
  return edits + moves + blocked > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}
