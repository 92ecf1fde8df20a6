import {describe, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {schedulingCase} from '../../test/oracle/cases.ts';
import {clusterOfCase} from '../../test/oracle/cluster-of-case.ts';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {withChanges} from '../cluster/snapshot.ts';
import {Prospect} from '../scheduling/prospect.ts';
import {isRoomierWithout, roomSurvey} from './room.ts';

describe('isRoomierWithout', () => {
  it('promises room on every node without replicas that takes one', () => {
    let promised = 0;
    fc.assert(
      fc.property(schedulingCase, fc.nat(), (each, seed) => {
        const {state, pods, newcomer} = clusterOfCase(each);
        const replicas = pods.filter(
          ({namespace, deletionTimestamp}, index) =>
            namespace === newcomer.namespace && deletionTimestamp === undefined && (seed >> index) % 2 === 0,
        );
        if (!isRoomierWithout(replicas, newcomer, state)) {
          return;
        }
        const [victim] = replicas;
        const held = new Set(replicas.map(({nodeName}) => nodeName));
        const survey = roomSurvey(newcomer, replicas, state, (name) => held.has(name));
        const snapshot = withChanges(state, {remove: victim === undefined ? [] : [victim]});

        for (const info of Prospect.of(newcomer, snapshot).feasible) {
          if (!held.has(info.node.name)) {
            promised += 1;
            expect(survey(info.node.name)).toBeGreaterThan(0);
          }
        }
      }),
      {numRuns: 1000},
    );
    expect(promised).toBeGreaterThan(300);
  });

  const CONSTRAINT = {
    topologyKey: 'zone',
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: {matchLabels: {app: 'web'}},
  } as const;

  it('is false where pods of others count in a spread constraint', () => {
    const spec = {topologySpreadConstraints: [CONSTRAINT]};
    const replicas = [
      pod('web-1', {on: 'a', labels: {app: 'web'}, spec}),
      pod('web-2', {on: 'b', labels: {app: 'web'}, spec}),
    ];
    const [replacement] = replicas;
    const state = clusterState({nodes: [node('a'), node('b')], pods: replicas});

    expect(isRoomierWithout(replicas, replacement ?? pod('none'), state)).toBe(true);
    expect(isRoomierWithout(replicas.slice(1), replacement ?? pod('none'), state)).toBe(false);
  });
});
