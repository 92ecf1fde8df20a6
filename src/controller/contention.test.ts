import {describe, expect, it} from '@jest/globals';
import {node, type PodOptions, pod} from '../../test/scenarios/builders.ts';
import {SimulatedOperator} from '../../test/scenarios/simulated-operator.ts';
import {settled, type WorkloadOptions} from '../../test/scenarios/workloads.ts';
import {toDisruptionBudget} from '../cluster/disruption-budget.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';

describe('Contention: one slot for two workloads', () => {
  it('is given once, and the other one is told who has it', async () => {
    const operator = new SimulatedOperator(
      [node('a', cpu(4)), node('b', cpu(1))],
      [softly('api', {a: 2}), softly('web', {a: 2})],
    );

    await operator.run(6);

    expect(operator.actions.evicted).toEqual(['api-1']);
    expect(operator.entry('api')).toMatchObject({state: 'Spread'});
    expect(operator.entry('web')).toMatchObject({
      state: 'Blocked',
      blocked: {
        reason: 'NoFeasibleNode',
        message:
          'no node has room for a replacement: Insufficient cpu (b); b is filled by Deployment api (1 pod)',
      },
    });
  });
});

describe('Contention: after a restart', () => {
  it('keeps the move of one workload in what is written for another one first', async () => {
    const operator = new SimulatedOperator(
      [node('a', cpu(8)), node('b', cpu(8)), node('c', cpu(8))],
      [softly('api', {a: 2}), softly('web', {a: 2})],
    );
    await operator.look('api');

    operator.restart();
    await operator.look('web');
    await operator.flush();

    expect(operator.entry('web')).toBeDefined();
    expect(operator.entry('api')).toMatchObject({state: 'Moving', inFlight: [{pod: 'api-1'}]});
  });
});

describe('Contention: a workload that can only use the room that another one is about to take', () => {
  const ssd = {labels: {disk: 'ssd'}};
  // The scheduler would put the replacement of `any` on b, which is as empty as c and comes first; `ssd` can only go
  // there.
  const contending = () =>
    new SimulatedOperator(
      [node('a', {...cpu(8), ...ssd}), node('b', {...cpu(2), ...ssd}), node('c', cpu(2))],
      [
        softly('any', {a: 2}, {requests: {cpu: '2'}}),
        softly('ssd', {a: 2}, {requests: {cpu: '2'}, podSpec: {nodeSelector: {disk: 'ssd'}}}),
      ],
    );

  it('goes first, and the other one waits for it', async () => {
    const operator = contending();

    await operator.look('any');
    await operator.flush();

    expect(operator.actions.evicted).toEqual([]);
    expect(operator.entry('any')).toMatchObject({
      state: 'Waiting',
      message:
        "waiting for Deployment ssd to go first: the replacement of any-1 may take the room that the policy's workloads need in another order (b or c)",
    });
    expect([...operator.enqueued]).toEqual(['default/ssd']);
  });

  it('is all that it takes for both to come to their best', async () => {
    const operator = contending();

    await operator.run(6);

    expect(operator.actions.evicted).toHaveLength(2);
    expect(operator.placement('ssd')).toEqual({a: 1, b: 1});
    expect(operator.placement('any')).toEqual({a: 1, c: 1});
  });

  it('is not waited for when it cannot move itself', async () => {
    const operator = contending();
    operator.cache.setBudget(budgetOf('ssd', 0));

    await operator.run(1);

    expect(operator.actions.evicted).toEqual(['any-1']);
    expect(operator.entry('ssd')).toMatchObject({blocked: {reason: 'NoFeasibleNode'}});
  });

  it('is not waited for longer than a move may take', async () => {
    const operator = contending();
    await operator.look('any');
    await operator.clock.advance(590_000);
    await operator.look('any');

    expect(operator.actions.evicted).toEqual([]);

    await operator.clock.advance(10_000);
    await operator.look('any');

    expect(operator.actions.evicted).toEqual(['any-1']);
  });
});

