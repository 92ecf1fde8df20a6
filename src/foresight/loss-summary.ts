/** All losses of so many nodes in one answer. Values only. */
import type {CpuBasis} from './cpu-demand.ts';
import type {LossVerdict} from './loss-verdict.ts';

export interface LossSummary {
  readonly basis: CpuBasis;
  /** Nodes that are up: the sets are made of these. */
  readonly nodes: number;
  readonly depth: number;
  /** Of one node, of two, … up to the depth that was asked for. */
  readonly losses: readonly DepthSummary[];
  /** Services that had an endpoint, and kept one in every loss that was decided. */
  readonly servicesKept: readonly string[];
  /** What happens when nothing is lost, within every loss, too; absent when it could not be decided in time. */
  readonly withoutLoss?: LossVerdict;
  /** What was on its way when the picture was taken, and was let to arrive before any loss. */
  readonly waitedFor?: string;
  /** Why every loss had to be simulated. */
  readonly unprovable?: string;
}

/** `total` = harmless + inherited + those of the groups + undecided + those that were not drawn. */
export interface DepthSummary {
  /** How many nodes are lost together. */
  readonly depth: number;
  /** How many sets of so many nodes there are. */
  readonly total: number;
  /** How many of them were looked at: all of them for one node and for two, a sample beyond. */
  readonly judged: number;
  /** How many of those took a simulation; the others follow from proofs. */
  readonly simulated: number;
  /** Looked at, but neither proven nor simulated before the budget was spent. Not told to be harmless. */
  readonly undecided: number;
  /** Nothing but room to spare is lost. */
  readonly harmless: number;
  /** Harmful, but by nothing that a part of these nodes would not do alone. */
  readonly inherited: number;
  /** What only the loss of all these nodes together does, worst first. */
  readonly groups: readonly LossGroup[];
}

/** Sets with the same effect. */
export interface LossGroup extends LossVerdict {
  readonly sets: number;
  /** The first few. */
  readonly examples: readonly (readonly string[])[];
}
