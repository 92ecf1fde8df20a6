/**
 * Runs a simulation with operators in it: after each event on the clock everything runs that waits for nothing but promises,
 * and only then the next event. So one order of things follows from one seed.
 */
import {setImmediate} from 'node:timers/promises';
import type {SimulationClock} from '../../src/simulator/engine/simulation-clock.ts';

export class Driver {
  readonly #clock: SimulationClock;
  readonly #afterEach: () => void;
  #woken = true;

  /** `afterEach` is called after each event and what followed from it. */
  constructor(clock: SimulationClock, afterEach: () => void) {
    this.#clock = clock;
    this.#afterEach = afterEach;
  }

  /** Something now waits for its turn among the promises. Most events of a cluster concern no operator. */
  woken(): void {
    this.#woken = true;
  }

  async runUntil(time: number): Promise<void> {
    await this.#settle();
    while (this.#clock.step(time)) {
      await this.#settle();
      this.#afterEach();
    }
    this.#clock.runUntil(time);
  }

  async #settle(): Promise<void> {
    if (!this.#woken) {
      return;
    }
    this.#woken = false;
    // The queue of promises is empty before the event loop goes on to its next phase.
    await setImmediate();
  }
}
