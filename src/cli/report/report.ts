/** What a report tells, as values: the cluster as it is, and as it would be once the operator had done its work. */

import type {Finding} from '../../foresight/check/finding.ts';
import type {CpuBasis} from '../../foresight/cpu-demand.ts';
import type {LossGroup} from '../../foresight/loss-summary.ts';
import type {LossVerdict} from '../../foresight/loss-verdict.ts';
import type {OperatorLiveness} from '../../foresight/operator-liveness.ts';
import type {Outcome} from '../../foresight/outcome.ts';
import type {MovePlan} from '../views/move-plan.ts';

export interface Report {
  /** Of which namespaces of which cluster. */
  readonly scope: string;
  /** Milliseconds since the epoch: when the cluster was read. */
  readonly takenAt: number;
  readonly version: string;
  readonly operator: OperatorLiveness;
  readonly plan: MovePlan;
  /** Whether a policy with all defaults was assumed for the Deployments that none selects. */
  readonly isPolicyAssumed: boolean;
  readonly basis: CpuBasis;
  readonly nodes: readonly ReportedNode[];
  readonly now: Situation;
  /** Absent when there is nothing to do. */
  readonly after?: Situation;
  /** Of the manifests, where there are some: then all else is told of the cluster with them applied. */
  readonly findings?: readonly Finding[];
  /** Losses told in full, the worst first. */
  readonly stories: readonly Story[];
  /** What limits what is told. */
  readonly notes: readonly string[];
}

export interface ReportedNode {
  readonly name: string;
  readonly zone?: string;
  /** Why it takes no pods. */
  readonly trouble?: 'NotReady' | 'Cordoned';
}

export interface Situation {
  /** By node; a node that is not in it does not answer, or nothing could be told of its loss. */
  readonly losses: ReadonlyMap<string, LossVerdict>;
  /** Whether every loss of one node and of two was judged: only then may something be told not to happen. */
  readonly isComplete: boolean;
  /** Services that lose their last endpoint with some node or pair of nodes, by `namespace/name`. */
  readonly services: ReadonlyMap<string, ServiceRisk>;
  /** Losses of two nodes; absent where there are not two. */
  readonly pairs?: PairLosses;
  readonly cpu: ReadonlyMap<string, NodeCpu>;
  /** Worst first. */
  readonly placements: readonly Placement[];
}

export interface ServiceRisk {
  /** Each takes it down when it is lost. */
  readonly nodes: readonly string[];
  /** How many pairs of nodes do, those of these nodes included. */
  readonly pairs: number;
  /** One of them. */
  readonly pair?: readonly string[];
}

export interface PairLosses {
  readonly total: number;
  readonly undecided: number;
  /** That take a Service down or make other nodes die. */
  readonly harmful: number;
  /** What only the loss of both does, the worst first. */
  readonly groups: readonly LossGroup[];
}

/** milliCPU */
export interface NodeCpu {
  readonly demand: number;
  readonly capacity: number;
}

/** The replicas of a Deployment by node. */
export interface Placement {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  readonly byNode: ReadonlyMap<string, number>;
  /** Replicas without a node. */
  readonly waiting: number;
  /** To spread it, as its policy wants it. */
  readonly movesNeeded: number;
}

export interface Story {
  /** Empty: nothing is lost, and it happens all the same. */
  readonly lost: readonly string[];
  readonly now: Outcome;
  /** The same after the plan. */
  readonly after?: Outcome;
}
