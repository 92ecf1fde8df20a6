import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {type Cell, Distribution, isLess, type Level, type Objective, shortestWay} from './distribution.ts';

const HOSTNAME: Level[] = [{maxSkew: 1}];
const ZONE_THEN_HOSTNAME: Level[] = [{maxSkew: 1}, {maxSkew: 1}];

describe('planning/distribution', () => {
  it.each([
    {start: [3, 0, 0], moves: 2},
    {start: [4, 0, 0], moves: 2},
    {start: [9, 0, 0], moves: 6},
    {start: [2, 2, 0], moves: 1},
    {start: [2, 2, 2, 0], moves: 1},
    {start: [0, 0, 0, 3, 4], moves: 3},
    {start: [1, 1, 1], moves: 0},
    {start: [2, 1, 1], moves: 0},
    {start: [], moves: 0},
  ])('$start needs $moves moves', ({start, moves}) => {
    expect(shortestWay(HOSTNAME, nodes(start))).toHaveLength(moves);
  });

  it('leaves replicas where they are when the other nodes take none', () => {
    const cells = nodes([3, 0, 0]).map((cell) => ({...cell, room: 0}));

    expect(shortestWay(HOSTNAME, cells)).toEqual([]);
  });

  it('empties a node that takes no new replica only as far as evenness asks', () => {
    const cells: Cell[] = [
      {domains: ['cordoned'], count: 3, room: 0},
      {domains: ['a'], count: 0, room: 9},
    ];

    expect(shortestWay(HOSTNAME, cells)).toHaveLength(1);
  });

  it('spreads over zones first and over the nodes of each zone second', () => {
    const cells = zones({a: [5, 4], b: [0, 0], c: [0, 0]});
    const distribution = new Distribution(ZONE_THEN_HOSTNAME, cells);

    for (const transfer of distribution.shortestWay()) {
      distribution.transfer(transfer);
    }

    expect(cells.map((_, index) => distribution.count(index)).sort((a, b) => a - b)).toEqual([
      1, 1, 1, 2, 2, 2,
    ]);
    expect(shortestWay(ZONE_THEN_HOSTNAME, cells)).toHaveLength(6);
  });

  it('makes no move for a difference that maxSkew tolerates', () => {
    expect(shortestWay([{maxSkew: 2}], nodes([3, 1]))).toHaveLength(0);
    expect(shortestWay([{maxSkew: 2}], nodes([4, 1]))).toHaveLength(1);
  });

  it('reaches the optimum with the fewest moves on one topology (against exhaustive search)', () => {
    const cell = fc.record({count: fc.nat(4), room: fc.constantFrom(0, 1, 2, 3, 9)});
    fc.assert(
      fc.property(fc.array(cell, {minLength: 1, maxLength: 5}), (drawn) => {
        const cells = drawn.map(({count, room}, index) => ({domains: [`node-${index}`], count, room}));
        expectFewest(HOSTNAME, cells);
      }),
      {numRuns: 500},
    );
  });

  it('reaches the optimum with the fewest moves on hostname within zone (against exhaustive search)', () => {
    const cell = fc.record({
      zone: fc.constantFrom('a', 'b', 'c'),
      count: fc.nat(3),
      room: fc.constantFrom(0, 1, 2, 9),
    });
    fc.assert(
      fc.property(fc.array(cell, {minLength: 1, maxLength: 5}), (drawn) => {
        const cells = drawn.map(({zone, count, room}, index) => ({
          domains: [zone, `node-${index}`],
          count,
          room,
        }));
        expectFewest(ZONE_THEN_HOSTNAME, cells);
      }),
      {numRuns: 500},
    );
  });

  it('takes the fewest moves to a tolerated skew, though the evenest placement is farther away', () => {
    const distribution = new Distribution([{maxSkew: 2}], nodes([6, 2, 2, 2]));

    const {way, objective, exact} = distribution.optimum();

    expect({moves: way.length, objective, exact}).toEqual({moves: 2, objective: [0], exact: true});
  });

  it('expects of a domain with little room no more than it has room for', () => {
    const cells = nodes([5, 3, 1]).map((cell, index) => (index === 2 ? {...cell, room: 1} : cell));

    expect(shortestWay([{maxSkew: 2}], cells)).toHaveLength(0);
    expect(shortestWay([{maxSkew: 1}], cells)).toHaveLength(1);
  });

  it('finds what descent alone does not where topologies overlap', () => {
    fc.assert(
      fc.property(fc.array(overlapping, {minLength: 2, maxLength: 6}), (cells) => {
        const distribution = new Distribution(ZONE_THEN_HOSTNAME, cells);

        const {exact, way, atLeast} = distribution.optimum();

        expect({exact, atLeast}).toEqual({exact: true, atLeast: way.length});
        expectFewest(ZONE_THEN_HOSTNAME, cells);
      }),
      {numRuns: 200},
    );
  });

  it('says so where topologies overlap and there is too much to search', () => {
    const cells = Array.from({length: 60}, (_, index) => ({
      domains: [`zone-${index % 7}`, `rack-${index % 11}`],
      count: index % 5 === 0 ? 3 : 0,
      room: 9,
    }));
    const distribution = new Distribution(ZONE_THEN_HOSTNAME, cells);

    const {exact, way, atLeast} = distribution.optimum();

    expect(distribution.isNested).toBe(false);
    expect(exact).toBe(false);
    expect(atLeast).toBeGreaterThan(0);
    expect(atLeast).toBeLessThanOrEqual(way.length);
  });

  it('finds nothing to do in its own result', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), {maxLength: 12}), fc.integer({min: 1, max: 3}), (start, maxSkew) => {
        const levels = [{maxSkew}];
        const distribution = new Distribution(levels, nodes(start));
        for (const transfer of distribution.shortestWay()) {
          distribution.transfer(transfer);
        }
        expect(distribution.shortestWay()).toEqual([]);
      }),
    );
  });
});

