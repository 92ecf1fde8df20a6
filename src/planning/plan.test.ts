import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {carryOut, HOSTNAME, placementOf, planRequest, ZONE} from '../../test/scenarios/scheduled-moves.ts';
import {settled, type WorkloadOptions} from '../../test/scenarios/workloads.ts';
import type {Node} from '../cluster/node.ts';
import type {Pod} from '../cluster/pod.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import type {ClusterState} from '../cluster/snapshot.ts';
import {assess} from './assess.ts';
import {isLess} from './distribution.ts';
import {type PlanRequest, plan} from './plan.ts';

const TERM = {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: 'web'}}};
const SOFT: ApiPodSpec = {
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: TERM}],
    },
  },
};
const HARD: ApiPodSpec = {
  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [TERM]}},
};
const EVEN_OVER_ZONES: ApiPodSpec = {
  topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway' as const,
    labelSelector: {matchLabels: {app: 'web'}},
  })),
};

describe('plan: the starts of the scenarios', () => {
  it.each([
    {start: [3, 0, 0], moves: 2, end: [1, 1, 1]},
    {start: [4, 0, 0], moves: 2, end: [2, 1, 1]},
    {start: [9, 0, 0], moves: 6, end: [3, 3, 3]},
    {start: [2, 2, 0], moves: 1, end: [2, 1, 1]},
    {start: [2, 2, 2, 0], moves: 1, end: [2, 2, 1, 1]},
    {start: [0, 0, 0, 3, 4], moves: 3, end: [2, 2, 1, 1, 1]},
    {start: [1, 1, 1], moves: 0, end: [1, 1, 1]},
  ])(
    '$start under a soft rule comes to $end in $moves moves, with a cordoned node or without',
    ({start, moves, end}) => {
      const names = start.map((_, index) => `node-${index}`);
      const placement = Object.fromEntries(names.map((name, index) => [name, start[index] ?? 0]));
      const replicas = settled(placement, {podSpec: SOFT});
      const nodes = names.map((name) => node(name));

      for (const extra of [
        [],
        [node('cordoned', {unschedulable: true})],
        [node('a-cordoned', {unschedulable: true})],
      ]) {
        const request = planRequest(
          replicas,
          clusterState({nodes: [...nodes, ...extra], pods: replicas.pods}),
        );
        const outcome = carryOut(request);

        expect(outcome.steps).toHaveLength(moves);
        expect(countsOf(outcome.request)).toEqual(end);
        expect(outcome.end).toMatchObject({moves: [], assessment: {movesNeeded: 0}});
        expect(outcome.end.refusal).toBeUndefined();
      }
    },
  );

  it('9 replicas in one of three zones come to three in each and at most two on a node, in 6 moves', () => {
    const nodes = ['a', 'b', 'c'].flatMap((zone) => [node(`${zone}1`, {zone}), node(`${zone}2`, {zone})]);
    const replicas = settled({a1: 5, a2: 4}, {podSpec: EVEN_OVER_ZONES});
    const request = planRequest(replicas, clusterState({nodes, pods: replicas.pods}), {
      topologies: [ZONE, HOSTNAME],
    });

    const outcome = carryOut(request);

    expect(outcome.steps).toHaveLength(6);
    expect(countsOf(outcome.request)).toEqual([2, 2, 2, 1, 1, 1]);
    expect(outcome.end.assessment.topologies.map(({skew}) => skew)).toEqual([0, 1]);
  });

  it('works out all moves at once as it works them out one by one', () => {
    const {steps} = carryOut(soft({a: 9, b: 0, c: 0}));

    const {moves} = plan(soft({a: 9, b: 0, c: 0}, {detailedMoves: 10}));

    expect(moves.map(({from}) => from)).toEqual(steps.map(({move}) => move.from));
    expect(moves).toHaveLength(6);
    expect(moves.every((move) => isLess(move.objectiveAfter, move.objectiveBefore))).toBe(true);
  });
});