describe('Contention: a workload that is in the way of another one', () => {
  const ssd = {labels: {disk: 'ssd'}};
  // `web` has only a and b to go to, and b is full of a replica of `api`, which could as well be on d.
  const chained = () =>
    new SimulatedOperator(
      [node('a', {...cpu(4), ...ssd}), node('b', {...cpu(2), ...ssd}), node('c', cpu(2)), node('d', cpu(4))],
      [
        softly('api', {b: 1, c: 1}, {requests: {cpu: '2'}}),
        softly('web', {a: 2}, {requests: {cpu: '2'}, podSpec: {nodeSelector: {disk: 'ssd'}}}),
      ],
    );

  it('makes room, and says why', async () => {
    const operator = chained();

    await operator.look('web');
    await operator.look('api');

    expect(operator.actions.evicted).toEqual(['api-1']);
    expect(operator.entry('web')).toMatchObject({
      blocked: {
        reason: 'NoFeasibleNode',
        message:
          'no node has room for a replacement: Insufficient cpu (b); b is filled by Deployment api (1 pod); Deployment api makes room: api-1 from b to d',
      },
    });
    expect(operator.entry('api')).toMatchObject({
      state: 'Moving',
      message: 'moving api-1 from b to d, which makes room for Deployment web',
      inFlight: [{pod: 'api-1', makesRoomFor: {workload: 'default/web', objectiveBefore: [0, 3, 0]}}],
    });
    expect(operator.actions.events.map(({note}) => note)).toContain(
      'Deployment api: evicted api-1 from b (likely): makes room for Deployment web on b, and is no worse off on d; 0 more needed after it',
    );
  });

  it.each([false, true])(
    'takes two evictions in all, restarted after each round or not: %s',
    async (restarting) => {
      const operator = chained();

      await operator.run(8, {restarting});

      expect(operator.actions.evicted).toEqual(['api-1', 'web-1']);
      expect(operator.placement('api')).toEqual({c: 1, d: 1});
      expect(operator.placement('web')).toEqual({a: 1, b: 1});
      expect(operator.finished).toEqual(['improved', 'improved']);
      expect(operator.entry('api')).toMatchObject({state: 'Spread'});
      expect(operator.entry('web')).toMatchObject({state: 'Spread'});
    },
  );

  it('backs off when its replacement comes back to where it was', async () => {
    const operator = chained();
    operator.misplace = () => 'b';

    await operator.run(8);

    expect(operator.actions.evicted).toEqual(['api-1']);
    expect(operator.finished).toEqual(['unchanged']);
    expect(operator.entry('api')).toMatchObject({
      backOff: {failures: 1, message: expect.stringContaining('made no room that default/web could use')},
    });
  });

  it('backs off when the other one cannot use the room after all', async () => {
    const operator = chained();
    await operator.look('web');
    await operator.look('api');
    operator.cache.setNode(node('b', {...cpu(2), ...ssd, unschedulable: true}));

    await operator.run(3);

    expect(operator.actions.evicted).toEqual(['api-1']);
    expect(operator.entry('api')).toMatchObject({backOff: {failures: 1}});
  });

  it.each<{what: string; prepare: (operator: SimulatedOperator) => void}>([
    {what: 'its disruption budget', prepare: ({cache}) => cache.setBudget(budgetOf('api', 0))},
    {
      what: 'an annotation',
      prepare: ({cache}) => {
        const workload = cache.workload('default/api');
        if (workload !== undefined) {
          cache.setWorkload({...workload, excluded: 'spread-operator.io/exclude: "true"'});
        }
      },
    },
    {
      what: 'no node to go to',
      prepare: ({cache}) => cache.setNode(node('d', {...cpu(4), unschedulable: true})),
    },
  ])('stays when it has $what against it', async ({prepare}) => {
    const operator = chained();
    prepare(operator);

    await operator.run(5);

    expect(operator.actions.evicted).toEqual([]);
    expect(operator.entry('web')).toMatchObject({
      blocked: {message: expect.stringMatching(/b is filled by Deployment api \(1 pod\)$/)},
    });
  });
});

