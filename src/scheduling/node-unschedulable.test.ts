import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {verdicts} from '../../test/scenarios/verdicts.ts';
import {nodeUnschedulable} from './node-unschedulable.ts';

describe('NodeUnschedulable', () => {
  const cluster = clusterState({nodes: [node('open'), node('cordoned', {unschedulable: true})]});

  it('refuses a cordoned node', () => {
    const result = verdicts(nodeUnschedulable, pod('web'), cluster);

    expect(result).toEqual({open: 'fits', cordoned: 'node(s) were unschedulable'});
  });

  it.each([
    ['by its key', {key: 'node.kubernetes.io/unschedulable', operator: 'Exists'}],
    ['by tolerating everything', {operator: 'Exists'}],
    ['by effect', {key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule'}],
  ] as const)('lets a pod through that tolerates the cordon %s', (_how, toleration) => {
    const result = verdicts(nodeUnschedulable, pod('web', {spec: {tolerations: [toleration]}}), cluster);

    expect(result).toEqual({open: 'fits', cordoned: 'fits'});
  });

  it('refuses a pod that tolerates the cordon for NoExecute only', () => {
    const tolerations = [
      {key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoExecute'},
    ] as const;

    const result = verdicts(nodeUnschedulable, pod('web', {spec: {tolerations: [...tolerations]}}), cluster);

    expect(result).toMatchObject({cordoned: 'node(s) were unschedulable'});
  });
});
