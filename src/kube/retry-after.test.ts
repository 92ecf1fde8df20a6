import {describe, expect, it} from '@jest/globals';
import {ApiError, ConnectionError} from './api-error.ts';
import {parseRetryAfter, RETRY_LIMIT, retryDelay} from './retry-after.ts';

const request = {method: 'GET', path: '/'};
const NOW = Date.UTC(2026, 0, 1);

describe('parseRetryAfter', () => {
  it.each([
    ['7', 7],
    ['0', 0],
    ['-3', 0],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j seconds', (header, seconds) => {
    expect(parseRetryAfter(header, NOW)).toBe(seconds);
  });
});

describe('retryDelay', () => {
  it.each([
    ['a conflict', new ApiError({...request, code: 409})],
    ['an internal error', new ApiError({...request, code: 500})],
    ['a time-out', new ConnectionError('slow', {...request, timedOut: true})],
    ['a bug', new TypeError('undefined')],
  ])('does not repeat %s', (_, error) => {
    expect(retryDelay(error, 1, () => 0.5)).toBeUndefined();
  });

  it('ends at the limit', () => {
    expect(retryDelay(new ApiError({...request, code: 429}), RETRY_LIMIT, () => 0.5)).toBeUndefined();
  });

  it('never comes back before the server asked for', () => {
    const error = new ApiError({...request, code: 429, retryAfterSeconds: 2});

    expect(retryDelay(error, 1, () => 0)).toBe(2000);
  });
});