describe('Contention: a search for room that has found nothing', () => {
  const ssd = {labels: {disk: 'ssd'}};
  // Only a replica of `api` can make room for `web`, and it has nowhere to go yet.
  const stuck = async () => {
    const operator = new SimulatedOperator(
      [
        node('a', {...cpu(4), ...ssd}),
        node('b', {...cpu(2), ...ssd}),
        node('c', cpu(2)),
        node('d', {...cpu(4), unschedulable: true}),
      ],
      [
        softly('api', {b: 1, c: 1}, {requests: {cpu: '2'}}),
        softly('web', {a: 2}, {requests: {cpu: '2'}, podSpec: {nodeSelector: {disk: 'ssd'}}}),
      ],
    );
    await operator.look('api');
    await operator.look('web');
    operator.enqueued.clear();
    return operator;
  };

  it('is made again after a while, of which it says when', async () => {
    const operator = await stuck();

    expect(await operator.look('web')).toEqual({afterMilliseconds: 30_000});
  });

  it('is made again sooner when another workload of the policy is no longer as it was', async () => {
    const operator = await stuck();
    operator.cache.setNode(node('d', cpu(4)));
    const deployment = operator.cache.workload('default/api');
    if (deployment !== undefined) {
      operator.cache.setWorkload({...deployment, paused: true});
    }
    await operator.look('api');

    expect([...operator.enqueued]).toEqual(['default/web']);
    expect(await operator.look('web')).toEqual({afterMilliseconds: 5000});
  });

  it('is not made again for a look that has seen nothing new', async () => {
    const operator = await stuck();

    await operator.look('api');

    expect([...operator.enqueued]).toEqual([]);
  });
});

describe('Contention: two that each need what the other one does', () => {
  it('makes room although it is blocked itself', async () => {
    // Nothing takes a replica of w0 that would be better off; one of n0 could as well be on n2, and w1 needs n0.
    const operator = new SimulatedOperator(
      [node('n0', cpu(2)), node('n1', cpu(6)), node('n2', cpu(4)), node('n3', cpu(0))],
      [softly('w0', {n0: 2, n1: 1, n2: 1}), softly('w1', {n1: 3, n2: 1})],
    );

    await operator.run(8);

    expect(operator.actions.evicted).toHaveLength(2);
    expect(operator.placement('w1')).toEqual({n0: 1, n1: 2, n2: 1});
  });
});

describe('Contention: a workload that could move at once', () => {
  it('leaves the turn to one that makes room for another, where that saves it a second move', async () => {
    // w2 could go to n1 now and would have to go on to n2 once w0 has made room there for w1.
    const operator = new SimulatedOperator(
      [node('n0', cpu(7)), node('n1', cpu(6)), node('n2', cpu(2))],
      [
        softly('w0', {n1: 1, n2: 1}, {requests: {cpu: '2'}}),
        softly('w1', {n0: 2, n1: 2}),
        softly('w2', {n0: 3, n1: 1}),
      ],
    );

    await operator.run(8);

    expect(operator.actions.evicted).toHaveLength(3);
    expect(operator.placement('w0')).toEqual({n0: 1, n1: 1});
    expect(operator.placement('w1')).toEqual({n0: 1, n1: 2, n2: 1});
    expect(operator.placement('w2')).toEqual({n0: 2, n1: 1, n2: 1});
  });
});

