/** The verdict on a loss where it can be proven; where not, only the simulation knows. Pure. */
import type {ClusterPicture} from '../cluster-picture.ts';
import type {CpuDemand} from '../cpu-demand.ts';
import type {ForesightOptions} from '../foresee.ts';
import {HARMLESS, type LossVerdict} from '../loss-verdict.ts';
import {CpuProof} from './cpu-proof.ts';
import {type LossFacts, lossFactsOf} from './loss-facts.ts';
import {RoomProof} from './room-proof.ts';
import {ServiceLosses} from './service-losses.ts';

/** Seconds until a lost node's pods are evicted, placed, and some time has been quiet: 50 + 300 + 660 and some. */
const SHORTEST_HORIZON = 1200;
const TIMES = ['nodeMonitorGracePeriodSeconds', 'nodeMonitorPeriodSeconds', 'nodeEvictionRate'] as const;

export class ProvenVerdicts {
  readonly #facts: LossFacts;
  readonly #services: ServiceLosses;
  readonly #room: RoomProof;
  readonly #cpu: CpuProof;
  /** Why nothing is proven here; undefined where proofs hold. */
  readonly unprovable: string | undefined;

  constructor(picture: ClusterPicture, demand: CpuDemand, options: ForesightOptions, depth: number) {
    this.#facts = lossFactsOf(picture);
    this.#services = new ServiceLosses(this.#facts, depth);
    this.#room = new RoomProof(this.#facts, depth);
    this.#cpu = new CpuProof(this.#facts, demand, options.parameters, depth);
    const {horizonSeconds = SHORTEST_HORIZON, parameters = {}} = options;
    const changed = TIMES.find((name) => parameters[name] !== undefined);
    this.unprovable =
      horizonSeconds < SHORTEST_HORIZON
        ? `the horizon is below ${SHORTEST_HORIZON} s`
        : changed === undefined
          ? this.#facts.unrest
          : `${changed} is not the default`;
  }

  of(lost: readonly string[]): LossVerdict | undefined {
    if (this.unprovable !== undefined) {
      return undefined;
    }
    const ids = lost.map((name) => this.#facts.idOf.get(name) ?? -1);
    if (!this.#cpu.isCalm(ids)) {
      return undefined;
    }
    const pending = this.#room.pendingAfter(ids);
    if (pending === undefined) {
      return undefined;
    }
    const servicesDown = this.#services.downWith(ids);
    return servicesDown.length === 0 && pending.length === 0
      ? HARMLESS
      : {servicesDown, pending, nodesDying: [], settles: true};
  }
}
