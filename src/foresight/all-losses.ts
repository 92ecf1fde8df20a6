/**
 * Every loss of one node and of two, and a sample of the losses of more. Pure: when the budget is spent is told by the
 * caller, who has a clock.
 */
import {Random} from '../simulator/engine/random.ts';
import {conditionOf, type NodeObject} from '../simulator/objects.ts';
import type {ClusterPicture} from './cluster-picture.ts';
import {cpuDemandOf} from './cpu-demand.ts';
import {type ForesightOptions, foreseeWith} from './foresee.ts';
import {LossCollector} from './loss-collector.ts';
import type {DepthSummary, LossSummary} from './loss-summary.ts';
import {type LossVerdict, verdictOf} from './loss-verdict.ts';

export interface AllLossesOptions extends ForesightOptions {
  /** Called now and then. */
  readonly progress?: (progress: LossProgress) => void;
  /** Called for each set of nodes that was decided; the order is that of the sets. */
  readonly onVerdict?: (lost: readonly string[], verdict: LossVerdict) => void;
  /** True once no more simulations are to be begun; proofs go on. */
  readonly isBudgetSpent?: () => boolean;
  /** How many sets of three nodes and more are looked at. */
  readonly sample?: number;
}

export interface LossProgress {
  readonly depth: number;
  readonly judged: number;
  readonly toJudge: number;
  readonly simulated: number;
}

const DEFAULT_SAMPLE = 1000;
const EXHAUSTIVE_DEPTH = 2;

export function allLosses(
  picture: ClusterPicture,
  depth: number,
  options: AllLossesOptions = {},
): LossSummary {
  const {progress, onVerdict, isBudgetSpent = () => false, sample = DEFAULT_SAMPLE, ...foresight} = options;
  const demand = cpuDemandOf(picture);
  const nodes = nodesThatAnswer(picture);
  const simulate = (lost: readonly string[]): LossVerdict | undefined =>
    isBudgetSpent()
      ? undefined
      : verdictOf(foreseeWith(picture, [{kind: 'Lose', nodes: lost}], foresight, demand));
  const collector = new LossCollector(simulate);
  const losses: DepthSummary[] = [];
  for (let size = 1; size <= Math.min(depth, nodes.length); size++) {
    const total = combinations(nodes.length, size);
    const isExhaustive = size <= EXHAUSTIVE_DEPTH || total <= sample;
    const toJudge = isExhaustive ? total : sample;
    const sets = isExhaustive ? subsets(nodes, size) : drawn(nodes, size, sample, foresight.seed ?? 1);
    collector.begin(size);
    for (const lost of sets) {
      const verdict = collector.judge(lost);
      if (verdict !== undefined) {
        onVerdict?.(lost, verdict);
      }
      progress?.({depth: size, judged: collector.judged, toJudge, simulated: collector.simulated});
    }
    losses.push(collector.summary(total));
  }
  return {basis: demand.basis, nodes: nodes.length, depth, losses};
}

/** What falls silent tomorrow is up today. */
function nodesThatAnswer({objects}: ClusterPicture): string[] {
  return objects
    .filter(
      (object) =>
        object.kind === 'Node' && conditionOf((object as NodeObject).status, 'Ready')?.status === 'True',
    )
    .map(({metadata}) => metadata.name)
    .sort();
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
