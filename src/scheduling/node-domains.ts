/** Sets and sums of topology domains, by the numbers of the nodes in the table of a snapshot. */
import type {DomainColumn, NodeTable} from '../cluster/node-table.ts';

/** Domains of several topologies, asked for by the numbers of nodes. */
export class DomainSet {
  readonly #table: NodeTable;
  readonly #topologies = new Map<string, {readonly ofNode: Int32Array; readonly isIn: Uint8Array}>();

  constructor(table: NodeTable) {
    this.#table = table;
  }

  get isEmpty(): boolean {
    return this.#topologies.size === 0;
  }

  /** Adds the node's domain, if it is in one. */
  addDomainOf(number: number, topologyKey: string): void {
    const known = this.#topologies.get(topologyKey);
    const {ofNode, names} = this.#table.domains(topologyKey);
    const domain = ofNode[number] ?? -1;
    if (domain < 0) {
      return;
    }
    const isIn = known?.isIn ?? new Uint8Array(names.length);
    isIn[domain] = 1;
    if (known === undefined) {
      this.#topologies.set(topologyKey, {ofNode, isIn});
    }
  }

  hasDomainOf(number: number, topologyKey: string): boolean {
    const topology = this.#topologies.get(topologyKey);
    return topology?.isIn[topology.ofNode[number] ?? -1] === 1;
  }

  hasAnyDomainOf(number: number): boolean {
    for (const {ofNode, isIn} of this.#topologies.values()) {
      if (isIn[ofNode[number] ?? -1] === 1) {
        return true;
      }
    }
    return false;
  }

  /** Sets to 0, of all nodes, those in one of the domains. */
  clear(takes: Uint8Array): void {
    for (const {ofNode, isIn} of this.#topologies.values()) {
      for (let number = 0; number < takes.length; number++) {
        if (isIn[ofNode[number] ?? -1] === 1) {
          takes[number] = 0;
        }
      }
    }
  }

  /** Sets to 0, of all nodes, those in none of the domains of the topology. */
  keepOnly(takes: Uint8Array, topologyKey: string): void {
    const topology = this.#topologies.get(topologyKey);
    for (let number = 0; number < takes.length; number++) {
      if (topology?.isIn[topology.ofNode[number] ?? -1] !== 1) {
        takes[number] = 0;
      }
    }
  }
}

export function clearWithoutDomain(takes: Uint8Array, {ofNode}: DomainColumn): void {
  for (let number = 0; number < takes.length; number++) {
    if ((ofNode[number] ?? -1) < 0) {
      takes[number] = 0;
    }
  }
}

/** Sums by domain, of several topologies. */
export class DomainSums {
  readonly #table: NodeTable;
  readonly #topologies = new Map<string, {readonly ofNode: Int32Array; readonly sums: Float64Array}>();

  constructor(table: NodeTable) {
    this.#table = table;
  }

  get isEmpty(): boolean {
    return this.#topologies.size === 0;
  }

  add(number: number, topologyKey: string, amount: number): void {
    const known = this.#topologies.get(topologyKey);
    const {ofNode, names} = this.#table.domains(topologyKey);
    const domain = ofNode[number] ?? -1;
    if (domain < 0) {
      return;
    }
    const sums = known?.sums ?? new Float64Array(names.length);
    sums[domain] = (sums[domain] ?? 0) + amount;
    if (known === undefined) {
      this.#topologies.set(topologyKey, {ofNode, sums});
    }
  }

  sumOf(number: number): number {
    let total = 0;
    for (const {ofNode, sums} of this.#topologies.values()) {
      total += sums[ofNode[number] ?? -1] ?? 0;
    }
    return total;
  }
}
