import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {carryOut, HOSTNAME, planRequest, ZONE} from '../../test/scenarios/scheduled-moves.ts';
import {settled, type WorkloadOptions} from '../../test/scenarios/workloads.ts';
import type {Node} from '../cluster/node.ts';
import type {Pod} from '../cluster/pod.ts';
import type {ApiPodSpec, PodAffinityTerm} from '../cluster/pod-spec.ts';
import type {SeparationRule} from './neighbours.ts';
import {type PlanRequest, plan} from './plan.ts';

const HEAVY = {class: 'cpu-heavy'};
const AWAY: SeparationRule = {
  selector: {matchLabels: HEAVY},
  topologyKey: 'kubernetes.io/hostname',
  whenUnsatisfiable: 'DoNotSchedule',
};

describe('plan: a replica beside a pod that a hard rule keeps it away from', () => {
  it('moves, although the replicas are spread, and says why', () => {
    const {assessment, moves} = plan(
      requested({a: 1, b: 1, c: 0}, {rule: required(HEAVY), others: [heavy('a')]}),
    );

    expect(assessment).toMatchObject({movesNeeded: 1, movesWanted: 1, exact: true, objective: [1, 2, 0]});
    expect(assessment.violations).toEqual([
      {
        pod: 'web-1',
        message:
          'web-1 on a shares kubernetes.io/hostname a with heavy-a, which its required anti-affinity forbids',
      },
    ]);
    expect(moves).toMatchObject([{from: 'a', to: ['c'], certainty: 'likely', objectiveAfter: [0, 2, 0]}]);
    expect(moves[0]?.reason).toBe(
      'web-1 on a shares kubernetes.io/hostname a with heavy-a, which its required anti-affinity forbids; ' +
        'the replacement goes to c: where the scheduler scores highest',
    );
  });

  it('moves away from a pod whose own anti-affinity came after it', () => {
    const hermit = pod('hermit', {
      on: 'a',
      labels: {app: 'hermit'},
      spec: {affinity: antiAffinity({app: 'web'})},
    });

    const {assessment, moves} = plan(requested({a: 1, b: 1, c: 0}, {others: [hermit]}));

    expect(assessment.violations.map(({message}) => message)).toEqual([
      'web-1 on a shares kubernetes.io/hostname a with hermit, whose required anti-affinity forbids it',
    ]);
    expect(moves).toMatchObject([{from: 'a'}]);
  });

  it.each<{what: string; injected: boolean}>([
    {what: 'stands in the template', injected: true},
    {what: 'is the policy’s only', injected: false},
  ])('moves where separateFrom $what', ({injected}) => {
    const {assessment, moves} = plan(
      requested(
        {a: 1, b: 1, c: 0, d: 0},
        {
          ...(injected ? {rule: required(HEAVY)} : {}),
          separateFrom: [AWAY],
          others: [heavy('a'), ...Array.from({length: 3}, (_, index) => pod(`calm-${index}`, {on: 'd'}))],
        },
      ),
    );

    expect(assessment.movesNeeded).toBe(1);
    expect(moves).toMatchObject([{from: 'a', to: ['c']}]);
  });

  it('counts once where several rules are broken, and before the topologies', () => {
    const {assessment} = plan(
      requested(
        {a: 1, b: 2, c: 0},
        {rule: required(HEAVY), separateFrom: [AWAY], others: [heavy('a'), heavy('a', 'more')]},
      ),
    );

    expect(assessment.objective[0]).toBe(1);
    expect(assessment.movesNeeded).toBe(1);
  });

  it('takes the fewest moves for all of it together', () => {
    const request = requested(
      {a: 2, b: 1, c: 0, d: 0},
      {rule: {affinity: {...required(HEAVY).affinity}}, others: [heavy('a')]},
    );

    const outcome = carryOut(request);

    expect(outcome.steps).toHaveLength(2);
    expect(outcome.end.assessment).toMatchObject({violations: [], movesNeeded: 0});
  });

  it('stays when the neighbour is terminating, and nobody else is let in beside it', () => {
    const leaving = {...heavy('a'), deletionTimestamp: 1};

    const {assessment, moves, refusal} = plan(
      requested({a: 1, b: 1, c: 0}, {rule: required(HEAVY), others: [leaving]}),
    );

    expect({violations: assessment.violations, moves, refusal}).toEqual({
      violations: [],
      moves: [],
      refusal: undefined,
    });
  });

  it('stays when it cannot go anywhere, and says what is in the way', () => {
    const {assessment, moves, refusal} = plan(
      requested({a: 1, b: 1}, {rule: required(HEAVY), others: [heavy('a'), heavy('b')]}),
    );

    expect(assessment).toMatchObject({movesNeeded: 0, movesWanted: 2});
    expect(moves).toEqual([]);
    expect(refusal?.reason).toBe('NoFeasibleNode');
    expect(refusal?.message).toMatch(
      /^web-1 on a shares .* with heavy-a, which its required anti-affinity forbids; web-2 on b .*; no node has room for a replacement: .*anti-affinity.*\(a, b\)$/,
    );
  });

  it('rather shares a node with another replica, if the rules allow it', () => {
    const full = node('c', {allocatable: {cpu: '100m'}});
    const nodes = [node('a'), node('b'), full];

    const {moves} = plan(
      requested({a: 1, b: 1}, {rule: required(HEAVY), others: [heavy('a')], nodes, requests: {cpu: '200m'}}),
    );

    expect(moves).toMatchObject([{from: 'a', to: ['b'], certainty: 'certain', objectiveAfter: [0, 3, 0]}]);
  });

  it('is never one of the replicas themselves, whatever labels they carry', () => {
    const {assessment} = plan(
      requested({a: 1, b: 1}, {separateFrom: [{...AWAY, selector: {matchLabels: {app: 'web'}}}]}),
    );

    expect(assessment.violations).toEqual([]);
  });
});

