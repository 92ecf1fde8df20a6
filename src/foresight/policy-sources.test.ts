import {beforeEach, describe, expect, it} from '@jest/globals';
import {withDefaults} from '../api/defaults.ts';
import type {SpreadPolicy, WrittenSpec} from '../api/types.ts';
import {moonlight} from '../simulator/demo/moonlight.ts';
import {type ClusterCaches, cachesOf} from './cluster-picture.ts';
import {applyPolicy, assumePolicies, isAssumed} from './policy-sources.ts';

describe('foresight/policy-sources', () => {
  const {api} = moonlight();
  let caches: ClusterCaches;

  beforeEach(() => {
    caches = cachesOf({objects: [...api.list('namespaces'), ...api.list('deployments.apps')]});
  });

  function policy(name: string, spec: Partial<WrittenSpec>, rest: object = {}): SpreadPolicy {
    const written = withDefaults({
      apiVersion: 'spread-operator.io/v1alpha1',
      kind: 'SpreadPolicy',
      metadata: {name, namespace: 'moonlight', uid: name, creationTimestamp: '2026-11-28T00:00:00Z'},
      spec: {selector: {}, ...spec},
    });
    return {...written, ...rest};
  }

  function governing(name: string) {
    const workload = caches.cache.workload(`moonlight/${name}`);
    return workload === undefined ? undefined : caches.policies.governing(workload);
  }

  it('puts a changed policy in the place of the one that is there, which stays what it is', () => {
    const status = {observedGeneration: 1};
    const before = policy('apart', {});
    applyPolicy(caches, {...before, metadata: {...before.metadata, uid: 'theirs', generation: 3}, status});

    applyPolicy(caches, policy('apart', {suspend: true}));

    expect(governing('web')).toMatchObject({
      uid: 'theirs',
      generation: 4,
      object: {spec: {suspend: true}, status},
    });
  });

  it('assumes a policy only for what no other selects', () => {
    applyPolicy(caches, policy('apart', {selector: {matchLabels: {app: 'web'}}}));

    assumePolicies(caches, {eviction: {mode: 'DryRun'}});

    expect(governing('web')?.name).toBe('apart');
    expect(governing('redis')).toMatchObject({object: {spec: {eviction: {mode: 'DryRun'}}}});
    expect(['web', 'redis'].map((name) => isAssumed(governing(name) ?? {uid: ''}))).toEqual([false, true]);
  });
});