describe('plan: certainty', () => {
  it('is certain where a hard rule leaves only nodes that improve the spread', () => {
    // Before the rule came, two sat together; now every node that has one refuses the replacement.
    const {moves} = plan(requestOf(settled({a: 2, b: 1, c: 0, d: 0}, {podSpec: HARD}), 'abcd'));

    expect(moves[0]).toMatchObject({from: 'a', certainty: 'certain'});
    expect(moves[0]?.to).toEqual(['c', 'd']);
    expect(moves[0]?.reason).toMatch(/every node that takes it improves the spread/);
  });

  it('is certain where one node alone takes the replacement', () => {
    const {moves} = plan(requestOf(settled({a: 2, b: 1, c: 0}, {podSpec: HARD}), 'abc'));

    expect(moves[0]).toMatchObject({from: 'a', to: ['c'], certainty: 'certain'});
    expect(moves[0]?.reason).toBe('a holds 2, c 0; the replacement goes to c: the only node that takes it');
  });

  it('is likely where the node that the replica leaves would take it back', () => {
    const {moves} = plan(soft({a: 3, b: 0, c: 0}));

    expect(moves[0]).toMatchObject({from: 'a', to: ['b', 'c'], certainty: 'likely'});
    expect(moves[0]?.reason).toBe(
      'a holds 3, b 0; the replacement goes to b or c: where the scheduler scores highest',
    );
  });
});

