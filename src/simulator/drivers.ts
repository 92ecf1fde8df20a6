/** What lets a simulation's time pass at the pace of the wall clock. The only part of the engine that knows real time. */
import type {SimulationClock} from './engine/simulation-clock.ts';

const TICK_MILLISECONDS = 10;
/** No longer at a stretch, so that requests that come in meanwhile are answered. */
const LONGEST_SLICE_MILLISECONDS = 50;

/** Runs a simulation `speed` times as fast as real time, and leaves out what the machine is too slow for. */
export class RealTimeDriver {
  readonly #clock: SimulationClock;
  readonly #speed: number;
  #timer: NodeJS.Timeout | undefined;
  /** Simulated and real time at which both were last the same. */
  #origin = {simulated: 0, real: 0};
  /** Simulated milliseconds that were skipped because the machine was too slow for the speed. */
  #lost = 0;

  constructor(clock: SimulationClock, speed: number) {
    if (!(speed > 0)) {
      throw new RangeError(`speed: expected a number above 0, found ${speed}`);
    }
    this.#clock = clock;
    this.#speed = speed;
  }

  /** How far the simulation has fallen behind the speed that was asked for, in simulated milliseconds. */
  get lost(): number {
    return this.#lost;
  }

  start(): void {
    this.#origin = {simulated: this.#clock.now(), real: performance.now()};
    this.#tick();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tick(): void {
    const began = performance.now();
    const target = this.#origin.simulated + (began - this.#origin.real) * this.#speed;
    while (this.#clock.step(target)) {
      if (performance.now() - began > LONGEST_SLICE_MILLISECONDS) {
        break;
      }
    }
    const next = this.#clock.nextAt;
    if (next === undefined || next > target) {
      this.#clock.runUntil(target);
    } else {
      this.#lost += target - this.#clock.now();
      this.#origin = {simulated: this.#clock.now(), real: performance.now()};
    }
    this.#timer = setTimeout(() => this.#tick(), TICK_MILLISECONDS);
  }
}

/**
 * Keeps a simulation at the time of the wall clock, whatever it costs: for those who compare its timestamps with their
 * own clock. After a break all that was due meanwhile happens at once.
 */
export class WallClockDriver {
  readonly #clock: SimulationClock;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: SimulationClock) {
    this.#clock = clock;
  }

  start(): void {
    this.catchUp();
    this.#timer = setTimeout(() => this.start(), TICK_MILLISECONDS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  catchUp(): void {
    this.#clock.runUntil(Date.now());
  }
}
