/** What is kept between questions must never be seen in an answer. */
import {describe, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {schedulingCase} from '../../test/oracle/cases.ts';
import type {SchedulingCase} from '../../test/oracle/oracle.ts';
import {type Node, toNode} from '../cluster/node.ts';
import type {Pod} from '../cluster/pod.ts';
import {createPodTrimmer} from '../cluster/pod-trimmer.ts';
import {ClusterState, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import {eligibilityOf} from '../planning/eligibility.ts';
import type {PodToSchedule} from './framework.ts';
import {filterNodes, scoreNodes} from './scheduler.ts';

const TOPOLOGIES = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
  topologyKey,
  distribution: 'Even' as const,
  maxSkew: 1,
}));

describe('filters, scores and eligibility', () => {
  it('are those of a cluster that has never looked different', () => {
    fc.assert(
      fc.property(fc.array(schedulingCase, {minLength: 2, maxLength: 4}), (cases) => {
        const trim = createPodTrimmer();
        const state = new ClusterState();
        const nodes = new Map<string, Node>();
        const pods = new Map<string, Pod>();
        for (const each of cases) {
          const newcomer = newcomerOf(each);
          for (const {metadata} of each.namespaces) {
            state.setNamespace(metadata.name, metadata.labels ?? {});
          }
          replaceAll(nodes, each.nodes.map(toNode), {
            set: (node) => state.setNode(node),
            remove: ({name}) => state.deleteNode(name),
          });
          // Asked in between, so that something is kept that the pods then make untrue.
          judge(state, newcomer);
          replaceAll(pods, each.pods.map(trim), {
            set: (pod, before) => state.setPod(pod, before),
            remove: (pod) => state.deletePod(pod),
          });

          expect(judge(state, newcomer)).toEqual(judge(freshState(each), newcomer));
        }
      }),
      {numRuns: 150},
    );
  });

  it('of a snapshot with changes are those of a cluster that has always been so', () => {
    fc.assert(
      fc.property(schedulingCase, schedulingCase, fc.nat(), (each, other, seed) => {
        const trim = createPodTrimmer();
        const pods = each.pods.map(trim);
        const remove = pods.filter((_, index) => ((seed >> (index % 16)) & 1) === 1);
        const add = other.pods.map(trim).map((pod) => ({...pod, uid: `added-${pod.uid}`}));
        const left = pods.filter((pod) => !remove.includes(pod));

        const changed = withChanges(withChanges(freshState(each), {remove}), {add});

        const newcomer = newcomerOf(each);
        expect(judge(changed, newcomer)).toEqual(judge(freshState(each, [...left, ...add]), newcomer));
      }),
      {numRuns: 150},
    );
  });
});

function judge(snapshot: SchedulingSnapshot, newcomer: PodToSchedule) {
  const {feasible, refusals} = filterNodes(newcomer, snapshot);
  const {eligible, ineligible, active, domains} = eligibilityOf(newcomer, TOPOLOGIES, snapshot);
  return {
    feasible: feasible.map(({node}) => node.name),
    refusals,
    scores: scoreNodes(newcomer, snapshot, feasible),
    eligible: [...eligible.keys()],
    ineligible,
    active,
    domains,
  };
}

function freshState({nodes, namespaces, pods}: SchedulingCase, instead?: readonly Pod[]): ClusterState {
  const state = new ClusterState();
  const trim = createPodTrimmer();
  for (const {metadata} of namespaces) {
    state.setNamespace(metadata.name, metadata.labels ?? {});
  }
  for (const node of nodes) {
    state.setNode(toNode(node));
  }
  for (const pod of instead ?? pods.map(trim)) {
    state.setPod(pod);
  }
  return state;
}

function newcomerOf({pod}: SchedulingCase): PodToSchedule {
  const {app} = pod.metadata.labels ?? {};
  const {namespace, labels, spec} = createPodTrimmer()(pod);
  return {
    namespace,
    labels,
    spec,
    ...(app === undefined ? {} : {defaultSpreadSelector: {matchLabels: {app}}}),
  };
}

function replaceAll<T extends {readonly name: string}>(
  known: Map<string, T>,
  now: readonly T[],
  {set, remove}: {set: (value: T, before: T | undefined) => void; remove: (value: T) => void},
): void {
  const names = new Set(now.map(({name}) => name));
  for (const [name, value] of known) {
    if (!names.has(name)) {
      remove(value);
      known.delete(name);
    }
  }
  for (const value of now) {
    set(value, known.get(value.name));
    known.set(value.name, value);
  }
}