const overlapping = fc
  .record({
    zone: fc.constantFrom('x', 'y', 'z'),
    rack: fc.constantFrom('r', 's', 't'),
    count: fc.nat(3),
    room: fc.constantFrom(0, 1, 2, 9),
  })
  .map(({zone, rack, count, room}): Cell => ({domains: [zone, rack], count, room}));

function nodes(counts: number[]): Cell[] {
  return counts.map((count, index) => ({domains: [`node-${index}`], count, room: 100}));
}

function zones(counts: Record<string, number[]>): Cell[] {
  return Object.entries(counts).flatMap(([zone, ofZone]) =>
    ofZone.map((count, index) => ({domains: [zone, `${zone}-${index}`], count, room: 100})),
  );
}

function expectFewest(levels: Level[], cells: Cell[]): void {
  const way = shortestWay(levels, cells);
  const reached = new Distribution(levels, cells);
  for (const transfer of way) {
    reached.transfer(transfer);
  }

  const best = exhaustive(levels, cells);

  expect(reached.objective()).toEqual(best.objective);
  expect(way).toHaveLength(best.moves);
}

// Every distribution that the rooms allow, where no cell above its room may grow: breadth-first over single moves.
function exhaustive(levels: Level[], cells: Cell[]): {objective: Objective; moves: number} {
  const start = cells.map((cell) => cell.count);
  const distances = new Map([[start.join(), 0]]);
  const queue = [start];
  let best = {objective: objectiveOf(levels, cells, start), moves: 0};
  for (let counts = queue.shift(); counts !== undefined; counts = queue.shift()) {
    const moves = distances.get(counts.join()) ?? 0;
    const objective = objectiveOf(levels, cells, counts);
    if (isLess(objective, best.objective)) {
      best = {objective, moves};
    }
    for (const [from, source] of counts.entries()) {
      for (const [to, target] of counts.entries()) {
        if (from === to || source === 0 || target >= (cells[to]?.room ?? 0)) {
          continue;
        }
        const next = counts.with(from, source - 1).with(to, target + 1);
        if (!distances.has(next.join())) {
          distances.set(next.join(), moves + 1);
          queue.push(next);
        }
      }
    }
  }
  return best;
}

function objectiveOf(levels: Level[], cells: Cell[], counts: number[]): Objective {
  return new Distribution(
    levels,
    cells.map((cell, index) => ({...cell, count: counts[index] ?? 0})),
  ).objective();
}
