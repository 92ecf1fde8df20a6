import {describe, expect, it} from '@jest/globals';
import {clusterState, node} from '../../test/scenarios/builders.ts';
import {HOSTNAME, planRequest} from '../../test/scenarios/scheduled-moves.ts';
import {READY_AT, settled, spreadPolicy, type WorkloadOptions} from '../../test/scenarios/workloads.ts';
import type {Eviction} from '../api/types.ts';
import {type DisruptionBudget, toDisruptionBudget} from '../cluster/disruption-budget.ts';
import type {Pod} from '../cluster/pod.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import {type Plan, type PlannedMove, plan} from '../planning/plan.ts';
import {
  decide,
  type MoveDecision,
  type MoveFacts,
  type MoveMemory,
  type MoveRecord,
  NO_MEMORY,
} from './mover.ts';

const SECOND = 1000;
/** Long after the replicas became Ready. */
const NOW = READY_AT + 3600 * SECOND;
const SOFT: WorkloadOptions = {
  podSpec: {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              topologyKey: 'kubernetes.io/hostname',
              labelSelector: {matchLabels: {app: 'web'}},
            },
          },
        ],
      },
    },
  },
};
const PILED = settled({a: 3, b: 0, c: 0}, SOFT);

describe('decide: at rest', () => {
  it('is spread', () => {
    const decision = decided(settled({a: 1, b: 1, c: 1}, SOFT));

    expect(decision).toMatchObject({
      kind: 'spread',
      message: '3 replicas over 3 eligible domains of kubernetes.io/hostname, skew 0',
      memory: NO_MEMORY,
    });
  });

  it('is spread with more replicas than domains, as far as they allow', () => {
    expect(decided(settled({a: 2, b: 1, c: 1}, SOFT))).toMatchObject({
      kind: 'spread',
      message: expect.stringMatching(/skew 1: as even as 3 domains allow$/),
    });
  });

  it('forgets its back-off once it is spread and the pause is over: a cordon may make it look spread', () => {
    const backOff = {failures: 3, seconds: 80, until: NOW + SECOND, message: 'no'};
    const memory = {inFlight: [], backOff};

    const before = decided(settled({a: 1, b: 1, c: 1}), {memory});
    const after = decided(settled({a: 1, b: 1, c: 1}), {memory, now: backOff.until});

    expect(before).toMatchObject({kind: 'spread', memory, recheckAt: backOff.until});
    expect(after).toMatchObject({kind: 'spread', memory: NO_MEMORY});
    expect(after.memory.backOff).toBeUndefined();
  });

  it('evicts one replica of a pile', () => {
    const decision = decided(PILED);

    expect(decision.kind).toBe('evict');
    expect(movesOf(decision)).toEqual(['web-1 from a']);
  });
});

