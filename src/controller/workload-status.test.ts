import {describe, expect, it} from '@jest/globals';
import {clusterState, node} from '../../test/scenarios/builders.ts';
import {planRequest} from '../../test/scenarios/scheduled-moves.ts';
import {settled, type WorkloadOptions, workload} from '../../test/scenarios/workloads.ts';
import type {InjectionStatus} from '../api/types.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import {type MoveDecision, NO_MEMORY} from '../eviction/mover.ts';
import type {InjectionDecision} from '../injection/decide.ts';
import {plan} from '../planning/plan.ts';
import {newMemory, restoreMemory, type WorkloadMemory} from './workload-memory.ts';
import {movingEntry, workloadEntry} from './workload-status.ts';

const NOW = Date.UTC(2026, 0, 2);
const INJECTED: InjectionStatus = {state: 'Injected'};
const REST: InjectionDecision = {kind: 'rest', status: INJECTED};
const PILED = settled({a: 3});
const SPREAD = settled({a: 1, b: 1, c: 1});
const END = {memory: NO_MEMORY, finished: []};

describe('workloadEntry', () => {
  it('says where the replicas are and how many moves are needed', () => {
    const entry = entryFor(PILED, {...END, kind: 'settling', message: 'settling'});

    expect(entry).toMatchObject({
      kind: 'Deployment',
      name: 'web',
      replicas: 3,
      state: 'Waiting',
      movesNeeded: 2,
      topologies: [
        {
          topologyKey: 'kubernetes.io/hostname',
          eligibleDomains: 3,
          skew: 3,
          domains: [
            {name: 'a', replicas: 3},
            {name: 'b', replicas: 0},
            {name: 'c', replicas: 0},
          ],
        },
      ],
      moves: [{pod: 'web-1', from: 'a', certainty: 'likely'}],
    });
  });

  it('tells of moves that full nodes stand in the way of, too', () => {
    const replicas = settled({a: 2}, {requests: {cpu: '2'}});
    const snapshot = clusterState({
      nodes: [node('a'), node('b', {allocatable: {cpu: '1'}})],
      pods: replicas.pods,
    });
    const {assessment} = plan(planRequest(replicas, snapshot));

    const facts = {replicas, assessment, memory: newMemory('u'), now: NOW};

    expect(workloadEntry(facts, {kind: 'excluded', message: 'x'}).movesNeeded).toBe(1);
  });

  it('does not call replicas that share a node apart because no node takes them', () => {
    const snapshot = clusterState({nodes: [node('a', {ready: 'Unknown'})], pods: PILED.pods});
    const own = plan(planRequest(PILED, snapshot));
    const facts = {replicas: PILED, assessment: own.assessment, memory: newMemory('u'), now: NOW};

    const entry = workloadEntry(facts, {
      kind: 'decided',
      decision: blocked('NotAvailable'),
      plan: own,
      injection: REST,
    });

    expect(entry).toMatchObject({state: 'Blocked', movesNeeded: 0, blocked: {reason: 'NotAvailable'}});
  });

  it.each<{what: string; replicas: WorkloadReplicas; decision: Decided; state: string}>([
    {what: 'spread', replicas: SPREAD, decision: {...END, kind: 'spread', message: ''}, state: 'Spread'},
    {what: 'a dry run', replicas: PILED, decision: {...END, kind: 'planned', message: ''}, state: 'Planned'},
    {what: 'settling', replicas: PILED, decision: {...END, kind: 'settling', message: ''}, state: 'Waiting'},
    {what: 'moving', replicas: PILED, decision: {...END, kind: 'moving', message: ''}, state: 'Moving'},
    {
      what: 'a rollout that keeps moves waiting',
      replicas: PILED,
      decision: blocked('RolloutInProgress'),
      state: 'Blocked',
    },
    {
      what: 'a rollout of replicas that are apart',
      replicas: SPREAD,
      decision: blocked('RolloutInProgress'),
      state: 'Waiting',
    },
    {
      what: 'a missing replica of a spread workload',
      replicas: SPREAD,
      decision: blocked('NotAvailable'),
      state: 'Waiting',
    },
    {what: 'a budget', replicas: PILED, decision: blocked('PodDisruptionBudgetExhausted'), state: 'Blocked'},
    {what: 'a pinned workload', replicas: SPREAD, decision: blocked('Pinned'), state: 'Blocked'},
  ])('of $what is $state', ({replicas, decision, state}) => {
    expect(entryFor(replicas, decision).state).toBe(state);
  });

  it('keeps since when a reason holds, whatever becomes of its message', () => {
    const memory = newMemory('u');
    memory.entry = entryFor(PILED, blocked('Pinned', 'two nodes'), {memory, now: NOW});

    const same = entryFor(PILED, blocked('Pinned', 'one node'), {memory, now: NOW + 60_000});
    const other = entryFor(PILED, blocked('NoFeasibleNode'), {memory, now: NOW + 60_000});

    expect(same.blocked).toEqual({reason: 'Pinned', message: 'one node', since: '2026-01-02T00:00:00Z'});
    expect(other.blocked?.since).toBe('2026-01-02T00:01:00Z');
  });

  it('tells of a conflict about the template while the replicas are fine', () => {
    const conflict: InjectionDecision = {
      kind: 'rest',
      status: {state: 'Conflict'},
      blocked: {reason: 'InjectionConflict', message: 'helm owns it'},
    };

    const entry = entryFor(SPREAD, {...END, kind: 'spread', message: 'fine'}, {injection: conflict});

    expect(entry).toMatchObject({
      state: 'Spread',
      blocked: {reason: 'InjectionConflict'},
      injection: {state: 'Conflict'},
    });
  });

  it.each<{what: string; state: InjectionStatus['state']; message?: string; advice: RegExp}>([
    {
      what: 'none is to be injected',
      state: 'Disabled',
      advice: /\(injection\.mode Apply\) could change that$/,
    },
    {what: 'one is suggested', state: 'Suggested', advice: /injection\.patch suggests could change that$/},
    {
      what: 'one is in conflict',
      state: 'Conflict',
      message: 'helm owns it',
      advice: /not in the pod template: helm/,
    },
    {what: 'one has to wait', state: 'Pending', message: 'full', advice: /not in the pod template: full$/},
    {what: 'there is nothing to inject', state: 'NotNeeded', advice: /would not help$/},
  ])(
    'says of a choice of the scheduler what a placement rule could do: $what',
    ({state, message, advice}) => {
      const status: InjectionStatus = {state, ...(message === undefined ? {} : {message})};

      expect(overruledEntry({}, status).message).toMatch(advice);
    },
  );

  it.each([
    {list: 'preferredDuringSchedulingIgnoredDuringExecution', advice: /is soft .* outweigh it$/},
    {list: 'requiredDuringSchedulingIgnoredDuringExecution', advice: /allows both$/},
  ])('does not advise a placement rule that is there already: $list', ({list, advice}) => {
    const term = {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: 'web'}}};
    const terms = list.startsWith('preferred') ? [{weight: 100, podAffinityTerm: term}] : [term];

    const entry = overruledEntry({podSpec: {affinity: {podAntiAffinity: {[list]: terms}}}}, INJECTED);

    expect(entry.message).toMatch(advice);
  });

  it('is written once for a move, not with each of its moments', () => {
    const memory = newMemory('u');
    const [move] = planOf(PILED).moves;
    const facts = {replicas: PILED, assessment: planOf(PILED).assessment, memory, now: NOW};
    memory.entry = movingEntry(facts, move === undefined ? [] : [move], INJECTED);

    const later = entryFor(settled({a: 2}), {...END, kind: 'moving', message: 'terminating'}, {memory});

    expect(later).toEqual(memory.entry);
    expect(later.message).toBe('moving web-1 from a to b or c');
  });

  it('holds what a restart needs, whatever the state is', () => {
    const memory: WorkloadMemory = newMemory('u');
    memory.moves = {
      inFlight: [
        {
          pod: 'web-0',
          podUID: 'uid-0',
          from: 'a',
          to: ['b'],
          startedAt: NOW,
          replicas: 3,
          objectiveBefore: [6],
          eviction: 'evicted',
        },
      ],
      backOff: {failures: 2, seconds: 40, until: NOW + 40_000, message: 'did not help'},
    };

    const entry = entryFor(PILED, blocked('CircuitOpen'), {memory});

    expect(restoreMemory(workload(), entry).moves).toEqual({
      ...memory.moves,
      inFlight: memory.moves.inFlight.map((record) => ({...record, eviction: 'restored'})),
    });
  });

  it('stays within the limits of the schema, so that the API server takes the rest', () => {
    const endless = 'x'.repeat(20_000);
    const injection: InjectionDecision = {
      kind: 'rest',
      status: {state: 'Suggested', message: endless, patch: endless},
    };

    const entry = entryFor(PILED, blocked('NoFeasibleNode', endless), {injection});

    expect(entry.message).toHaveLength(4096);
    expect(entry.blocked?.message).toHaveLength(4096);
    expect(entry.injection?.message).toHaveLength(4096);
    // A patch that is cut is none.
    expect(entry.injection).not.toHaveProperty('patch');
  });
});

