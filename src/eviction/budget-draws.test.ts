import {describe, expect, it} from '@jest/globals';
import {type DisruptionBudget, toDisruptionBudget} from '../cluster/disruption-budget.ts';
import {BudgetDraws} from './budget-draws.ts';

describe('BudgetDraws', () => {
  it('takes what is being evicted from the budget, until the watch tells of it', () => {
    const draws = new BudgetDraws();
    draws.draw([budget('1')]);

    expect(left(draws, '1')).toMatchObject({disruptionsAllowed: 1, currentHealthy: 5});
    draws.draw([budget('1')]);
    expect(left(draws, '1')).toMatchObject({disruptionsAllowed: 0, currentHealthy: 4});
    expect(left(draws, '2')).toMatchObject({disruptionsAllowed: 2, currentHealthy: 6});
  });

  it('gives back what was not evicted', () => {
    const draws = new BudgetDraws();
    draws.draw([budget('1')]);
    draws.giveBack([budget('1')]);

    expect(left(draws, '1')).toMatchObject({disruptionsAllowed: 2, currentHealthy: 6});
  });

  it('gives nothing back to a budget that was counted anew meanwhile', () => {
    const draws = new BudgetDraws();
    draws.draw([budget('1')]);
    draws.draw([budget('2')]);
    draws.giveBack([budget('1')]);

    expect(left(draws, '2')).toMatchObject({disruptionsAllowed: 1, currentHealthy: 5});
  });
});

function left(draws: BudgetDraws, resourceVersion: string): DisruptionBudget['status'] | undefined {
  return draws.left([budget(resourceVersion)])[0]?.status;
}

function budget(resourceVersion: string): DisruptionBudget {
  return toDisruptionBudget({
    metadata: {name: 'web', namespace: 'default', uid: 'budget', resourceVersion, generation: 1},
    spec: {maxUnavailable: 2},
    status: {observedGeneration: 1, disruptionsAllowed: 2, currentHealthy: 6, desiredHealthy: 4},
  });
}
