import {describe, expect, it} from '@jest/globals';
import type {ClusterPicture} from './cluster-picture.ts';
import {operatorLiveness} from './operator-liveness.ts';

const NOW = Date.UTC(2026, 10, 28, 12);

describe('foresight/operator-liveness', () => {
  function picture(lease: object | undefined, missing: ClusterPicture['missing'] = []): ClusterPicture {
    const metadata = {
      name: 'spread-operator',
      namespace: 'spread-operator-system',
      uid: 'a',
      resourceVersion: '1',
      creationTimestamp: '',
    };
    return {
      origin: 'a test',
      takenAt: NOW,
      server: {major: 1, minor: 36},
      objects:
        lease === undefined
          ? []
          : [{apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: lease}],
      missing,
    };
  }

  function lease(secondsAgo: number, holderIdentity = 'operator-1'): object {
    return {
      holderIdentity,
      leaseDurationSeconds: 15,
      renewTime: new Date(NOW - secondsAgo * 1000).toISOString(),
    };
  }

  it.each([
    [
      'renewed just now',
      lease(2),
      'Running',
      /operator-1 holds the lease spread-operator-system\/spread-operator/,
    ],
    ['renewed by a clock that is ahead', lease(-30), 'Running', /is running/],
    ['renewed long ago', lease(3 * 86_400), 'NotRunning', /was last renewed 3 d ago by operator-1/],
    ['released', lease(2, ''), 'NotRunning', /nobody holds/],
    ['not there', undefined, 'NotRunning', /there is no lease/],
  ] as const)('by a lease that is %s', (_, spec, state, message) => {
    expect(operatorLiveness(picture(spec))).toEqual({state, message: expect.stringMatching(message)});
  });

  it('does not guess when leases cannot be read', () => {
    const missing = [{resource: 'coordination.k8s.io/v1 leases', reason: 'the right is missing'}];

    expect(operatorLiveness(picture(undefined, missing)).state).toBe('Unknown');
  });
});
