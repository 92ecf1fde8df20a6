import {describe, expect, it} from '@jest/globals';
import {node, pod} from '../../test/scenarios/builders.ts';
import {RecordedActions} from '../../test/scenarios/recorded-actions.ts';
import {
  clusterCache,
  type PolicyOptions,
  READY_AT,
  replica,
  replicaSet,
  settled,
  spreadPolicy,
  storedPolicy,
  type WorkloadOptions,
} from '../../test/scenarios/workloads.ts';
import type {SpreadPolicyStatus, WorkloadStatus} from '../api/types.ts';
import type {ClusterCache} from '../cluster/cluster-cache.ts';
import {toDisruptionBudget} from '../cluster/disruption-budget.ts';
import type {Pod} from '../cluster/pod.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import {Pace} from '../eviction/pace.ts';
import {capabilitiesOf, isEmptyRule, NO_RULE} from '../injection/rule.ts';
import {ApiError} from '../kube/api-error.ts';
import type {EvictionResult} from '../kube/eviction.ts';
import {ManualClock} from '../kube/testing/manual-clock.ts';
import {MemoryLog} from '../kube/testing/memory-log.ts';
import {PolicyIndex, policyKey, toStoredPolicy} from './policy-index.ts';
import {PolicyReports} from './policy-reports.ts';
import {WorkloadReconciler} from './workload-reconciler.ts';

const WEB = 'default/web';
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
const MOVES_ONLY: PolicyOptions = {injection: {mode: 'Disabled'}};

