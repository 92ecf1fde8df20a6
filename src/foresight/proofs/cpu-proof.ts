/**
 * Whether a loss can saturate a node, or starve a pod, proven without simulating it. Pure.
 *
 * The argument: as long as on every node that stays the system and all that its pods want are below the share from which
 * a node counts as saturated, every pod gets what it wants: no probe fails, no node dies, and so no endpoint goes but
 * those on the lost nodes. Then each Service keeps at least the endpoints that are left right after the loss, and what
 * its endpoints want is at most its load shared by those. A displaced pod wants no more wherever it lands. What lands on
 * a node is at most everything that is displaced, and at most what the scheduler lets in: as much as the node has free,
 * at the highest want per requested milliCPU, and besides those that request nothing.
 */

import {podCpuSpec} from '../../simulator/load/pod-cpu.ts';
import {controllerOf} from '../../simulator/objects.ts';
import {type SimulationParameters, withParameters} from '../../simulator/parameters.ts';
import type {CpuDemand} from '../cpu-demand.ts';
import {parametersFor} from '../simulation.ts';
import type {LossFacts, Resident} from './loss-facts.ts';

interface Consumer {
  readonly base: number;
  readonly limit: number;
  readonly request: number;
  readonly services: readonly ServiceLoad[];
}

interface ServiceLoad {
  readonly load: number;
  readonly endpoints: readonly number[];
  /** The fewest endpoints that are left, whichever nodes of so many are lost. */
  readonly fewest: number;
}

interface Arrivals {
  wants: number;
  /** Of those that request nothing. */
  free: number;
}

/** milliCPU: annotations hold whole ones. */
const ROUNDING = 1;

export class CpuProof {
  readonly #matters: boolean;
  /** By node id: what is left below saturation when all Services have the fewest endpoints. */
  readonly #slack: number[] = [];
  readonly #free: number[] = [];
  readonly #room: number[] = [];
  readonly #consumers: readonly (readonly Consumer[])[];
  readonly #newcomers: readonly (readonly Consumer[])[];
  readonly #arrivals: readonly Arrivals[];
  /** Pods of silent nodes, and those that have none. */
  readonly #fromElsewhere: Arrivals;
  /** The highest want per requested milliCPU of any pod that may be displaced. */
  readonly #ratio: number;
  /** Least slack first. */
  readonly #tightest: readonly number[];

