import {describe, expect, it} from '@jest/globals';
import {ApiError, ConnectionError, type Status} from './api-error.ts';
import type {RequestOptions, Requests} from './client.ts';
import {type EvictionRequest, evictPod} from './eviction.ts';

const pod: EvictionRequest = {namespace: 'shop', name: 'web-1', uid: 'u-1'};

const PATH = '/api/v1/namespaces/shop/pods/web-1/eviction';

/** What the mover sees when the server answers so. */
async function evict(answer: Status | Error | 'created', request = pod) {
  const sent: RequestOptions[] = [];
  const client = {
    request: (options: RequestOptions) => {
      sent.push(options);
      if (answer === 'created')
        return Promise.resolve({code: 201, body: {kind: 'Status', status: 'Success'}});
      const error =
        answer instanceof Error
          ? answer
          : new ApiError({code: answer.code ?? 0, status: answer, method: 'POST', path: PATH});
      return Promise.reject(error);
    },
  } as Requests;
  return {result: await evictPod(client, request), sent};
}

const budget = (message: string, retryAfterSeconds?: number): Status => ({
  code: 429,
  reason: 'TooManyRequests',
  message: "Cannot evict pod as it would violate the pod's disruption budget.",
  details: {
    causes: [{reason: 'DisruptionBudget', message}],
    ...(retryAfterSeconds === undefined ? {} : {retryAfterSeconds}),
  },
});

describe('evictPod', () => {
  it('asks once, with the uid as precondition and the grace period of the pod', async () => {
    const {result, sent} = await evict('created');

    expect(result).toEqual({kind: 'evicted'});
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      method: 'POST',
      path: PATH,
      retry: 'never',
      query: {dryRun: undefined},
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: {namespace: 'shop', name: 'web-1'},
        deleteOptions: {preconditions: {uid: 'u-1'}},
      },
    });
    expect(sent[0]).not.toHaveProperty('body.deleteOptions.gracePeriodSeconds');
  });

  it('passes on a grace period, also of zero, and dry run', async () => {
    const {sent} = await evict('created', {...pod, gracePeriodSeconds: 0, dryRun: true});

    expect(sent[0]).toMatchObject({
      query: {dryRun: 'All'},
      body: {deleteOptions: {preconditions: {uid: 'u-1'}, gracePeriodSeconds: 0}},
    });
  });

  it.each([
    [
      'needs pods',
      budget('The disruption budget web needs 3 healthy pods and has 3 currently'),
      {
        kind: 'refused',
        message: 'The disruption budget web needs 3 healthy pods and has 3 currently',
        budgets: ['web'],
      },
    ],
    [
      'is not processed yet',
      budget('The disruption budget web is still being processed by the server.', 10),
      {
        kind: 'refused',
        message: 'The disruption budget web is still being processed by the server.',
        budgets: ['web'],
        retryAfterSeconds: 10,
      },
    ],
  ])('is refused by a budget that %s', async (_, answer, expected) => {
    expect((await evict(answer)).result).toEqual(expected);
  });

  it.each<[string, Status, object]>([
    ['gone', {code: 404, reason: 'NotFound', message: 'pods "web-1" not found'}, {kind: 'gone'}],
    [
      'changed',
      {code: 409, reason: 'Conflict', message: 'the UID in the precondition (a) does not match'},
      {kind: 'changed', message: 'the UID in the precondition (a) does not match'},
    ],
    [
      'throttled',
      {code: 429, reason: 'TooManyRequests', message: 'too many requests', details: {retryAfterSeconds: 7}},
      {kind: 'throttled', message: 'too many requests', retryAfterSeconds: 7},
    ],
    [
      'misconfigured',
      {
        code: 500,
        message:
          'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      },
      {
        kind: 'misconfigured',
        message:
          'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      },
    ],
    [
      'failed',
      {code: 403, reason: 'Forbidden', message: 'no'},
      {kind: 'failed', error: expect.any(ApiError)},
    ],
    ['unknown', {code: 500, message: 'etcd timed out'}, {kind: 'unknown', error: expect.any(ApiError)}],
    [
      'unknown',
      {code: 504, reason: 'Timeout', message: "couldn't update PodDisruptionBudget"},
      {kind: 'unknown', error: expect.any(ApiError)},
    ],
  ])('is %s', async (_, answer, expected) => {
    expect((await evict(answer)).result).toEqual(expected);
  });

  it('is throttled when what says 429 is no API server', async () => {
    const error = new ApiError({code: 429, method: 'POST', path: PATH});

    expect((await evict(error)).result).toMatchObject({kind: 'throttled', retryAfterSeconds: 1});
  });

  it('does not know when there was no answer', async () => {
    const error = new ConnectionError('reset', {method: 'POST', path: PATH});

    expect((await evict(error)).result).toEqual({kind: 'unknown', error});
  });
});
