import {beforeEach, describe, expect, it} from '@jest/globals';
import type {ApiServer} from './api-server.ts';
import {evict} from './eviction.ts';
import {StatusError} from './status-error.ts';
import {labels, pod, testServer} from './testing/server.ts';

let api: ApiServer;

beforeEach(() => {
  ({api} = testServer());
  api.create('pods', pod('a'), 'test');
  api.bind('default', 'a', 'node-1');
  setPod({phase: 'Running', conditions: [{type: 'Ready', status: 'True'}]});
});

function setPod(status: object): void {
  api.update('pods', 'default', 'a', (object) => ({...object, status}), {
    actor: 'kubelet',
    subresource: 'status',
  });
}

function budget(name: string, status: object, spec: object = {}): void {
  api.create(
    'poddisruptionbudgets.policy',
    {
      metadata: {name, namespace: 'default'},
      spec: {maxUnavailable: 1, selector: {matchLabels: labels}, ...spec},
    },
    'test',
  );
  const full = {
    observedGeneration: 1,
    disruptionsAllowed: 1,
    currentHealthy: 3,
    desiredHealthy: 2,
    expectedPods: 3,
    ...status,
  };
  api.update('poddisruptionbudgets.policy', 'default', name, (object) => ({...object, status: full}), {
    actor: 'test',
    subresource: 'status',
  });
}

function evictPod(eviction: object = {}, dryRun = false) {
  const pods = api.context.registry.byName('pods');
  const deletePod = (namespace: string, name: string, options: object) =>
    api.deleteObject(pods, namespace, name, options);
  return evict(
    {context: api.context, deletePod},
    'default',
    'a',
    {metadata: {name: 'a'}, ...eviction},
    dryRun,
  );
}

function refusalOf(action: () => unknown): StatusError {
  try {
    action();
  } catch (error) {
    if (error instanceof StatusError) return error;
  }
  throw new Error('it was not refused');
}

const statusOf = (name: string) => api.get('poddisruptionbudgets.policy', 'default', name)?.['status'];

describe('an eviction', () => {
  it('takes one disruption and marks the pod', () => {
    budget('web', {});

    const {code} = evictPod();

    expect(code).toBe(201);
    expect(statusOf('web')).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: {a: '2026-01-01T00:00:00Z'},
    });
    expect(api.get('pods', 'default', 'a')).toMatchObject({
      metadata: {deletionGracePeriodSeconds: 30},
      status: {conditions: [{type: 'Ready'}, {type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI'}]},
    });
  });

  it('on trial changes nothing', () => {
    budget('web', {});

    evictPod({}, true);

    expect(statusOf('web')).toMatchObject({disruptionsAllowed: 1});
    expect(api.get('pods', 'default', 'a')?.metadata.deletionTimestamp).toBeUndefined();
  });

  it.each<{title: string; status: object; cause: string; retryAfterSeconds?: number}>([
    {
      title: 'too few healthy pods',
      status: {disruptionsAllowed: 0, currentHealthy: 2},
      cause: 'The disruption budget web needs 2 healthy pods and has 2 currently',
    },
    {
      title: 'a status that lags behind',
      status: {observedGeneration: 0},
      cause: 'The disruption budget web is still being processed by the server.',
      retryAfterSeconds: 10,
    },
  ])('is refused with 429 for $title', ({status, cause, retryAfterSeconds}) => {
    budget('web', status);

    const refusal = refusalOf(() => evictPod());

    expect(refusal).toMatchObject({code: 429, reason: 'TooManyRequests'});
    expect(refusal.details).toEqual({
      causes: [{reason: 'DisruptionBudget', message: cause}],
      ...(retryAfterSeconds === undefined ? {} : {retryAfterSeconds}),
    });
  });

  it('is impossible under several budgets', () => {
    budget('web', {});
    budget('second', {});

    const status = evictPod();

    expect(status).toMatchObject({status: 'Failure', code: 500});
  });

  it.each<{title: string; status: object}>([
    {title: 'is pending', status: {phase: 'Pending'}},
    {title: 'has failed', status: {phase: 'Failed'}},
  ])('asks no budget for a pod that $title', ({status}) => {
    budget('web', {disruptionsAllowed: 0});
    setPod(status);

    evictPod();

    expect(statusOf('web')).toMatchObject({disruptionsAllowed: 0});
  });

  it('asks no budget for an unhealthy pod when the policy says so', () => {
    budget('web', {disruptionsAllowed: 0, currentHealthy: 1}, {unhealthyPodEvictionPolicy: 'AlwaysAllow'});
    setPod({phase: 'Running', conditions: [{type: 'Ready', status: 'False'}]});

    const {code} = evictPod();

    expect(code).toBe(201);
  });

  it('of another pod of the name is a conflict', () => {
    const other = () => evictPod({deleteOptions: {preconditions: {uid: 'other'}}});

    expect(other).toThrow(/^Operation cannot be fulfilled on Pod "a": the UID in the precondition \(other\)/);
  });
});
