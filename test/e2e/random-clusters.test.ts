/**
 * Random clusters through the real scheduler and the real operator, judged from outside: the evictions in the audit
 * log against an independent minimum, the foreseen landings against the real ones, and each refusal by trying it.
 *
 * `RANDOM_CLUSTERS=200` takes more of them, `RANDOM_SEED=7 RANDOM_CLUSTERS=1` takes one again that failed.
 */
import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {FewestMoves} from '../scenarios/fewest-moves.ts';
import {randomCluster} from '../scenarios/random-clusters.ts';
import {RandomClusterRun} from './random-cluster-run.ts';
import {
  describeVerdict,
  type Prediction,
  type Refuted,
  refutedRefusals,
  type Verdict,
  verdictOf,
  type WorkloadVerdict,
} from './random-cluster-verdict.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

const count = Number(process.env['RANDOM_CLUSTERS'] ?? 25);
const firstSeed = Number(process.env['RANDOM_SEED'] ?? 1);
/** So many share a control plane. */
const batchSize = 40;
const batchLimitMilliseconds = 8 * 60_000;
/** Of the landings that the scheduler's scores decide; a neighbour that moves at the same time changes them. */
const leastLikelyShare = 0.9;

const verdicts: Verdict[] = [];
const descriptions = new Map<number, string>();
const refuted: Refuted[] = [];

beforeAll(
  withOperatorLog(async () => {
    const solver = await FewestMoves.load();
    const seeds = Array.from({length: count}, (_, index) => firstSeed + index);
    for (let begin = 0; begin < seeds.length; begin += batchSize) {
      const run = await RandomClusterRun.start(seeds.slice(begin, begin + batchSize).map(randomCluster));
      try {
        const observations = await run.letOperatorWork();
        await run.stopOperator();
        const judged = observations.map((observed) => ({observed, verdict: verdictOf(observed, solver)}));
        const tried = await Promise.all(
          judged.map(({observed, verdict}) => refutedRefusals(run, observed, verdict)),
        );
        refuted.push(...tried.flat());
        for (const {observed, verdict} of judged) {
          verdicts.push(verdict);
          descriptions.set(verdict.seed, describeVerdict(verdict, observed));
        }
      } finally {
        await run.stop();
      }
    }
  }),
  startLimitMilliseconds + Math.ceil(count / batchSize) * batchLimitMilliseconds,
);

afterAll(() => {
  console.log(summary());
});

it('comes to rest', () => {
  expectNone(verdicts.filter(({quiet}) => !quiet));
});

it('evicts as often as the fewest moves to the best placement take, less what is still to be done', () => {
  expectNone(verdicts.filter(({moves, left, fewest, makingRoom}) => moves - makingRoom + left > fewest));
});

it('never makes a move that puts the best placement out of reach', () => {
  expectNone(verdicts.filter(({isStillBest}) => !isStillBest));
});

it('rolls nothing out after an eviction, which would have placed the replica anew anyway', () => {
  expectNone(verdicts.filter(({undone}) => undone > 0));
});

it('says why where replicas do not lie as well as they could', () => {
  expectNone(verdicts.filter(({workloads}) => workloads.some((each) => !each.isBest && isSilent(each))));
});

it('refuses only what would not have helped', () => {
  expect(refuted).toEqual([]);
});

it('foresees every certain landing', () => {
  expectNone(
    verdicts.filter(({predictions}) =>
      predictions.some((each) => !isRight(each) && each.certainty !== 'likely'),
    ),
  );
});

it('foresees nearly every likely landing', () => {
  const likely = verdicts
    .flatMap(({predictions}) => predictions)
    .filter(({certainty}) => certainty === 'likely');

  expect(likely.filter(isRight).length).toBeGreaterThanOrEqual(leastLikelyShare * likely.length);
});

it('never lets more replicas be missing than one, nor than their budget allows', () => {
  expectNone(verdicts.filter(({workloads}) => workloads.some(({missing, mayMiss}) => missing > mayMiss)));
});

function expectNone(wrong: readonly Verdict[]): void {
  expect(wrong.map(({seed}) => descriptions.get(seed)).join('\n\n')).toBe('');
}

function isRight({to, landed}: Prediction): boolean {
  return landed !== undefined && to.includes(landed);
}

function isSilent({status}: WorkloadVerdict): boolean {
  return status === undefined || status.state === 'Spread' || status.state === 'Moving';
}

function summary(): string {
  const sum = (of: (verdict: Verdict) => number) =>
    verdicts.reduce((total, verdict) => total + of(verdict), 0);
  const predictions = verdicts.flatMap((verdict) => verdict.predictions);
  const foreseen = (certainty: Prediction['certainty']) => {
    const all = predictions.filter((each) => each.certainty === certainty);
    return `${all.filter(isRight).length} of ${all.length}`;
  };
  const [moves, fewest, left] = [
    sum((each) => each.moves),
    sum((each) => each.fewest),
    sum((each) => each.left),
  ];
  const reasons = Map.groupBy(
    verdicts.flatMap(({workloads}) => workloads).filter(({isBest}) => !isBest),
    ({status}) => status?.blocked?.reason ?? status?.state ?? 'none',
  );
  return [
    `Random clusters ${firstSeed} to ${firstSeed + count - 1}`,
    `  workloads                        ${sum(({workloads}) => workloads.length)}`,
    `  moves                            ${moves}, of these to make room for another workload ${sum(({makingRoom}) => makingRoom)}`,
    `  fewest moves, done and left      ${fewest}, ${fewest - left} and ${left}`,
    `  moves for each that was needed   ${(moves / Math.max(1, fewest - left)).toFixed(2)}`,
    `  certain landings foreseen        ${foreseen('certain')}`,
    `  likely landings foreseen         ${foreseen('likely')}`,
    `  not the best placement, because  ${[...reasons].map(([reason, of]) => `${reason} ${of.length}`).join(', ') || 'none'}`,
    `  refusals refuted by a try        ${refuted.length}`,
  ].join('\n');
}
