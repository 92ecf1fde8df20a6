import {describe, expect, it} from '@jest/globals';
import {apiPod} from '../../test/scenarios/builders.ts';
import {type ApiPod, toPod} from './pod.ts';
import {createPodTrimmer} from './pod-trimmer.ts';

const REPLICA_SET = {name: 'web-5d8f', uid: 'replicaset-web'};

describe('createPodTrimmer', () => {
  it.each([
    ['one that runs', apiPod('web-1', {on: 'a', replicaSet: REPLICA_SET})],
    ['one that waits for the scheduler', apiPod('web-1')],
    ['one that terminates', apiPod('web-1', {on: 'a', terminating: true})],
    ['one that must stay', apiPod('web-1', {on: 'a', annotations: {'spread-operator.io/exclude': 'true'}})],
  ])('keeps of %s what a Pod has', (_what, raw) => {
    const trim = createPodTrimmer();

    expect({...trim(raw)}).toEqual(toPod(raw));
  });

  it('keeps one value of what the pods of one ReplicaSet have in common', () => {
    const trim = createPodTrimmer();

    const [first, second] = ['web-1', 'web-2'].map((name) =>
      // As from the API server: nothing of one object is part of another.
      trim(JSON.parse(JSON.stringify(apiPod(name, {on: 'a', replicaSet: REPLICA_SET}))) as ApiPod),
    );

    expect(second?.spec).toBe(first?.spec);
    expect(second?.labels).toBe(first?.labels);
    expect(second?.controller).toBe(first?.controller);
  });

  it('keeps one spec for the pods of a DaemonSet, which are each bound to a node by name', () => {
    const trim = createPodTrimmer();

    const [first, second] = ['a', 'b'].map((on) => trim(apiPod(`proxy-${on}`, {on, spec: boundTo(on)})));

    expect(second?.spec).toBe(first?.spec);
  });

  it('leaves the required node affinity of a pod that is not there yet, and one for another node', () => {
    const trim = createPodTrimmer();

    const waiting = trim(apiPod('proxy-1', {spec: boundTo('a')}));
    const elsewhere = trim(apiPod('proxy-2', {on: 'b', spec: boundTo('a')}));

    expect(waiting.spec.nodeAffinity.required).toHaveLength(1);
    expect(elsewhere.spec.nodeAffinity.required).toHaveLength(1);
  });
});

function boundTo(node: string) {
  return {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {matchFields: [{key: 'metadata.name', operator: 'In' as const, values: [node]}]},
          ],
        },
      },
    },
  };
}
