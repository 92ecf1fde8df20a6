import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import type {Refusal} from '../scheduling/framework.ts';
import {controllerOf, describeBlockers, withBlockers} from './joint-blockers.ts';

const of = (name: string) => ({replicaSet: {name, uid: name}});
const snapshot = clusterState({
  nodes: ['a', 'b', 'c', 'd', 'e'].map((name) => node(name)),
  pods: [
    pod('api-1', {on: 'a', requests: {cpu: '1'}, ...of('api')}),
    pod('api-2', {on: 'a', requests: {cpu: '1'}, ...of('api')}),
    pod('db-1', {on: 'a', requests: {cpu: '1500m', memory: '1Gi'}, ...of('db')}),
    pod('job-1', {on: 'a'}),
    ...['b', 'c', 'd', 'e'].map((name) => pod(`big-${name}`, {on: name, requests: {cpu: '4'}, ...of('big')})),
  ],
});
const refusal = (name: string, change: Partial<Refusal> = {}): Refusal => ({
  plugin: 'NodeResourcesFit',
  node: name,
  reasons: ['Insufficient cpu'],
  resolvable: true,
  ...change,
});

describe('describeBlockers', () => {
  it('names whose pods hold what is lacking, those with the most first', () => {
    expect(describeBlockers([refusal('a')], snapshot, controllerOf)).toBe(
      'a is filled by ReplicaSet api (2 pods), ReplicaSet db (1 pod)',
    );
    expect(describeBlockers([refusal('a', {reasons: ['Insufficient memory']})], snapshot, controllerOf)).toBe(
      'a is filled by ReplicaSet db (1 pod)',
    );
    expect(describeBlockers([refusal('a', {reasons: ['Too many pods']})], snapshot, controllerOf)).toBe(
      'a is filled by ReplicaSet api (2 pods), Pod job-1 (1 pod), ReplicaSet db (1 pod)',
    );
  });

  it('names a few nodes, by name', () => {
    const refusals = ['e', 'd', 'c', 'b'].map((name) => refusal(name));

    expect(describeBlockers(refusals, snapshot, () => 'Deployment big')).toBe(
      'b is filled by Deployment big (1 pod); c is filled by Deployment big (1 pod); d is filled by Deployment big (1 pod); and 1 more node',
    );
  });

  it('says nothing of nodes that are no matter of room', () => {
    const tainted = refusal('a', {
      plugin: 'TaintToleration',
      reasons: ['untolerated taint'],
      resolvable: false,
    });
    const tooSmall = refusal('a', {resolvable: false});

    expect(describeBlockers([tainted, tooSmall], snapshot, controllerOf)).toBeUndefined();
  });
});

describe('withBlockers', () => {
  it('adds them to a refusal for want of room only', () => {
    expect(withBlockers({reason: 'NoFeasibleNode', message: 'full'}, 'a is filled').message).toBe(
      'full; a is filled',
    );
    expect(withBlockers({reason: 'Pinned', message: 'pinned'}, 'a is filled').message).toBe('pinned');
    expect(withBlockers({reason: 'NoFeasibleNode', message: 'full'}, undefined).message).toBe('full');
  });
});
