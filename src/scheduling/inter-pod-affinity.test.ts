import {describe, expect, it} from '@jest/globals';
import {clusterState, node, type PodOptions, pod} from '../../test/scenarios/builders.ts';
import {feasibleNames, scoresOf, verdicts} from '../../test/scenarios/verdicts.ts';
import type {ApiPodSpec, PodAffinityTerm} from '../cluster/pod-spec.ts';
import {interPodAffinity, interPodAffinityScore} from './inter-pod-affinity.ts';
import {filterNode} from './scheduler.ts';

const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

describe('InterPodAffinity', () => {
  const nodes = [node('a1', {zone: 'a'}), node('a2', {zone: 'a'}), node('b1', {zone: 'b'}), node('nowhere')];

  const to = (app: string, topologyKey: string, rest: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
    topologyKey,
    labelSelector: {matchLabels: {app}},
    ...rest,
  });
  const near = (...terms: PodAffinityTerm[]): ApiPodSpec => ({
    affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: terms}},
  });
  const apart = (...terms: PodAffinityTerm[]): ApiPodSpec => ({
    affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: terms}},
  });
  const db = (on: string, options: PodOptions = {}) => pod(`db-${on}`, {on, labels: {app: 'db'}, ...options});

  it('has nothing to say where no terms meet', () => {
    const cluster = clusterState({nodes, pods: [db('a1', {spec: apart(to('db', HOST))})]});

    expect(interPodAffinity.prefilter(pod('web'), cluster)).toBeUndefined();
  });

  describe('required affinity', () => {
    it('keeps the pod to domains with a matching pod', () => {
      const cluster = clusterState({nodes, pods: [db('a1')]});

      expect(verdicts(interPodAffinity, pod('web', {spec: near(to('db', ZONE))}), cluster)).toEqual({
        a1: 'fits',
        a2: 'fits',
        b1: "node(s) didn't match pod affinity rules",
        nowhere: "node(s) didn't match pod affinity rules",
      });
    });

    it('asks for one pod that matches all terms, not for one pod each', () => {
      const cluster = clusterState({
        nodes,
        pods: [db('a1'), pod('cache', {on: 'a1', labels: {tier: 'cache'}})],
      });
      const both = near(to('db', ZONE), {topologyKey: ZONE, labelSelector: {matchLabels: {tier: 'cache'}}});

      expect(feasibleNames(interPodAffinity, pod('web', {spec: both}), cluster)).toEqual([]);
    });

    it('counts terminating pods', () => {
      const cluster = clusterState({nodes, pods: [db('b1', {terminating: true})]});

      expect(feasibleNames(interPodAffinity, pod('web', {spec: near(to('db', ZONE))}), cluster)).toEqual([
        'b1',
      ]);
    });

    it('lets the first pod of a series start where the topology exists', () => {
      const cluster = clusterState({nodes});

      expect(feasibleNames(interPodAffinity, pod('web', {spec: near(to('web', ZONE))}), cluster)).toEqual([
        'a1',
        'a2',
        'b1',
      ]);
    });

    it('makes no such exception once a pod of the series is there', () => {
      const cluster = clusterState({nodes, pods: [pod('web-1', {on: 'b1'})]});

      expect(feasibleNames(interPodAffinity, pod('web', {spec: near(to('web', ZONE))}), cluster)).toEqual([
        'b1',
      ]);
    });

    it('takes a match outside of any domain for none', () => {
      const cluster = clusterState({nodes, pods: [pod('web-1', {on: 'nowhere'})]});

      expect(feasibleNames(interPodAffinity, pod('web', {spec: near(to('web', ZONE))}), cluster)).toEqual([
        'a1',
        'a2',
        'b1',
      ]);
    });

    it('cannot be met by preemption', () => {
      const cluster = clusterState({nodes, pods: [db('a1')]});

      expect(filterNode(pod('web', {spec: near(to('db', ZONE))}), cluster, 'b1')).toMatchObject({
        resolvable: false,
      });
    });
  });

  describe('required anti-affinity', () => {
    it('keeps the pod out of domains with a matching pod', () => {
      const cluster = clusterState({nodes, pods: [db('a1')]});

      expect(verdicts(interPodAffinity, pod('web', {spec: apart(to('db', ZONE))}), cluster)).toEqual({
        a1: "node(s) didn't match pod anti-affinity rules",
        a2: "node(s) didn't match pod anti-affinity rules",
        b1: 'fits',
        nowhere: 'fits',
      });
    });

    it('needs only one of several terms to match', () => {
      const cluster = clusterState({
        nodes,
        pods: [db('a1'), pod('cache', {on: 'b1', labels: {app: 'cache'}})],
      });
      const newcomer = pod('web', {spec: apart(to('db', HOST), to('cache', ZONE))});

      expect(feasibleNames(interPodAffinity, newcomer, cluster)).toEqual(['a2', 'nowhere']);
    });

    it('of a pod that is there holds against a newcomer without any', () => {
      const cluster = clusterState({nodes, pods: [db('a1', {spec: apart(to('web', ZONE))})]});

      expect(verdicts(interPodAffinity, pod('web'), cluster)).toMatchObject({
        a2: "node(s) didn't satisfy existing pods anti-affinity rules",
        b1: 'fits',
      });
    });

    it('of a pod that is there means the namespace of that pod', () => {
      const cluster = clusterState({
        nodes,
        pods: [db('a1', {namespace: 'other', spec: apart(to('web', HOST))})],
      });

      expect(feasibleNames(interPodAffinity, pod('web'), cluster)).toContain('a1');
      expect(feasibleNames(interPodAffinity, pod('web', {namespace: 'other'}), cluster)).not.toContain('a1');
    });
  });

  describe('namespaces', () => {
    const cluster = clusterState({
      nodes,
      namespaces: {shop: {team: 'red'}, bank: {team: 'blue'}},
      pods: [db('a1', {namespace: 'shop'}), db('b1', {namespace: 'bank'}), db('nowhere')],
    });

    it.each<[string, Partial<PodAffinityTerm>, string[]]>([
      ['its own without any', {}, ['a1', 'a2', 'b1']],
      ['the listed ones', {namespaces: ['shop']}, ['a2', 'b1', 'nowhere']],
      [
        'those that the selector matches',
        {namespaceSelector: {matchLabels: {team: 'blue'}}},
        ['a1', 'a2', 'nowhere'],
      ],
      ['both', {namespaces: ['shop'], namespaceSelector: {matchLabels: {team: 'blue'}}}, ['a2', 'nowhere']],
      ['all with an empty selector', {namespaceSelector: {}}, ['a2']],
      [
        'all but its own',
        {namespaceSelector: {matchExpressions: [{key: 'team', operator: 'Exists'}]}},
        ['a2', 'nowhere'],
      ],
    ])('means %s', (_situation, rest, expected) => {
      const newcomer = pod('web', {spec: apart(to('db', HOST, rest))});

      expect(feasibleNames(interPodAffinity, newcomer, cluster)).toEqual(expected);
    });

    it('selects by the labels of the newcomer’s namespace when the term is another pod’s', () => {
      const guarded = clusterState({
        nodes,
        namespaces: {shop: {team: 'red'}},
        pods: [db('a1', {spec: apart(to('web', HOST, {namespaceSelector: {matchLabels: {team: 'red'}}}))})],
      });

      expect(feasibleNames(interPodAffinity, pod('web', {namespace: 'shop'}), guarded)).not.toContain('a1');
      expect(feasibleNames(interPodAffinity, pod('web'), guarded)).toContain('a1');
    });
  });

  it('takes a selector that an unlabelled namespace meets for all namespaces, in the newcomer’s terms only', () => {
    const notRed = {
      namespaceSelector: {matchExpressions: [{key: 'team', operator: 'NotIn', values: ['red']}]},
    } as const;
    const namespaces = {shop: {team: 'red'}};
    const dbInShop = clusterState({nodes, namespaces, pods: [db('a1', {namespace: 'shop'})]});
    const guarded = clusterState({
      nodes,
      namespaces,
      pods: [db('a1', {spec: apart(to('web', HOST, notRed))})],
    });

    expect(
      feasibleNames(interPodAffinity, pod('web', {spec: apart(to('db', HOST, notRed))}), dbInShop),
    ).not.toContain('a1');
    expect(feasibleNames(interPodAffinity, pod('web', {namespace: 'shop'}), guarded)).toContain('a1');
  });

  it('matches nothing without a label selector and everything with an empty one', () => {
    const cluster = clusterState({nodes, pods: [db('a1')]});

    expect(
      feasibleNames(interPodAffinity, pod('web', {spec: apart({topologyKey: HOST})}), cluster),
    ).toContain('a1');
    expect(
      feasibleNames(
        interPodAffinity,
        pod('web', {spec: apart({topologyKey: HOST, labelSelector: {}})}),
        cluster,
      ),
    ).not.toContain('a1');
  });

  describe('score', () => {
    const preferring = (
      kind: 'podAffinity' | 'podAntiAffinity',
      weight: number,
      podAffinityTerm: PodAffinityTerm,
    ) => ({
      affinity: {[kind]: {preferredDuringSchedulingIgnoredDuringExecution: [{weight, podAffinityTerm}]}},
    });

    it('is highest near the pods that the pod prefers', () => {
      const cluster = clusterState({nodes, pods: [db('a1'), db('a2'), db('b1')]});

      const scores = scoresOf(
        interPodAffinityScore,
        pod('web', {spec: preferring('podAffinity', 5, to('db', ZONE))}),
        cluster,
      );

      expect(scores).toEqual({a1: 100, a2: 100, b1: 50, nowhere: 0});
    });

    it('is lowest near the pods that the pod avoids', () => {
      const cluster = clusterState({nodes, pods: [db('a1')]});

      const scores = scoresOf(
        interPodAffinityScore,
        pod('web', {spec: preferring('podAntiAffinity', 5, to('db', ZONE))}),
        cluster,
      );

      expect(scores).toEqual({a1: 0, a2: 0, b1: 100, nowhere: 100});
    });

    it('counts the preferences of the pods that are there, and their required affinity as 1', () => {
      const cluster = clusterState({
        nodes,
        pods: [
          db('a1', {spec: preferring('podAffinity', 4, to('web', HOST))}),
          db('a2', {spec: near(to('web', HOST))}),
          db('b1', {spec: preferring('podAntiAffinity', 1, to('web', HOST))}),
        ],
      });

      expect(scoresOf(interPodAffinityScore, pod('web'), cluster)).toEqual({
        a1: 100,
        a2: 40,
        nowhere: 20,
        b1: 0,
      });
    });

    it('is left out when no term meets the pod', () => {
      const cluster = clusterState({
        nodes,
        pods: [db('a1', {spec: preferring('podAffinity', 4, to('other', HOST))})],
      });

      expect(scoresOf(interPodAffinityScore, pod('web'), cluster)).toEqual({});
    });
  });
});
