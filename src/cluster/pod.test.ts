import {describe, expect, it} from '@jest/globals';
import {apiPod, pod} from '../../test/scenarios/builders.ts';
import {excludedBy, isFinished, isTerminating, toPod} from './pod.ts';

describe('toPod', () => {
  it('knows its controlling owner, not any owner', () => {
    const raw = apiPod('web-1', {on: 'a', replicaSet: {name: 'web-5d8', uid: 'rs-1'}});
    raw.metadata.ownerReferences?.unshift({apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'other'});

    expect(toPod(raw).controller).toEqual({kind: 'ReplicaSet', name: 'web-5d8', uid: 'rs-1'});
    expect(pod('bare').controller).toBeUndefined();
  });

  it('says since when and why the scheduler cannot place it', () => {
    const raw = apiPod('web-1');
    raw.status = {
      phase: 'Pending',
      nominatedNodeName: 'a',
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/3 nodes are available',
          lastTransitionTime: '2026-01-01T00:00:05Z',
        },
      ],
    };

    const waiting = toPod(raw);

    expect(waiting.unschedulable).toEqual({
      since: Date.UTC(2026, 0, 1, 0, 0, 5),
      message: '0/3 nodes are available',
    });
    expect(waiting.nominatedNodeName).toBe('a');
    expect(toPod({...raw, spec: {...raw.spec, nodeName: 'a'}}).unschedulable).toBeUndefined();
  });

  it.each([
    {cost: '-5', deletionCost: -5},
    {cost: '100', deletionCost: 100},
    {cost: 'cheap', deletionCost: 0},
    {cost: undefined, deletionCost: 0},
  ])('reads the deletion cost $cost as $deletionCost', ({cost, deletionCost}) => {
    const annotations = cost === undefined ? {} : {'controller.kubernetes.io/pod-deletion-cost': cost};

    expect(pod('web-1', {annotations}).deletionCost).toBe(deletionCost);
  });

  it.each([
    {key: 'cluster-autoscaler.kubernetes.io/safe-to-evict', value: 'false', kept: true},
    {key: 'cluster-autoscaler.kubernetes.io/safe-to-evict', value: 'true', kept: false},
    {key: 'karpenter.sh/do-not-disrupt', value: 'true', kept: true},
    {key: 'karpenter.sh/do-not-disrupt', value: 'false', kept: false},
    {key: 'spread-operator.io/exclude', value: 'true', kept: true},
    {key: 'spread-operator.io/exclude', value: 'yes', kept: false},
  ])('with $key: "$value" may be moved: not $kept', ({key, value, kept}) => {
    expect(pod('web-1', {annotations: {[key]: value}}).doNotDisrupt).toBe(
      kept ? `${key}: "${value}"` : undefined,
    );
  });

  it('takes only the operator’s own annotation as an opt-out of Deployments and namespaces', () => {
    expect(excludedBy({'spread-operator.io/exclude': 'true'})).toBe('spread-operator.io/exclude: "true"');
    expect(excludedBy({'karpenter.sh/do-not-disrupt': 'true'})).toBeUndefined();
  });
});

describe('a pod', () => {
  it.each([
    {phase: 'Succeeded', finished: true},
    {phase: 'Failed', finished: true},
    {phase: 'Running', finished: false},
    {phase: 'Pending', finished: false},
    {phase: 'Unknown', finished: false},
  ] as const)('that is $phase is finished: $finished', ({phase, finished}) => {
    expect(isFinished(pod('web-1', {on: 'a', phase}))).toBe(finished);
  });

  it('has a grace period of its own where that is not the default', () => {
    expect(pod('web', {spec: {terminationGracePeriodSeconds: 0}}).terminationGracePeriodSeconds).toBe(0);
    expect(pod('web', {spec: {terminationGracePeriodSeconds: 30}})).not.toHaveProperty(
      'terminationGracePeriodSeconds',
    );
  });

  it('is terminating once its deletion has been asked for', () => {
    expect(isTerminating(pod('web-1', {on: 'a', terminating: true}))).toBe(true);
    expect(isTerminating(pod('web-1', {on: 'a'}))).toBe(false);
  });
});
