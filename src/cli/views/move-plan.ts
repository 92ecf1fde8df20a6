/** The document of `kubectl spread plan`: what the operator would do, for programs and for the text beside it. */
import type {PlannedMove, TopologyStatus, WorkloadStatus} from '../../api/types.ts';
import {describeProblems} from '../../api/validate.ts';
import {type PolicyIndex, policyKey} from '../../controller/policy-index.ts';
import {closedPicture} from '../../foresight/closed-cluster.ts';
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import type {OperatorPreview, WorkloadPreview} from '../../foresight/operator-preview.ts';
import {isAssumed} from '../../foresight/policy-sources.ts';
import {howToUnblock} from '../../foresight/unblock.ts';
import {describeRule, patchOf} from '../../injection/decide.ts';
import {isEmptyRule} from '../../injection/rule.ts';

export const PLAN_KIND = 'MovePlan';

export interface MovePlan {
  /** Of which namespaces of which cluster. */
  readonly scope: string;
  /** RFC 3339: of which moment. */
  readonly time: string;
  readonly summary: PlanSummary;
  /** Why nothing is moved or injected in the whole cluster. */
  readonly circuitOpen?: string;
  /** Why no node takes pods; absent while one does. */
  readonly clusterClosed?: string;
  readonly workloads: readonly PlannedWorkload[];
  /** Policies that are not acted on. */
  readonly stalledPolicies: readonly {readonly policy: string; readonly message: string}[];
  /** What limits this answer. */
  readonly notes: readonly string[];
}

export interface PlanSummary {
  /** Deployments that a policy governs. */
  readonly workloads: number;
  /** Of these, those without anything to do. */
  readonly spread: number;
  /** Pod templates that are edited. */
  readonly edits: number;
  /** Moves that were foreseen; of workloads whose template is edited first, those on the present template. */
  readonly moves: number;
  /** Workloads with something to do and something in the way. */
  readonly blocked: number;
}

export interface PlannedWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly policy: {
    /** `namespace/name`; absent for a policy that is only assumed. */
    readonly name?: string;
    readonly source: 'Cluster' | 'File' | 'Assumed';
  };
  /** What comes next for the workload. */
  readonly next: 'Nothing' | 'Edit' | 'Move' | 'Wait' | 'Blocked';
  readonly message: string;
  readonly replicas: number;
  readonly movesNeeded: number;
  /** How the replicas lie now. */
  readonly topologies: readonly TopologyStatus[];
  readonly edit?: {
    readonly description: string;
    /** Of the Deployment, as YAML; absent where a rule is taken out. */
    readonly patch?: string;
  };
  readonly moves: readonly PlannedStep[];
  readonly blocked?: {readonly reason: string; readonly message: string; readonly toUnblock: string};
  /** When all these moves are done as expected. */
  readonly afterwards?: {
    readonly movesNeeded: number;
    readonly topologies: readonly TopologyStatus[];
    /** Why there are no more moves, where more are needed. */
    readonly message: string;
  };
}

export interface PlannedStep extends PlannedMove {
  /** 1 for what would begin now; 2 when that is done, and so on. Absent where the policy lets nothing be evicted. */
  readonly round?: number;
}

export interface MovePlanFacts {
  readonly preview: OperatorPreview;
  readonly picture: ClusterPicture;
  readonly policies: PolicyIndex;
  readonly scope: string;
  /** Undefined for all. */
  readonly namespace: string | undefined;
  /** Policies that came from files. */
  readonly fromFiles: ReadonlySet<string>;
  readonly notes: readonly string[];
}