describe('WorkloadReconciler: a move', () => {
  it('is written down before the eviction, for whoever takes over after a crash', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));

    await cluster.look();

    expect(cluster.actions.calls).toEqual(['status', 'evict web-1']);
    expect(cluster.entry(0)).toMatchObject({
      state: 'Moving',
      inFlight: [
        {pod: 'web-1', podUID: 'pod-default-web-1', from: 'a', to: ['b', 'c'], objectiveBefore: [0, 6, 0]},
      ],
    });
    expect(cluster.actions.events.map(({reason, note}) => `${reason}: ${note}`)).toEqual([
      expect.stringMatching(/^Evicted: Deployment web: evicted web-1 from a \(likely\): .*; 1 more needed/),
    ]);
  });

  it('does not begin when it cannot be written down, and begins when it can', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.actions.onStatus = () => {
      throw new Error('503 Service Unavailable');
    };

    await expect(cluster.look()).rejects.toThrow('503');

    expect(cluster.actions.evicted).toEqual([]);

    cluster.actions.onStatus = () => {};
    await cluster.look();

    expect(cluster.actions.evicted).toEqual(['web-1']);
  });

  it('does not begin when the operator is stopped while it is written down', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    const stop = new AbortController();
    cluster.actions.onStatus = () => stop.abort(new Error('SIGTERM'));

    await cluster.look(stop.signal);

    expect(cluster.actions.evicted).toEqual([]);
  });

  it.each<{what: string; change: (cluster: Cluster) => void}>([
    {what: 'the replica is gone', change: ({cache, replicas}) => cache.deletePod(replicas.pods[0] as Pod)},
    {
      what: 'another replica is not Ready any more',
      change: ({cache, replicas}) =>
        cache.setPod({...(replicas.pods[2] as Pod), ready: false}, replicas.pods[2]),
    },
    {
      what: 'a rollout has begun',
      change: ({cache, replicas: {workload}}) => cache.setWorkload({...workload, generation: 2}),
    },
    {
      what: 'the Deployment is another one of that name',
      change: ({cache, replicas: {workload}}) => cache.setWorkload({...workload, uid: 'created-again'}),
    },
    {
      what: 'the Deployment was opted out',
      change: ({cache, replicas: {workload}}) => cache.setWorkload({...workload, excluded: 'x: "true"'}),
    },
    {
      what: 'the policy has changed',
      change: ({policies}) => policies.set(storedPolicy({...MOVES_ONLY, generation: 2, suspend: true})),
    },
    {
      what: 'an older policy has come, though it wants the same',
      change: ({policies}) =>
        policies.set(storedPolicy({...MOVES_ONLY, name: 'older', createdAt: '2025-01-01T00:00:00Z'})),
    },
    {
      what: 'the circuit has opened',
      change: (cluster) => {
        cluster.circuitOpen = '1 of 3 nodes is not Ready: b';
      },
    },
    {
      what: 'another node has become the one where the scheduler would put the replacement',
      change: ({cache}) => cache.setNode(node('d')),
    },
    {
      what: 'every other node was cordoned',
      change: ({cache}) => {
        cache.setNode(node('b', {unschedulable: true}));
        cache.setNode(node('c', {unschedulable: true}));
      },
    },
  ])('does not begin when meanwhile $what', async ({change}) => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.actions.onStatus = () => change(cluster);

    const requeue = await cluster.look();

    expect(cluster.actions.calls).toEqual(['status']);
    expect(requeue).toEqual({afterMilliseconds: 0});
  });

  it('is not begun for two workloads at once when their one budget allows one disruption', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    const other = settled({a: 3}, {...SOFT, name: 'api'});
    cluster.cache.setWorkload(other.workload);
    other.replicaSets.forEach((each) => cluster.cache.setReplicaSet(each));
    other.pods.forEach((each) => cluster.cache.setPod(each));
    const budget = (resourceVersion: string, disruptionsAllowed: number) =>
      toDisruptionBudget({
        metadata: {name: 'both', namespace: 'default', uid: 'budget', resourceVersion, generation: 1},
        spec: {selector: {}, maxUnavailable: 1},
        status: {observedGeneration: 1, disruptionsAllowed, currentHealthy: 6, desiredHealthy: 5},
      });
    cluster.cache.setBudget(budget('1', 1));

    await Promise.all([cluster.look(), cluster.lookAt('default/api')]);
    await cluster.lookAt('default/api');
    expect(cluster.actions.evicted).toEqual(['web-1']);

    // The watch tells of the eviction, and later that the replacement is healthy.
    cluster.cache.setBudget(budget('2', 0));
    await cluster.lookAt('default/api');
    expect(cluster.actions.evicted).toEqual(['web-1']);
    cluster.landEvicted();
    cluster.cache.setBudget(budget('3', 1));
    await cluster.lookAt('default/api');
    expect(cluster.actions.evicted).toEqual(['web-1', 'api-1']);
  });

  it('is not begun twice while the cache is behind the eviction', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    await cluster.look();

    await cluster.look();
    await cluster.look();

    expect(cluster.actions.evicted).toEqual(['web-1']);
  });

  it.each([
    {seconds: 0.9, evicted: ['web-1', 'web-2']},
    {seconds: 1.1, evicted: ['web-1']},
  ])(
    'of a batch is not begun on an old decision: the answer to the first takes $seconds s',
    async ({seconds, evicted}) => {
      const cluster = new Cluster(settled({a: 4}, SOFT), {
        ...MOVES_ONLY,
        eviction: {maxConcurrentMoves: 2},
      });
      cluster.actions.onEvict = async () => {
        await cluster.clock.advance(seconds * 1000);
        return {kind: 'evicted'};
      };

      await cluster.look();
      await cluster.look();
      await cluster.flush();

      expect(cluster.actions.evicted).toEqual(evicted);
      expect(cluster.entry()?.inFlight?.map(({pod}) => pod)).toEqual(evicted);
    },
  );

  it('follows a move until nothing is left to do: the fewest, restarted at every step', async () => {
    for (const restarting of [false, true]) {
      const cluster = new Cluster(settled({a: 3}, SOFT));
      for (let round = 0; round < 12; round++) {
        await cluster.look();
        await cluster.flush();
        cluster.landEvicted();
        await cluster.clock.advance(31_000);
        if (restarting) {
          cluster.restart();
        }
      }

      expect(cluster.actions.evicted).toHaveLength(2);
      expect(cluster.entry()).toMatchObject({state: 'Spread', movesNeeded: 0});
      expect(cluster.entry()).not.toHaveProperty('inFlight');
      expect(cluster.finished).toEqual(['improved', 'improved']);
    }
  });

  it('that does not help makes the workload back off, and the pause survives a restart', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    await cluster.look();
    cluster.landEvicted('a');
    await cluster.clock.advance(31_000);
    await cluster.look();
    await cluster.flush();

    expect(cluster.entry()).toMatchObject({
      state: 'Blocked',
      blocked: {reason: 'BackingOff'},
      backOff: {failures: 1, seconds: 20},
    });

    cluster.restart();
    await cluster.look();

    expect(cluster.actions.evicted).toHaveLength(1);

    await cluster.clock.advance(20_000);
    await cluster.look();

    expect(cluster.actions.evicted).toHaveLength(2);
  });
});