describe('plan: a replica beside a pod that a soft rule keeps it away from', () => {
  const softly: SeparationRule = {...AWAY, whenUnsatisfiable: 'ScheduleAnyway'};
  const preferring: ApiPodSpec = {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {weight: 100, podAffinityTerm: {topologyKey: AWAY.topologyKey, labelSelector: AWAY.selector}},
          {
            weight: 100,
            podAffinityTerm: {topologyKey: AWAY.topologyKey, labelSelector: {matchLabels: {app: 'web'}}},
          },
        ],
      },
    },
  };

  it('moves where that costs no evenness', () => {
    const {assessment, moves} = plan(
      requested({a: 1, b: 1, c: 0}, {rule: preferring, separateFrom: [softly], others: [heavy('a')]}),
    );

    expect(assessment).toMatchObject({movesNeeded: 1, objective: [0, 2, 1], violations: []});
    expect(moves).toMatchObject([{from: 'a', to: ['c'], objectiveAfter: [0, 2, 0]}]);
    expect(moves[0]?.reason).toMatch(
      /^web-1 on a shares kubernetes.io\/hostname a with heavy-a, from which separateFrom keeps it away; /,
    );
  });

  it('stays where it would cost evenness', () => {
    const {assessment, refusal} = plan(
      requested({a: 1, b: 1}, {rule: preferring, separateFrom: [softly], others: [heavy('a')]}),
    );

    expect(assessment).toMatchObject({movesNeeded: 0, movesWanted: 0, objective: [0, 2, 1]});
    expect(assessment.unwantedNeighbours).toHaveLength(1);
    expect(refusal).toBeUndefined();
  });
});

describe('plan: rules of the template about the replicas themselves', () => {
  it('parts two replicas that came to share a rack', () => {
    const rule: ApiPodSpec = {affinity: antiAffinity({app: 'web'}, 'rack')};
    const nodes = ['r', 'r', 's', 't'].map((rack, index) => node('abcd'[index] ?? '', {labels: {rack}}));

    const outcome = carryOut(requested({a: 1, b: 1, c: 1}, {rule, nodes}));

    expect(plan(requested({a: 1, b: 1, c: 1}, {rule, nodes})).assessment.violations).toEqual([
      {message: '2 replicas share rack r, which their required anti-affinity forbids'},
    ]);
    expect(outcome.steps).toMatchObject([{landed: 'd'}]);
    expect(outcome.end.assessment.violations).toEqual([]);
  });

  it('repairs a skew that the template’s own constraint forbids, others’ pods counted', () => {
    const rule: ApiPodSpec = {
      topologySpreadConstraints: [
        {
          topologyKey: ZONE.topologyKey,
          maxSkew: 1,
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: {matchLabels: {app: 'web'}},
        },
      ],
    };
    const nodes = [
      node('a', {zone: 'x'}),
      node('b', {zone: 'x'}),
      node('c', {zone: 'y'}),
      node('d', {zone: 'y'}),
    ];
    const other = pod('web-of-somebody-else', {on: 'a', labels: {app: 'web'}});
    const request = requested({a: 1, b: 1, c: 1}, {rule, nodes, others: [other]});

    const outcome = carryOut(request);

    expect(plan(request).assessment.violations).toEqual([
      {
        message:
          'topology.kubernetes.io/zone x holds 3 pods and the emptiest domain 1, ' +
          "which the template's topologySpreadConstraints forbid (maxSkew 1)",
      },
    ]);
    expect(outcome.steps).toMatchObject([{landed: 'd'}]);
    expect(outcome.end.refusal).toBeUndefined();
  });
});

interface Options extends Pick<WorkloadOptions, 'requests'> {
  readonly rule?: ApiPodSpec;
  readonly separateFrom?: readonly SeparationRule[];
  readonly others?: readonly Pod[];
  readonly nodes?: readonly Node[];
}

function requested(placement: Record<string, number>, options: Options): PlanRequest {
  const {rule = {}, others = [], separateFrom, requests} = options;
  const replicas = settled(placement, {podSpec: rule, ...(requests === undefined ? {} : {requests})});
  const nodes = options.nodes ?? Object.keys(placement).map((name) => node(name));
  const request = planRequest(replicas, clusterState({nodes, pods: [...replicas.pods, ...others]}), {
    topologies: [HOSTNAME],
  });
  return {...request, ...(separateFrom === undefined ? {} : {separateFrom})};
}

function heavy(on: string, name = `heavy-${on}`): Pod {
  return pod(name, {on, labels: HEAVY});
}

function required(labels: Record<string, string>): ApiPodSpec {
  return {affinity: antiAffinity(labels)};
}

function antiAffinity(labels: Record<string, string>, topologyKey = 'kubernetes.io/hostname') {
  const term: PodAffinityTerm = {topologyKey, labelSelector: {matchLabels: labels}};
  return {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [term]}};
}
