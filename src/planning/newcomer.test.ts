import {describe, expect, it} from '@jest/globals';
import {clusterState, node} from '../../test/scenarios/builders.ts';
import {planRequest} from '../../test/scenarios/scheduled-moves.ts';
import {settled} from '../../test/scenarios/workloads.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import {newcomerOf, refusedEverywhere} from './newcomer.ts';

const TERM = {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: 'web'}}};

describe('the first replica of a new template', () => {
  it('does not keep away from replicas of the template before', () => {
    const podSpec = requiring({...TERM, matchLabelKeys: ['pod-template-hash']});

    expect(refusalsFor(podSpec)).toBeUndefined();
  });

  it('keeps away from them by a term that says nothing of templates', () => {
    expect(refusalsFor(requiring(TERM))).toMatchObject([
      {node: 'a', plugin: 'InterPodAffinity'},
      {node: 'b'},
    ]);
  });

  it('needs room beside all that are there', () => {
    expect(refusalsFor({}, '4')?.map(({reasons}) => reasons)).toEqual([
      ['Insufficient cpu'],
      ['Insufficient cpu'],
    ]);
    expect(refusalsFor({}, '2')).toBeUndefined();
  });
});

function refusalsFor(podSpec: ApiPodSpec, cpu = '100m') {
  const replicas = settled({a: 1, b: 1}, {podSpec, requests: {cpu}});
  const state = clusterState({nodes: [node('a'), node('b')], pods: replicas.pods});
  const {replacement} = planRequest(replicas, state);
  return refusedEverywhere(newcomerOf(replacement, replicas.workload.template.spec), state);
}

function requiring(term: object): ApiPodSpec {
  return {
    affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [term as typeof TERM]}},
  };
}
