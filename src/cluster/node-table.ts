/**
 * The nodes of a snapshot by number, in the order of their names. What is asked of thousands of nodes again and again is
 * kept in arrays by these numbers, and a label is read once for all who ask.
 */
import {NodesMemo} from './nodes-memo.ts';
import type {SchedulingSnapshot} from './snapshot.ts';

/** The domains of one topology. */
export interface DomainColumn {
  /** For each node the number of its domain; -1 without the label. */
  readonly ofNode: Int32Array;
  /** In their order. */
  readonly names: readonly string[];
}

export interface NodeTable {
  readonly size: number;
  readonly names: readonly string[];
  readonly numberOf: ReadonlyMap<string, number>;
  /** Each node by itself. */
  readonly everyNode: Int32Array;
  domains(topologyKey: string): DomainColumn;
  /** The same where nodes without the label lie together in a domain, that of the empty value. */
  domainsOrNone(topologyKey: string): DomainsOrNone;
}

export interface DomainsOrNone {
  readonly ofNode: Int32Array;
  readonly count: number;
}

const tables = new NodesMemo<NodeTable>();

export function nodeTable(snapshot: Pick<SchedulingSnapshot, 'nodesVersion' | 'nodeInfos'>): NodeTable {
  return tables.get(snapshot.nodesVersion, '', () => new Table(snapshot));
}

class Table implements NodeTable {
  readonly names: readonly string[];
  readonly numberOf: ReadonlyMap<string, number>;
  readonly #labels: readonly Readonly<Record<string, string>>[];
  readonly #columns = new Map<string, DomainColumn>();
  readonly #columnsOrNone = new Map<string, DomainsOrNone>();
  readonly everyNode: Int32Array;

  constructor(snapshot: Pick<SchedulingSnapshot, 'nodeInfos'>) {
    const nodes = Array.from(snapshot.nodeInfos(), ({node}) => node);
    this.names = nodes.map(({name}) => name);
    this.#labels = nodes.map(({labels}) => labels);
    this.numberOf = new Map(this.names.map((name, number) => [name, number]));
    this.everyNode = Int32Array.from(this.names.keys());
  }

  get size(): number {
    return this.names.length;
  }

  domains(topologyKey: string): DomainColumn {
    let column = this.#columns.get(topologyKey);
    if (column === undefined) {
      const values = this.#labels.map(({[topologyKey]: domain}) => domain);
      const names = [...new Set(values)].filter((domain) => domain !== undefined).sort();
      const numbers = new Map(names.map((name, number) => [name, number]));
      const ofNode = Int32Array.from(values, (domain) =>
        domain === undefined ? -1 : (numbers.get(domain) ?? -1),
      );
      column = {ofNode, names};
      this.#columns.set(topologyKey, column);
    }
    return column;
  }

  domainsOrNone(topologyKey: string): DomainsOrNone {
    let column = this.#columnsOrNone.get(topologyKey);
    if (column === undefined) {
      const {ofNode, names} = this.domains(topologyKey);
      const empty = names.indexOf('');
      const none = empty < 0 ? names.length : empty;
      column = {
        ofNode: ofNode.map((domain) => (domain < 0 ? none : domain)),
        count: names.length + (empty < 0 ? 1 : 0),
      };
      this.#columnsOrNone.set(topologyKey, column);
    }
    return column;
  }
}