describe('decide: reasons to move nothing, the weightier one first', () => {
  const budget = {budgets: [pdb('web', 0)]};
  const paused = settled({a: 3, b: 0, c: 0}, {...SOFT, spec: {paused: true}});
  const backOff = {failures: 1, seconds: 300, until: NOW + 60 * SECOND, message: 'moving web-0 did not help'};

  it.each<{what: string; replicas?: WorkloadReplicas; change: Change; reason: string; message: RegExp}>([
    {
      what: 'suspended, whatever else',
      replicas: paused,
      change: {suspended: true, eviction: {mode: 'Disabled', minReplicas: 9}},
      reason: 'Suspended',
      message: /spec\.suspend/,
    },
    {
      what: 'fewer replicas than minReplicas, rollout or not',
      replicas: paused,
      change: {eviction: {minReplicas: 4}},
      reason: 'TooFewReplicas',
      message: /spec\.replicas is 3: workloads of fewer than 4 replicas are never evicted/,
    },
    {
      what: 'a single replica, whatever minReplicas says and whoever is left of a larger number',
      replicas: {...PILED, workload: {...PILED.workload, replicas: 1}},
      change: {eviction: {minReplicas: 1}},
      reason: 'TooFewReplicas',
      message: /spec\.replicas is 1: workloads of fewer than 2 replicas are never evicted/,
    },
    {
      what: 'a rollout, before a plan that cannot be carried out',
      replicas: paused,
      change: {nodes: 'a'},
      reason: 'RolloutInProgress',
      message: /is paused/,
    },
    {
      what: 'a replica that is not Ready',
      replicas: {...PILED, pods: PILED.pods.map((pod, index) => ({...pod, ready: index > 0}))},
      change: {},
      reason: 'NotAvailable',
      message: /web-1 on a is not Ready/,
    },
    {
      what: 'a replica that is Pending',
      replicas: {...PILED, pods: [...PILED.pods.slice(1), waitingReplica()]},
      change: {},
      reason: 'NotAvailable',
      message: /web-1 is Pending/,
    },
    {
      what: 'no node to move to',
      change: {nodes: 'a'},
      reason: 'InsufficientDomains',
      message: /only one domain/,
    },
    {
      what: 'an open circuit, before the pause after a failure',
      change: {circuitOpen: '1 of 3 nodes is not Ready: b', memory: {inFlight: [], backOff}},
      reason: 'CircuitOpen',
      message: /stopped in the whole cluster: 1 of 3 nodes/,
    },
    {
      what: 'the pause after a failure, before the budget',
      change: {memory: {inFlight: [], backOff}, ...budget},
      reason: 'BackingOff',
      message: /^moving web-0 did not help; next attempt at 2026-01-01T01:01:00Z \(after 300 s\)$/,
    },
    {
      what: 'an exhausted budget, before the wait for replicas to settle',
      change: {...budget, now: READY_AT},
      reason: 'PodDisruptionBudgetExhausted',
      message:
        /PodDisruptionBudget web \(maxUnavailable 0\) allows no disruption now: 3 pods are healthy, 3 must be/,
    },
  ])('$what', ({replicas = PILED, change, reason, message}) => {
    const decision = decided(replicas, change);

    expect(decision).toMatchObject({
      kind: 'blocked',
      blocked: {reason, message: expect.stringMatching(message)},
    });
  });

  it('never evicts the only replica, though it sits on a cordoned node', () => {
    const replicas = settled({a: 1}, SOFT);
    const decision = decided(replicas, {nodes: 'abc', cordoned: 'a'});

    expect(decision.kind).not.toBe('evict');
  });

  it('tells of a rollout without moves as what it is, not as spread', () => {
    const replicas = settled({a: 1, b: 1, c: 1}, {spec: {paused: true}});

    expect(decided(replicas)).toMatchObject({kind: 'blocked', blocked: {reason: 'RolloutInProgress'}});
  });

  it.each(['DryRun', 'Disabled'] as const)('with mode %s says what it would do', (mode) => {
    expect(decided(PILED, {eviction: {mode}})).toMatchObject({
      kind: 'planned',
      message: `2 moves needed; next: web-1 from a to b or c; nothing is evicted: eviction.mode is ${mode}`,
    });
  });

  it('goes on when the pause is over, to the millisecond', () => {
    const memory = {inFlight: [], backOff};

    expect(decided(PILED, {memory, now: backOff.until - 1}).kind).toBe('blocked');
    expect(decided(PILED, {memory, now: backOff.until})).toMatchObject({
      kind: 'evict',
      // Until the next move has helped, the failures count.
      memory: {backOff},
    });
  });

  it.each([
    {several: false, budget: true, reason: 'PodDisruptionBudgetExhausted'},
    {several: true, budget: false, reason: 'MultiplePodDisruptionBudgets'},
    {several: false, budget: false, reason: 'EvictionRefused'},
  ])('takes the API server’s refusal as given for its time: $reason', ({reason, ...kind}) => {
    const refusal = {until: NOW + 5 * SECOND, message: 'needs 3 healthy pods', ...kind};

    expect(decided(PILED, {refusal})).toMatchObject({
      kind: 'blocked',
      blocked: {reason, message: expect.stringMatching(/needs 3 healthy pods/)},
      recheckAt: refusal.until,
    });
    expect(decided(PILED, {refusal, now: refusal.until}).kind).toBe('evict');
  });
});

