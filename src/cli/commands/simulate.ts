/** `kubectl spread simulate`: what a loss, a load peak or a drain would do, on a simulation of the cluster. */
import type {Command} from 'commander';
import {Option} from 'commander';
import type {Act} from '../../foresight/acts.ts';
import {afterActs} from '../../foresight/after-acts.ts';
import {type AllLossesOptions, allLosses} from '../../foresight/all-losses.ts';
import {closedPicture} from '../../foresight/closed-cluster.ts';
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {foreseeWith} from '../../foresight/foresee.ts';
import type {LossSummary} from '../../foresight/loss-summary.ts';
import type {LossVerdict} from '../../foresight/loss-verdict.ts';
import {nodesThatAnswer} from '../../foresight/nodes-that-answer.ts';
import type {Outcome} from '../../foresight/outcome.ts';
import {listNames} from '../../planning/explain.ts';
import type {SimulationParameters} from '../../simulator/parameters.ts';
import {
  addClusterOrNodesOptions,
  type ClusterOrNodesOptions,
  positiveNumber,
  readCluster,
} from '../cluster-options.ts';
import type {AddCommand} from '../command.ts';
import {EXIT_CLEAN, EXIT_FINDINGS, InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {readManifests} from '../manifests/read-manifests.ts';
import {addOutputOption, type OutputOptions, printDocument} from '../output/document.ts';
import {withProgress} from '../output/progress.ts';
import {capitalised, printLines} from '../output/text.ts';
import {
  type AskedAct,
  actsOn,
  parseDuration,
  parseLoadAct,
  parseNames,
  parseParameter,
} from '../simulate/acts.ts';
import {SIMULATION_KIND, SURVEY_KIND, simulationDocument, surveyDocument} from '../simulate/documents.ts';
import {outcomeLines} from '../simulate/outcome-text.ts';
import {type StagedCluster, stagedCluster} from '../simulate/staged-cluster.ts';
import {surveyLines} from '../simulate/survey-text.ts';
import {assertHasNodesToLose} from '../unanswerable.ts';

interface SimulateOptions extends ClusterOrNodesOptions, OutputOptions {
  readonly loseAny?: number;
  readonly for?: number;
  readonly filename?: readonly string[];
  readonly recursive?: true;
  readonly withPolicy?: true;
  readonly defaultPolicy?: true;
  readonly namespace?: string;
  readonly set?: Partial<SimulationParameters>;
  readonly seed?: number;
  readonly budget: number;
  readonly sample?: number;
}

const DEFAULT_BUDGET_SECONDS = 20;

export const addSimulateCommand: AddCommand = (program, run) => {
  const command = program
    .command('simulate')
    .summary('what the loss of nodes, a load peak or a drain would do')
    .description(
      'Brings the cluster to life in a simulation and tells round by round what dies, what follows where, what stays Pending and why, and which Services are down for how long. Nothing is sent to the cluster.',
    );
  const asked: AskedAct[] = [];
  addActOptions(command, asked);
  addStagingOptions(command);
  addClusterOrNodesOptions(command);
  addRunOptions(addOutputOption(command))
    .addHelpText(
      'after',
      `
Acts are carried out in the order given. Exit codes: 0 every Service keeps an endpoint and no node dies of its load,
1 some does not, or some loss was not decided in time, 2 nothing was simulated.

Examples:
  kubectl spread simulate --lose node-1                       # one node falls silent
  kubectl spread simulate --lose node-1,node-2 --for 30m
  kubectl spread simulate --lose-any 2                        # every node, and every pair of nodes
  kubectl spread simulate --lose-zone eu-west-1a
  kubectl spread simulate --load shop/web=2x --lose-any 1     # every node, under twice the load
  kubectl spread simulate --drain node-1 --snapshot cluster.json.gz
  kubectl spread simulate --add-nodes 1 --cpu 8 --lose node-1
  kubectl spread simulate -f policy.yaml --lose-any 2         # as if the policy were applied
  kubectl spread simulate -f k8s/ --nodes 3 --lose-any 2      # on three nodes that are only assumed
  kubectl spread simulate --load web=2x --set panicAfterSeconds=300`,
    )
    .action(run((options: SimulateOptions, io) => simulate(options, asked, io)));
};

function addActOptions(command: Command, asked: AskedAct[]): void {
  const adding = (toActs: (text: string) => readonly AskedAct[]) => (text: string) => {
    asked.push(...toActs(text));
    return text;
  };
  command
    .addOption(
      new Option('--lose <node>', 'nodes that fall silent together; with commas or repeated').argParser(
        adding((text) => [{kind: 'Lose', nodes: parseNames(text)}]),
      ),
    )
    .addOption(
      new Option('--lose-zone <zone>', 'all nodes of a zone fall silent').argParser(
        adding((zone) => [{kind: 'LoseZone', zone}]),
      ),
    )
    .addOption(
      new Option(
        '--lose-any <number>',
        'every loss of up to so many nodes: of one and two all, of more a sample',
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option('--load <service=load>', 'what its traffic costs: 2x, or CPU such as 3500m').argParser(
        adding((text) => [parseLoadAct(text)]),
      ),
    )
    .addOption(
      new Option('--drain <node>', 'evict its pods, as kubectl drain does').argParser(
        adding((text) => parseNames(text).map((node) => ({kind: 'Drain', node}) as const)),
      ),
    )
    .addOption(
      new Option(
        '--add-nodes <number>',
        'nodes more, like those there are; --cpu and --memory change their size',
      ).argParser(adding((text) => [{kind: 'AddNodes', count: positiveNumber(text)}])),
    );
}

function addStagingOptions(command: Command): void {
  command
    .addOption(
      new Option(
        '-f, --filename <file>',
        'manifests or policies to apply first: a file, a directory, or - for standard input; may be repeated',
      ).argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file]),
    )
    .option('-R, --recursive', 'look into the directories of directories, too')
    .option(
      '--with-policy',
      'put the rules of the policies into the pod templates first, as the operator would',
    )
    .option('--default-policy', 'the same with all defaults for Deployments that no policy selects')
    .option(
      '-n, --namespace <name>',
      'of Services and manifests that name none; default: that of the context, or default',
    );
}

function addRunOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--for <time>', 'how long to look ahead, such as 30m; default: 1h').argParser(parseDuration),
    )
    .addOption(
      new Option(
        '--set <parameter=number>',
        'another value for a parameter of the simulation (docs/simulator.md); may be repeated',
      ).argParser(parseParameter),
    )
    .addOption(new Option('--seed <number>', 'of what is drawn by lot; default: 1').argParser(positiveNumber))
    .addOption(
      new Option('--budget <seconds>', 'of --lose-any: how long to simulate what is not proven')
        .argParser(positiveNumber)
        .default(DEFAULT_BUDGET_SECONDS),
    )
    .addOption(
      new Option(
        '--sample <number>',
        'of --lose-any 3 and more: how many sets to look at; default: 1000',
      ).argParser(positiveNumber),
    );
}

async function simulate(
  options: SimulateOptions,
  asked: readonly AskedAct[],
  io: CommandIo,
): Promise<number> {
  if (asked.length === 0 && options.loseAny === undefined && options.for === undefined) {
    throw new InputError(
      'say what is to happen: --lose NODE, --lose-zone, --lose-any, --load, --drain or --add-nodes; or --for 1h for nothing but time',
    );
  }
  const {staged, acts} = await prepare(options, asked, io);
  const {picture, notes} = staged;
  const told = {origin: picture.origin, acts, notes, width: io.stdout.width};
  if (options.loseAny === undefined) {
    const outcome = await withProgress(io, (progress) => {
      progress.tell(() => `simulating ${picture.objects.length} objects`);
      return foreseeWith(picture, acts, runOptions(options), staged.demand);
    });
    if (options.output === undefined) {
      printLines(io.stdout, outcomeLines(outcome, told));
    } else {
      printDocument(io.stdout, options.output, SIMULATION_KIND, simulationDocument(outcome, told));
    }
    return isCalm(outcome) ? EXIT_CLEAN : EXIT_FINDINGS;
  }
  const summary = await survey(staged, acts, {...options, loseAny: options.loseAny}, io);
  io.signal.throwIfAborted();
  if (summary.nodes === 0) {
    throw new InputError(`${picture.origin}: no node is Ready, so there is none to lose`);
  }
  if (options.output === undefined) {
    printLines(io.stdout, surveyLines(summary, told));
  } else {
    printDocument(io.stdout, options.output, SURVEY_KIND, surveyDocument(summary, told));
  }
  return isSpared(summary) ? EXIT_CLEAN : EXIT_FINDINGS;
}

