import {describe, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {schedulingCase} from '../../test/oracle/cases.ts';
import type {SchedulingCase} from '../../test/oracle/oracle.ts';
import {toNode} from '../cluster/node.ts';
import type {Pod} from '../cluster/pod.ts';
import {createPodTrimmer} from '../cluster/pod-trimmer.ts';
import {ClusterState, withChanges} from '../cluster/snapshot.ts';
import {Prospect} from './prospect.ts';
import {filterNodes, scoreNodes} from './scheduler.ts';

describe('Prospect', () => {
  it('is, after pods have gone and come, that of a cluster that is judged anew', () => {
    fc.assert(
      fc.property(schedulingCase, fc.nat(), (each, seed) => {
        const {state, pods, newcomer} = clusterOf(each);
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
        const {state, newcomer} = clusterOf(each);

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

function clusterOf({nodes, namespaces, pods: apiPods, pod}: SchedulingCase) {
  const trim = createPodTrimmer();
  const state = new ClusterState();
  for (const {metadata} of namespaces) {
    state.setNamespace(metadata.name, metadata.labels ?? {});
  }
  for (const node of nodes) {
    state.setNode(toNode(node));
  }
  const pods: Pod[] = apiPods.map(trim);
  for (const each of pods) {
    state.setPod(each);
  }
  const {app} = pod.metadata.labels ?? {};
  const {namespace, labels, spec} = trim(pod);
  const selector = app === undefined ? {} : {defaultSpreadSelector: {matchLabels: {app}}};
  return {
    state,
    pods: pods.filter(({nodeName}) => nodeName),
    newcomer: {namespace, labels, spec, ...selector},
  };
}

function answersOf({feasible, refusals, ranking, table}: Prospect) {
  return {
    feasible: feasible.map(({node}) => node.name),
    refusals,
    ranking: Array.from(ranking.numbers, (number, rank) => [table.names[number], ranking.totals[rank]]),
  };
}
