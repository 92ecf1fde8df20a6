import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {feasibleNames, scoresOf, verdicts} from '../../test/scenarios/verdicts.ts';
import type {Pod} from '../cluster/pod.ts';
import type {TopologySpreadConstraint} from '../cluster/pod-spec.ts';
import {podTopologySpread, podTopologySpreadScore} from './pod-topology-spread.ts';
import {filterNode} from './scheduler.ts';

const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const SELECTOR = {matchLabels: {app: 'web'}};

describe('PodTopologySpread', () => {
  const hard = (
    topologyKey: string,
    rest: Partial<TopologySpreadConstraint> = {},
  ): TopologySpreadConstraint => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: SELECTOR,
    ...rest,
  });
  const soft = (
    topologyKey: string,
    rest: Partial<TopologySpreadConstraint> = {},
  ): TopologySpreadConstraint => hard(topologyKey, {whenUnsatisfiable: 'ScheduleAnyway', ...rest});
  const spread = (...topologySpreadConstraints: TopologySpreadConstraint[]) =>
    pod('newcomer', {spec: {topologySpreadConstraints}});
  /** `replicas({a1: 2, b1: 1})`: so many pods on each node. */
  const replicas = (counts: Record<string, number>, options: Parameters<typeof pod>[1] = {}): Pod[] =>
    Object.entries(counts).flatMap(([on, count]) =>
      Array.from({length: count}, (_, index) => pod(`web-${on}-${index}`, {...options, on})),
    );

  const zones = [
    node('a1', {zone: 'a'}),
    node('a2', {zone: 'a'}),
    node('b1', {zone: 'b'}),
    node('b2', {zone: 'b'}),
  ];

  it('keeps domains within maxSkew of the emptiest', () => {
    const cluster = clusterState({nodes: zones, pods: replicas({a1: 1, a2: 1, b1: 1})});

    expect(verdicts(podTopologySpread, spread(hard(ZONE)), cluster)).toEqual({
      a1: "node(s) didn't match pod topology spread constraints",
      a2: "node(s) didn't match pod topology spread constraints",
      b1: 'fits',
      b2: 'fits',
    });
  });

  it.each<[string, TopologySpreadConstraint[], Record<string, number>, string[]]>([
    ['an even zone takes more', [hard(ZONE)], {a1: 1, b1: 1}, ['a1', 'a2', 'b1', 'b2']],
    ['a wider skew takes more', [hard(ZONE, {maxSkew: 2})], {a1: 1, a2: 1, b1: 1}, ['a1', 'a2', 'b1', 'b2']],
    ['by host', [hard(HOST)], {a1: 1, b1: 2}, ['a2', 'b2']],
    ['every constraint must hold', [hard(ZONE), hard(HOST)], {a1: 2, b1: 1}, ['b2']],
    [
      'two constraints that together leave nothing',
      [hard(ZONE), hard(HOST)],
      {a1: 2, a2: 2, b1: 1, b2: 0},
      ['b2'],
    ],
    ['fewer domains than minDomains make the least 0', [hard(ZONE, {minDomains: 3})], {a1: 1, b1: 1}, []],
    [
      'as many domains as minDomains do not',
      [hard(ZONE, {minDomains: 2})],
      {a1: 1, b1: 1},
      ['a1', 'a2', 'b1', 'b2'],
    ],
    [
      'a selector of nothing',
      [{...hard(ZONE), labelSelector: {matchLabels: {app: 'x'}}}],
      {a1: 3},
      ['a1', 'a2', 'b1', 'b2'],
    ],
    [
      'an empty selector counts nothing',
      [hard(HOST, {labelSelector: {}})],
      {a1: 3},
      ['a1', 'a2', 'b1', 'b2'],
    ],
  ])('%s', (_situation, constraints, counts, expected) => {
    const cluster = clusterState({nodes: zones, pods: replicas(counts)});

    expect(feasibleNames(podTopologySpread, spread(...constraints), cluster)).toEqual(expected);
  });

  it('does not count the newcomer when the selector does not match it', () => {
    const cluster = clusterState({nodes: zones, pods: replicas({a1: 1})});
    const newcomer = pod('other', {labels: {app: 'other'}, spec: {topologySpreadConstraints: [hard(ZONE)]}});

    expect(feasibleNames(podTopologySpread, newcomer, cluster)).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  it('passes over terminating pods and those of other namespaces', () => {
    const cluster = clusterState({
      nodes: zones,
      pods: [...replicas({a1: 2}, {terminating: true}), ...replicas({a1: 2}, {namespace: 'other'})],
    });

    expect(feasibleNames(podTopologySpread, spread(hard(HOST)), cluster)).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  it('refuses nodes without the label for good', () => {
    const cluster = clusterState({nodes: [...zones, node('nowhere')]});

    expect(filterNode(spread(hard(ZONE)), cluster, 'nowhere')).toEqual({
      plugin: 'PodTopologySpread',
      node: 'nowhere',
      reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
      resolvable: false,
    });
  });

  it('does not count nodes that lack one of the topologies', () => {
    // The node without a zone is empty, but it is no domain as long as zones are asked for.
    const cluster = clusterState({
      nodes: [...zones, node('nowhere')],
      pods: replicas({a1: 1, a2: 1, b1: 1, b2: 1}),
    });

    expect(feasibleNames(podTopologySpread, spread(hard(HOST), hard(ZONE)), cluster)).toEqual([
      'a1',
      'a2',
      'b1',
      'b2',
    ]);
    expect(feasibleNames(podTopologySpread, spread(hard(HOST)), cluster)).toEqual(['nowhere']);
  });

  describe('which nodes count', () => {
    const pool = [
      node('in-1', {labels: {pool: 'web'}}),
      node('in-2', {labels: {pool: 'web'}}),
      node('out'),
      node('tainted', {labels: {pool: 'web'}, taints: ['dedicated:NoSchedule']}),
    ];
    const cluster = clusterState({nodes: pool, pods: replicas({'in-1': 1, 'in-2': 1, tainted: 1})});
    const fullCluster = clusterState({nodes: pool, pods: replicas({'in-1': 1, 'in-2': 1, out: 1})});
    const selecting = (constraint: TopologySpreadConstraint) =>
      pod('newcomer', {spec: {nodeSelector: {pool: 'web'}, topologySpreadConstraints: [constraint]}});

    it('leaves out nodes that the node selector leaves out', () => {
      expect(feasibleNames(podTopologySpread, selecting(hard(HOST)), cluster)).toContain('in-1');
    });

    it('counts them when nodeAffinityPolicy is Ignore', () => {
      const newcomer = selecting(hard(HOST, {nodeAffinityPolicy: 'Ignore'}));

      expect(feasibleNames(podTopologySpread, newcomer, cluster)).not.toContain('in-1');
    });

    it('counts tainted nodes, which then hold the others back', () => {
      expect(feasibleNames(podTopologySpread, spread(hard(HOST)), fullCluster)).not.toContain('in-1');
    });

    it('leaves them out when nodeTaintsPolicy is Honor', () => {
      const newcomer = spread(hard(HOST, {nodeTaintsPolicy: 'Honor'}));

      expect(feasibleNames(podTopologySpread, newcomer, fullCluster)).toContain('in-1');
    });
  });

  describe('matchLabelKeys', () => {
    const ofRevision = (revision: string) => ({labels: {app: 'web', revision}});
    const constraint = hard(HOST, {matchLabelKeys: ['revision', 'absent']});
    const cluster = clusterState({nodes: zones, pods: replicas({a1: 2}, ofRevision('old'))});
    const newcomer = pod('newcomer', {...ofRevision('new'), spec: {topologySpreadConstraints: [constraint]}});

    it('counts pods of the same revision only', () => {
      expect(feasibleNames(podTopologySpread, newcomer, cluster)).toEqual(['a1', 'a2', 'b1', 'b2']);
    });

    it('means the same when the API server has merged them already', () => {
      const merged = {
        ...constraint,
        labelSelector: {...SELECTOR, matchExpressions: [{key: 'revision', operator: 'In', values: ['new']}]},
      } as const;

      expect(
        feasibleNames(
          podTopologySpread,
          pod('newcomer', {...ofRevision('new'), spec: {topologySpreadConstraints: [merged]}}),
          cluster,
        ),
      ).toEqual(['a1', 'a2', 'b1', 'b2']);
    });
  });

  describe('score', () => {
    it('favours the emptier domain', () => {
      const cluster = clusterState({nodes: zones, pods: replicas({a1: 3, b1: 1})});

      const scores = scoresOf(podTopologySpreadScore, spread(soft(ZONE)), cluster);

      // 3 and 1 pods weigh ln(2 + 2) each: 4 and 1 after rounding.
      expect(scores).toEqual({b1: 100, b2: 100, a1: 25, a2: 25});
    });

    it('gives all the same where nothing runs yet', () => {
      const cluster = clusterState({nodes: zones});

      expect(scoresOf(podTopologySpreadScore, spread(soft(HOST)), cluster)).toEqual({
        a1: 100,
        a2: 100,
        b1: 100,
        b2: 100,
      });
    });

    it('gives nodes without the topology 0', () => {
      const cluster = clusterState({nodes: [...zones, node('nowhere')], pods: replicas({a1: 1})});

      expect(scoresOf(podTopologySpreadScore, spread(soft(ZONE)), cluster)).toMatchObject({
        b1: 100,
        nowhere: 0,
      });
    });

    it('has no say for hard constraints only', () => {
      const cluster = clusterState({nodes: zones});

      expect(scoresOf(podTopologySpreadScore, spread(hard(ZONE)), cluster)).toEqual({});
    });

    it('spreads a pod without constraints by the system defaults, given what to count', () => {
      const cluster = clusterState({nodes: [...zones, node('nowhere')], pods: replicas({a1: 3, b1: 1})});
      const newcomer = pod('newcomer');

      const scores = scoresOf(
        podTopologySpreadScore,
        {...newcomer, defaultSpreadSelector: SELECTOR},
        cluster,
      );

      expect(scoresOf(podTopologySpreadScore, newcomer, cluster)).toEqual({});
      // By host weigh ln 7 and 2 for maxSkew 3; by zone (none is one too) ln 5 and 4: 17, 11, 10, 8 and 2.
      expect(scores).toEqual({nowhere: 100, b2: 64, b1: 52, a2: 47, a1: 11});
    });
  });
});