describe('WorkloadReconciler: the answer to an eviction', () => {
  const failed = new ApiError({
    code: 403,
    status: {message: 'pods/eviction is forbidden'},
    method: 'POST',
    path: '/',
  });

  it.each<{result: EvictionResult; reason: string; seconds: number}>([
    {
      result: {kind: 'refused', message: 'needs 3 healthy pods', budgets: ['web']},
      reason: 'PodDisruptionBudgetExhausted',
      seconds: 5,
    },
    {
      result: {kind: 'refused', message: 'needs 3 healthy pods', budgets: ['web'], retryAfterSeconds: 10},
      reason: 'PodDisruptionBudgetExhausted',
      seconds: 10,
    },
    {
      result: {kind: 'misconfigured', message: 'more than one PodDisruptionBudget'},
      reason: 'MultiplePodDisruptionBudgets',
      seconds: 60,
    },
    {
      result: {kind: 'throttled', message: 'too many requests', retryAfterSeconds: 7},
      reason: 'EvictionRefused',
      seconds: 7,
    },
    {result: {kind: 'failed', error: failed}, reason: 'EvictionRefused', seconds: 5},
  ])('$result.kind: $reason for $seconds s, then once more', async ({result, reason, seconds}) => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.actions.onEvict = () => result;

    await cluster.look();
    await cluster.look();
    await cluster.flush();

    expect(cluster.entry()).toMatchObject({state: 'Blocked', blocked: {reason}});
    expect(cluster.entry()).not.toHaveProperty('inFlight');
    expect(cluster.entry()).not.toHaveProperty('backOff');

    await cluster.clock.advance(seconds * 1000 - 1);
    await cluster.look();

    expect(cluster.actions.evicted).toHaveLength(1);

    await cluster.clock.advance(1);
    await cluster.look();

    expect(cluster.actions.evicted).toHaveLength(2);
  });

  it.each<EvictionResult>([{kind: 'gone'}, {kind: 'changed', message: 'uid'}])(
    '$kind: looks again soon, and nothing is held against the workload',
    async (result) => {
      const cluster = new Cluster(settled({a: 3}, SOFT));
      cluster.actions.onEvict = () => result;

      const requeue = await cluster.look();
      await cluster.flush();

      expect(requeue?.afterMilliseconds).toBeGreaterThan(0);
      expect(requeue?.afterMilliseconds).toBeLessThan(1000);
      expect(cluster.entry()).not.toHaveProperty('inFlight');
      expect(cluster.entry()).not.toHaveProperty('blocked');
    },
  );

  it('unknown: waits to see, restarted or not, and tries again only when it did not happen', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.actions.onEvict = () => ({kind: 'unknown', error: new Error('timeout')});

    await cluster.look();
    await cluster.clock.advance(10_000);
    await cluster.look();
    cluster.restart();
    await cluster.look();

    expect(cluster.actions.evicted).toHaveLength(1);

    await cluster.clock.advance(60_000);
    await cluster.look();

    expect(cluster.actions.evicted).toHaveLength(2);
  });

  it('unknown: takes the word of the API server, not of a cache that may be behind', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.actions.onEvict = () => ({kind: 'unknown', error: new Error('timeout')});
    cluster.actions.onIsAlive = () => false;

    await cluster.look();
    await cluster.clock.advance(60_000);
    await cluster.look();
    await cluster.flush();

    expect(cluster.actions.calls).toEqual(['status', 'evict web-1', 'ask for web-1']);
    expect(cluster.entry()).toMatchObject({state: 'Moving', inFlight: [{pod: 'web-1'}]});
  });

  it('unknown: forgets nothing while the API server does not say what has happened', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.actions.onEvict = () => ({kind: 'unknown', error: new Error('timeout')});
    cluster.actions.onIsAlive = () => {
      throw new Error('the API server is away');
    };

    await cluster.look();
    await cluster.clock.advance(60_000);

    await expect(cluster.look()).rejects.toThrow('the API server is away');
    expect(cluster.actions.evicted).toHaveLength(1);
    expect(cluster.entry()).toMatchObject({state: 'Moving', inFlight: [{pod: 'web-1'}]});
  });
});

