import {describe, expect, it} from '@jest/globals';
import {RecordedActions} from '../../test/scenarios/recorded-actions.ts';
import {clusterCache, settled, storedPolicy, workloadStatus} from '../../test/scenarios/workloads.ts';
import type {WorkloadStatus} from '../api/types.ts';
import {ManualClock, settle} from '../kube/testing/manual-clock.ts';
import {PolicyIndex} from './policy-index.ts';
import {PolicyReports} from './policy-reports.ts';

const KEY = 'default/apart';
const {signal} = new AbortController();

describe('PolicyReports', () => {
  it('asks for one write soon with each change, and writes all of them at once', async () => {
    const {reports, actions, scheduled} = reporting();

    for (const name of ['a', 'b', 'c']) {
      reports.set(KEY, `default/${name}`, workloadStatus(name));
    }

    expect(actions.calls).toEqual([]);
    expect(new Set(scheduled)).toEqual(new Set([KEY]));

    await reports.flush(KEY, signal);

    expect(actions.statuses.map(({workloads}) => workloads?.map(({name}) => name))).toEqual([
      ['a', 'b', 'c'],
    ]);
  });

  it('writes nothing when nothing has changed', async () => {
    const {reports, actions, clock} = reporting();
    reports.set(KEY, 'default/web', workloadStatus('web'));
    await reports.flush(KEY, signal);

    await clock.advance(60_000);
    reports.set(KEY, 'default/web', workloadStatus('web'));
    await reports.flush(KEY, signal);

    expect(actions.statuses).toHaveLength(1);
  });

  it('tries again what could not be written', async () => {
    const {reports, actions} = reporting();
    reports.set(KEY, 'default/web', workloadStatus('web'));
    actions.onStatus = () => {
      throw new Error('503');
    };

    await expect(reports.flush(KEY, signal)).rejects.toThrow('503');

    actions.onStatus = () => {};
    await reports.flush(KEY, signal);

    expect(actions.statuses).toHaveLength(1);
  });

  // Found by the fault tests.
  it('writes again what stood there before a write to which no answer came', async () => {
    const {reports, actions} = reporting();
    reports.set(KEY, 'default/web', workloadStatus('web'));
    await reports.flush(KEY, signal);
    actions.onStatus = () => {
      throw new Error('timeout');
    };
    reports.set(KEY, 'default/web', workloadStatus('web', {state: 'Waiting'}));

    await expect(reports.flush(KEY, signal)).rejects.toThrow('timeout');

    actions.onStatus = () => {};
    reports.set(KEY, 'default/web', workloadStatus('web'));
    await reports.flush(KEY, signal);

    expect(actions.calls).toHaveLength(3);
    expect(actions.statuses.map(({workloads}) => workloads?.[0]?.state)).toEqual(['Spread', 'Spread']);
  });

  // Found by the fault tests.
  it.each([
    {what: 'what the last process has still sent', resourceVersion: '102', state: 'Waiting', writes: 2},
    {what: 'not what the cache has from before', resourceVersion: '100', state: 'Waiting', writes: 1},
    {what: 'not another change of the policy', resourceVersion: '102', state: 'Spread', writes: 1},
  ] as const)('writes over $what', async ({resourceVersion, state, writes}) => {
    const {reports, actions, policies} = reporting();
    reports.set(KEY, 'default/web', workloadStatus('web'));
    await reports.flush(KEY, signal);
    const [written] = actions.statuses;

    const policy = storedPolicy({status: {...written, workloads: [workloadStatus('web', {state})]}});
    policies.set({...policy, resourceVersion});
    await reports.flush(KEY, signal);

    expect(actions.statuses).toHaveLength(writes);
    expect(actions.statuses.at(-1)).toEqual(written);
  });

  it('never has two writes of a policy under way, and resolves when the newest is written', async () => {
    const {reports, actions} = reporting();
    const {promise: answered, resolve: answer} = Promise.withResolvers<void>();
    actions.onStatus = async () => answered;
    reports.set(KEY, 'default/web', workloadStatus('web'));
    const first = reports.flush(KEY, signal);
    await settle();

    reports.set(KEY, 'default/web', workloadStatus('web', {state: 'Moving'}));
    const second = reports.flush(KEY, signal);
    await settle();

    expect(actions.calls).toEqual(['status']);

    answer();
    await Promise.all([first, second]);

    expect(actions.statuses.map(({workloads}) => workloads?.[0]?.state)).toEqual(['Spread', 'Moving']);
  });

  it('forgets a workload that has left, and moves one that has another policy now', async () => {
    const {reports, actions, policies} = reporting();
    policies.set(storedPolicy({name: 'other'}));
    reports.set(KEY, 'default/web', workloadStatus('web'));
    reports.set(KEY, 'default/api', workloadStatus('api'));

    reports.remove('default/api');
    reports.set('default/other', 'default/web', workloadStatus('web'));
    await reports.flush(KEY, signal);
    await reports.flush('default/other', signal);

    expect(actions.statuses.map(({workloads}) => workloads?.map(({name}) => name))).toEqual([[], ['web']]);
  });

  it('reports the workloads that an older policy has', async () => {
    const {reports, actions, policies} = reporting();
    policies.set(storedPolicy({name: 'older', createdAt: '2025-01-01T00:00:00Z'}));

    await reports.flush(KEY, signal);

    expect(actions.statuses[0]?.conditions?.find(({type}) => type === 'Stalled')).toMatchObject({
      reason: 'Conflict',
      message: expect.stringMatching(/Deployment web: .* default\/older/),
    });
  });

  it('writes nothing for a policy that is gone', async () => {
    const {reports, actions} = reporting();

    await reports.flush('default/gone', signal);

    expect(actions.calls).toEqual([]);
  });

  it('tells of each new reason once, and again when it comes back', async () => {
    const {reports, actions} = reporting();
    const look = async (change: Partial<WorkloadStatus>) => {
      reports.set(KEY, 'default/web', workloadStatus('web', change));
      await reports.flush(KEY, signal);
    };

    await look(blockedBy('PodDisruptionBudgetExhausted', '3 pods are healthy'));
    await look(blockedBy('PodDisruptionBudgetExhausted', '2 pods are healthy'));
    await look(blockedBy('NoFeasibleNode', 'no node takes it'));
    await look({});
    await look(blockedBy('NoFeasibleNode', 'no node takes it'));

    expect(actions.events.map(({type, reason, note}) => `${type} ${reason}: ${note}`)).toEqual([
      'Warning PodDisruptionBudgetExhausted: Deployment web: 3 pods are healthy',
      'Warning NoFeasibleNode: Deployment web: no node takes it',
      'Warning NoFeasibleNode: Deployment web: no node takes it',
    ]);
    expect(actions.events[0]?.related).toMatchObject({kind: 'Deployment', uid: 'deployment-default-web'});
  });

  it('tells nothing again after a restart', async () => {
    const before = reporting();
    before.reports.set(KEY, 'default/web', workloadStatus('web', blockedBy('Pinned', 'only one domain')));
    await before.reports.flush(KEY, signal);
    const [status] = before.actions.statuses;
    const after = reporting();
    after.policies.set(storedPolicy(status === undefined ? {} : {status}));

    after.reports.set(KEY, 'default/web', workloadStatus('web', blockedBy('Pinned', 'only one domain')));
    await after.reports.flush(KEY, signal);

    expect(before.actions.events).toHaveLength(1);
    expect(after.actions.events).toEqual([]);
  });
});

function reporting() {
  const actions = new RecordedActions();
  const policies = new PolicyIndex();
  policies.set(storedPolicy());
  const scheduled: string[] = [];
  const clock = new ManualClock();
  const reports = new PolicyReports({
    cache: clusterCache([], settled({a: 1})),
    policies,
    actions,
    circuitOpen: () => undefined,
    clock,
    schedule: (policy) => scheduled.push(policy),
    onEntry: () => {},
  });
  return {reports, actions, policies, scheduled, clock};
}

function blockedBy(
  reason: NonNullable<WorkloadStatus['blocked']>['reason'],
  message: string,
): Partial<WorkloadStatus> {
  return {state: 'Blocked', message, blocked: {reason, message, since: '2026-01-01T00:00:00Z'}};
}
