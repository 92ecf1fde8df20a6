import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {planRequest} from '../../test/scenarios/scheduled-moves.ts';
import {settled} from '../../test/scenarios/workloads.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import {type Plan, plan} from './plan.ts';
import {receptionOf} from './reception.ts';

/** Two replicas fill a node. The template prefers node a. */
const FULL = {requests: {cpu: '2', memory: '1Gi'}};

describe('receptionOf', () => {
  it('leaves the evicted replica its room while it shuts down', () => {
    const {occasions, possible} = receptionFrom({a: 2, b: 0});

    expect(occasions.map(({feasible}) => namesOf(feasible))).toEqual([['b']]);
    expect(namesOf(possible)).toEqual(['a', 'b']);
  });

  it('counts on the time after it where no node takes the replacement before', () => {
    const {occasions} = receptionFrom({a: 2});

    expect(occasions.map(({feasible}) => namesOf(feasible))).toEqual([['a']]);
  });

  it.each([
    {grace: 0, what: 'is gone at once', expected: [['a', 'b']]},
    {grace: 1, what: 'may be gone before the scheduler looks', expected: [['b'], ['a', 'b']]},
    {grace: 3600, what: 'keeps its room', expected: [['b']]},
  ])('a pod with a grace period of $grace s $what', ({grace, expected}) => {
    const {occasions} = receptionFrom({a: 2, b: 0}, grace);

    expect(occasions.map(({feasible}) => namesOf(feasible))).toEqual(expected);
  });

  it('lets a replica that shuts down attract its replacement', () => {
    // Affinity to a label that the last pod of the other template still has.
    const podSpec: ApiPodSpec = {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {old: 'yes'}}},
          ],
        },
      },
    };
    const replicas = settled({a: 1}, {podSpec});
    const [first] = replicas.pods;
    const victim = {...(first ?? pod('none')), labels: {app: 'web', old: 'yes'}};
    const state = clusterState({nodes: [node('a'), node('b')], pods: [victim]});

    const {occasions, possible} = receptionOf(planRequest(replicas, state).replacement, state, victim);

    expect(occasions.map(({feasible}) => namesOf(feasible))).toEqual([['a']]);
    expect(namesOf(possible)).toEqual(['a']);
  });

  it('leaves the evicted replica its part in anti-affinity', () => {
    const {request, victim} = apartInZones();

    const {occasions, possible} = receptionOf(request.replacement, request.snapshot, victim);

    expect(occasions.map(({feasible}) => namesOf(feasible))).toEqual([['c']]);
    expect(namesOf(possible)).toEqual(['a', 'b', 'c']);
  });
});

describe('plan: while the evicted replica shuts down', () => {
  it('moves a replica whose own node would score best, but has no room for a second one yet', () => {
    const {moves} = planFrom({a: 2, b: 0});

    expect(moves).toMatchObject([{from: 'a', to: ['b'], certainty: 'likely'}]);
  });

  it.each([0, 1])('leaves it where it is when it may be gone before: a grace period of %i s', (grace) => {
    const {moves, refusal} = planFrom({a: 2, b: 0}, grace);

    expect(moves).toEqual([]);
    expect(refusal).toMatchObject({reason: 'NoFeasibleNode', isOverruled: true});
  });

  it('says where the replica itself keeps its replacement from the better node', () => {
    const {request} = apartInZones();
    const separateFrom = [
      {
        selector: {matchLabels: {app: 'enemy'}},
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'DoNotSchedule' as const,
      },
    ];

    const {refusal} = plan({...request, separateFrom});

    expect(refusal?.message).toMatch(
      /would put a replacement of web-1 on c \(score \d+\), as web-1 keeps it from b until it has shut down, so evicting it would not help$/,
    );
  });
});

/** No two replicas in a zone: while the one on a is there, none can go to b. Somebody else is on a and on c. */
function apartInZones() {
  const podSpec: ApiPodSpec = {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {topologyKey: 'topology.kubernetes.io/zone', labelSelector: {matchLabels: {app: 'web'}}},
        ],
      },
    },
  };
  const replicas = settled({a: 1}, {podSpec});
  const enemies = ['a', 'c'].map((on) => pod(`enemy-${on}`, {on, labels: {app: 'enemy'}}));
  const nodes = [node('a', {zone: 'x'}), node('b', {zone: 'x'}), node('c', {zone: 'y'})];
  const state = clusterState({nodes, pods: [...replicas.pods, ...enemies]});
  const [victim = pod('none')] = replicas.pods;
  return {request: planRequest(replicas, state), victim};
}

function receptionFrom(placement: Record<string, number>, grace?: number) {
  const {request, victim} = requestFrom(placement, grace);
  return receptionOf(request.replacement, request.snapshot, victim);
}

function planFrom(placement: Record<string, number>, grace?: number): Plan {
  return plan(requestFrom(placement, grace).request);
}

function requestFrom(placement: Record<string, number>, grace?: number) {
  const podSpec: ApiPodSpec = {
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
  const replicas = settled(placement, {podSpec, ...FULL});
  const pods = replicas.pods.map((each) => ({
    ...each,
    ...(grace === undefined ? {} : {terminationGracePeriodSeconds: grace}),
  }));
  const nodes = Object.keys(placement).map((name) => node(name, {allocatable: {cpu: '4'}}));
  const request = planRequest({...replicas, pods}, clusterState({nodes, pods}));
  const [victim = pod('none')] = pods;
  return {request, victim};
}

function namesOf(infos: readonly {readonly node: {readonly name: string}}[]): string[] {
  return infos.map(({node: {name}}) => name);
}
