/**
 * Properties of whole plans on small random clusters: nodes of different size and trouble, zones and racks, neighbours
 * that rules keep away from, replicas anywhere. Each plan is carried out with the scheduler's model, and what it took is
 * compared with the exact solver.
 */
import {beforeAll, describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {clusterState, type NodeOptions, node, pod} from '../../test/scenarios/builders.ts';
import {caseNumber, tell} from '../../test/scenarios/case-numbers.ts';
import {ExactSolver} from '../../test/scenarios/exact-distribution.ts';
import {carryOut, HOSTNAME, planRequest, ZONE} from '../../test/scenarios/scheduled-moves.ts';
import {settled} from '../../test/scenarios/workloads.ts';
import type {Pod} from '../cluster/pod.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import {assess} from './assess.ts';
import {isLess} from './distribution.ts';
import type {TopologyRule} from './eligibility.ts';
import type {SeparationRule} from './neighbours.ts';
import {type PlanRequest, plan} from './plan.ts';

const CASES = caseNumber('PLANNER_CLUSTERS', 80);
const SEED = caseNumber('PLANNER_SEED', 20260101);

const RACK: TopologyRule = {topologyKey: 'rack', distribution: 'Even', maxSkew: 1};
const OWN = {labelSelector: {matchLabels: {app: 'web'}}};

function softly(...topologyKeys: string[]): ApiPodSpec {
  return {
    topologySpreadConstraints: topologyKeys.map((topologyKey) => ({
      topologyKey,
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway' as const,
      ...OWN,
    })),
  };
}

const clusterNode = fc.record({
  zone: fc.constantFrom('x', 'y', 'z'),
  rack: fc.constantFrom('r', 's'),
  cpu: fc.constantFrom('1', '2', '4', '8'),
  replicas: fc.constantFrom(0, 0, 1, 1, 2, 3),
  neighbour: fc.constantFrom('', '', '', 'noisy', 'hermit', 'calm'),
  trouble: fc.constantFrom<NodeOptions>(
    {},
    {},
    {},
    {},
    {unschedulable: true},
    {ready: 'False', taints: ['node.kubernetes.io/not-ready:NoSchedule']},
    {taints: ['dedicated:NoSchedule']},
    {taints: ['busy:PreferNoSchedule']},
  ),
});
const scenario = fc.record({
  nodes: fc.array(clusterNode, {minLength: 2, maxLength: 6, size: 'max'}),
  rule: fc.constantFrom<ApiPodSpec>(
    {},
    softly('kubernetes.io/hostname'),
    softly(ZONE.topologyKey, HOSTNAME.topologyKey),
  ),
  topologies: fc.constantFrom<TopologyRule[]>(
    [HOSTNAME],
    [ZONE],
    [ZONE, HOSTNAME],
    [ZONE, RACK],
    [{...HOSTNAME, maxSkew: 2}],
    [{...ZONE, maxSkew: 2}, HOSTNAME],
  ),
  separateFrom: fc.constantFrom<SeparationRule[]>(
    [],
    [
      {
        selector: {matchLabels: {app: 'noisy'}},
        topologyKey: HOSTNAME.topologyKey,
        whenUnsatisfiable: 'DoNotSchedule',
      },
    ],
    [
      {
        selector: {matchLabels: {app: 'noisy'}},
        topologyKey: ZONE.topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
      },
    ],
  ),
  request: fc.constantFrom('100m', '500m', '1'),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function requestFrom({nodes, rule, topologies, separateFrom, request}: Scenario): PlanRequest {
  const placement = Object.fromEntries(nodes.map(({replicas}, index) => [`node-${index}`, replicas]));
  const replicas = settled(placement, {podSpec: rule, requests: {cpu: request}});
  const built = nodes.map(({zone, rack, cpu, trouble}, index) =>
    node(`node-${index}`, {zone, labels: {rack}, allocatable: {cpu}, ...trouble}),
  );
  const neighbours = nodes.flatMap(({neighbour}, index) =>
    neighbour === '' ? [] : [neighbourOn(`node-${index}`, neighbour)],
  );
  const state = clusterState({nodes: built, pods: [...replicas.pods, ...neighbours]});
  return {...planRequest(replicas, state, {topologies}), separateFrom};
}

function neighbourOn(on: string, kind: string): Pod {
  const term = {topologyKey: HOSTNAME.topologyKey, ...OWN};
  const hermit: ApiPodSpec = {
    affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [term]}},
  };
  return pod(`${kind}-${on}`, {on, labels: {app: kind}, ...(kind === 'hermit' ? {spec: hermit} : {})});
}

let solver: ExactSolver;

beforeAll(async () => {
  solver = await ExactSolver.load();
});

describe('plan: carried out on any cluster', () => {
  it('takes exactly the fewest moves when none was refused on the way, each of them an improvement', () => {
    let taken = 0;
    let least = 0;
    let refused = 0;
    fc.assert(
      fc.property(scenario, fc.infiniteStream(fc.nat()), (drawn, dice) => {
        const request = requestFrom(drawn);
        const choose = (nodes: readonly string[]) =>
          nodes[(dice.next().value as number) % nodes.length] as string;

        const {steps, end, request: after} = carryOut(request, choose);

        const {assessment} = plan(request);
        const {levels, cells} = assessment.problem;
        const exact = solver.solve(levels, cells);
        expect({exact: assessment.exact, moves: assessment.movesNeeded}).toEqual({
          exact: true,
          moves: exact.moves,
        });
        expect(steps.length + end.assessment.movesNeeded).toBe(exact.moves);
        const objectives = [...steps.map(({move}) => move.objectiveBefore), end.assessment.objective];
        for (const [index, objective] of objectives.slice(1).entries()) {
          expect(isLess(objective, objectives[index] ?? [])).toBe(true);
        }
        if (end.assessment.movesNeeded === 0) {
          expect(assess(after).movesNeeded).toBe(0);
          taken += steps.length;
          least += exact.moves;
        } else {
          expect(end.refusal).toBeDefined();
          refused += 1;
        }
      }),
      {numRuns: CASES, seed: SEED},
    );
    tell([
      `${CASES} clusters, ${refused} refused, ${taken} moves, ratio to the fewest ${(taken / least).toFixed(2)}`,
    ]);
    // Otherwise the property would hold of nothing.
    expect(taken).toBeGreaterThan(CASES / 4);
    expect(taken).toBe(least);
  });
});

describe('plan: stability', () => {
  const summary = ({assessment, moves, refusal}: ReturnType<typeof plan>) => {
    const {problem: _, ...rest} = assessment;
    // As values: what an assessment can be asked beside them is not compared.
    return JSON.parse(JSON.stringify({assessment: rest, moves, refusal})) as unknown;
  };

  it('is the same again, in whatever order nodes, pods and replicas arrive', () => {
    fc.assert(
      fc.property(scenario, fc.infiniteStream(fc.nat()), (drawn, dice) => {
        const request = {...requestFrom(drawn), detailedMoves: 3};
        const shuffled = <T>(values: readonly T[]): T[] =>
          values
            .map((value) => ({value, rank: dice.next().value as number}))
            .sort((a, b) => a.rank - b.rank)
            .map(({value}) => value);
        const infos = [...request.snapshot.nodeInfos()];
        const pods = infos.flatMap((info) => [...info.pods.values()]);
        const again = {
          ...request,
          replicas: shuffled(request.replicas),
          snapshot: clusterState({nodes: shuffled(infos.map((info) => info.node)), pods: shuffled(pods)}),
        };

        expect(summary(plan(request))).toEqual(summary(plan(request)));
        expect(summary(plan(again))).toEqual(summary(plan(request)));
      }),
      {numRuns: CASES, seed: SEED},
    );
  });

  it('asks for no move more because of a replica that waits for a node, or one that goes', () => {
    fc.assert(
      fc.property(scenario, fc.nat(5), fc.nat(5), (drawn, pending, leaving) => {
        const request = requestFrom(drawn);
        const [like] = request.replicas;
        fc.pre(like !== undefined);
        const extra = (index: number): Pod => ({...like, uid: `extra-${index}`, name: `extra-${index}`});
        const waiting = Array.from({length: pending}, (_, index): Pod => {
          const {nodeName: _node, ...unbound} = extra(index);
          return {...unbound, phase: 'Pending', ready: false};
        });
        // Where it stands no room is missing, so that nothing but the count could make a difference.
        const going = Array.from(
          {length: leaving},
          (_, index): Pod => ({
            ...extra(10 + index),
            deletionTimestamp: 1,
            spec: {...like.spec, requests: {...like.spec.requests, milliCPU: 0}},
          }),
        );
        const infos = [...request.snapshot.nodeInfos()];
        const pods = infos.flatMap((info) => [...info.pods.values()]);
        const busy = {
          ...request,
          replicas: [...request.replicas, ...waiting, ...going],
          snapshot: clusterState({nodes: infos.map((info) => info.node), pods: [...pods, ...going]}),
        };

        const {movesNeeded, objective} = assess(busy);

        expect({movesNeeded, objective}).toEqual({
          movesNeeded: assess(request).movesNeeded,
          objective: assess(request).objective,
        });
        expect(plan(busy).moves.every((move) => move.pod.deletionTimestamp === undefined)).toBe(true);
      }),
      {numRuns: CASES, seed: SEED},
    );
  });
});