describe('decide: disruption budgets', () => {
  it.each<{what: string; budgets: DisruptionBudget[]; outcome: string}>([
    {what: 'none', budgets: [], outcome: 'evict'},
    {what: 'one that allows it', budgets: [pdb('web', 1)], outcome: 'evict'},
    {what: 'one of other pods', budgets: [pdb('db', 0, 'db')], outcome: 'evict'},
    {what: 'one of another namespace', budgets: [{...pdb('web', 0), namespace: 'other'}], outcome: 'evict'},
    {what: 'one that allows none', budgets: [pdb('web', 0)], outcome: 'PodDisruptionBudgetExhausted'},
    {
      what: 'one whose status is of an older generation',
      budgets: [{...pdb('web', 5), generation: 2}],
      outcome: 'PodDisruptionBudgetExhausted',
    },
    {
      what: 'two that allow it',
      budgets: [pdb('web', 1), pdb('all', 1)],
      outcome: 'MultiplePodDisruptionBudgets',
    },
  ])('$what: $outcome', ({budgets, outcome}) => {
    const decision = decided(PILED, {budgets});

    expect(decision.kind === 'blocked' ? decision.blocked.reason : decision.kind).toBe(outcome);
  });

  it('names both of two budgets', () => {
    expect(decided(PILED, {budgets: [pdb('web', 1), pdb('all', 1)]})).toMatchObject({
      blocked: {message: expect.stringMatching(/web-1 has 2 PodDisruptionBudgets.*: all, web; keep one/)},
    });
  });

  it.each([
    {allowed: 0, evicted: 0},
    {allowed: 1, evicted: 1},
    {allowed: 2, evicted: 2},
    {allowed: 9, evicted: 2},
  ])('that allows $allowed disruptions lets $evicted of two concurrent moves begin', ({allowed, evicted}) => {
    const decision = decided(PILED, {budgets: [pdb('web', allowed)], eviction: {maxConcurrentMoves: 5}});

    expect(movesOf(decision)).toHaveLength(evicted);
  });
});

describe('decide: several moves at once', () => {
  it.each([
    {replicas: 9, maxConcurrentMoves: 1, minReplicas: 2, moves: 1},
    {replicas: 9, maxConcurrentMoves: 3, minReplicas: 2, moves: 3},
    {replicas: 9, maxConcurrentMoves: 20, minReplicas: 2, moves: 6},
    {replicas: 9, maxConcurrentMoves: 20, minReplicas: 8, moves: 2},
    {replicas: 9, maxConcurrentMoves: 20, minReplicas: 9, moves: 1},
    {replicas: 2, maxConcurrentMoves: 5, minReplicas: 2, moves: 1},
    {replicas: 3, maxConcurrentMoves: 5, minReplicas: 1, moves: 2},
  ])(
    '$replicas piled, at most $maxConcurrentMoves at once, minReplicas $minReplicas: $moves',
    ({replicas, moves, ...eviction}) => {
      const decision = decided(settled({a: replicas, b: 0, c: 0}, SOFT), {eviction});

      expect(movesOf(decision)).toHaveLength(moves);
      expect(new Set(movesOf(decision)).size).toBe(moves);
    },
  );
});

