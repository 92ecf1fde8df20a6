/**
 * What evictions have taken from PodDisruptionBudgets, until the watch tells of it: so that two workloads under one
 * budget do not both count on the same disruption.
 */
import type {DisruptionBudget} from '../cluster/disruption-budget.ts';

interface Draw {
  /** Of the budget that was drawn from; a newer one has the eviction in its numbers. */
  readonly resourceVersion: string;
  readonly pods: number;
}

export class BudgetDraws {
  readonly #draws = new Map<string, Draw>();

  /** A pod that these budgets cover is about to be evicted. */
  draw(budgets: Iterable<DisruptionBudget>): void {
    for (const budget of budgets) {
      this.#keep(budget, this.#drawnFrom(budget) + 1);
    }
  }

  /** It was not evicted. */
  giveBack(budgets: Iterable<DisruptionBudget>): void {
    for (const budget of budgets) {
      const pods = this.#drawnFrom(budget);
      if (pods > 0) {
        this.#keep(budget, pods - 1);
      }
    }
  }

  /** The budgets with what is left of them. */
  left(budgets: Iterable<DisruptionBudget>): DisruptionBudget[] {
    return [...budgets].map((budget) => {
      const pods = this.#drawnFrom(budget);
      const {status} = budget;
      return pods === 0
        ? budget
        : {
            ...budget,
            status: {
              ...status,
              disruptionsAllowed: Math.max(0, status.disruptionsAllowed - pods),
              currentHealthy: Math.max(0, status.currentHealthy - pods),
            },
          };
    });
  }

  clear(): void {
    this.#draws.clear();
  }

  #drawnFrom({uid, resourceVersion}: DisruptionBudget): number {
    const draw = this.#draws.get(uid);
    return draw?.resourceVersion === resourceVersion ? draw.pods : 0;
  }

  #keep({uid, resourceVersion}: DisruptionBudget, pods: number): void {
    this.#draws.set(uid, {resourceVersion, pods});
  }
}