describe('WorkloadReconciler: workloads that are left alone', () => {
  it.each<{what: string; options?: WorkloadOptions; policy?: PolicyOptions; message: RegExp}>([
    {
      what: 'by an annotation of the pod template',
      options: {
        spec: {
          template: {
            metadata: {labels: {app: 'web'}, annotations: {'karpenter.sh/do-not-disrupt': 'true'}},
            spec: {containers: [{name: 'main'}]},
          },
        },
      },
      message: /annotated karpenter\.sh\/do-not-disrupt: "true" \(on the pod template\)/,
    },
    {
      what: 'by an annotation of the Deployment',
      options: {annotations: {'spread-operator.io/exclude': 'true'}},
      message: /annotated spread-operator\.io\/exclude: "true"/,
    },
    {
      what: 'by an option of the operator',
      options: {namespace: 'kube-system'},
      policy: {namespace: 'kube-system'},
      message: /leaves namespace kube-system alone/,
    },
  ])('$what', async ({options, policy, message}) => {
    const cluster = new Cluster(settled({a: 3}, options), {...policy});

    await cluster.look();
    await cluster.flush();

    expect(cluster.actions.calls).toEqual(['status']);
    expect(cluster.entry()).toMatchObject({state: 'Excluded', message: expect.stringMatching(message)});
  });

  it('because their policy cannot be acted on', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT), {eviction: {strategy: 'Surge'}});

    await cluster.look();

    expect(cluster.actions.calls).toEqual([]);
  });
});

describe('WorkloadReconciler: the rule', () => {
  it('goes into the template first; nothing is moved until that has rolled out', async () => {
    const cluster = new Cluster(settled({a: 3}), {});

    await cluster.look();
    await cluster.look();

    expect(cluster.actions.calls).toEqual(['apply web']);
    expect(cluster.actions.rules[0]?.required).toMatchObject([{topologyKey: 'kubernetes.io/hostname'}]);

    await cluster.flush();

    expect(cluster.entry()).toMatchObject({state: 'Injecting', injection: {state: 'Injected'}});
  });

  it('that the server refuses is a conflict with its owner named; the replicas are moved all the same', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT), {});
    cluster.actions.onApply = () => ({kind: 'conflict', conflicts: [{manager: 'helm', field: '.spec.x'}]});

    await cluster.look();

    expect(cluster.actions.calls).toEqual(['apply web', 'status', 'evict web-1']);
    expect(cluster.entry()?.injection).toMatchObject({
      state: 'Conflict',
      message: expect.stringMatching(/helm owns \.spec\.x/),
    });
  });

  it('that the server refuses is followed by a look at the cluster as it is then', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT), {});
    cluster.actions.onApply = () => {
      for (const name of ['b', 'c']) {
        cluster.cache.deleteNode(node(name));
      }
      return {kind: 'conflict', conflicts: [{manager: 'helm', field: '.spec.x'}]};
    };

    await cluster.look();
    await cluster.flush();

    expect(cluster.actions.calls).toEqual(['apply web', 'status']);
    expect(cluster.entry()).toMatchObject({movesNeeded: 0});
  });

  it('waits for room where its rollout needs one replica more', async () => {
    const full = settled({a: 1, b: 1, c: 1}, {requests: {cpu: '4'}});
    const cluster = new Cluster(full, {});

    const requeue = await cluster.look();
    await cluster.flush();

    expect(cluster.actions.rules).toEqual([]);
    expect(requeue?.afterMilliseconds).toBe(60_000);
    expect(cluster.entry()?.blocked).toMatchObject({
      reason: 'NoFeasibleNode',
      message: expect.stringMatching(/Insufficient cpu \(a, b, c\)$/),
    });

    cluster.cache.setNode(node('d'));
    await cluster.look();

    expect(cluster.actions.calls).toContain('apply web');
  });

  it('goes into the next template when nobody has placed a new replica for long', async () => {
    const api = settled({b: 1, c: 1}, {name: 'api'});
    const web = settled({a: 1, b: 1});
    const [first] = web.pods;
    const cluster = new Cluster(web, {});
    cluster.add(api);
    const rollingOut = {
      ...web.workload,
      generation: 2,
      status: {...web.workload.status, observedGeneration: 2},
    };

    await cluster.look();
    cluster.cache.setWorkload({...rollingOut, status: {...rollingOut.status, updatedReplicas: 1}});
    if (first !== undefined) {
      const {nodeName: _node, ...unbound} = first;
      const since = cluster.clock.now();
      cluster.cache.setPod({...unbound, unschedulable: {since, message: 'Insufficient cpu'}}, first);
    }
    await cluster.look();
    await cluster.lookAt('default/api');

    expect(cluster.actions.calls).toEqual(['apply web']);

    await cluster.clock.advance(10 * 60_000);
    await cluster.look();
    await cluster.lookAt('default/api');

    expect(cluster.actions.calls).toEqual(['apply web', 'apply api']);
  });

  it('goes into the next template when the Deployment gives up on its rollout', async () => {
    const api = settled({b: 1, c: 1}, {name: 'api'});
    const web = settled({a: 1, b: 1});
    const cluster = new Cluster(web, {});
    cluster.add(api);

    await cluster.look();
    cluster.cache.setWorkload({
      ...web.workload,
      generation: 2,
      progressDeadlineExceeded: 'timed out',
      status: {...web.workload.status, observedGeneration: 2},
    });
    await cluster.look();
    await cluster.lookAt('default/api');

    expect(cluster.actions.calls).toEqual(['apply web', 'apply api']);
  });

  it('goes out again when no policy selects the workload any more', async () => {
    const injected = settled(
      {a: 1, b: 1},
      {
        ...SOFT,
        managedFields: [
          {
            manager: 'spread-operator',
            operation: 'Apply',
            fieldsV1: {
              'f:spec': {
                'f:template': {
                  'f:spec': {
                    'f:affinity': {
                      'f:podAntiAffinity': {'f:preferredDuringSchedulingIgnoredDuringExecution': {}},
                    },
                  },
                },
              },
            },
          },
        ],
      },
    );
    const cluster = new Cluster(injected, {selector: {matchLabels: {app: 'other'}}});

    await cluster.look();

    expect(cluster.actions.calls).toEqual(['apply web']);
    expect(cluster.actions.rules.map(isEmptyRule)).toEqual([true]);
  });
});

