import {describe, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {type Cell, Distribution, isLess, type Level, type Transfer} from './distribution.ts';
import {Steps} from './steps.ts';

const LEVELS: readonly Level[] = [{maxSkew: 1}, {maxSkew: 1}];

interface NodeDraw {
  readonly zone: number;
  readonly count: number;
  readonly room: number;
}

const nodeDraw = fc.record({
  zone: fc.nat({max: 1}),
  count: fc.oneof({weight: 5, arbitrary: fc.constant(0)}, fc.integer({min: 1, max: 3})),
  room: fc.nat({max: 4}),
});

/** Nodes within zones: each node is a domain of its own. */
const cellsOf = (nodes: readonly NodeDraw[]): Cell[] =>
  nodes.map(({zone, count, room}, index) => ({domains: [`zone-${zone}`, `node-${index}`], count, room}));

/** By the definition, with every node and all of its room. */
function isRight(distribution: Distribution, transfer: Transfer): boolean {
  const {from, to} = transfer;
  if (from === to || distribution.count(from) === 0 || !distribution.takesOne(to)) {
    return false;
  }
  const goal = distribution.optimum();
  const after = distribution.fork();
  after.transfer(transfer);
  const next = after.optimum();
  return (
    distribution.isImprovedBy(transfer) &&
    next.way.length < goal.way.length &&
    !isLess(goal.objective, next.objective)
  );
}

describe('Steps', () => {
  it.each([
    {case: 'two levels', levels: LEVELS},
    {case: 'tolerated differences between zones', levels: [{maxSkew: 2}, {maxSkew: 1}]},
    {case: 'tolerated differences between nodes', levels: [{maxSkew: 1}, {maxSkew: 2}]},
  ])('judges nodes that are alike as it would judge each of them: $case', ({levels}) => {
    fc.assert(
      fc.property(fc.array(nodeDraw, {minLength: 4, maxLength: 22, size: 'max'}), (nodes) => {
        const distribution = new Distribution(levels, cellsOf(nodes));
        const pairs = nodes.flatMap((_, from) => nodes.map((__, to) => ({from, to})));
        const expected = pairs.filter((pair) => isRight(distribution, pair));

        const steps = new Steps(distribution);
        const right = pairs.filter((pair) => steps.isOnShortestWay(pair));

        expect(right).toEqual(expected);
      }),
      {numRuns: 40},
    );
  });
});