async function prepare(
  options: SimulateOptions,
  asked: readonly AskedAct[],
  io: CommandIo,
): Promise<{readonly staged: StagedCluster; readonly acts: readonly Act[]}> {
  const addsNodes = asked.some(({kind}) => kind === 'AddNodes');
  const {cpu, memory, ...others} = options;
  // Without --nodes, they are the size of the nodes that are added.
  const read = await readCluster(addsNodes && options.nodes === undefined ? others : options, io);
  const namespace = options.namespace ?? read.namespace ?? 'default';
  const {filename = [], recursive = false, withPolicy = false, defaultPolicy = false} = options;
  const {objects: manifests, notes} =
    filename.length === 0
      ? {objects: [], notes: []}
      : await readManifests({filenames: filename, isRecursive: recursive}, io);
  for (const note of notes) {
    io.stderr.write(`note: ${note}\n`);
  }
  const staged = stagedCluster({
    picture: read,
    manifests,
    defaultNamespace: namespace,
    withPolicies: withPolicy,
    withDefaultPolicy: defaultPolicy,
  });
  const acts = actsOn(staged.picture, asked, {
    namespace,
    ...(cpu === undefined ? {} : {cpu}),
    ...(memory === undefined ? {} : {memory}),
  });
  const troubles = troublesBefore(staged.picture, acts);
  // What the CPU figures rest on is told anyway, and policies count only where somebody asks for them.
  const missing = read.missing
    .filter(({resource}) => !resource.startsWith('metrics.k8s.io/'))
    .filter(({resource}) => withPolicy || !resource.startsWith('spread-operator.io/'))
    .map(({resource, reason}) => `Without ${resource}: ${reason}.`);
  return {staged: {...staged, notes: [...staged.notes, ...troubles, ...missing]}, acts};
}

/** What is wrong already, lest it looks like the harmless end of the acts. Throws an InputError where nothing is left. */
function troublesBefore(picture: ClusterPicture, acts: readonly Act[]): readonly string[] {
  if (!acts.some(({kind}) => kind === 'AddNodes')) {
    assertHasNodesToLose(picture);
  }
  const closed = closedPicture(picture);
  const alive = nodesThatAnswer(picture);
  const silent = acts.flatMap((act) =>
    act.kind === 'Lose' ? act.nodes.filter((node) => !alive.includes(node)) : [],
  );
  return [
    ...(closed === undefined ? [] : [`${capitalised(closed)}: a pod that loses its node stays Pending.`]),
    ...(silent.length === 0
      ? []
      : [
          `Not Ready before it is lost: ${listNames(silent)}. What its loss has done already is not told again.`,
        ]),
  ];
}

function runOptions({for: horizonSeconds, set, seed}: SimulateOptions): AllLossesOptions {
  return {
    ...(horizonSeconds === undefined ? {} : {horizonSeconds}),
    ...(set === undefined ? {} : {parameters: set}),
    ...(seed === undefined ? {} : {seed}),
  };
}

async function survey(
  staged: StagedCluster,
  acts: readonly Act[],
  options: SimulateOptions & {readonly loseAny: number},
  io: CommandIo,
): Promise<LossSummary> {
  const {loseAny, budget, sample} = options;
  return await withProgress(io, (progress) => {
    const run = runOptions(options);
    const {picture, demand} = afterActs(staged.picture, acts, run, staged.demand);
    const end = io.clock.now() + budget * 1000;
    return allLosses(picture, loseAny, {
      ...run,
      demand,
      ...(sample === undefined ? {} : {sample}),
      isBudgetSpent: () => io.clock.now() >= end || io.signal.aborted,
      progress: ({depth, judged, toJudge, simulated}) =>
        progress.tell(
          () =>
            `losing ${depth === 1 ? 'each node' : `${depth} nodes at a time`}: ${judged} of ${toJudge}, ${simulated} simulated`,
        ),
    });
  });
}

function isCalm({outages, rounds, drains}: Outcome): boolean {
  return (
    outages.length === 0 &&
    rounds.every(({nodes}) => nodes.every(({why}) => why === 'lost')) &&
    drains.every(({seconds}) => seconds !== undefined)
  );
}

function isSpared({losses, withoutLoss}: LossSummary): boolean {
  const isAlive = ({servicesDown, nodesDying}: LossVerdict) =>
    servicesDown.length === 0 && nodesDying.length === 0;
  return (
    withoutLoss !== undefined &&
    isAlive(withoutLoss) &&
    losses.every(({undecided, groups}) => undecided === 0 && groups.every(isAlive))
  );
}