describe('plan: why not', () => {
  it('makes no move that is right on one of the best nodes and wrong on another', () => {
    // Constraints of its own take the scheduler's default spreading away; all that is left is the load of the nodes.
    const oneZone: ApiPodSpec = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: {matchLabels: {app: 'web'}},
        },
      ],
    };
    const replicas = settled({a: 3, b: 1, c: 0}, {podSpec: oneZone});
    const neighbour = pod('db-1', {on: 'c', labels: {app: 'db'}});
    const nodes = ['a', 'b', 'c'].map((name) => node(name, {zone: 'z'}));

    const {moves, refusal} = plan(
      planRequest(replicas, clusterState({nodes, pods: [...replicas.pods, neighbour]})),
    );

    expect(moves).toEqual([]);
    expect(refusal?.message).toMatch(/would put a replacement of web-1 on b or c .* rather than on c /);
  });

  it.each([
    {nodes: 99, looksAt: 'all of them', refused: false},
    // Of 150, the scheduler looks for 100: it may miss the 20 that score best, and take the one that scores next.
    {nodes: 150, looksAt: 'a sample', refused: true},
  ])(
    'with $nodes nodes counts on the best ones when the scheduler looks at $looksAt',
    ({nodes: count, refused}) => {
      const golden: ApiPodSpec = {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {weight: 100, preference: {matchExpressions: [{key: 'gold', operator: 'Exists'}]}},
            ],
          },
        },
      };
      const replicas = settled({full: 3, gold: 1}, {podSpec: golden});
      const gold = {labels: {gold: ''}};
      const empty = Array.from({length: count - 2}, (_, index) =>
        node(`empty-${String(index).padStart(3, '0')}`, index < 20 ? gold : {}),
      );
      const nodes = [node('full'), node('gold', gold), ...empty];

      const {moves, refusal} = plan(planRequest(replicas, clusterState({nodes, pods: replicas.pods})));

      expect(moves[0]?.certainty).toBe(refused ? undefined : 'likely');
      expect(refusal?.message ?? '').toMatch(
        refused
          ? /^the scheduler looks at a sample of the nodes and could put a replacement of web-1 on gold /
          : /^$/,
      );
    },
  );

  it('foresees that the scheduler would put the replacement back, and names the nodes', () => {
    const attractive: ApiPodSpec = {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              preference: {
                matchExpressions: [{key: 'kubernetes.io/hostname', operator: 'In', values: ['a']}],
              },
            },
          ],
        },
      },
    };

    const {moves, refusal, assessment} = plan(requestOf(settled({a: 2, b: 0}, {podSpec: attractive}), 'ab'));

    expect(moves).toEqual([]);
    expect(assessment.movesNeeded).toBe(1);
    expect(refusal?.reason).toBe('NoFeasibleNode');
    expect(refusal?.message).toMatch(
      /^the scheduler would put a replacement of web-1 on a \(score \d+\) rather than on b \(score \d+\), so evicting it would not help$/,
    );
  });

  it.each<{
    what: string;
    others: Node[];
    template?: WorkloadOptions;
    reason: string;
    message: RegExp;
  }>([
    {
      what: 'full',
      others: [node('b', {allocatable: {cpu: '1'}}), node('c', {allocatable: {memory: '1Ki'}})],
      template: {requests: {cpu: '2', memory: '1Mi'}},
      reason: 'NoFeasibleNode',
      message: /^no node has room for a replacement: Insufficient cpu \(b\); Insufficient memory \(c\)$/,
    },
    {
      what: 'tainted',
      others: [node('b', {taints: ['dedicated=db:NoSchedule']})],
      reason: 'Pinned',
      message:
        /^only one domain of kubernetes\.io\/hostname is eligible \(taint dedicated=db:NoSchedule not tolerated: b\)$/,
    },
    {
      what: 'not selected',
      others: [node('b'), node('c')],
      template: {podSpec: {nodeSelector: {'kubernetes.io/hostname': 'a'}}},
      reason: 'Pinned',
      message: /\(not matched by the nodeSelector or node affinity: b, c\)$/,
    },
    {
      what: 'cordoned',
      others: [node('b', {unschedulable: true})],
      reason: 'InsufficientDomains',
      message: /^only one domain of kubernetes\.io\/hostname is eligible \(cordoned: b\)$/,
    },
    {
      what: 'not there',
      others: [],
      reason: 'InsufficientDomains',
      message: /^only one domain of kubernetes\.io\/hostname is eligible$/,
    },
  ])('says so when the other nodes are $what', ({others, template = {}, reason, message}) => {
    const replicas = settled({a: 2}, template);
    const request = planRequest(replicas, clusterState({nodes: [node('a'), ...others], pods: replicas.pods}));

    const {moves, refusal} = plan(request);

    expect(moves).toEqual([]);
    expect(refusal?.reason).toBe(reason);
    expect(refusal?.message).toMatch(message);
  });

  it('moves into a zone whose replicas sit on its cordoned node', () => {
    const replicas = settled({a: 3, b: 0, c: 1}, {requests: {cpu: '1'}, podSpec: EVEN_OVER_ZONES});
    const nodes = [
      node('a', {zone: 'x'}),
      node('b', {zone: 'y', allocatable: {cpu: '1500m'}}),
      node('c', {zone: 'y', unschedulable: true}),
    ];

    const {moves, refusal} = plan(
      planRequest(replicas, clusterState({nodes, pods: replicas.pods}), {topologies: [ZONE]}),
    );

    expect(refusal).toBeUndefined();
    expect(moves).toMatchObject([{from: 'a', to: ['b']}]);
  });

  it('names the nodes that have room only for the replicas that they hold', () => {
    const replicas = settled({a: 3, b: 1, c: 1}, {requests: {cpu: '1'}, podSpec: SOFT});
    const small = {allocatable: {cpu: '1500m'}};
    const nodes = [node('a'), node('b', small), node('c', {allocatable: {pods: '1'}})];

    expect(plan(planRequest(replicas, clusterState({nodes, pods: replicas.pods}))).refusal).toEqual({
      reason: 'NoFeasibleNode',
      message: 'no node has room for a replacement: Insufficient cpu (b); Too many pods (c)',
    });
  });

  it('says so when no node is eligible at all', () => {
    const replicas = settled({a: 2});
    const nodes = [node('a', {unschedulable: true}), node('b', {ready: 'False'})];

    expect(plan(planRequest(replicas, clusterState({nodes, pods: replicas.pods}))).refusal).toEqual({
      reason: 'InsufficientDomains',
      message: 'no domain of kubernetes.io/hostname is eligible (cordoned: a; not Ready: b)',
    });
  });

  it('says so when a neighbour’s anti-affinity keeps the replacement away', () => {
    const replicas = settled({a: 2, b: 0});
    const hermit = pod('hermit', {on: 'b', labels: {app: 'hermit'}, spec: HARD});
    const request = planRequest(
      replicas,
      clusterState({nodes: [node('a'), node('b')], pods: [...replicas.pods, hermit]}),
    );

    expect(plan(request).refusal).toMatchObject({
      reason: 'NoFeasibleNode',
      message: expect.stringMatching(/anti-affinity.*\(b\)/),
    });
  });

  it('leaves replicas alone that must not be disrupted, and moves their neighbours instead', () => {
    const kept = {doNotDisrupt: 'karpenter.sh/do-not-disrupt: "true"'};
    const replicas = settled({a: 3, b: 0, c: 0}, {podSpec: SOFT});
    const [first, second, third] = replicas.pods as [Pod, Pod, Pod];

    const one = plan(requestOf({...replicas, pods: [{...first, ...kept}, second, third]}, 'abc'));
    const all = plan(
      requestOf({...replicas, pods: replicas.pods.map((each) => ({...each, ...kept}))}, 'abc'),
    );

    expect(one.moves.map(({pod: {name}}) => name)).toEqual(['web-2']);
    expect(all.moves).toEqual([]);
    expect(all.refusal).toEqual({
      reason: 'Excluded',
      message:
        'the replicas that would have to move are not to be disrupted: ' +
        ['web-1', 'web-2', 'web-3'].map((name) => `${name} (${kept.doNotDisrupt})`).join(', '),
    });
  });

  it('has no objection to a single replica on a single node', () => {
    expect(plan(requestOf(settled({a: 1}), 'a')).refusal).toBeUndefined();
  });
});