export function movePlanOf(facts: MovePlanFacts): MovePlan {
  const {preview, picture, scope, policies, namespace} = facts;
  const clusterClosed = closedPicture(picture);
  const workloads = preview.workloads.map((each) => plannedWorkload(each, facts, clusterClosed));
  const stalled = policies
    .all()
    .filter((policy) => policy.problems.length > 0 && (namespace ?? policy.namespace) === policy.namespace);
  return {
    scope,
    time: new Date(picture.takenAt).toISOString(),
    summary: {
      workloads: workloads.length,
      spread: workloads.filter(({next}) => next === 'Nothing').length,
      edits: workloads.filter(({edit}) => edit !== undefined).length,
      moves: workloads.reduce((sum, {moves}) => sum + moves.length, 0),
      blocked: workloads.filter(({next}) => next === 'Blocked').length,
    },
    ...(preview.circuitOpen === undefined ? {} : {circuitOpen: preview.circuitOpen}),
    ...(clusterClosed === undefined ? {} : {clusterClosed}),
    workloads,
    stalledPolicies: stalled.map((policy) => ({
      policy: policyKey(policy),
      message: describeProblems(policy.problems),
    })),
    notes: [
      ...facts.notes,
      ...picture.missing
        .filter(({resource}) => !IRRELEVANT.test(resource))
        .map(({resource, reason}) => `without ${resource}: ${reason}`),
      ...(preview.isCut ? ['there may be more moves than were followed'] : []),
    ],
  };
}

/** The planner does not ask for them. */
const IRRELEVANT =
  /^metrics\.k8s\.io|^coordination\.k8s\.io|statefulsets|daemonsets|priorityclasses|services/;

function plannedWorkload(
  preview: WorkloadPreview,
  {fromFiles}: MovePlanFacts,
  clusterClosed: string | undefined,
): PlannedWorkload {
  const {workload, policy, entry, edit, afterwards} = preview;
  const isOfFile = fromFiles.has(policyKey(policy));
  const moves = stepsOf(preview);
  const next = nextOf(preview, moves);
  return {
    namespace: workload.namespace,
    name: workload.name,
    policy: isAssumed(policy)
      ? {source: 'Assumed'}
      : {name: policyKey(policy), source: isOfFile ? 'File' : 'Cluster'},
    next,
    message: messageOf(entry, moves),
    replicas: entry.replicas,
    movesNeeded: entry.movesNeeded,
    topologies: entry.topologies ?? [],
    ...(edit === undefined
      ? {}
      : {
          edit: isEmptyRule(edit)
            ? {description: 'the injected rule is taken out'}
            : {description: describeRule(edit), patch: patchOf(workload, edit)},
        }),
    moves,
    ...(entry.blocked === undefined
      ? {}
      : {
          blocked: {
            reason: entry.blocked.reason,
            message: entry.blocked.message,
            toUnblock: howToUnblock(entry.blocked.reason, clusterClosed),
          },
        }),
    ...(preview.moves.length === 0
      ? {}
      : {
          afterwards: {
            movesNeeded: afterwards.movesNeeded,
            topologies: afterwards.topologies ?? [],
            message: afterwards.message,
          },
        }),
  };
}

/** What would be evicted; where the policy lets nothing be evicted, what it shows instead. */
function stepsOf({moves, entry}: WorkloadPreview): readonly PlannedStep[] {
  return moves.length > 0 ? moves : (entry.moves ?? []);
}

function nextOf({entry, edit}: WorkloadPreview, moves: readonly PlannedStep[]): PlannedWorkload['next'] {
  if (edit !== undefined) {
    return 'Edit';
  }
  if (entry.state === 'Moving' || entry.state === 'Planned') {
    return 'Move';
  }
  if (entry.state === 'Blocked' || entry.blocked?.reason === 'InjectionConflict') {
    return 'Blocked';
  }
  return entry.state === 'Waiting' || entry.state === 'Injecting' || moves.length > 0 ? 'Wait' : 'Nothing';
}

function messageOf(entry: WorkloadStatus, moves: readonly PlannedStep[]): string {
  const [first] = moves;
  const isOurs = entry.state === 'Moving' && first?.round === 1;
  return isOurs ? `${entry.movesNeeded} ${entry.movesNeeded === 1 ? 'move' : 'moves'} needed` : entry.message;
}