describe('WorkloadReconciler: a soft Auto rule', () => {
  it('stays soft beside a hard separateFrom on the same topology', async () => {
    const policy: PolicyOptions = {
      separateFrom: [{selector: {matchLabels: {class: 'cpu-heavy'}}, whenUnsatisfiable: 'DoNotSchedule'}],
      eviction: {mode: 'Disabled'},
    };
    const first = new Cluster(settled({a: 2, b: 1, c: 1}), policy);
    await first.look();
    const {required, preferred} = first.actions.rules[0] ?? NO_RULE;

    expect([required.length, preferred.length]).toEqual([1, 1]);

    const lists = {
      requiredDuringSchedulingIgnoredDuringExecution: [...required],
      preferredDuringSchedulingIgnoredDuringExecution: [...preferred],
    };
    const owned = Object.fromEntries(Object.keys(lists).map((list) => [`f:${list}`, {}]));
    const podSpec = {'f:affinity': {'f:podAntiAffinity': owned}};
    const injected = new Cluster(
      settled(
        {a: 2, b: 1, c: 1},
        {
          podSpec: {affinity: {podAntiAffinity: lists}},
          managedFields: [
            {
              manager: 'spread-operator',
              operation: 'Apply',
              fieldsV1: {'f:spec': {'f:template': {'f:spec': podSpec}}},
            },
          ],
        },
      ),
      policy,
    );
    await injected.look();
    await injected.flush();

    expect(injected.actions.rules).toEqual([]);
    expect(injected.entry()?.injection).toMatchObject({
      state: 'Injected',
      whenUnsatisfiable: 'ScheduleAnyway',
    });
  });
});

