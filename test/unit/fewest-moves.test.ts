/** The measure of the end-to-end judge is itself measured: two independent ways to the minimum must agree. */
import {beforeAll, describe, expect, it} from '@jest/globals';
import fc from 'fast-check';

import {FewestMoves, type LevelProblem, type MoveProblem} from '../scenarios/fewest-moves.ts';
import {bestReachable} from '../scenarios/legal-moves.ts';

let solver: FewestMoves;

beforeAll(async () => {
  solver = await FewestMoves.load();
});

describe('the fewest moves by an exact solver', () => {
  it.each([
    {start: [4, 0, 0], moves: 2},
    {start: [9, 0, 0], moves: 6},
    {start: [2, 2, 2, 0], moves: 1},
    {start: [0, 0, 0, 3, 4], moves: 3},
  ])('are $moves from $start', ({start, moves}) => {
    expect(solver.toBest(problem(start, [even(start.map((_, node) => `node-${node}`))])).moves).toBe(moves);
  });

  it('are those that a search through all orders of moves finds', () => {
    const node = fc.record({
      count: fc.nat(2),
      zone: fc.constantFrom('a', 'b', undefined),
      slots: fc.integer({min: 0, max: 3}),
      receives: fc.boolean(),
    });
    const levels = fc.constantFrom('zone', 'node', 'zone and node', 'alone');
    fc.assert(
      fc.property(
        fc.array(node, {minLength: 2, maxLength: 4}),
        levels,
        fc.integer({min: 1, max: 3}),
        (nodes, kind, maxSkew) => {
          const zones = nodes.map(({zone}) => zone);
          const names = nodes.map((_, index) => `node-${index}`);
          const wanted: Record<string, LevelProblem[]> = {
            zone: [even(zones, maxSkew)],
            node: [even(names, maxSkew)],
            'zone and node': [even(zones, maxSkew), even(names, 1, 1)],
            alone: [{...even(names), kind: 'apart'}],
          };
          const given: MoveProblem = {
            room: nodes.map(({count, slots}) => ({cpu: 0, memory: 0, pods: count + slots})),
            workloads: [
              {
                request: {cpu: 0, memory: 0, pods: 1},
                counts: nodes.map(({count}) => count),
                mayReceive: nodes.map(({receives}) => receives),
                levels: wanted[kind] ?? [],
                hardRules: [],
              },
            ],
          };

          const {cost, moves} = solver.toBest(given);

          expect({cost, moves}).toEqual(bestReachable(given));
        },
      ),
      {numRuns: 100},
    );
  }, 60_000);
});

function problem(counts: readonly number[], levels: readonly LevelProblem[]): MoveProblem {
  return {
    room: counts.map(() => ({cpu: 0, memory: 0, pods: 100})),
    workloads: [
      {
        request: {cpu: 0, memory: 0, pods: 1},
        counts,
        mayReceive: counts.map(() => true),
        levels,
        hardRules: [],
      },
    ],
  };
}

function even(domains: readonly (string | undefined)[], maxSkew = 1, entry = 0): LevelProblem {
  return {entry, kind: 'even', maxSkew, domains};
}