describe('decide: settling', () => {
  it.each([
    {settleSeconds: 30, age: 29.999, kind: 'settling'},
    {settleSeconds: 30, age: 30, kind: 'evict'},
    {settleSeconds: 0, age: 0, kind: 'evict'},
  ])(
    'with settleSeconds $settleSeconds and the youngest Ready for $age s: $kind',
    ({settleSeconds, age, kind}) => {
      const decision = decided(PILED, {eviction: {settleSeconds}, now: READY_AT + age * SECOND});

      expect(decision.kind).toBe(kind);
      expect(decision.recheckAt).toBe(kind === 'settling' ? READY_AT + settleSeconds * SECOND : undefined);
    },
  );

  it.each([
    {settleSeconds: 1, minReadySeconds: 30, age: 29.999, kind: 'settling'},
    {settleSeconds: 1, minReadySeconds: 30, age: 30, kind: 'evict'},
    {settleSeconds: 30, minReadySeconds: 1, age: 29.999, kind: 'settling'},
  ])(
    'with settleSeconds $settleSeconds, minReadySeconds $minReadySeconds, an old word that all are available, and the youngest Ready for $age s: $kind',
    ({settleSeconds, minReadySeconds, age, kind}) => {
      const replicas = {...PILED, workload: {...PILED.workload, minReadySeconds}};

      const decision = decided(replicas, {eviction: {settleSeconds}, now: READY_AT + age * SECOND});

      expect(decision.kind).toBe(kind);
    },
  );

  it('waits for the youngest of the replicas', () => {
    const pods = PILED.pods.map((pod, index) => (index === 2 ? {...pod, readyChangedAt: NOW - SECOND} : pod));

    expect(decided({...PILED, pods}).kind).toBe('settling');
  });
});

describe('decide: a move that improves nothing', () => {
  const pointless = (change: Partial<PlannedMove> = {}): Plan => {
    const snapshot = clusterState({nodes: ['a', 'b', 'c'].map((name) => node(name)), pods: PILED.pods});
    const {moves, ...rest} = plan(planRequest(PILED, snapshot, {topologies: [HOSTNAME]}));
    return {
      ...rest,
      moves: moves.map((move) => ({...move, objectiveAfter: move.objectiveBefore, ...change})),
    };
  };

  it('is not made, whoever has planned it', () => {
    const decision = decided(PILED, {plan: pointless()});

    expect(decision).toMatchObject({
      kind: 'blocked',
      blocked: {
        reason: 'NoFeasibleNode',
        message: 'moving web-1 from a to b or c would improve nothing by itself and make room for nobody',
      },
    });
  });

  it('is made where it makes room for another workload', () => {
    const makesRoomFor = {workload: 'default/api', objectiveBefore: [0, 3, 0]};

    const decision = decided(PILED, {plan: pointless({makesRoomFor})});

    expect(movesOf(decision)).toEqual(['web-1 from a']);
  });
});

