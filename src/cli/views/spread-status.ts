/** The document of `kubectl spread status`: how the replicas of each Deployment lie, and what becomes of them. */
import type {
  InjectionStatus,
  MoveInFlight,
  PlannedMove,
  TopologyStatus,
  WorkloadState,
  WorkloadStatus,
} from '../../api/types.ts';
import {describeProblems} from '../../api/validate.ts';
import {policyKey, type StoredPolicy} from '../../controller/policy-index.ts';
import {closedPicture} from '../../foresight/closed-cluster.ts';
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {type OperatorLiveness, operatorLiveness} from '../../foresight/operator-liveness.ts';
import type {OperatorPreview, WorkloadPreview} from '../../foresight/operator-preview.ts';
import {isAssumed} from '../../foresight/policy-sources.ts';
import {howToUnblock} from '../../foresight/unblock.ts';
import {describeRule} from '../../injection/decide.ts';
import {isEmptyRule} from '../../injection/rule.ts';
import {listChoices} from '../../planning/explain.ts';

export const STATUS_KIND = 'SpreadStatus';

export interface SpreadStatus {
  /** Of which namespaces of which cluster. */
  readonly scope: string;
  /** RFC 3339: of which moment. */
  readonly time: string;
  readonly operator: OperatorLiveness;
  /** Why no node takes pods; absent while one does. */
  readonly clusterClosed?: string;
  readonly summary: {
    readonly workloads: number;
    /** Without any move that would help. */
    readonly spread: number;
    readonly blocked: number;
    readonly withoutPolicy: number;
    readonly movesNeeded: number;
  };
  /** Worst first. */
  readonly workloads: readonly WorkloadReport[];
  readonly policies: readonly PolicyReport[];
}

