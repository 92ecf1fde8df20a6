/** Asks foresight all that a report tells. */
import {afterPlan} from '../../foresight/after-plan.ts';
import {type AllLossesOptions, allLosses} from '../../foresight/all-losses.ts';
import type {Finding} from '../../foresight/check/finding.ts';
import {type ClusterPicture, cachesOf} from '../../foresight/cluster-picture.ts';
import {foresee} from '../../foresight/foresee.ts';
import type {LossGroup} from '../../foresight/loss-summary.ts';
import {isHarmless, type LossVerdict} from '../../foresight/loss-verdict.ts';
import {operatorLiveness} from '../../foresight/operator-liveness.ts';
import {type OperatorPreview, previewOperator} from '../../foresight/operator-preview.ts';
import {assumePolicies, isAssumed} from '../../foresight/policy-sources.ts';
import {simulationOf} from '../../foresight/simulation.ts';
import {movePlanOf} from '../views/move-plan.ts';
import {withoutIdleEdits} from './edits.ts';
import {placementsOf} from './placements.ts';
import type {Report, Situation, Story} from './report.ts';
import {reportedNodes} from './reported-nodes.ts';
import {ServiceRisks} from './service-risks.ts';
import {bySeverity, harmsService, withinNamespace} from './severity.ts';

export interface ReportQuestion {
  readonly picture: ClusterPicture;
  /** Undefined for all. */
  readonly namespace: string | undefined;
  readonly scope: string;
  readonly version: string;
  /** What is being done, now and then. */
  readonly tell: (text: () => string) => void;
  /** True once no more losses are to be simulated of the cluster as it is, or of the one after the plan. */
  readonly isBudgetSpent: (of: 'now' | 'after') => boolean;
  /** Of the manifests that the picture holds already. */
  readonly findings?: readonly Finding[];
}

const DEPTH = 2;
/** More losses told in full are not read. */
const SINGLE_STORIES = 3;
/** Where nodes fail without any loss, losses end like that too. */
const SINGLE_STORIES_AMID_FAILURE = 1;

export async function buildReport(question: ReportQuestion): Promise<Report> {
  const {picture, namespace, scope, version, tell} = question;
  const caches = cachesOf(picture);
  assumePolicies(caches);
  const preview = withoutIdleEdits(
    await previewOperator(caches, picture, {
      namespace,
      onProgress: (done, all) => tell(() => `planning: ${done} of ${all} Deployments`),
    }),
  );
  const plan = movePlanOf({
    preview,
    picture,
    policies: caches.policies,
    scope,
    namespace,
    fromFiles: new Set(),
    notes: [],
  });
  const after = afterPlan(picture, preview, caches);
  const now = situationOf(question, picture, movesNow(preview), 'now');
  const then =
    after === undefined ? undefined : situationOf(question, after, movesAfterwards(preview), 'after');
  return {
    scope,
    takenAt: picture.takenAt,
    version,
    operator: operatorLiveness(picture),
    plan,
    isPolicyAssumed: preview.workloads.some(({policy}) => isAssumed(policy)),
    basis: now.basis,
    nodes: reportedNodes(picture),
    now: now.situation,
    ...(then === undefined ? {} : {after: then.situation}),
    ...(question.findings === undefined ? {} : {findings: question.findings}),
    stories: storiesOf(question, now.situation, after),
    notes: [
      ...plan.notes,
      ...undecidedNotes(now.undecided, ''),
      ...undecidedNotes(then?.undecided ?? 0, ' of the cluster after the plan'),
      ...(now.unprovable === undefined ? [] : [`losses take longer to judge here: ${now.unprovable}`]),
    ],
  };
}

function undecidedNotes(undecided: number, of: string): string[] {
  return undecided === 0
    ? []
    : [
        `${undecided} losses${of} were not judged: the time for simulating was over (--budget gives more). They are not told to be harmless`,
      ];
}

function movesNow({workloads}: OperatorPreview): ReadonlyMap<string, number> {
  return new Map(workloads.map(({key, entry}) => [key, entry.movesNeeded]));
}

function movesAfterwards({workloads}: OperatorPreview): ReadonlyMap<string, number> {
  return new Map(workloads.map(({key, afterwards}) => [key, afterwards.movesNeeded]));
}

function situationOf(
  {namespace, tell, isBudgetSpent}: ReportQuestion,
  picture: ClusterPicture,
  movesNeeded: ReadonlyMap<string, number>,
  when: 'now' | 'after',
) {
  const words = when === 'now' ? 'as it is' : 'after the plan';
  const losses = new Map<string, LossVerdict>();
  const services = new ServiceRisks();
  let harmfulPairs = 0;
  const options: AllLossesOptions = {
    isBudgetSpent: () => isBudgetSpent(when),
    progress: ({depth, judged, toJudge}) =>
      tell(() => `${words}: ${judged} of ${toJudge} losses of ${depth === 1 ? 'one node' : 'two nodes'}`),
    onVerdict: (lost, verdict) => {
      const own = withinNamespace(verdict, namespace);
      services.add(lost, own);
      const [node = ''] = lost;
      if (lost.length === 1) {
        losses.set(node, own);
      } else if (harmsService(own)) {
        harmfulPairs++;
      }
    },
  };
  const {basis, losses: depths, unprovable} = allLosses(picture, DEPTH, options);
  const undecided = depths.reduce((sum, depth) => sum + depth.undecided, 0);
  const pairs = depths.find(({depth}) => depth === 2);
  const situation: Situation = {
    losses,
    isComplete: undecided === 0,
    services: services.all(),
    ...(pairs === undefined
      ? {}
      : {
          pairs: {
            total: pairs.total,
            undecided: pairs.undecided,
            harmful: harmfulPairs,
            groups: groupsWithin(pairs.groups, namespace),
          },
        }),
    cpu: new Map(
      simulationOf(picture)
        .usage()
        .map(({node, demand, capacity}) => [node, {demand: Math.round(demand), capacity}]),
    ),
    placements: placementsOf(cachesOf(picture).cache, namespace, movesNeeded),
  };
  return {basis, situation, undecided, unprovable};
}

function groupsWithin(groups: readonly LossGroup[], namespace: string | undefined): LossGroup[] {
  return groups
    .map((group) => ({...group, ...withinNamespace(group, namespace)}))
    .filter((group) => !isHarmless(group))
    .sort(bySeverity);
}

/** What goes wrong by itself, then the worst single losses, then the worst that only a pair does. */
function storiesOf(
  {picture, tell}: ReportQuestion,
  {losses, pairs}: Situation,
  after: ClusterPicture | undefined,
): Story[] {
  const story = (lost: readonly string[]): Story[] => {
    tell(() => `telling in full: ${lost.length === 0 ? 'nothing lost' : `${lost.join(' and ')} lost`}`);
    const acts = lost.length === 0 ? [] : [{kind: 'Lose', nodes: lost} as const];
    const now = foresee(picture, acts);
    const isQuiet = now.rounds.length === 0 && now.outages.length === 0;
    return isQuiet ? [] : [{lost, now, ...(after === undefined ? {} : {after: foresee(after, acts)})}];
  };
  const byItself = story([]);
  const singles = [...losses]
    .filter(([, verdict]) => !isHarmless(verdict))
    .sort(([, a], [, b]) => bySeverity(a, b))
    .slice(0, byItself.length > 0 ? SINGLE_STORIES_AMID_FAILURE : SINGLE_STORIES)
    .map(([node]) => [node]);
  const pair = pairs?.groups[0]?.examples[0];
  return [...byItself, ...[...singles, ...(pair === undefined ? [] : [pair])].flatMap(story)];
}