describe('plan: which replica', () => {
  const victims = (change: (index: number) => Partial<Pod>): string | undefined => {
    const replicas = settled({a: 3, b: 0, c: 0}, {podSpec: SOFT});
    const pods = replicas.pods.map((each, index) => ({...each, ...change(index)}));
    return plan(requestOf({...replicas, pods}, 'abc')).moves[0]?.pod.name;
  };

  it.each<{what: string; change: (index: number) => Partial<Pod>; victim: string}>([
    {
      what: 'the lowest deletion cost, whatever its age',
      change: (index) => ({deletionCost: index === 1 ? -1 : 0, createdAt: index}),
      victim: 'web-2',
    },
    {
      what: 'the one that is not Ready, whatever its age',
      change: (index) => ({ready: index !== 0, createdAt: index}),
      victim: 'web-1',
    },
    {what: 'the youngest', change: (index) => ({createdAt: index}), victim: 'web-3'},
    {what: 'the first by name when all are alike', change: () => ({}), victim: 'web-1'},
  ])('is $what', ({change, victim}) => {
    expect(victims(change)).toBe(victim);
  });

  it.each<{what: string; placement: Record<string, number>; from: string}>([
    {what: 'improves nothing', placement: {a: 3, b: 1, cordoned: 1}, from: 'a'},
    {what: 'leads to a worse end', placement: {a: 4, b: 0, cordoned: 2}, from: 'a'},
  ])('is none of a cordoned node, however young, whose leaving $what', ({placement, from}) => {
    const replicas = settled(placement, {podSpec: SOFT});
    const pods = replicas.pods.map((each) =>
      each.nodeName === 'cordoned' ? {...each, createdAt: each.createdAt + 1000} : each,
    );
    const nodes = [node('a'), node('b'), node('cordoned', {unschedulable: true})];

    const {moves} = plan(planRequest({...replicas, pods}, clusterState({nodes, pods})));

    expect(moves[0]).toMatchObject({from, to: ['b']});
  });

  it('is one of the fullest node, not the cheapest of the workload', () => {
    const replicas = settled({a: 3, b: 1, c: 0}, {podSpec: SOFT});
    const pods = replicas.pods.map((each) => (each.nodeName === 'b' ? {...each, deletionCost: -100} : each));

    expect(plan(requestOf({...replicas, pods}, 'abc')).moves[0]?.from).toBe('a');
  });
});