describe('WorkloadReconciler: the pace', () => {
  it('lets no more evictions through than it allows, and says what is waited for', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.pace.take('another', 100, cluster.clock.now());

    const requeue = await cluster.look();
    await cluster.flush();

    expect(cluster.actions.evicted).toEqual([]);
    expect(requeue?.afterMilliseconds).toBeGreaterThan(0);
    expect(cluster.entry()).toMatchObject({
      state: 'Waiting',
      message: expect.stringMatching(/pace of evictions/),
    });
  });

  it('comes back for its own token, after those who came before', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.pace.take('another', 10, cluster.clock.now());
    cluster.pace.take('one that waits', 1, cluster.clock.now());

    expect(await cluster.look()).toEqual({afterMilliseconds: 2000});

    await cluster.clock.advance(1000);
    expect(cluster.pace.take('one that waits', 1, cluster.clock.now())).toBe(1);
    expect(await cluster.look()).toEqual({afterMilliseconds: 1000});

    await cluster.clock.advance(1000);
    await cluster.look();
    expect(cluster.actions.evicted).toHaveLength(1);
  });

  it('gives its turn up when there is nothing to move any more', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.pace.take('another', 10, cluster.clock.now());
    await cluster.look();
    const {workload} = cluster.replicas;
    cluster.pace.take('behind it', 1, cluster.clock.now());
    cluster.cache.deleteWorkload(workload);

    await cluster.look();

    expect(cluster.enqueued).toEqual(['behind it']);
    await cluster.clock.advance(1000);
    expect(cluster.pace.take('behind it', 1, cluster.clock.now())).toBe(1);
  });

  it('calls the next one in the line when it has its token', async () => {
    const cluster = new Cluster(settled({a: 3}, SOFT));
    cluster.pace.take('another', 10, cluster.clock.now());
    await cluster.look();
    cluster.pace.take('behind it', 1, cluster.clock.now());
    await cluster.clock.advance(1000);

    await cluster.look();

    expect(cluster.actions.evicted).toHaveLength(1);
    expect(cluster.enqueued).toEqual(['behind it']);
  });
});

/** One workload on the nodes a, b and c under one policy, at rest for an hour. */
describe('WorkloadReconciler: a replica beside a pod that separateFrom names', () => {
  const AWAY: PolicyOptions = {
    ...MOVES_ONLY,
    separateFrom: [{selector: {matchLabels: {class: 'noisy'}}, whenUnsatisfiable: 'DoNotSchedule'}],
  };
  const noisy = (on: string) => pod(`noisy-${on}`, {on, labels: {class: 'noisy'}});

  it('is moved, with the rule and the neighbour named, and then all is spread', async () => {
    const cluster = new Cluster(settled({a: 1, b: 1}, SOFT), AWAY);
    cluster.cache.setPod(noisy('a'));

    await cluster.look();

    expect(cluster.actions.evicted).toEqual(['web-1']);
    expect(cluster.entry(0)).toMatchObject({
      state: 'Moving',
      movesNeeded: 1,
      moves: [
        {
          pod: 'web-1',
          to: ['c'],
          reason: expect.stringMatching(
            /^web-1 on a shares kubernetes.io\/hostname a with noisy-a, from which separateFrom keeps it away; /,
          ),
        },
      ],
      inFlight: [{objectiveBefore: [1, 2, 0]}],
    });

    cluster.landEvicted('c');
    await cluster.clock.advance(60_000);
    await cluster.look();

    await cluster.flush();
    expect(cluster.finished).toEqual(['improved']);
    expect(cluster.entry()).toMatchObject({state: 'Spread', movesNeeded: 0});
  });

  it('is left alone for a while when the scheduler puts it back', async () => {
    const cluster = new Cluster(settled({a: 1, b: 1}, SOFT), AWAY);
    cluster.cache.setPod(noisy('a'));
    await cluster.look();

    cluster.landEvicted('a');
    await cluster.clock.advance(60_000);
    await cluster.look();
    await cluster.look();
    await cluster.flush();

    expect(cluster.finished).toEqual(['unchanged']);
    expect(cluster.actions.evicted).toEqual(['web-1']);
    expect(cluster.entry()).toMatchObject({
      state: 'Blocked',
      blocked: {reason: 'BackingOff'},
      movesNeeded: 1,
    });
    expect(cluster.entry()?.message).toMatch(/^landed-1 on a shares .* with noisy-a/);
  });

  it('is not spread as long as it has nowhere to go', async () => {
    const cluster = new Cluster(settled({a: 1, b: 1, c: 1}, SOFT), AWAY);
    for (const on of ['a', 'b', 'c']) {
      cluster.cache.setPod(noisy(on));
    }

    await cluster.look();
    await cluster.flush();

    expect(cluster.actions.evicted).toEqual([]);
    expect(cluster.entry()).toMatchObject({
      state: 'Blocked',
      blocked: {reason: 'NoFeasibleNode'},
      movesNeeded: 3,
    });
    expect(cluster.entry()?.message).toMatch(/web-1 on a shares .*; no node has room for a replacement: /);
  });
});

