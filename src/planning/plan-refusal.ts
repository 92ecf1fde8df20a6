/** Why no move is planned, for people. */
import type {Pod} from '../cluster/pod.ts';
import {describeRefusals} from '../scheduling/explain-refusals.ts';
import type {Refusal} from '../scheduling/framework.ts';
import type {Assessment} from './assess.ts';
import type {IneligibleNode} from './eligibility.ts';
import {describeViolations, listChoices, summariseIneligible} from './explain.ts';

export interface PlanRefusal {
  readonly reason: 'InsufficientDomains' | 'NoFeasibleNode' | 'Pinned' | 'Excluded';
  /** Names the nodes and what each of them objects to. */
  readonly message: string;
  /** Some node is right and takes the replacement, but the scheduler's choice would be another. */
  readonly isOverruled?: true;
}

export interface Attempt {
  readonly pod: Pod;
  readonly from: string;
  /** Nodes where the replacement is wanted. */
  readonly wanted: () => readonly string[];
  readonly refusals: () => readonly Refusal[];
  /** Set when the filters allow a wanted node but the scheduler would choose another. */
  readonly preferred?: () => Preference;
}

export interface Preference {
  readonly nodes: readonly string[];
  readonly score: number;
  /** The best of those nodes where the replacement is wanted; absent where it may go there only when the replica has gone. */
  readonly wantedScore?: number;
}

// What is broken comes first: that nothing can be done about it is bad news only because of that.
export function withViolations(refusal: PlanRefusal, {violations}: Assessment): PlanRefusal {
  return violations.length === 0
    ? refusal
    : {...refusal, message: `${describeViolations(violations)}; ${refusal.message}`};
}

export function explainAttempts(attempts: readonly Attempt[]): PlanRefusal {
  const overruled = attempts.find((attempt) => attempt.preferred !== undefined);
  if (overruled?.preferred !== undefined) {
    const {pod, wanted, preferred} = overruled;
    const {nodes, score, wantedScore} = preferred();
    const samples = wantedScore !== undefined && score < wantedScore;
    const would = samples ? 'looks at a sample of the nodes and could put' : 'would put';
    const instead = listChoices(wanted());
    const why =
      wantedScore === undefined
        ? `, as ${pod.name} keeps it from ${instead} until it has shut down`
        : ` rather than on ${instead} (score ${wantedScore})`;
    return {
      reason: 'NoFeasibleNode',
      message:
        `the scheduler ${would} a replacement of ${pod.name} on ${listChoices(nodes)} (score ${score})${why}, ` +
        'so evicting it would not help',
      isOverruled: true,
    };
  }
  const refusals = attempts[0]?.refusals() ?? [];
  return {reason: 'NoFeasibleNode', message: `no node takes a replacement: ${describeRefusals(refusals)}`};
}

export function refusalWithoutMoves(assessment: Assessment): PlanRefusal | undefined {
  if (assessment.movesWanted > 0) {
    const {noRoom} = assessment;
    const message =
      noRoom.length === 0
        ? 'no eligible node is better'
        : `no node has room for a replacement: ${describeRefusals(noRoom)}`;
    return withViolations({reason: 'NoFeasibleNode', message}, assessment);
  }
  const first = assessment.topologies[0];
  // Replicas that are apart need no other domain: a drain of the other nodes is no reason to complain.
  if (first === undefined || first.eligibleDomains > 1 || !first.domains.some(({replicas}) => replicas > 1)) {
    return undefined;
  }
  const domains = `${first.eligibleDomains === 0 ? 'no' : 'only one'} domain of ${first.topologyKey} is eligible`;
  const pinnedBy = (cause: IneligibleNode['cause']) =>
    cause === 'NodeAffinity' || cause === 'Taint' || cause === 'Volume';
  const reason = assessment.ineligible.some(({cause}) => pinnedBy(cause)) ? 'Pinned' : 'InsufficientDomains';
  const others = assessment.ineligible.length > 0 ? ` (${summariseIneligible(assessment.ineligible)})` : '';
  return {reason, message: `${domains}${others}`};
}