describe('plan: replicas that come and go', () => {
  it.each<{what: string; extra: (of: WorkloadReplicas) => Pod[]; moves: number}>([
    {what: 'a Pending one', extra: () => [pod('web-new')], moves: 1},
    {what: 'a terminating one', extra: () => [leaving()], moves: 1},
    {
      what: 'one terminating on the full node and its replacement Pending',
      extra: () => [leaving(), pod('web-new')],
      moves: 1,
    },
  ])('$what is no reason for another move', ({extra, moves}) => {
    const replicas = settled({a: 2, b: 1, c: 0}, {podSpec: SOFT});
    const pods = [...replicas.pods, ...extra(replicas)];

    const planned = plan(requestOf({...replicas, pods}, 'abc', 10));

    expect(planned.assessment.movesNeeded).toBe(moves);
    expect(planned.moves).toHaveLength(moves);
    expect(planned.moves.every((move) => move.pod.deletionTimestamp === undefined)).toBe(true);
  });

  it('one not Ready counts where it is', () => {
    const replicas = settled({a: 1, b: 1, c: 1}, {podSpec: SOFT});
    const pods = replicas.pods.map((each, index) => ({...each, ready: index > 0}));

    expect(plan(requestOf({...replicas, pods}, 'abc')).assessment.movesNeeded).toBe(0);
  });
});

/** On the fullest node, and the first to go by its cost: it goes already. */
function leaving(): Pod {
  return {...pod('web-old', {on: 'a', terminating: true}), deletionCost: -1};
}

function requestOf(replicas: WorkloadReplicas, nodes: string, detailedMoves = 1): PlanRequest {
  const state = clusterState({nodes: nodes.split('').map((name) => node(name)), pods: replicas.pods});
  return planRequest(replicas, state, {detailedMoves});
}

function soft(placement: Record<string, number>, {detailedMoves = 1} = {}): PlanRequest {
  return requestOf(settled(placement, {podSpec: SOFT}), Object.keys(placement).join(''), detailedMoves);
}

function countsOf(request: Pick<PlanRequest, 'replicas'>): number[] {
  return Object.values(placementOf(request)).sort((a, b) => b - a);
}

describe('plan: with an assessment from before', () => {
  it.each([
    ['gone', (state: ClusterState) => state.deleteNode('n0')],
    ['come', (state: ClusterState) => state.setNode(node('a0', {zone: 'A'}))],
  ])('is as without it when a node has %s since', (_, change) => {
    const nodes = [
      node('n0', {zone: 'x', taints: ['d:NoSchedule']}),
      node('n1', {zone: 'A'}),
      node('n2', {zone: 'B', taints: ['slow:PreferNoSchedule']}),
      node('n3', {zone: 'A'}),
    ];
    const replicas = settled({n1: 2});
    const state = clusterState({nodes, pods: replicas.pods});
    const request = planRequest(replicas, state, {topologies: [ZONE]});
    const assessment = assess(request);

    change(state);

    const {moves, refusal} = plan({...request, assessment});
    const {moves: anew, refusal: refusedAnew} = plan(request);
    expect({moves, refusal}).toEqual({moves: anew, refusal: refusedAnew});
  });
});
