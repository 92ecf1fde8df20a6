/** Which faults a run has, how often, and how often they have struck. */
import type {Random} from '../../src/simulator/engine/random.ts';

/** How likely each is where it can strike when it is on: per request, per watch or per minute. */
const REQUEST_FAULTS = {
  'reset before effect': 0.03,
  'reset after effect': 0.03,
  'time-out without effect': 0.01,
  'time-out with effect': 0.02,
  'late effect': 0.02,
  'answer cut': 0.02,
  'slow answer': 0.03,
  '409 conflict': 0.03,
  '429 too many requests': 0.04,
  '500 without effect': 0.02,
  '500 after effect': 0.02,
  '503 unavailable': 0.03,
} as const;

const WATCH_FAULTS = {
  'watch cut': 0.3,
  'watch cut in a line': 0.2,
  'watch events lost, then cut': 0.2,
  'watch expired (410)': 0.15,
  'watch silent': 0.08,
  'watch delayed': 0.25,
  'watch events duplicated': 0.3,
} as const;

/** Per minute. */
const PROCESS_FAULTS = {
  'operator crash': 0.225,
  'operator crash at a request': 0.225,
  'operator paused': 0.15,
  'clock jump': 0.12,
  'API server restart': 0.045,
  'history compacted': 0.15,
} as const;

/** Per minute. */
const CLUSTER_FAULTS = {
  'node silent': 0.09,
  'node panic': 0.06,
  cordon: 0.12,
  'node added': 0.045,
  'node removed': 0.03,
} as const;

/** What others do, per minute. */
const DISTURBANCES = {
  'pod deleted': 0.225,
  'pod crashed': 0.15,
  scaled: 0.15,
  'rolled out': 0.09,
  'budget edited': 0.15,
  'policy edited': 0.15,
  'policy deleted': 0.03,
  'policy created': 0.06,
  'excluded or back': 0.075,
  'affinity by others': 0.12,
} as const;

/** At an eviction. */
const EVICTION_FAULTS = {
  'target cordoned at eviction': 0.3,
  'target taken at eviction': 0.3,
} as const;

/** For each eviction that an operator asks for. */
const EVICTION_REQUEST_FAULTS = {'operator crash at an eviction': 0.4} as const;

export type RequestFault = keyof typeof REQUEST_FAULTS;
export type WatchFault = keyof typeof WATCH_FAULTS;
export type ProcessFault = keyof typeof PROCESS_FAULTS;
export type ClusterFault = keyof typeof CLUSTER_FAULTS;
export type Disturbance = keyof typeof DISTURBANCES;
export type TimedFault = ProcessFault | ClusterFault | Disturbance;
export type EvictionFault = keyof typeof EVICTION_FAULTS;
export type Fault =
  | RequestFault
  | WatchFault
  | TimedFault
  | EvictionFault
  | keyof typeof EVICTION_REQUEST_FAULTS;

/** Of each fault at an eviction, where most moves are not to help. */
const STUBBORN_RATE = 0.4;

const RATES: Readonly<Record<Fault, number>> = {
  ...REQUEST_FAULTS,
  ...WATCH_FAULTS,
  ...PROCESS_FAULTS,
  ...CLUSTER_FAULTS,
  ...DISTURBANCES,
  ...EVICTION_FAULTS,
  ...EVICTION_REQUEST_FAULTS,
};

export const REQUEST_FAULT_NAMES = Object.keys(REQUEST_FAULTS) as RequestFault[];
const EVICTION_FAULT_NAMES = Object.keys(EVICTION_FAULTS) as EvictionFault[];
export const WATCH_FAULT_NAMES = Object.keys(WATCH_FAULTS) as WatchFault[];
export const TIMED_FAULT_NAMES = Object.keys({
  ...PROCESS_FAULTS,
  ...CLUSTER_FAULTS,
  ...DISTURBANCES,
}) as TimedFault[];
export const FAULT_NAMES = Object.keys(RATES) as Fault[];

/** Of the operators and their connections; the cluster is not touched by it. */
export function isProcessFault(fault: Fault): fault is ProcessFault {
  return Object.hasOwn(PROCESS_FAULTS, fault);
}

export function isClusterFault(fault: Fault): fault is ClusterFault {
  return Object.hasOwn(CLUSTER_FAULTS, fault);
}

/** What would be an excuse for a move that did not help, or for a pause that was cut short. */
function isOfOthers(fault: Fault): boolean {
  return isClusterFault(fault) || Object.hasOwn(DISTURBANCES, fault) || fault === 'clock jump';
}

export class FaultPlan {
  readonly counts = new Map<Fault, number>();
  readonly #rates = new Map<Fault, number>();
  readonly #random: Random;
  #isOn = false;

  /** Some faults are off, some frequent: a run in which everything happens at once hides what one of them does. */
  constructor(random: Random, share: number, isStubborn: boolean) {
    this.#random = random;
    for (const name of FAULT_NAMES) {
      const isOn = random.fraction() < share;
      const factor = 0.3 + 2 * random.fraction();
      if (isStubborn && Object.hasOwn(EVICTION_FAULTS, name)) {
        this.#rates.set(name, STUBBORN_RATE);
      } else if (isOn && !(isStubborn && isOfOthers(name))) {
        this.#rates.set(name, RATES[name] * factor);
      }
    }
  }

  start(): void {
    this.#isOn = true;
  }

  /** From now on nothing strikes. */
  stop(): void {
    this.#isOn = false;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Per minute, request or watch; 0 when it is off. */
  rate(fault: Fault): number {
    return this.#isOn ? (this.#rates.get(fault) ?? 0) : 0;
  }

  /** One of these, or none. */
  draw<F extends Fault>(faults: readonly F[]): F | undefined {
    return this.#drawBy(faults, (fault) => this.rate(fault));
  }

  /** Also when the others have ceased. */
  drawAtEviction(): EvictionFault | undefined {
    return this.#drawBy(EVICTION_FAULT_NAMES, (fault) => this.#rates.get(fault) ?? 0);
  }

  #drawBy<F extends Fault>(faults: readonly F[], rateOf: (fault: F) => number): F | undefined {
    let left = this.#random.fraction();
    for (const fault of faults) {
      left -= rateOf(fault);
      if (left < 0) {
        return fault;
      }
    }
    return undefined;
  }

  /** Whether this one strikes. */
  strikes(fault: Fault): boolean {
    return this.#random.fraction() < this.rate(fault);
  }

  count(fault: Fault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }
}
