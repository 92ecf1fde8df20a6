import {describe, expect, it} from '@jest/globals';
import {replicaSet, workload} from '../../test/scenarios/workloads.ts';
import {replacementOf} from './replacement.ts';

const APART = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: {matchLabels: {app: 'web'}},
          matchLabelKeys: ['pod-template-hash'],
        },
      ],
    },
  },
};

describe('replacementOf', () => {
  it('has the labels of the current ReplicaSet, and terms that select its revision', () => {
    const web = workload({podSpec: APART});

    const replacement = replacementOf(web, replicaSet(web, {hash: 'x1'}));

    const revision = {key: 'pod-template-hash', operator: 'In', values: ['x1']};
    expect(replacement.labels).toEqual({app: 'web', 'pod-template-hash': 'x1'});
    expect(replacement.spec.podAntiAffinity.required[0]?.labelSelector?.matchExpressions).toEqual([revision]);
    expect(replacement.defaultSpreadSelector).toEqual({
      matchLabels: {app: 'web'},
      matchExpressions: [revision],
    });
  });

  it('has those of the template before there is a ReplicaSet', () => {
    const web = workload();

    expect(replacementOf(web, undefined)).toMatchObject({
      labels: {app: 'web'},
      defaultSpreadSelector: web.selector,
    });
  });
});
