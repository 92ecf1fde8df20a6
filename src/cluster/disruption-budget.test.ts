import {describe, expect, it} from '@jest/globals';
import {pod} from '../../test/scenarios/builders.ts';
import {
  type ApiDisruptionBudget,
  budgetsOf,
  describeBudget,
  toDisruptionBudget,
} from './disruption-budget.ts';

describe('toDisruptionBudget', () => {
  it('allows nothing before the disruption controller has computed it', () => {
    expect(budget('web', {maxUnavailable: 1})).toMatchObject({
      unhealthyPodEvictionPolicy: 'IfHealthyBudget',
      status: {observedGeneration: 0, disruptionsAllowed: 0},
    });
  });

  it('keeps what the disruption controller computed', () => {
    const status = {
      observedGeneration: 2,
      disruptionsAllowed: 1,
      currentHealthy: 3,
      desiredHealthy: 2,
      expectedPods: 3,
    };

    expect(
      toDisruptionBudget({
        metadata: {name: 'web', namespace: 'shop', uid: '1', resourceVersion: '1', generation: 2},
        spec: {unhealthyPodEvictionPolicy: 'AlwaysAllow'},
        status,
      }),
    ).toMatchObject({namespace: 'shop', generation: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow', status});
  });
});

describe('budgetsOf', () => {
  it('finds the budgets that the eviction API would consult', () => {
    const budgets = [
      budget('web', {selector: {matchLabels: {app: 'web'}}}),
      budget('all-of-policy-v1', {selector: {}}),
      budget('db', {selector: {matchLabels: {app: 'db'}}}),
      budget('without-selector', {}),
      {...budget('elsewhere', {selector: {}}), namespace: 'other'},
    ];

    expect(budgetsOf(pod('web-1'), budgets).map(({name}) => name)).toEqual(['web', 'all-of-policy-v1']);
  });
});

describe('describeBudget', () => {
  it.each([
    {spec: {maxUnavailable: 0}, text: 'web (maxUnavailable 0)'},
    {spec: {maxUnavailable: '25%'}, text: 'web (maxUnavailable 25%)'},
    {spec: {minAvailable: 2}, text: 'web (minAvailable 2)'},
    {spec: {}, text: 'web (no limit)'},
  ])('reads $text', ({spec, text}) => {
    expect(describeBudget(budget('web', spec))).toBe(text);
  });
});

function budget(name: string, spec: NonNullable<ApiDisruptionBudget['spec']>) {
  return toDisruptionBudget({metadata: {name, namespace: 'default', uid: name, resourceVersion: '1'}, spec});
}
