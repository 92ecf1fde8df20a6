import {describe, expect, it} from '@jest/globals';
import {together} from '../../test/scenarios/together.ts';
import {JointModel} from './joint-model.ts';
import {type Score, type SearchResult, search} from './joint-search.ts';

describe('search', () => {
  it('goes on until nothing better is left', () => {
    const all = searched();

    expect(all).toMatchObject({isComplete: true, best: {score: {objective: [0, 14, 0], moves: 3}}});
  });

  it('ends with the first way that is good enough', () => {
    const all = searched();

    const enough = searched({objective: [0, 16, 0], moves: 2});

    expect(enough.best.score).toEqual({objective: [0, 16, 0], moves: 2});
    expect(enough.expanded).toBeLessThan(all.expanded / 10);
  });

  it('follows no way that cannot become good enough', () => {
    // The best that each could reach alone costs 12, and takes five moves.
    const nothing = searched({objective: [0, 12, 0], moves: 4});

    expect(nothing).toMatchObject({expanded: 0, isComplete: true, best: {steps: []}});
  });
});

/** The search over three workloads of which two could use the room that the first one would take. */
function searched(goal?: Score): SearchResult & {readonly expanded: number} {
  const {workloads, snapshot} = together({
    capacity: [11, 6, 2, 3],
    workloads: [
      {request: 2, counts: [2, 1, 0, 1]},
      {request: 1, counts: [3, 1, 0, 0]},
      {request: 1, counts: [3, 1, 0, 0]},
    ],
  });
  const model = new JointModel(workloads, snapshot);
  model.effort.grant(Number.POSITIVE_INFINITY);
  let expanded = 0;
  const result = search(
    model,
    (state) => {
      expanded += 1;
      return model.foreseen(state);
    },
    goal,
  );
  return {...result, expanded};
}
