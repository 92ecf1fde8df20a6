import {describe, expect, it} from '@jest/globals';
import {ApiError} from './api-error.ts';
import {applyConflicts, applyObject} from './apply.ts';
import type {RequestOptions, Requests} from './client.ts';

function conflict(causes: {reason: string; message: string; field?: string}[]): ApiError {
  return new ApiError({
    code: 409,
    status: {reason: 'Conflict', message: 'Apply failed', details: {causes}},
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/shop/deployments/web',
  });
}

describe('applyObject', () => {
  it('sends an apply patch that forces nothing unless told to', async () => {
    const sent: RequestOptions[] = [];
    const client = {
      request: (options: RequestOptions) => {
        sent.push(options);
        return Promise.resolve({code: 200, body: {applied: true}});
      },
    } as Requests;

    const result = await applyObject(client, {
      path: '/p',
      body: {kind: 'X'},
      fieldManager: 'spread-operator',
    });
    await applyObject(client, {path: '/p', body: {}, fieldManager: 'm', force: true, dryRun: true});

    expect(result).toEqual({applied: true});
    expect(sent[0]).toMatchObject({
      method: 'PATCH',
      path: '/p',
      contentType: 'application/apply-patch+yaml',
      body: {kind: 'X'},
      query: {
        fieldManager: 'spread-operator',
        fieldValidation: 'Strict',
        force: undefined,
        dryRun: undefined,
      },
    });
    expect(sent[1]?.query).toMatchObject({force: true, dryRun: 'All'});
  });
});

describe('applyConflicts', () => {
  it('names managers and fields', () => {
    const field =
      '.spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution';
    const error = conflict([
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "kubectl-client-side-apply" using apps/v1',
        field,
      },
      {reason: 'FieldManagerConflict', message: String.raw`conflict with "a \"b\""`, field: '.spec'},
      {reason: 'SomethingElse', message: 'no'},
    ]);

    expect(applyConflicts(error)).toEqual([
      {manager: 'kubectl-client-side-apply', field},
      {manager: 'a "b"', field: '.spec'},
    ]);
  });

  it('is empty for other errors', () => {
    expect(applyConflicts(new Error('no'))).toEqual([]);
    expect(applyConflicts(conflict([]))).toEqual([]);
  });
});