describe('Contention: room that is made for a workload', () => {
  it('is left to it by another one that could use it as well', async () => {
    // w1 makes room on n2 for w0; w2 could then go there, too, and all of them together would end as well.
    const operator = new SimulatedOperator(
      [node('n0', cpu(8)), node('n1', cpu(9)), node('n2', cpu(4)), node('n3', cpu(3))],
      [
        softly('w0', {n0: 2, n1: 1, n3: 1}, {requests: {cpu: '2'}}),
        softly('w1', {n0: 1, n1: 1, n2: 2}, {requests: {cpu: '2'}}),
        softly('w2', {n0: 1, n1: 3}),
      ],
    );

    await operator.run(3);

    expect(operator.actions.evicted).toHaveLength(3);
    expect(operator.placement('w0')).toEqual({n0: 1, n1: 1, n2: 1, n3: 1});
    expect(operator.finished).toEqual(['improved', 'improved', 'improved']);
  }, 30_000);

  /** For w0 on n2, which w2 leaves for n1, which w1 leaves. */
  const chained = () =>
    new SimulatedOperator(
      [node('n0', cpu(5)), node('n1', cpu(8)), node('n2', cpu(5)), node('n3', cpu(3))],
      [
        softly('w0', {n0: 1, n1: 2, n3: 1}, {requests: {cpu: '2'}}),
        softly('w1', {n0: 1, n1: 1}),
        softly('w2', {n0: 1, n1: 1, n2: 2}, {requests: {cpu: '2'}}),
      ],
    );

  it('may take two others, of which the one gains no more by it than the other', async () => {
    const operator = chained();

    await operator.run(3);

    expect(operator.actions.evicted).toEqual(['w1-2', 'w2-3', 'w0-2']);
    expect(operator.finished).toEqual(['improved', 'improved', 'improved']);
  }, 30_000);

  it('is not made when one of those that it takes cannot move', async () => {
    const operator = chained();
    operator.cache.setBudget(budgetOf('w2', 0));

    await operator.run(2);

    expect(operator.actions.evicted).toEqual([]);
  });
});

describe('Contention: where not every order can be tried', () => {
  // The replacement of w0 would take all of n2 or most of n3, which have room for two smaller ones each.
  const scarce = (fullNodes: number) =>
    new SimulatedOperator(
      [
        node('n0', cpu(11)),
        node('n1', cpu(6)),
        node('n2', cpu(2)),
        node('n3', cpu(3)),
        ...Array.from({length: fullNodes}, (_, index) => node(`x${index}`, cpu(0))),
      ],
      [
        softly('w0', {n0: 2, n1: 1, n3: 1}, {requests: {cpu: '2'}}),
        softly('w1', {n0: 3, n1: 1}),
        softly('w2', {n0: 3, n1: 1}),
      ],
    );

  it('goes by the best that was found', async () => {
    const operator = scarce(0);

    await operator.run(3);

    expect(operator.placement('w0')).toEqual({n0: 2, n1: 1, n3: 1});
    expect(operator.placement('w1')).toEqual({n0: 2, n1: 1, n2: 1});
    expect(operator.placement('w2')).toEqual({n0: 1, n1: 1, n2: 1, n3: 1});
    expect(operator.actions.evicted).toHaveLength(3);
  }, 30_000);

  it('waits for nobody on a cluster on which only a few can be tried', async () => {
    const operator = scarce(100);

    await operator.look('w0');

    expect(operator.actions.evicted).toEqual(['w0-1']);
  });
});

