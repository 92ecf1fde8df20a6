import {describe, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {clusterState, node} from '../../test/scenarios/builders.ts';
import type {Node} from '../cluster/node.ts';
import {likelyTargets, markBestOfNeighbours, nodesToFind} from './sampling.ts';
import {bestNodes, type NodeScore} from './scheduler.ts';

const nameOf = (index: number): string => `node-${String(index).padStart(3, '0')}`;

const nodesOf = (count: number, zones = 0): Node[] =>
  Array.from({length: count}, (_, index) =>
    node(nameOf(index), zones === 0 ? {} : {zone: `zone-${index % zones}`}),
  );

/** The nodes' totals, by their index. */
const scored = (count: number, totalOf: (index: number) => number): NodeScore[] =>
  Array.from({length: count}, (_, index) => ({node: nameOf(index), total: totalOf(index), parts: []})).sort(
    (a, b) => b.total - a.total,
  );

const targetsOf = (scores: readonly NodeScore[], nodes: readonly Node[]): NodeScore[] =>
  likelyTargets(scores, clusterState({nodes}));

describe('nodesToFind', () => {
  it.each([
    {nodes: 0, found: 0},
    {nodes: 99, found: 99},
    {nodes: 100, found: 100},
    {nodes: 200, found: 100},
    {nodes: 250, found: 120},
    {nodes: 1000, found: 420},
    {nodes: 5000, found: 500},
    {nodes: 5625, found: 281},
    {nodes: 6000, found: 300},
  ])('is $found of $nodes nodes', ({nodes, found}) => {
    expect(nodesToFind(nodes)).toBe(found);
  });
});

describe('likelyTargets', () => {
  it('are the best when all are looked at', () => {
    const scores = scored(100, (index) => (index < 2 ? 9 : 8));

    expect(targetsOf(scores, nodesOf(100))).toEqual(scores.slice(0, 2));
  });

  it('are none when no node takes the pod', () => {
    expect(targetsOf([], nodesOf(300))).toEqual([]);
  });

  it('are the best when no more take the pod than the scheduler looks for', () => {
    const scores = scored(100, (index) => (index === 7 ? 9 : 8));

    expect(targetsOf(scores, nodesOf(300)).map((score) => score.node)).toEqual([nameOf(7)]);
  });

  it('are only good ones when these are spread over the samples', () => {
    const scores = scored(300, (index) => (index % 10 === 0 ? 9 : 1));

    const totals = new Set(targetsOf(scores, nodesOf(300)).map(({total}) => total));

    expect([...totals]).toEqual([9]);
  });

  it('are others, too, when the good ones lie together', () => {
    // Of 300 nodes 144 are looked for.
    const scores = scored(300, (index) => (index < 100 ? 9 : 1));

    const totals = new Set(targetsOf(scores, nodesOf(300)).map(({total}) => total));

    expect([...totals]).toEqual([9, 1]);
  });

  it('are only those of a good zone: the zones take turns', () => {
    const scores = scored(300, (index) => (index % 3 === 1 ? 9 : 1));

    const zones = new Set(targetsOf(scores, nodesOf(300, 3)).map(({total}) => total));

    expect([...zones]).toEqual([9]);
  });

  it('are others, too, when the good ones are young: the scheduler may know the nodes by age', () => {
    const createdAt = (index: number) => (index % 3 === 1 ? 1 : 0);
    const nodes = nodesOf(300).map((each, index) => ({...each, createdAt: createdAt(index)}));
    const scores = scored(300, (index) => (createdAt(index) === 1 ? 9 : 1));

    const totals = new Set(targetsOf(scores, nodes).map(({total}) => total));

    expect([...totals]).toEqual([9, 1]);
  });

  it('hold the best of all runs of neighbours', () => {
    const totals = fc.array(fc.integer({min: 0, max: 50}), {minLength: 101, maxLength: 260, size: 'max'});

    fc.assert(
      fc.property(totals, fc.nat(), (all, random) => {
        const nodes = nodesOf(all.length);
        const size = nodesToFind(all.length);
        const begin = random % all.length;
        const run = Array.from({length: size}, (_, index) => nameOf((begin + index) % all.length));
        const scores = scored(all.length, (index) => all[index] ?? 0);

        const targets = targetsOf(scores, nodes);

        const best = bestNodes(scores.filter((score) => run.includes(score.node)));
        expect(targets).toEqual(expect.arrayContaining(best));
      }),
      {numRuns: 30},
    );
  });
});

describe('markBestOfNeighbours', () => {
  /** By the definition: of each run of neighbours the best ones, and those that are as good as the last of them. */
  const bestOfEachRun = (totals: readonly number[], size: number, depth: number): Set<number> => {
    const best = new Set<number>();
    for (const begin of totals.keys()) {
      const run = Array.from({length: size}, (_, index) => (begin + index) % totals.length);
      const last = run.map((place) => totals[place] ?? 0).sort((a, b) => b - a)[depth - 1] ?? 0;
      for (const place of run.filter((each) => (totals[each] ?? 0) >= last)) {
        best.add(place);
      }
    }
    return best;
  };

  it('marks the best of each run and their equals', () => {
    const problems = fc
      .record({
        totals: fc.array(fc.integer({min: 0, max: 30}), {minLength: 2, maxLength: 60, size: 'max'}),
        size: fc.nat(),
        depth: fc.nat(),
      })
      .map(({totals, size, depth}) => {
        const length = 1 + (size % (totals.length - 1));
        return {totals, size: length, depth: 1 + (depth % Math.min(length, 6))};
      });

    fc.assert(
      fc.property(problems, ({totals, size, depth}) => {
        const scores = scored(totals.length, (index) => totals[index] ?? 0);
        const places = new Map(scores.map((score, index) => [score.node, index]));
        const ring = Int32Array.from(totals, (_, place) => places.get(nameOf(place)) ?? 0);
        const marked = new Uint8Array(scores.length);

        markBestOfNeighbours(
          scores.map(({total}) => total),
          ring,
          {size, depth},
          marked,
        );

        const expected = [...bestOfEachRun(totals, size, depth)].map(nameOf).sort();
        const names = scores.filter((_, index) => marked[index] === 1).map((score) => score.node);
        expect(names.sort()).toEqual(expected);
      }),
      {numRuns: 3000},
    );
  });
});
