/**
 * Every loss of one node and of two, and a sample of the losses of more. Pure: when the budget is spent is told by the
 * caller, who has a clock.
 */
import {Random} from '../simulator/engine/random.ts';
import type {ClusterPicture} from './cluster-picture.ts';
import {type CpuDemand, cpuDemandOf} from './cpu-demand.ts';
import {type ForesightOptions, foreseeWith} from './foresee.ts';
import {LossCollector} from './loss-collector.ts';
import type {DepthSummary, LossSummary} from './loss-summary.ts';
import {type LossVerdict, verdictOf} from './loss-verdict.ts';
import {nodesThatAnswer} from './nodes-that-answer.ts';
import {pictureOf} from './picture-of.ts';
import {lossFactsOf} from './proofs/loss-facts.ts';
import {ProvenVerdicts} from './proofs/proven-verdicts.ts';
import {simulationOf} from './simulation.ts';

export interface AllLossesOptions extends ForesightOptions {
  /** Called now and then. */
  readonly progress?: (progress: LossProgress) => void;
  /** Called for each set of nodes that was decided; the order is that of the sets. */
  readonly onVerdict?: (lost: readonly string[], verdict: LossVerdict) => void;
  /** True once no more simulations are to be begun; proofs go on. */
  readonly isBudgetSpent?: () => boolean;
  /** How many sets of three nodes and more are looked at. */
  readonly sample?: number;
  /** Where the caller knows better than the picture. */
  readonly demand?: CpuDemand;
}

export interface LossProgress {
  readonly depth: number;
  readonly judged: number;
  readonly toJudge: number;
  readonly simulated: number;
}

const DEFAULT_SAMPLE = 1000;
const EXHAUSTIVE_DEPTH = 2;
/** Milliseconds. */
const WAIT = 60_000;
const LONGEST_WAIT = 15 * WAIT;

export function allLosses(given: ClusterPicture, depth: number, options: AllLossesOptions = {}): LossSummary {
  const {progress, onVerdict, isBudgetSpent = () => false, sample = DEFAULT_SAMPLE, ...rest} = options;
  const {demand: known = cpuDemandOf(given), ...foresight} = rest;
  const {picture, demand, waitedFor} = settled(given, foresight, known);
  const nodes = nodesThatAnswer(picture);
  const simulate = (lost: readonly string[]): LossVerdict | undefined =>
    isBudgetSpent()
      ? undefined
      : verdictOf(foreseeWith(picture, [{kind: 'Lose', nodes: lost}], foresight, demand));
  const proven = new ProvenVerdicts(picture, demand, foresight, depth);
  const withoutLoss = proven.of([]) ?? simulate([]);
  const collector = new LossCollector((lost) => proven.of(lost), simulate);
  const losses: DepthSummary[] = [];
  for (let size = 1; size <= Math.min(depth, nodes.length); size++) {
    const total = combinations(nodes.length, size);
    const isExhaustive = size <= EXHAUSTIVE_DEPTH || total <= sample;
    const toJudge = isExhaustive ? total : sample;
    const sets = isExhaustive ? subsets(nodes, size) : drawn(nodes, size, sample, foresight.seed ?? 1);
    collector.begin(size, size < depth);
    for (const lost of sets) {
      const verdict = collector.judge(lost);
      if (verdict !== undefined) {
        onVerdict?.(lost, verdict);
      }
      progress?.({depth: size, judged: collector.judged, toJudge, simulated: collector.simulated});
    }
    losses.push(collector.summary(total));
  }
  return {
    basis: demand.basis,
    nodes: nodes.length,
    depth,
    losses,
    servicesKept: keptServices(picture, losses),
    ...(withoutLoss === undefined ? {} : {withoutLoss}),
    ...(waitedFor === undefined ? {} : {waitedFor}),
    ...(proven.unprovable === undefined ? {} : {unprovable: proven.unprovable}),
  };
}

function keptServices(picture: ClusterPicture, losses: readonly DepthSummary[]): string[] {
  const down = new Set(losses.flatMap(({groups}) => groups.flatMap(({servicesDown}) => servicesDown)));
  return [...lossFactsOf(picture).endpoints.keys()].filter((service) => !down.has(service)).sort();
}

/** Proofs are about a cluster at rest: what is on its way when the picture is taken is let to arrive first. */
function settled(
  picture: ClusterPicture,
  options: ForesightOptions,
  demand: CpuDemand,
): {readonly picture: ClusterPicture; readonly demand: CpuDemand; readonly waitedFor?: string} {
  const waitedFor = lossFactsOf(picture).unrest;
  if (waitedFor === undefined) {
    return {picture, demand};
  }
  const cluster = simulationOf(picture, options, demand);
  let rest = pictureOf(cluster);
  for (let waited = 0; waited < LONGEST_WAIT && lossFactsOf(rest).unrest !== undefined; waited += WAIT) {
    cluster.advance(WAIT);
    rest = pictureOf(cluster);
  }
  // The simulation wrote the demand on its objects, whatever it was taken from.
  return {
    picture: {...picture, objects: rest.objects, takenAt: rest.takenAt},
    demand: {...cpuDemandOf(rest), basis: demand.basis},
    waitedFor,
  };
}

function combinations(n: number, k: number): number {
  let result = 1;
  for (let index = 1; index <= k; index++) {
    result = (result * (n - k + index)) / index;
  }
  return Math.round(result);
}

function* subsets(nodes: readonly string[], size: number, from = 0): Generator<readonly string[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let index = from; index <= nodes.length - size; index++) {
    for (const rest of subsets(nodes, size - 1, index + 1)) {
      yield [nodes[index] as string, ...rest];
    }
  }
}

/** Different ones, by lot. */
function* drawn(
  nodes: readonly string[],
  size: number,
  count: number,
  seed: number,
): Generator<readonly string[]> {
  const random = new Random(seed).fork(`losses of ${size}`);
  const seen = new Set<string>();
  while (seen.size < count) {
    const set = new Set<string>();
    while (set.size < size) {
      set.add(random.pick(nodes));
    }
    const lost = [...set].sort();
    const key = lost.join(' ');
    if (!seen.has(key)) {
      seen.add(key);
      yield lost;
    }
  }
}