describe('Contention: pods that the scheduler is yet to place', () => {
  const newcomer = (operator: SimulatedOperator, options: PodOptions & {readonly age?: number} = {}) => {
    const {age = 1000, ...rest} = options;
    const createdAt = new Date(operator.clock.now() - age).toISOString();
    return pod('newcomer', {labels: {app: 'newcomer'}, createdAt, ...rest});
  };
  /** Room for everybody on b and c, of which the scheduler would take either. */
  const piled = () => new SimulatedOperator([node('a'), node('b'), node('c')], [softly('web', {a: 2})]);

  it('are waited for when a landing hangs on the scores', async () => {
    const operator = piled();
    operator.cache.setPod(newcomer(operator));

    const requeue = await operator.look('web');
    await operator.flush();

    expect(operator.actions.evicted).toEqual([]);
    expect(requeue).toEqual({afterMilliseconds: 1000});
    expect(operator.entry('web')).toMatchObject({
      state: 'Waiting',
      message: 'waiting until the scheduler has placed Pod default/newcomer, which may come to b or c first',
    });
  });

  it('are waited for no longer than until they have a node', async () => {
    const operator = piled();
    const waiting = newcomer(operator);
    operator.cache.setPod(waiting);
    await operator.look('web');

    operator.cache.setPod({...waiting, nodeName: 'a'}, waiting);
    await operator.look('web');

    expect(operator.actions.evicted).toEqual(['web-1']);
  });

  it.each<{what: string; options: PodOptions & {readonly age?: number}}>([
    {what: 'can only go elsewhere', options: {spec: {nodeSelector: {disk: 'ssd'}}}},
    {what: 'do not fit', options: {requests: {cpu: '64'}}},
    {what: 'have waited for long', options: {age: 10_000}},
    {what: 'go', options: {terminating: true}},
  ])('are not waited for when they $what', async ({options}) => {
    const operator = piled();
    operator.cache.setPod(newcomer(operator, options));

    await operator.look('web');

    expect(operator.actions.evicted).toEqual(['web-1']);
  });

  it('are not waited for when the scheduler has tried in vain', async () => {
    const operator = piled();
    const unschedulable = {since: operator.clock.now(), message: '0/3 nodes are available'};
    operator.cache.setPod({...newcomer(operator), unschedulable});

    await operator.look('web');

    expect(operator.actions.evicted).toEqual(['web-1']);
  });

  it('are not waited for when the replacement is right wherever it goes', async () => {
    const operator = new SimulatedOperator([node('a'), node('b')], [softly('web', {a: 2}, {podSpec: HARD})]);
    operator.cache.setPod(newcomer(operator));

    await operator.look('web');

    expect(operator.actions.evicted).toEqual(['web-1']);
  });

  it('do not keep a workload waiting for ever when there is always another one', async () => {
    const operator = piled();
    for (let second = 0; second < 30; second += 1) {
      operator.cache.setPod(newcomer(operator));
      await operator.look('web');
      await operator.clock.advance(1000);
    }

    expect(operator.actions.evicted).toEqual([]);

    operator.cache.setPod(newcomer(operator));
    await operator.look('web');

    expect(operator.actions.evicted).toEqual(['web-1']);
  });

  it('may be the next ones of a rollout of the same policy', async () => {
    const rolling = softly('api', {a: 2}, {generation: 2, status: {observedGeneration: 1}});
    const operator = new SimulatedOperator(
      [node('a'), node('b'), node('c')],
      [rolling, softly('web', {a: 2})],
    );

    await operator.look('web');
    await operator.flush();

    expect(operator.actions.evicted).toEqual([]);
    expect(operator.entry('web')).toMatchObject({
      message: expect.stringMatching(/^waiting until the scheduler has placed the rollout of Deployment api/),
    });
  });

  it('may be the replacements of another workload, which are not even created', async () => {
    const operator = new SimulatedOperator(
      [node('a'), node('b'), node('c')],
      [softly('api', {a: 2}), softly('web', {a: 2})],
    );

    await Promise.all([operator.look('api'), operator.look('web')]);
    await operator.flush();

    expect(operator.actions.evicted).toEqual(['api-1']);
    expect(operator.entry('web')).toMatchObject({
      message: expect.stringMatching(
        /^waiting until the scheduler has placed the replacement of Deployment api/,
      ),
    });
  });
});

function budgetOf(app: string, disruptionsAllowed: number) {
  return toDisruptionBudget({
    metadata: {name: app, namespace: 'default', uid: app, resourceVersion: '1', generation: 1},
    spec: {selector: {matchLabels: {app}}, maxUnavailable: disruptionsAllowed},
    status: {
      observedGeneration: 1,
      disruptionsAllowed,
      currentHealthy: 2,
      desiredHealthy: 2 - disruptionsAllowed,
    },
  });
}

const HARD: ApiPodSpec = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: 'web'}}},
      ],
    },
  },
};

function cpu(units: number) {
  return {allocatable: {cpu: `${units}`}};
}

/** With a soft rule of its own, and a request of one CPU. */
function softly(name: string, placement: Readonly<Record<string, number>>, options: WorkloadOptions = {}) {
  const {podSpec, ...rest} = options;
  const soft: ApiPodSpec = {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              topologyKey: 'kubernetes.io/hostname',
              labelSelector: {matchLabels: {app: name}},
            },
          },
        ],
      },
    },
  };
  return settled(placement, {name, requests: {cpu: '1'}, podSpec: {...soft, ...podSpec}, ...rest});
}