// web-x was evicted from a, where it was one of three; the objective was 6.
describe('decide: a move that has begun', () => {
  const record = (change: Partial<MoveRecord> = {}): MoveRecord => ({
    pod: 'web-x',
    podUID: 'uid-of-web-x',
    from: 'a',
    to: ['b', 'c'],
    startedAt: NOW - 60 * SECOND,
    replicas: 3,
    objectiveBefore: [0, 6, 0],
    eviction: 'evicted',
    ...change,
  });
  const moving = (...inFlight: MoveRecord[]): MoveMemory => ({inFlight});
  const better = settled({a: 2, b: 1, c: 0}, SOFT);

  it('is over when the replacement has been Ready for settleSeconds and it helped: the next one begins', () => {
    const decision = decided(better, {memory: moving(record())});

    expect(decision.finished.map(({result}) => result)).toEqual(['improved']);
    expect(decision.kind).toBe('evict');
    expect(decision.memory).toEqual(NO_MEMORY);
  });

  it('clears the back-off when it helped', () => {
    const backOff = {failures: 4, seconds: 80, until: 0, message: 'no'};

    expect(decided(better, {memory: {inFlight: [record()], backOff}}).memory).toEqual(NO_MEMORY);
  });

  it.each([
    {age: 29.999, kind: 'moving'},
    {age: 30, kind: 'evict'},
  ])('goes on until settleSeconds have passed: after $age s $kind', ({age, kind}) => {
    const now = READY_AT + age * SECOND;

    const decision = decided(better, {memory: moving(record({startedAt: READY_AT})), now});

    expect(decision.kind).toBe(kind);
    if (kind === 'moving') {
      expect(decision).toMatchObject({
        memory: moving(record({startedAt: READY_AT})),
        recheckAt: READY_AT + 30_000,
      });
    }
  });

  it.each<{what: string; replicas: WorkloadReplicas}>([
    {what: 'is missing', replicas: {...better, pods: better.pods.slice(1)}},
    {what: 'is Pending', replicas: {...better, pods: [...better.pods.slice(1), waitingReplica()]}},
    {
      what: 'is not Ready',
      replicas: {...better, pods: better.pods.map((pod, index) => ({...pod, ready: index > 0}))},
    },
    {
      what: 'is Ready, but the old replica is still terminating',
      replicas: {
        ...better,
        pods: [...better.pods, {...(PILED.pods[0] as Pod), uid: 'uid-of-web-x', deletionTimestamp: NOW}],
      },
    },
  ])('goes on while the replacement $what, and is given up after moveTimeoutSeconds', ({replicas}) => {
    const memory = moving(record());
    const overdueAt = NOW - 60 * SECOND + 600 * SECOND;

    expect(decided(replicas, {memory})).toMatchObject({kind: 'moving', memory, recheckAt: overdueAt});
    expect(decided(replicas, {memory, now: overdueAt - 1}).kind).toBe('moving');
    expect(decided(replicas, {memory, now: overdueAt})).toMatchObject({
      kind: 'blocked',
      overdue: true,
      blocked: {
        reason: 'NotAvailable',
        message: expect.stringMatching(
          /^no replacement for web-x from a became available within 600 s \(eviction\.moveTimeoutSeconds\): .*; nothing more is evicted until it is$/,
        ),
      },
      // It is still this move's replacement when it comes at last.
      memory,
    });
  });

  it('suspended or with an open circuit, goes on being watched to its end', () => {
    const change = {memory: moving(record()), suspended: true, circuitOpen: 'trouble'};

    const decision = decided(better, change);

    expect(decision.finished.map(({result}) => result)).toEqual(['improved']);
    expect(decision).toMatchObject({kind: 'blocked', blocked: {reason: 'Suspended'}});
  });

  it('is watched through a rollout that began meanwhile', () => {
    const memory = moving(record());
    const replicas = {...better, workload: {...better.workload, generation: 2}};

    expect(decided(replicas, {memory})).toMatchObject({
      kind: 'blocked',
      blocked: {reason: 'RolloutInProgress'},
      memory,
    });
  });

  it.each<{what: string; replicas: WorkloadReplicas; createdAt: number; arrived: boolean}>([
    {what: 'scaled', replicas: settled({a: 3, b: 1}, SOFT), createdAt: READY_AT, arrived: false},
    {what: 'scaled', replicas: settled({a: 3, b: 1}, SOFT), createdAt: NOW - 50 * SECOND, arrived: true},
    {what: 'rolled out', replicas: settled({a: 3}, SOFT), createdAt: NOW - 50 * SECOND, arrived: false},
    {what: 'rolled out', replicas: better, createdAt: NOW - 50 * SECOND, arrived: true},
  ])(
    'of a workload that was $what meanwhile is not judged; a replacement where it was expected: $arrived',
    ({replicas, createdAt, arrived}) => {
      const backOff = {failures: 2, seconds: 40, until: 0, message: 'no'};
      const pods = replicas.pods.map((pod) => ({...pod, createdAt}));

      const {finished, memory} = decided({...replicas, pods}, {memory: {inFlight: [record()], backOff}});

      expect(finished.map(({result}) => result)).toEqual(['incomparable']);
      // Neither a success nor one more failure; but an autoscaler must not make a loop of it.
      expect(memory.backOff).toMatchObject(
        arrived ? backOff : {failures: 2, seconds: 300, until: NOW + 300 * SECOND},
      );
    },
  );

  it('makes no pause when a scale-down took the replacement away', () => {
    const shrunk = settled({a: 2, b: 0}, SOFT);

    const decision = decided(shrunk, {memory: moving(record())});

    expect(decision).toMatchObject({
      kind: 'evict',
      memory: {inFlight: []},
      finished: [{result: 'incomparable'}],
    });
    expect(decision.memory.backOff).toBeUndefined();
  });

  it.each([
    {failures: 0, seconds: 20},
    {failures: 1, seconds: 40},
    {failures: 2, seconds: 80},
    {failures: 3, seconds: 100},
    {failures: 60, seconds: 100},
  ])(
    'that did not help after $failures such moves makes the workload back off for $seconds s',
    ({failures, seconds}) => {
      const before = {failures, seconds: 10, until: 0, message: 'earlier'};
      const memory = failures === 0 ? moving(record()) : {inFlight: [record()], backOff: before};

      const decision = decided(PILED, {memory, backOff: {firstSeconds: 20, longestSeconds: 100}});

      expect(decision.finished.map(({result}) => result)).toEqual(['unchanged']);
      expect(decision.memory).toMatchObject({
        inFlight: [],
        backOff: {failures: failures + 1, seconds, until: NOW + seconds * SECOND},
      });
      expect(decision).toMatchObject({
        kind: 'blocked',
        blocked: {
          reason: 'BackingOff',
          message: expect.stringMatching(
            /^moving web-x did not help: .* \(expected on b, c\); next attempt at/,
          ),
        },
        recheckAt: NOW + seconds * SECOND,
      });
    },
  );

  it.each<{what: string; objectiveBefore: number[]; to?: string[]; result: string}>([
    {what: 'fewer hard rules are broken', objectiveBefore: [1, 3, 0], result: 'improved'},
    {what: 'fewer unwanted neighbours are left', objectiveBefore: [0, 4, 1], result: 'improved'},
    {what: 'as many hard rules are broken', objectiveBefore: [0, 4, 0], result: 'unchanged'},
    {what: 'the policy has another topology now', objectiveBefore: [0, 9, 9, 0], result: 'incomparable'},
    {what: 'an earlier version wrote the record', objectiveBefore: [6], result: 'incomparable'},
  ])('is judged $result when $what', ({objectiveBefore, result}) => {
    const decision = decided(better, {memory: moving(record({objectiveBefore}))});

    expect(decision.finished.map((finished) => finished.result)).toEqual([result]);
  });

  it('of a batch helped only if the placement is better than before the batch', () => {
    const batch = moving(record(), record({pod: 'web-y', podUID: 'uid-of-web-y'}));

    const improved = decided(settled({a: 1, b: 1, c: 1}, SOFT), {memory: batch});
    const unchanged = decided(PILED, {memory: batch});

    expect(improved.finished.map(({result}) => result)).toEqual(['improved', 'improved']);
    expect(unchanged.finished.map(({result}) => result)).toEqual(['unchanged', 'unchanged']);
    expect(unchanged.memory.backOff?.failures).toBe(1);
  });

  describe('whose replica is still alive', () => {
    const alive = record({podUID: PILED.pods[0]?.uid ?? '', pod: 'web-1'});

    it.each([
      {eviction: 'restored', hasSurvived: true},
      {eviction: 'restored', hasSurvived: false},
      {eviction: 'cut', hasSurvived: true},
      {eviction: 'cut', hasSurvived: false},
      {eviction: 'unknown', hasSurvived: true},
      {eviction: 'unknown', hasSurvived: false},
      {eviction: 'evicted', hasSurvived: false},
    ] as const)(
      'and whose eviction is $eviction for a long time never happened, by the word of the API server: $hasSurvived',
      ({eviction, hasSurvived}) => {
        const startedAt = NOW - 599 * SECOND;
        const memory = moving({...alive, eviction, startedAt, ...(hasSurvived ? {hasSurvived} : {})});

        const decision = decided(PILED, {memory});

        expect(decision.kind).toBe(hasSurvived ? 'evict' : 'moving');
        expect(decision.finished.map(({result}) => result)).toEqual(hasSurvived ? ['not-evicted'] : []);
        // Nothing was tried, so nothing has failed.
        expect(decision.memory.backOff).toBeUndefined();
      },
    );

    it('although the eviction was accepted is not evicted again', () => {
      const memory = moving({...alive, startedAt: NOW - 600 * SECOND});

      expect(decided(PILED, {memory})).toMatchObject({
        kind: 'blocked',
        overdue: true,
        blocked: {
          reason: 'NotAvailable',
          message: expect.stringMatching(/accepted, and the pod is still there/),
        },
        memory,
      });
    });

    it('does not end the rest of its batch', () => {
      const restored = {...alive, eviction: 'restored' as const, hasSurvived: true};
      const other = record({eviction: 'restored'});
      const missing = {...better, pods: better.pods.slice(0, 2)};

      const decision = decided(
        {
          ...missing,
          pods: missing.pods.map((pod, index) => (index === 0 ? {...pod, uid: alive.podUID} : pod)),
        },
        {memory: moving(restored, other)},
      );

      expect(decision).toMatchObject({kind: 'moving', memory: moving(other)});
      expect(decision.finished.map(({result}) => result)).toEqual(['not-evicted']);
    });

    it('as terminating is waited for, restart or not', () => {
      const pods = PILED.pods.map((pod, index) => (index === 0 ? {...pod, deletionTimestamp: NOW} : pod));

      const decision = decided({...PILED, pods}, {memory: moving({...alive, eviction: 'restored'})});

      expect(decision.kind).toBe('moving');
    });
  });
});