class Cluster {
  readonly clock = new ManualClock(READY_AT + 3_600_000);
  readonly actions = new RecordedActions();
  readonly policies = new PolicyIndex();
  readonly cache: ClusterCache;
  readonly finished: string[] = [];
  readonly enqueued: string[] = [];
  readonly pace = new Pace({perMinute: 60, burst: 10}, READY_AT + 3_600_000);
  readonly replicas: WorkloadReplicas;
  circuitOpen: string | undefined;
  readonly #policy: PolicyOptions;
  #reports: PolicyReports;
  #reconciler: WorkloadReconciler;
  #landed = 0;

  constructor(replicas: WorkloadReplicas, policy: PolicyOptions = MOVES_ONLY) {
    this.replicas = replicas;
    this.#policy = policy;
    this.cache = clusterCache([node('a'), node('b'), node('c')], replicas);
    this.policies.set(storedPolicy(policy));
    [this.#reports, this.#reconciler] = this.#start();
  }

  /** Another workload of the policy. */
  add({workload, replicaSets, pods}: WorkloadReplicas): void {
    this.cache.setWorkload(workload);
    for (const each of replicaSets) {
      this.cache.setReplicaSet(each);
    }
    for (const each of pods) {
      this.cache.setPod(each);
    }
  }

  /** Another process takes over: it knows nothing but the cluster, and the status that was written. */
  restart(): void {
    const status = this.actions.statuses.at(-1);
    this.policies.set(
      toStoredPolicy({...spreadPolicy(this.#policy), ...(status === undefined ? {} : {status})}),
    );
    [this.#reports, this.#reconciler] = this.#start();
  }

  async look(signal: AbortSignal = new AbortController().signal) {
    const {namespace} = this.replicas.workload;
    return await this.lookAt(namespace === 'default' ? WEB : `${namespace}/web`, signal);
  }

  async lookAt(key: string, signal: AbortSignal = new AbortController().signal) {
    return await this.#reconciler.reconcile(key, signal);
  }

  async flush(): Promise<void> {
    await this.#reports.flush(policyKey(storedPolicy(this.#policy)), new AbortController().signal);
  }

  /** The workload in a status that was written; without an index in the last one. */
  entry(index = -1): WorkloadStatus | undefined {
    const status: SpreadPolicyStatus | undefined = this.actions.statuses.at(index);
    return status?.workloads?.[0];
  }

  /** What the controllers do after an eviction: the replica goes, another one becomes Ready on the emptiest node. */
  landEvicted(on?: string): void {
    const {workload} = this.replicas;
    const {pods} = this.cache.replicasOf(workload);
    for (const pod of pods.filter(({name}) => this.actions.evicted.includes(name))) {
      this.cache.deletePod(pod);
      const left = this.cache.replicasOf(workload).pods;
      const countOn = (name: string) => left.filter(({nodeName}) => nodeName === name).length;
      const [emptiest = 'a'] = ['a', 'b', 'c'].sort((x, y) => countOn(x) - countOn(y));
      this.#landed += 1;
      const createdAt = new Date(this.clock.now()).toISOString();
      this.cache.setPod(
        replica(
          `landed-${this.#landed}`,
          {workload, replicaSet: replicaSet(workload)},
          {on: on ?? emptiest, createdAt},
        ),
      );
    }
  }

  #start(): [PolicyReports, WorkloadReconciler] {
    const {cache, policies, actions, clock} = this;
    const reports = new PolicyReports({
      cache,
      policies,
      actions,
      circuitOpen: () => this.circuitOpen,
      clock,
      schedule: () => {},
      onEntry: () => {},
    });
    const reconciler = new WorkloadReconciler({
      cache,
      policies,
      reports,
      actions,
      capabilities: () => capabilitiesOf({major: 1, minor: 36}),
      circuitOpen: () => this.circuitOpen,
      onTarget: () => {},
      pace: this.pace,
      backOff: {firstSeconds: 20, longestSeconds: 300},
      excludedNamespaces: new Set(['kube-system']),
      clock,
      log: new MemoryLog(),
      onEviction: () => {},
      onMove: (result) => this.finished.push(result),
      enqueue: (key) => this.enqueued.push(key),
    });
    return [reports, reconciler];
  }
}