type Decided = Exclude<MoveDecision, {kind: 'evict'}>;

function blocked(reason: Extract<Decided, {kind: 'blocked'}>['blocked']['reason'], message = 'why'): Decided {
  return {...END, kind: 'blocked', blocked: {reason, message}};
}

function planOf(replicas: WorkloadReplicas) {
  const nodes = ['a', 'b', 'c'].map((name) => node(name));
  return plan(planRequest(replicas, clusterState({nodes, pods: replicas.pods})));
}

/** The scheduler would choose otherwise than the plan wants. */
function overruledEntry(options: WorkloadOptions, status: InjectionStatus) {
  const replicas = settled({a: 2}, options);
  const refusal = {
    reason: 'NoFeasibleNode' as const,
    message: 'so evicting it would not help',
    isOverruled: true as const,
  };
  const {assessment} = planOf(replicas);
  return workloadEntry(
    {replicas, assessment, memory: newMemory('u'), now: NOW},
    {
      kind: 'decided',
      decision: blocked(refusal.reason, refusal.message),
      plan: {assessment, moves: [], refusal},
      injection: {kind: 'rest', status},
    },
  );
}

function entryFor(
  replicas: WorkloadReplicas,
  decision: Decided,
  {
    memory = newMemory('u'),
    now = NOW,
    injection = REST,
  }: {
    readonly memory?: WorkloadMemory;
    readonly now?: number;
    readonly injection?: InjectionDecision;
  } = {},
) {
  const planned = planOf(replicas);
  return workloadEntry(
    {replicas, assessment: planned.assessment, memory, now},
    {kind: 'decided', decision, plan: planned, injection},
  );
}