describe('decide: a hard rule with fewer domains than replicas', () => {
  it('says which replica stays Pending and why, whatever else is wrong', () => {
    const term = {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: 'web'}}};
    const hard: WorkloadOptions = {
      podSpec: {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [term]}}},
    };
    const four = settled({a: 1, b: 1, c: 2}, hard);
    const waiting = {...waitingReplica(), unschedulable: {since: NOW, message: '0/3 nodes are available'}};

    const decision = decided({...four, pods: [...four.pods.slice(0, 3), waiting]});

    expect(decision).toMatchObject({
      kind: 'blocked',
      blocked: {
        reason: 'InsufficientDomains',
        message: expect.stringMatching(
          /^4 replicas under a hard rule .* 3 are eligible: web-1 stays Pending$/,
        ),
      },
    });
  });
});

describe('decide: a cluster of which no node takes pods', () => {
  const closed = {cordoned: 'abc'};
  const why = 'no node takes pods (cordoned: a, b, c)';
  const apart = settled({a: 1, b: 1, c: 1}, SOFT);

  it('says so beside the replicas that are not Ready', () => {
    const pods = apart.pods.map((pod) => ({...pod, ready: false}));

    expect(decided({...apart, pods}, closed)).toMatchObject({
      kind: 'blocked',
      blocked: {reason: 'NotAvailable', message: `web-1 on a and 2 more are not Ready; ${why}`},
    });
  });

  it('says so of the replica that stays Pending, and does not ask for fewer replicas', () => {
    const term = {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: 'web'}}};
    const hard = settled(
      {a: 1, b: 1, c: 1},
      {podSpec: {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [term]}}}},
    );
    const waiting = {...waitingReplica(), unschedulable: {since: NOW, message: '0/3 nodes are available'}};

    expect(decided({...hard, pods: [...hard.pods.slice(1), waiting]}, closed)).toMatchObject({
      kind: 'blocked',
      blocked: {reason: 'InsufficientDomains', message: `web-1 stays Pending: ${why}`},
    });
  });

  it('does not call replicas as even as no domain allows', () => {
    expect(decided(apart, closed)).toMatchObject({
      kind: 'spread',
      message: `3 replicas, none of which shares a domain of kubernetes.io/hostname; ${why}`,
    });
  });

  it('evicts nothing of a pile', () => {
    expect(decided(PILED, closed)).toMatchObject({
      kind: 'blocked',
      blocked: {reason: 'InsufficientDomains', message: expect.stringContaining('cordoned: a, b, c')},
    });
  });
});

