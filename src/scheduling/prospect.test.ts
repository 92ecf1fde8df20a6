import {describe, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {schedulingCase} from '../../test/oracle/cases.ts';
import {clusterOfCase} from '../../test/oracle/cluster-of-case.ts';
import {withChanges} from '../cluster/snapshot.ts';
import {Prospect} from './prospect.ts';
import {filterNodes, scoreNodes} from './scheduler.ts';

describe('Prospect', () => {
  it('is, after pods have gone and come, that of a cluster that is judged anew', () => {
    fc.assert(
      fc.property(schedulingCase, fc.nat(), (each, seed) => {
        const {state, pods, newcomer} = clusterOfCase(each);
        const [gone, ending] = pods.slice(seed % Math.max(1, pods.length));
        const terminating = ending === undefined ? [] : [{...ending, deletionTimestamp: 1}];
        const changes = {remove: [gone, ending].filter((pod) => pod !== undefined), add: terminating};

        const changed = Prospect.of(newcomer, state).with({remove: changes.remove}).with({add: terminating});

        expect(answersOf(changed)).toEqual(answersOf(Prospect.of(newcomer, withChanges(state, changes))));
      }),
      {numRuns: 300},
    );
  });

  it('ranks as the scores do', () => {
    fc.assert(
      fc.property(schedulingCase, (each) => {
        const {state, newcomer} = clusterOfCase(each);

        const {feasible, refusals, ranking} = answersOf(Prospect.of(newcomer, state));

        const judged = filterNodes(newcomer, state);
        expect(refusals).toEqual(judged.refusals);
        expect(feasible).toEqual(judged.feasible.map(({node}) => node.name));
        expect(ranking).toEqual(
          scoreNodes(newcomer, state, judged.feasible).map(({node, total}) => [node, total]),
        );
      }),
      {numRuns: 300},
    );
  });
});

function answersOf({feasible, refusals, ranking, table}: Prospect) {
  return {
    feasible: feasible.map(({node}) => node.name),
    refusals,
    ranking: Array.from(ranking.numbers, (number, rank) => [table.names[number], ranking.totals[rank]]),
  };
}
