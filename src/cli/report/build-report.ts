/** Asks foresight all that a report tells. */
import {afterPlan} from '../../foresight/after-plan.ts';
import {type AllLossesOptions, allLosses} from '../../foresight/all-losses.ts';
import {type ClusterCaches, type ClusterPicture, cachesOf} from '../../foresight/cluster-picture.ts';
import {foresee} from '../../foresight/foresee.ts';
import type {LossGroup} from '../../foresight/loss-summary.ts';
import {isHarmless, type LossVerdict} from '../../foresight/loss-verdict.ts';
import {operatorLiveness} from '../../foresight/operator-liveness.ts';
import {type OperatorPreview, previewOperator} from '../../foresight/operator-preview.ts';
import {assumePolicies, isAssumed} from '../../foresight/policy-sources.ts';
import {simulationOf} from '../../foresight/simulation.ts';
import {movePlanOf} from '../views/move-plan.ts';
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
  /** True once no more losses are to be simulated. */
  readonly isBudgetSpent: () => boolean;
}

const DEPTH = 2;
/** More losses told in full are not read. */
const SINGLE_STORIES = 3;

export async function buildReport(question: ReportQuestion): Promise<Report> {
  const {picture, namespace, scope, version, tell} = question;
  const caches = cachesOf(picture);
  assumePolicies(caches);
  const preview = await previewOperator(caches, picture, {
    namespace,
    onProgress: (done, all) => tell(() => `planning: ${done} of ${all} Deployments`),
  });
  const plan = movePlanOf({
    preview,
    picture,
    policies: caches.policies,
    scope,
    namespace,
    files: new Set(),
    notes: [],
  });
  const after = afterPlan(picture, preview, caches);
  const now = situationOf(question, picture, cachesOf(picture), movesNow(preview), 'as it is');
  const then =
    after === undefined
      ? undefined
      : situationOf(question, after, cachesOf(after), movesAfterwards(preview), 'after the plan');
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
    stories: storiesOf(question, now.situation, after),
    notes: [
      ...plan.notes,
      ...(now.undecided > 0
        ? [`${now.undecided} losses were neither proven nor simulated: the time for it was spent`]
        : []),
    ],
  };
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
  {cache}: Pick<ClusterCaches, 'cache'>,
  movesNeeded: ReadonlyMap<string, number>,
  when: string,
) {
  const losses = new Map<string, LossVerdict>();
  const services = new ServiceRisks();
  let harmfulPairs = 0;
  const options: AllLossesOptions = {
    isBudgetSpent,
    progress: ({depth, judged, toJudge}) =>
      tell(() => `${when}: ${judged} of ${toJudge} losses of ${depth === 1 ? 'one node' : 'two nodes'}`),
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
  const {basis, losses: depths} = allLosses(picture, DEPTH, options);
  const pairs = depths.find(({depth}) => depth === 2);
  const situation: Situation = {
    losses,
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
    placements: placementsOf(cache, namespace, movesNeeded),
  };
  return {basis, situation, undecided: depths.reduce((sum, {undecided}) => sum + undecided, 0)};
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
  const singles = [...losses]
    .filter(([, verdict]) => !isHarmless(verdict))
    .sort(([, a], [, b]) => bySeverity(a, b))
    .slice(0, SINGLE_STORIES)
    .map(([node]) => [node]);
  const pair = pairs?.groups[0]?.examples[0];
  const asked: readonly (readonly string[])[] = [[], ...singles, ...(pair === undefined ? [] : [pair])];
  return asked.flatMap((lost, index): Story[] => {
    tell(() => `telling ${index + 1} of ${asked.length} losses in full`);
    const acts = lost.length === 0 ? [] : [{kind: 'Lose', nodes: lost} as const];
    const now = foresee(picture, acts);
    if (now.rounds.length === 0 && now.outages.length === 0) {
      return [];
    }
    return [{lost, now, ...(after === undefined ? {} : {after: foresee(after, acts)})}];
  });
}
