/** What must hold, how often it was looked at, and what did not hold. */

export const INVARIANTS = [
  'Pods and ReplicaSets are only read, but for evictions',
  'an eviction names the UID of its pod',
  'rules are applied without force',
  "others' fields of a template stay as they are",
  'only the leader acts',
  'a budget that is known to be exhausted is not drawn on',
  'a budget keeps its healthy pods',
  'only a settled workload is moved',
  'what is excluded, suspended or not to be evicted stays',
  'nothing is evicted while nodes are known to be unhealthy',
  'nothing is evicted on old news',
  'a workload keeps minReplicas',
  'at most maxConcurrentMoves are on their way',
  'a move that the status records stays there until it is judged',
  'after a move that did not help there is a pause',
  'no more moves than the fewest and one for each disturbance',
  'the operator goes on until it is stopped',
  'in the end every workload is spread, or its status says why not',
  'in the end what is called spread is spread',
  'in the end the status is true to the placement',
  'in the end no policy waits for its finalizer',
  'in the end no rule is left without a policy',
  'in the end the operator is quiet',
] as const;

export type InvariantName = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: InvariantName;
  readonly message: string;
}

export class Invariants {
  readonly checked = new Map<InvariantName, number>();
  readonly #onViolation: (violation: Violation) => void;

  constructor(onViolation: (violation: Violation) => void) {
    this.#onViolation = onViolation;
  }

  /** @param problem what is wrong, with the objects' names; undefined when the invariant holds */
  check(invariant: InvariantName, problem: string | undefined): void {
    this.checked.set(invariant, (this.checked.get(invariant) ?? 0) + 1);
    if (problem !== undefined) {
      this.#onViolation({invariant, message: problem});
    }
  }
}