  constructor(
    facts: LossFacts,
    demand: CpuDemand,
    parameters: Partial<SimulationParameters> | undefined,
    depth: number,
  ) {
    const all: SimulationParameters = withParameters(parametersFor(demand.basis, parameters));
    this.#matters = all.panicAfterSeconds > 0 || all.starvedShare > 0;
    const loads = serviceLoads(facts, demand, depth);
    const toConsumer = (resident: Resident) => consumerOf(resident, demand, loads);
    this.#consumers = facts.residents.map((residents) => residents.map(toConsumer));
    this.#newcomers = facts.residents.map((residents) =>
      residents.filter(isDisplaceable).map((resident) => newcomerOf(resident, demand, loads)),
    );
    let ratio = 0;
    const arrivalsOf = (residents: readonly Resident[]): Arrivals => {
      const sum: Arrivals = {wants: 0, free: 0};
      for (const resident of residents) {
        if (!isDisplaceable(resident)) {
          continue;
        }
        const newcomer = newcomerOf(resident, demand, loads);
        const wants = wantsWith(newcomer, ({fewest}) => fewest);
        sum.wants += wants;
        if (newcomer.request === 0) {
          sum.free += wants;
        } else {
          ratio = Math.max(ratio, wants / newcomer.request);
        }
      }
      return sum;
    };
    this.#arrivals = facts.residents.map(arrivalsOf);
    this.#fromElsewhere = arrivalsOf([
      ...facts.onSilentNodes,
      ...facts.waiting.map(({resident}) => resident),
    ]);
    this.#ratio = ratio;
    for (const [id, name] of facts.nodes.entries()) {
      const info = facts.state.nodeInfo(name);
      const capacity = facts.capacities[id] ?? 0;
      const system = Math.min(all.systemMilliCpu, capacity);
      const limit = Math.min(1, all.saturatedShare) * capacity - system;
      const wants = (this.#consumers[id] ?? []).reduce(
        (sum, consumer) =>
          sum + wantsWith(consumer, ({fewest, endpoints}) => Math.max(fewest, countOf(endpoints, id))),
        0,
      );
      this.#slack.push(limit - wants);
      this.#free.push(Math.max(0, (info?.node.allocatable.milliCPU ?? 0) - (info?.requested.milliCPU ?? 0)));
      this.#room.push(limit);
    }
    this.#tightest = [...this.#slack.keys()].sort((a, b) => (this.#slack[a] ?? 0) - (this.#slack[b] ?? 0));
  }

  /** False when it is not proven. */
  isCalm(lost: readonly number[]): boolean {
    if (!this.#matters) {
      return true;
    }
    const arrivals = {...this.#fromElsewhere};
    for (const id of lost) {
      arrivals.wants += this.#arrivals[id]?.wants ?? 0;
      arrivals.free += this.#arrivals[id]?.free ?? 0;
    }
    for (const id of this.#tightest) {
      if ((this.#slack[id] ?? 0) > arrivals.wants) {
        // All that follow have more.
        return true;
      }
      if (!lost.includes(id) && !this.#holds(id, arrivals)) {
        return this.#isCalmExactly(lost);
      }
    }
    return true;
  }

  #holds(id: number, {wants, free}: Arrivals, slack = this.#slack[id] ?? 0, ratio = this.#ratio): boolean {
    return slack > Math.min(wants, ratio * (this.#free[id] ?? 0) + free);
  }

  /** With the endpoints that this loss leaves, rather than the fewest that any loss leaves. */
  #isCalmExactly(lost: readonly number[]): boolean {
    const left = new Map<ServiceLoad, number>();
    const leftOf = (service: ServiceLoad) => {
      let count = left.get(service);
      if (count === undefined) {
        count = service.endpoints.reduce((sum, id) => sum + Number(!lost.includes(id)), 0);
        left.set(service, count);
      }
      return Math.max(1, count);
    };
    const arrivals = {...this.#fromElsewhere};
    let ratio = arrivals.wants > 0 ? this.#ratio : 0;
    for (const id of lost) {
      for (const newcomer of this.#newcomers[id] ?? []) {
        const wants = wantsWith(newcomer, leftOf);
        arrivals.wants += wants;
        if (newcomer.request === 0) {
          arrivals.free += wants;
        } else {
          ratio = Math.max(ratio, wants / newcomer.request);
        }
      }
    }
    return this.#tightest.every((id) => {
      if (lost.includes(id) || this.#holds(id, arrivals, this.#slack[id], ratio)) {
        return true;
      }
      const wants = (this.#consumers[id] ?? []).reduce((sum, each) => sum + wantsWith(each, leftOf), 0);
      return this.#holds(id, arrivals, (this.#room[id] ?? 0) - wants, ratio);
    });
  }
}

function wantsWith({base, limit, services}: Consumer, leftOf: (service: ServiceLoad) => number): number {
  let wants = base;
  for (const service of services) {
    wants += service.load / Math.max(1, leftOf(service)) + ROUNDING;
  }
  return Math.min(limit, wants);
}

function serviceLoads(facts: LossFacts, demand: CpuDemand, depth: number): ReadonlyMap<string, ServiceLoad> {
  const loads = new Map<string, ServiceLoad>();
  for (const [key, load] of demand.loads) {
    const endpoints = facts.endpoints.get(key) ?? [];
    const byNode = new Map<number, number>();
    for (const id of endpoints) {
      byNode.set(id, (byNode.get(id) ?? 0) + 1);
    }
    const most = [...byNode.values()].sort((a, b) => b - a).slice(0, depth);
    const fewest = most.reduce((left, count) => left - count, endpoints.length);
    loads.set(key, {load, endpoints, fewest: Math.max(1, fewest)});
  }
  return loads;
}

/** Whoever is no endpoint yet is taken for one: it may become one. */
function consumerOf(
  {object, services}: Resident,
  demand: CpuDemand,
  loads: ReadonlyMap<string, ServiceLoad>,
): Consumer {
  const {request, limit, base} = podCpuSpec(object);
  const owner = controllerOf(object)?.uid ?? '';
  return {
    request,
    limit,
    base:
      Math.max(base, demand.bases.get(object.metadata.uid) ?? 0, demand.newPods.get(owner) ?? 0) + ROUNDING,
    services: services.flatMap((key) => loads.get(key) ?? []),
  };
}

/** What takes the resident's place, wherever it lands. */
function newcomerOf(
  resident: Resident,
  demand: CpuDemand,
  loads: ReadonlyMap<string, ServiceLoad>,
): Consumer {
  const consumer = consumerOf(resident, demand, loads);
  const {group} = resident;
  return group === undefined
    ? consumer
    : {
        ...consumer,
        base: Math.max(consumer.base, group.cpu.base + ROUNDING),
        limit: group.cpu.limit,
        request: group.pod.spec.requests.milliCPU,
      };
}

function isDisplaceable({group, object, toleratedSeconds}: Resident): boolean {
  return (
    object.spec.nodeName === undefined ||
    (group !== undefined && toleratedSeconds !== Number.POSITIVE_INFINITY)
  );
}

function countOf(ids: readonly number[], wanted: number): number {
  return ids.reduce((count, id) => count + Number(id === wanted), 0);
}
