import {describe, expect, it} from '@jest/globals';
import {node} from '../../test/scenarios/builders.ts';
import {RecordedActions} from '../../test/scenarios/recorded-actions.ts';
import {
  type PolicyOptions,
  READY_AT,
  settled,
  storedPolicy,
  workloadStatus,
} from '../../test/scenarios/workloads.ts';
import type {Node} from '../cluster/node.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import {Pace} from '../eviction/pace.ts';
import {capabilitiesOf} from '../injection/rule.ts';
import {ManualClock} from '../kube/testing/manual-clock.ts';
import {MemoryLog} from '../kube/testing/memory-log.ts';
import {Metrics} from '../observability/metrics.ts';
import type {StoredPolicy} from './policy-index.ts';
import {SpreadController} from './spread-controller.ts';

const NAMES = ['one', 'two', 'three', 'four'];

describe('SpreadController: several workloads at once', () => {
  it('promises a free place to one of them', async () => {
    const nodes = [node('full', {allocatable: {cpu: '8'}}), node('room', {allocatable: {cpu: '1'}})];
    const workloads = NAMES.map((name) => settled({full: 2}, {name, requests: {cpu: '1'}}));

    const actions = await act({nodes, workloads, policy: {injection: {mode: 'Disabled'}}});

    expect(actions.evicted).toHaveLength(1);
  });

  it('edits the template of one of them', async () => {
    const nodes = ['a', 'b', 'c'].map((name) => node(name));
    const workloads = NAMES.map((name) => settled({a: 2, b: 1}, {name}));

    const actions = await act({nodes, workloads, policy: {}});

    expect(actions.calls.filter((call) => call.startsWith('apply'))).toHaveLength(1);
  });
});

describe('SpreadController: taking over', () => {
  // Found by the fault tests.
  it('goes on from the status that the API server has, not from one that the cache has of long ago', async () => {
    const inFlight = {
      pod: 'web-x',
      podUID: 'uid-of-web-x',
      from: 'a',
      to: ['b'],
      startTime: '2026-01-01T00:00:00Z',
      replicas: 3,
      objectiveBefore: [0, 6, 0],
    };
    const policy: PolicyOptions = {injection: {mode: 'Disabled'}};
    const status = {workloads: [workloadStatus('web', {state: 'Moving', inFlight: [inFlight]})]};

    const actions = await act({
      nodes: ['a', 'b', 'c'].map((name) => node(name)),
      workloads: [settled({a: 2}, {spec: {replicas: 3}})],
      policy,
      newest: storedPolicy({...policy, status}),
    });

    expect(actions.evicted).toEqual([]);
    expect(actions.statuses.at(-1)?.workloads?.[0]).toMatchObject({state: 'Moving', inFlight: [inFlight]});
  });
});

/** Runs the controller on this cluster, which never changes, until it has nothing to do but wait. */
async function act({
  nodes,
  workloads,
  policy,
  newest,
}: {
  readonly nodes: readonly Node[];
  readonly workloads: readonly WorkloadReplicas[];
  readonly policy: PolicyOptions;
  /** The policy as the API server has it, if the cache is behind. */
  readonly newest?: StoredPolicy;
}): Promise<RecordedActions> {
  const actions = new RecordedActions();
  // As on a real cluster a status write takes time, in which the other workers decide.
  actions.onStatus = () => turns(3);
  const clock = new ManualClock(READY_AT + 60_000);
  const controller = new SpreadController({
    actions,
    finalize: () => Promise.resolve('go-on'),
    capabilities: () => capabilitiesOf({major: 1, minor: 36}),
    readPolicies: () => Promise.resolve(newest === undefined ? [] : [newest]),
    pace: new Pace({perMinute: 6000, burst: 100}, clock.now()),
    cachesBehind: () => undefined,
    backOff: {firstSeconds: 300, longestSeconds: 21_600},
    excludedNamespaces: new Set(),
    clock,
    log: new MemoryLog(),
    metrics: new Metrics({version: 'test'}),
  });
  for (const each of nodes) {
    controller.cache.setNode(each);
  }
  for (const {workload, replicaSets, pods} of workloads) {
    controller.cache.setWorkload(workload);
    for (const each of replicaSets) {
      controller.cache.setReplicaSet(each);
    }
    for (const each of pods) {
      controller.cache.setPod(each);
    }
  }
  controller.policies.set(storedPolicy(policy));
  const stop = new AbortController();
  const running = controller.run(stop.signal);
  await turns(50);
  // Statuses are written after a while.
  await clock.advance(1000);
  await turns(50);
  stop.abort();
  await running;
  return actions;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
