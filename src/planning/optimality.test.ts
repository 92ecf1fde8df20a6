/**
 * The descent against an exact solver, on random problems of each kind: the objective is the optimum, and the way there
 * is the shortest. PLANNER_CASES sets how many problems of each kind are drawn, PLANNER_SEED which ones.
 */
import {beforeAll, describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {caseNumber, tell} from '../../test/scenarios/case-numbers.ts';
import {ExactSolver, objectiveOf} from '../../test/scenarios/exact-distribution.ts';
import {type Cell, Distribution, isLess, type Level} from './distribution.ts';

const CASES = caseNumber('PLANNER_CASES', 40);
const SEED = caseNumber('PLANNER_SEED', 20260101);

interface Case {
  readonly levels: readonly Level[];
  readonly cells: readonly Cell[];
}

interface Shape {
  readonly what: string;
  readonly nested: boolean;
  readonly problems: fc.Arbitrary<Case>;
}

const SKEW_1 = fc.constant(1);
const SKEW_UP_TO_3 = fc.integer({min: 1, max: 3});

/** By level the domains of a cell: one topology, nodes in zones, or racks that reach across zones. */
type Layout = 'nodes' | 'nodes in zones' | 'zones' | 'nodes in racks in zones' | 'racks across zones';

function problems(
  layout: Layout,
  options: {maxSkew?: fc.Arbitrary<number>; hard?: boolean; soft?: boolean; own?: boolean} = {},
): fc.Arbitrary<Case> {
  const {maxSkew = SKEW_1, hard = false, soft = false, own = false} = options;
  const cell = fc.record({
    zone: fc.constantFrom('a', 'b', 'c'),
    rack: fc.constantFrom('r', 's', 't'),
    count: fc.nat(4),
    room: fc.constantFrom(0, 1, 1, 2, 3, 9, 9),
    ruledOut: hard ? fc.nat(3).map((draw) => draw === 0) : fc.constant(false),
    unwanted: soft ? fc.constantFrom(0, 0, 1, 2) : fc.constant(0),
    group: fc.constantFrom('x', 'y', undefined),
  });
  return fc
    .record({
      cells: fc.array(cell, {minLength: 2, maxLength: 6, size: 'max'}),
      skews: fc.tuple(maxSkew, maxSkew, maxSkew),
      ownRule: fc.constantFrom<Level>(
        {kind: 'apart', maxSkew: 1, entry: 0},
        {
          kind: 'skew',
          maxSkew: 1,
          entry: 0,
          fixed: new Map([
            ['x', 1],
            ['y', 0],
          ]),
        },
        {kind: 'skew', maxSkew: 2, entry: 0, fixed: new Map([['elsewhere', 0]])},
        {kind: 'skew', maxSkew: 1, entry: 0, emptiestIsZero: true},
      ),
    })
    .map(({cells, skews, ownRule}) => {
      const topologies = (domains: (index: number) => readonly string[]) => ({
        count: domains(0).length,
        of: domains,
      });
      const {count, of} = topologies((index) => {
        const {zone = 'a', rack = 'r'} = cells[index] ?? {};
        switch (layout) {
          case 'nodes':
            return [`node-${index}`];
          case 'zones':
            return [zone];
          case 'nodes in zones':
            return [zone, `node-${index}`];
          case 'nodes in racks in zones':
            return [zone, `${zone}-${rack}`, `node-${index}`];
          case 'racks across zones':
            return [zone, rack];
        }
      });
      const levels: Level[] = [
        {kind: 'cost', maxSkew: 1, entry: 0},
        ...(own ? [ownRule] : []),
        ...Array.from({length: count}, (_, index) => ({maxSkew: skews[index] ?? 1, entry: index + 1})),
        {kind: 'cost', maxSkew: 1, entry: count + 1},
      ];
      return {
        levels,
        cells: cells.map(({count: replicas, room, ruledOut, unwanted, group}, index) => ({
          domains: [undefined, ...(own ? [group] : []), ...of(index), undefined],
          count: replicas,
          room: ruledOut ? 0 : room,
          costs: levels.map((_, level) =>
            level === 0 ? Number(ruledOut) : level === levels.length - 1 ? unwanted : 0,
          ),
        })),
      };
    });
}

const shapes: Shape[] = [
  {what: 'one topology', nested: true, problems: problems('nodes')},
  {what: 'cells of several nodes', nested: true, problems: problems('zones')},
  {what: 'nodes in zones', nested: true, problems: problems('nodes in zones')},
  {what: 'nodes in racks in zones', nested: true, problems: problems('nodes in racks in zones')},
  {
    what: 'ruled-out nodes and unwanted neighbours',
    nested: true,
    problems: problems('nodes in zones', {hard: true, soft: true}),
  },
  {
    what: 'rules of the template’s own, one topology',
    nested: false,
    problems: problems('nodes', {hard: true, own: true}),
  },
  {what: 'maxSkew up to 3', nested: true, problems: problems('nodes', {maxSkew: SKEW_UP_TO_3})},
  {
    what: 'maxSkew up to 3, nodes in zones',
    nested: true,
    problems: problems('nodes in zones', {maxSkew: SKEW_UP_TO_3}),
  },
  {
    what: 'maxSkew up to 3 with everything',
    nested: true,
    problems: problems('nodes in zones', {maxSkew: SKEW_UP_TO_3, hard: true, soft: true}),
  },
  {what: 'racks across zones', nested: false, problems: problems('racks across zones')},
  {
    what: 'racks across zones with everything',
    nested: false,
    problems: problems('racks across zones', {maxSkew: SKEW_UP_TO_3, hard: true, soft: true, own: true}),
  },
];

let solver: ExactSolver;
const lines: string[] = [];

beforeAll(async () => {
  solver = await ExactSolver.load();
});

describe('the shortest way to the optimum', () => {
  it.each(shapes)('$what', ({what, nested, problems}) => {
    let moves = 0;
    let fewest = 0;
    let drawn = 0;
    let unknown = 0;

    fc.assert(
      fc.property(problems, ({levels, cells}) => {
        const distribution = new Distribution(levels, cells);
        const optimum = distribution.optimum();
        const exact = solver.solve(levels, cells);

        drawn += 1;
        expect(distribution.isNested || !nested).toBe(true);
        if (!optimum.exact && !nested) {
          // Too much to search: then that is what is said, and the bound holds.
          unknown += 1;
          expect(isLess(optimum.objective, exact.objective)).toBe(false);
          expect(optimum.atLeast).toBeLessThanOrEqual(exact.moves);
          return;
        }
        moves += optimum.way.length;
        fewest += exact.moves;
        expect({exact: optimum.exact, objective: optimum.objective, moves: optimum.way.length}).toEqual({
          exact: true,
          ...exact,
        });
        for (const transfer of optimum.way) {
          expect(distribution.takesOne(transfer.to)).toBe(true);
          distribution.transfer(transfer);
        }
        const reached = distribution.cells().map(({count}) => count);
        expect(objectiveOf(levels, cells, reached)).toEqual(exact.objective);
      }),
      {numRuns: CASES, seed: SEED, endOnFailure: CASES > 500},
    );

    lines.push(
      `${what}: ${drawn} problems (${unknown} not searched through), ${moves} moves, ` +
        `ratio to the fewest ${(moves / fewest).toFixed(2)}`,
    );
    expect(unknown).toBeLessThan(1 + drawn / 50);
    expect(moves).toBe(fewest);
    expect(moves).toBeGreaterThan(0);
  });

  it('took', () => {
    tell(lines);
    expect(lines).toHaveLength(shapes.length);
  });
});
