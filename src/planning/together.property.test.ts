import {beforeAll, describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {caseNumber, tell} from '../../test/scenarios/case-numbers.ts';
import {OrderedMoves, type OrderedProblem} from '../../test/scenarios/ordered-moves.ts';
import {SimulatedOperator} from '../../test/scenarios/simulated-operator.ts';
import {deploymentsOf, nodesOf, together} from '../../test/scenarios/together.ts';
import type {Objective} from './distribution.ts';
import {planTogether} from './together.ts';
import {compareVectors} from './vectors.ts';

const MOST_MOVES = 6;
const ROUNDS = 12;
/** The same cases each time: how good the search is must not depend on luck. */
const RUNS = {numRuns: caseNumber('PLANNER_CONTENTIONS', 25), seed: caseNumber('PLANNER_SEED', 4)};
/** Milliseconds; the solver takes a second for some cases. */
const LONGEST = 60_000 + 3000 * RUNS.numRuns;

let solver: OrderedMoves;

beforeAll(async () => {
  solver = await OrderedMoves.load();
});

describe('planTogether: measured with an independent solver', () => {
  it(
    'is the minimum whenever it says so, and never below its bound',
    () => {
      const seen = {all: 0, exact: 0, tightBound: 0};

      fc.assert(
        fc.property(contended(), (problem) => {
          const best = solver.solve(problem);
          const {exact, moves, ...joint} = planTogether(together(problem));
          const found = [unevenness(joint.objective), moves.length];
          const bound = [unevenness(joint.lowerBound.objective), joint.lowerBound.moves];
          const optimum = [best.objective, best.moves];

          expect(compareVectors(found, optimum)).toBeGreaterThanOrEqual(0);
          expect(compareVectors(bound, optimum)).toBeLessThanOrEqual(0);
          expect(exact).toBe(compareVectors(found, bound) === 0);
          seen.all += 1;
          seen.exact += Number(exact);
          seen.tightBound += Number(compareVectors(bound, optimum) === 0);
        }),
        RUNS,
      );

      report('planned together', seen);
      expect(seen.tightBound / seen.all).toBeGreaterThan(0.95);
      // In the rest the scheduler would not play along.
      expect(seen.exact / seen.all).toBeGreaterThan(0.8);
    },
    LONGEST,
  );
});

describe('planTogether: on any cluster', () => {
  it('gives the same plan in whatever order the workloads are named', () => {
    fc.assert(
      fc.property(contended(), (problem) => {
        const request = together(problem);

        const plan = planTogether(request);
        const again = planTogether({...request, workloads: request.workloads.toReversed()});

        expect(again).toEqual(plan);
      }),
      {numRuns: 20},
    );
  });

  it('promises no slot twice, and never leaves a workload worse off', () => {
    fc.assert(
      fc.property(contended(), (problem) => {
        const request = together(problem);
        const placements = new Map(
          problem.workloads.map(({counts}, index) => [`default/w${index}`, [...counts]]),
        );

        for (const {workload, move} of planTogether(request).moves) {
          const counts = placements.get(workload) ?? [];
          const before = costOf(counts);
          const [from, to] = [move.from, move.to[0] ?? ''].map((name) => Number(name.slice(1))) as [
            number,
            number,
          ];
          counts[from] = (counts[from] ?? 0) - 1;
          counts[to] = (counts[to] ?? 0) + 1;

          expect(usedOn(to, problem, [...placements.values()])).toBeLessThanOrEqual(
            problem.capacity[to] ?? 0,
          );
          expect(costOf(counts)).toBeLessThanOrEqual(before);
        }
      }),
      {numRuns: 40},
    );
  });

  it('tells of every workload that does not come to its best what stands in its way', () => {
    fc.assert(
      fc.property(contended(), (problem) => {
        const {refusals, exact, moves, objective, lowerBound} = planTogether(together(problem));

        const isAtBound = unevenness(objective) === unevenness(lowerBound.objective);
        expect(exact).toBe(isAtBound && moves.length === lowerBound.moves);
        for (const {reason, message} of refusals.values()) {
          expect(reason).toBe('NoFeasibleNode');
          expect(message).not.toBe('');
        }
      }),
      {numRuns: 20},
    );
  });
});

describe('Contention: on any cluster', () => {
  it('asks a spread workload for room where that saves a move later, although one can be made without it', async () => {
    // When w1 has made its first move, w0 could go from n2 to n1 alone; from n2 to n0 it is better, once w1 has left it.
    const problem = {
      capacity: [3, 5, 7],
      workloads: [
        {request: 2, counts: [0, 1, 3]},
        {request: 1, counts: [3, 1, 0]},
      ],
    };
    const operator = new SimulatedOperator(nodesOf(problem), deploymentsOf(problem));

    await operator.run(ROUNDS);

    expect(operator.actions.evicted).toHaveLength(3);
  });

  it(
    'comes to an end, in the fewest evictions for all workloads together where these are known',
    async () => {
      const seen = {all: 0, exact: 0, fewest: 0};

      await fc.assert(
        fc.asyncProperty(contended(), async (problem) => {
          const joint = planTogether(together(problem));
          const operator = new SimulatedOperator(nodesOf(problem), deploymentsOf(problem));

          await operator.run(ROUNDS);
          const evictions = operator.actions.evicted.length;
          await operator.run(2);

          const cost = problem.workloads
            .map((_, index) => costOf(Object.values(operator.placement(`w${index}`))))
            .reduce((sum, each) => sum + each, 0);
          expect(operator.actions.evicted).toHaveLength(evictions);
          expect(operator.finished.every((result) => result === 'improved')).toBe(true);
          seen.all += 1;
          seen.exact += Number(joint.exact);
          seen.fewest += Number(
            joint.exact && cost === unevenness(joint.objective) && evictions === joint.moves.length,
          );
        }),
        RUNS,
      );

      report('carried out', seen);
      expect(seen.fewest).toBe(seen.exact);
    },
    LONGEST,
  );
});

function report(what: string, counts: Readonly<Record<string, number>>): void {
  tell([
    `${what}: ${Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  ]);
}

function costOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + (count * (count + 1)) / 2, 0);
}

function usedOn(
  node: number,
  {workloads}: OrderedProblem,
  placements: readonly (readonly number[])[],
): number {
  return workloads.reduce((sum, {request}, index) => sum + request * (placements[index]?.[node] ?? 0), 0);
}

/** The objective's entries are the hard rules, the topologies, the soft rules. */
function unevenness([, nodes = 0]: Objective): number {
  return nodes;
}

function contended(): fc.Arbitrary<OrderedProblem> {
  return (
    fc
      .record({
        nodes: fc.integer({min: 2, max: 4}),
        workloads: fc.array(
          fc.record({
            request: fc.integer({min: 1, max: 2}),
            counts: fc.array(fc.integer({min: 0, max: 3}), {minLength: 4, maxLength: 4}),
          }),
          {minLength: 2, maxLength: 3},
        ),
        spare: fc.array(fc.integer({min: 0, max: 2}), {minLength: 4, maxLength: 4}),
      })
      .map(({nodes, workloads, spare}) => {
        const placed = workloads.map(({request, counts}) => ({
          request,
          counts: atMost(4, counts.slice(0, nodes)),
        }));
        const capacity = spare
          .slice(0, nodes)
          .map((free, node) =>
            placed.reduce((sum, {request, counts}) => sum + request * (counts[node] ?? 0), free),
          );
        return {capacity, workloads: placed, moves: MOST_MOVES};
      })
      // Smaller workloads are never evicted from.
      .filter(({workloads}) =>
        workloads.every(({counts}) => counts.reduce((sum, count) => sum + count, 0) >= 2),
      )
  );
}

function atMost(total: number, counts: readonly number[]): number[] {
  let left = total;
  return counts.map((count) => {
    const taken = Math.min(count, left);
    left -= taken;
    return taken;
  });
}