describe('decide: a move that was made for another workload', () => {
  const replicas = settled({b: 1, c: 1});
  const arrived = {
    ...replicas,
    pods: replicas.pods.map((each) =>
      each.nodeName === 'c' ? {...each, createdAt: NOW - 50 * SECOND} : each,
    ),
  };
  const record: MoveRecord = {
    pod: 'web-0',
    podUID: 'gone',
    from: 'a',
    to: ['c'],
    startedAt: NOW - 60 * SECOND,
    replicas: 2,
    objectiveBefore: [0, 2, 0],
    makesRoomFor: {workload: 'default/api', objectiveBefore: [0, 3, 0]},
    eviction: 'evicted',
  };

  it('has helped when the replacement is where it was expected, and the other one uses the room', () => {
    const decision = decided(arrived, {memory: {inFlight: [record]}});

    expect(decision).toMatchObject({
      kind: 'spread',
      memory: {inFlight: []},
      finished: [{result: 'improved'}],
    });
    expect(decision.memory).not.toHaveProperty('backOff');
  });

  it.each<{what: string; inFlight: MoveRecord; isRoomUsed: boolean}>([
    {what: 'the other one cannot use the room', inFlight: record, isRoomUsed: false},
    {what: 'the replacement went elsewhere', inFlight: {...record, to: ['a']}, isRoomUsed: true},
    {
      what: 'the workload is worse off',
      inFlight: {...record, objectiveBefore: [0, 1, 0]},
      isRoomUsed: true,
    },
  ])('makes the workload back off when $what', ({inFlight, isRoomUsed}) => {
    const decision = decided(arrived, {memory: {inFlight: [inFlight]}, isRoomUsed: () => isRoomUsed});

    expect(decision.finished.map(({result}) => result)).toEqual(['unchanged']);
    expect(decision.memory).toMatchObject({
      inFlight: [],
      backOff: {
        failures: 1,
        message: expect.stringMatching(/^moving web-0 made no room that default\/api could use/),
      },
    });
  });
});