export interface WorkloadReport {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`; absent when none selects it. */
  readonly policy?: string;
  /** Operator: as its status has it. Computed: worked out now, by the operator’s code. */
  readonly source: 'Operator' | 'Computed';
  readonly state: WorkloadState | 'MovesNeeded' | 'NoPolicy';
  readonly message: string;
  readonly replicas: number;
  readonly movesNeeded: number;
  readonly topologies: readonly TopologyStatus[];
  readonly blocked?: {
    readonly reason: string;
    readonly message: string;
    readonly since?: string;
    readonly toUnblock: string;
  };
  readonly injection?: InjectionStatus;
  /** The next moves. */
  readonly moves?: readonly PlannedMove[];
  /** Moves that have begun. */
  readonly inFlight?: readonly MoveInFlight[];
}

export interface PolicyReport {
  /** `namespace/name` */
  readonly name: string;
  /** Why nothing of it is acted on, or why its status was not used. */
  readonly problem?: string;
}

export interface StatusFacts {
  readonly preview: OperatorPreview;
  readonly picture: ClusterPicture;
  readonly policies: readonly StoredPolicy[];
  readonly scope: string;
}

export function spreadStatusOf({preview, picture, policies, scope}: StatusFacts): SpreadStatus {
  const operator = operatorLiveness(picture);
  const clusterClosed = closedPicture(picture);
  const workloads = preview.workloads.map((each) => reportOf(each, operator, clusterClosed)).sort(worstFirst);
  return {
    scope,
    time: new Date(picture.takenAt).toISOString(),
    operator,
    ...(clusterClosed === undefined ? {} : {clusterClosed}),
    summary: {
      workloads: workloads.length,
      spread: workloads.filter(({movesNeeded}) => movesNeeded === 0).length,
      blocked: workloads.filter(({state}) => state === 'Blocked').length,
      withoutPolicy: workloads.filter(({state}) => state === 'NoPolicy').length,
      movesNeeded: workloads.reduce((sum, {movesNeeded}) => sum + movesNeeded, 0),
    },
    workloads,
    policies: policies
      .filter((policy) => !isAssumed(policy))
      .map((policy) => {
        const problem =
          policy.problems.length > 0
            ? `is not acted on: ${describeProblems(policy.problems)}`
            : staleBecause(policy, operator);
        return {name: policyKey(policy), ...(problem === undefined ? {} : {problem})};
      }),
  };
}

function reportOf(
  preview: WorkloadPreview,
  operator: OperatorLiveness,
  clusterClosed: string | undefined,
): WorkloadReport {
  const {workload, policy} = preview;
  const {namespace, name} = workload;
  const theirs =
    operator.state === 'NotRunning' || staleBecause(policy, operator) !== undefined
      ? undefined
      : policy.object.status?.workloads?.find((entry) => entry.name === name);
  const entry = theirs ?? preview.entry;
  const computed = theirs === undefined ? computedOf(preview) : undefined;
  return {
    namespace,
    name,
    ...(isAssumed(policy) ? {} : {policy: policyKey(policy)}),
    source: theirs === undefined ? 'Computed' : 'Operator',
    state: computed?.state ?? entry.state,
    message: computed?.message ?? entry.message,
    replicas: entry.replicas,
    movesNeeded: entry.movesNeeded,
    topologies: entry.topologies ?? [],
    ...blockedOf(entry, theirs === undefined, clusterClosed),
    ...(entry.injection === undefined || isAssumed(policy)
      ? {}
      : {injection: computed?.injection ?? entry.injection}),
    ...(entry.moves === undefined ? {} : {moves: entry.moves}),
    ...(entry.inFlight === undefined || computed?.state === 'MovesNeeded' ? {} : {inFlight: entry.inFlight}),
  };
}

/** What differs where nobody acts: what the operator would begin has not begun. */
function computedOf({entry, edit, moves, policy}: WorkloadPreview): {
  readonly state: WorkloadReport['state'];
  readonly message: string;
  readonly injection?: InjectionStatus;
} {
  const [next] = moves;
  const needed = `${entry.movesNeeded} ${entry.movesNeeded === 1 ? 'move' : 'moves'} needed`;
  const injection: InjectionStatus | undefined =
    edit === undefined
      ? undefined
      : {
          state: 'Pending',
          message: isEmptyRule(edit)
            ? 'the injected rule is still in the pod template'
            : `not in the pod template yet: ${describeRule(edit)}`,
        };
  const common = injection === undefined ? {} : {injection};
  if (isAssumed(policy)) {
    const could = entry.movesNeeded === 0 ? entry.message : `${needed} to spread it`;
    return {state: 'NoPolicy', message: `no SpreadPolicy selects it; ${could}`};
  }
  return next?.round === 1
    ? {
        state: 'MovesNeeded',
        message: `${needed}; next: ${next.pod} from ${next.from} to ${listChoices(next.to)}`,
        ...common,
      }
    : {state: entry.state, message: entry.message, ...common};
}

/** Since when is only known to who has looked before. */
function blockedOf(
  {blocked}: WorkloadStatus,
  isComputed: boolean,
  clusterClosed: string | undefined,
): Pick<WorkloadReport, 'blocked'> {
  if (blocked === undefined) {
    return {};
  }
  const {reason, message, since} = blocked;
  return {
    blocked: {
      reason,
      message,
      ...(isComputed ? {} : {since}),
      toUnblock: howToUnblock(reason, clusterClosed),
    },
  };
}

/** Why the status of a policy says nothing about now. */
function staleBecause({object, generation}: StoredPolicy, operator: OperatorLiveness): string | undefined {
  const {observedGeneration} = object.status ?? {};
  if (observedGeneration === undefined) {
    return operator.state === 'Running' ? 'the operator has not looked at it yet' : undefined;
  }
  if (observedGeneration < generation) {
    return `its status is of generation ${observedGeneration}, the policy of generation ${generation}`;
  }
  return operator.state === 'NotRunning' ? 'its status is old, as the operator is not running' : undefined;
}

const BADNESS: Readonly<Record<WorkloadReport['state'], number>> = {
  Blocked: 0,
  MovesNeeded: 1,
  Moving: 2,
  Injecting: 3,
  Waiting: 4,
  Planned: 5,
  NoPolicy: 6,
  Excluded: 7,
  Spread: 8,
};

function worstFirst(a: WorkloadReport, b: WorkloadReport): number {
  const withMoves = (report: WorkloadReport) => (report.movesNeeded > 0 ? 0 : 1);
  return (
    withMoves(a) - withMoves(b) ||
    BADNESS[a.state] - BADNESS[b.state] ||
    b.movesNeeded - a.movesNeeded ||
    `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`, 'en', {numeric: true})
  );
}
