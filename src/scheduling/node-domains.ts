/** Sets and sums of topology domains, by the numbers of the nodes in the table of a snapshot. */
import type {DomainColumn, NodeTable} from '../cluster/node-table.ts';

/** A value for each domain of several topologies, asked for by the numbers of nodes. */
abstract class DomainValues<T extends Uint8Array | Float64Array> {
  protected readonly topologies = new Map<string, {readonly ofNode: Int32Array; readonly values: T}>();
  readonly #table: NodeTable;
  readonly #zeros: (length: number) => T;

  protected constructor(table: NodeTable, zeros: (length: number) => T) {
    this.#table = table;
    this.#zeros = zeros;
  }

  get isEmpty(): boolean {
    return this.topologies.size === 0;
  }

  /** Changes the value of the node's domain, if it is in one. */
  protected change(number: number, topologyKey: string, change: (value: number) => number): void {
    const {ofNode, names} = this.#table.domains(topologyKey);
    const domain = ofNode[number] ?? -1;
    if (domain < 0) {
      return;
    }
    let topology = this.topologies.get(topologyKey);
    if (topology === undefined) {
      topology = {ofNode, values: this.#zeros(names.length)};
      this.topologies.set(topologyKey, topology);
    }
    topology.values[domain] = change(topology.values[domain] ?? 0);
  }
}

/** Domains of several topologies. */
export class DomainSet extends DomainValues<Uint8Array> {
  constructor(table: NodeTable) {
    super(table, (length) => new Uint8Array(length));
  }

  /** Adds the node's domain, if it is in one. */
  addDomainOf(number: number, topologyKey: string): void {
    this.change(number, topologyKey, () => 1);
  }

  hasDomainOf(number: number, topologyKey: string): boolean {
    const topology = this.topologies.get(topologyKey);
    return topology?.values[topology.ofNode[number] ?? -1] === 1;
  }

  hasAnyDomainOf(number: number): boolean {
    for (const {ofNode, values} of this.topologies.values()) {
      if (values[ofNode[number] ?? -1] === 1) {
        return true;
      }
    }
    return false;
  }

  /** Sets to 0, of all nodes, those in one of the domains. */
  clear(takes: Uint8Array): void {
    for (const {ofNode, values} of this.topologies.values()) {
      for (let number = 0; number < takes.length; number++) {
        if (values[ofNode[number] ?? -1] === 1) {
          takes[number] = 0;
        }
      }
    }
  }

  /** Sets to 0, of all nodes, those in none of the domains of the topology. */
  keepOnly(takes: Uint8Array, topologyKey: string): void {
    const topology = this.topologies.get(topologyKey);
    for (let number = 0; number < takes.length; number++) {
      if (topology?.values[topology.ofNode[number] ?? -1] !== 1) {
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
export class DomainSums extends DomainValues<Float64Array> {
  constructor(table: NodeTable) {
    super(table, (length) => new Float64Array(length));
  }

  add(number: number, topologyKey: string, amount: number): void {
    this.change(number, topologyKey, (sum) => sum + amount);
  }

  sumOf(number: number): number {
    let total = 0;
    for (const {ofNode, values} of this.topologies.values()) {
      total += values[ofNode[number] ?? -1] ?? 0;
    }
    return total;
  }
}