interface Change extends Partial<Omit<MoveFacts, 'eviction' | 'replicas'>> {
  readonly eviction?: Partial<Eviction>;
  /** One letter for each node. */
  readonly nodes?: string;
  readonly cordoned?: string;
}

function decided(replicas: WorkloadReplicas, change: Change = {}): MoveDecision {
  const {eviction, nodes = 'abc', cordoned = '', ...facts} = change;
  const snapshot = clusterState({
    nodes: nodes.split('').map((name) => node(name, {unschedulable: cordoned.includes(name)})),
    pods: replicas.pods,
  });
  return decide({
    replicas,
    plan: plan(planRequest(replicas, snapshot, {topologies: [HOSTNAME], detailedMoves: 20})),
    eviction: {...spreadPolicy().spec.eviction, ...eviction},
    suspended: false,
    budgets: [],
    memory: NO_MEMORY,
    circuitOpen: undefined,
    refusal: undefined,
    backOff: {firstSeconds: 300, longestSeconds: 21_600},
    now: NOW,
    isRoomUsed: () => true,
    ...facts,
  });
}

function movesOf(decision: MoveDecision): string[] {
  return decision.kind === 'evict' ? decision.moves.map(({pod, from}) => `${pod.name} from ${from}`) : [];
}

function waitingReplica(): Pod {
  const {nodeName: _, ...waiting} = PILED.pods[0] as Pod;
  return {...waiting, phase: 'Pending', ready: false};
}

function pdb(name: string, disruptionsAllowed: number, app = 'web'): DisruptionBudget {
  return toDisruptionBudget({
    metadata: {name, namespace: 'default', uid: name, resourceVersion: '1', generation: 1},
    spec: {selector: {matchLabels: {app}}, maxUnavailable: disruptionsAllowed},
    status: {
      observedGeneration: 1,
      disruptionsAllowed,
      currentHealthy: 3,
      desiredHealthy: 3 - disruptionsAllowed,
      expectedPods: 3,
    },
  });
}
