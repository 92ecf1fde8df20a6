import type {WorkloadKey} from '../cluster/cluster-cache.ts';

/**
 * The rollouts that edits of templates have started: one for each policy at a time. Reserved before the edit, so that
 * two workers cannot begin together.
 */
export class Rollouts {
  /** By policy uid, or by namespace for rules that no policy wants any more. */
  readonly #running = new Map<string, WorkloadKey>();
  readonly #waiting = new Map<string, Set<WorkloadKey>>();
  readonly #wake: (key: WorkloadKey) => void;

  constructor(wake: (key: WorkloadKey) => void) {
    this.#wake = wake;
  }

  /** The other workload that rolls out; undefined when the way is free. Who asks in vain is woken at the end. */
  other(group: string, key: WorkloadKey): WorkloadKey | undefined {
    const running = this.#running.get(group);
    if (running === undefined || running === key) {
      return undefined;
    }
    const waiting = this.#waiting.get(group) ?? new Set();
    waiting.add(key);
    this.#waiting.set(group, waiting);
    return running;
  }

  isRunning(key: WorkloadKey): boolean {
    return [...this.#running.values()].includes(key);
  }

  begin(group: string, key: WorkloadKey): void {
    this.#running.set(group, key);
  }

  /** The workload belongs to another group now: the one that it has left does not wait for its rollout any longer. */
  move(group: string, key: WorkloadKey): void {
    if (this.isRunning(key) && this.#running.get(group) !== key) {
      this.end(key);
      if (!this.#running.has(group)) {
        this.begin(group, key);
      }
    }
  }

  /** The workload's rollout is over, or it is no longer our business. */
  end(key: WorkloadKey): void {
    for (const [group, running] of this.#running) {
      if (running === key) {
        this.#running.delete(group);
        for (const waiting of this.#waiting.get(group) ?? []) {
          this.#wake(waiting);
        }
        this.#waiting.delete(group);
      }
    }
  }

  clear(): void {
    this.#running.clear();
    this.#waiting.clear();
  }
}
