/**
 * What the scheduler makes of a pod: which nodes take it, why the others do not, and which it would choose. Every node is
 * judged once; for the same cluster with a few pods gone or come, only those nodes are judged anew for which that can make
 * a difference.
 */
import {type DomainColumn, type NodeTable, nodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';
import {type NodeInfo, type PodChanges, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import type {NodeFilter, PodToSchedule, Refusal} from './framework.ts';
import {LocalScores, type Ranking, rankingOf} from './ranking.ts';
import {likelyRanks} from './sampling.ts';
import {DEFAULT_FILTERS, prepareFilters} from './scheduler.ts';

interface Judged {
  /** By the number of the node, 1 where it takes the pod. */
  readonly takes: Uint8Array;
  readonly filter: NodeFilter;
  readonly scores: LocalScores;
  readonly judged: number;
}

/** So many nodes are judged one by one; more of them all at once. */
const MANY = 32;

export class Prospect {
  readonly pod: PodToSchedule;
  readonly snapshot: SchedulingSnapshot;
  readonly table: NodeTable;
  /** How many nodes were judged for it. */
  readonly judged: number;
  readonly #judged: Judged;
  #numbers: Int32Array | undefined;
  #ranking: Ranking | undefined;
  #targets: readonly string[] | undefined;

  private constructor(pod: PodToSchedule, snapshot: SchedulingSnapshot, judged: Judged) {
    this.pod = pod;
    this.snapshot = snapshot;
    this.table = nodeTable(snapshot);
    this.judged = judged.judged;
    this.#judged = judged;
  }

  static of(pod: PodToSchedule, snapshot: SchedulingSnapshot): Prospect {
    const {filter, sweep} = prepareFilters(pod, snapshot);
    const takes = sweep();
    return new Prospect(pod, snapshot, {
      takes,
      filter,
      scores: new LocalScores(pod, snapshot),
      judged: takes.length,
    });
  }

  /** For the same pod in the cluster with other pods. */
  with(changes: PodChanges): Prospect {
    const {pod, table} = this;
    const snapshot = withChanges(this.snapshot, changes);
    const {filter, sweep} = prepareFilters(pod, snapshot);
    const changed = [...(changes.remove ?? []), ...(changes.add ?? [])];
    const touched = this.#touchedBy(changed, snapshot);
    const takes = touched.size > MANY ? sweep() : this.#judged.takes.slice();
    for (const number of touched.size > MANY ? [] : touched) {
      const info = snapshot.nodeInfo(table.names[number] ?? '');
      takes[number] = info === undefined || filter(info) === undefined ? 1 : 0;
    }
    const own = changed.flatMap(({nodeName = ''}) => table.numberOf.get(nodeName) ?? []);
    return new Prospect(pod, snapshot, {
      takes,
      filter,
      scores: this.#judged.scores.with(own, snapshot),
      judged: touched.size,
    });
  }

  takes(number: number): boolean {
    return this.#judged.takes[number] === 1;
  }

  /** The nodes that take the pod, ordered by name. */
  get feasible(): readonly NodeInfo[] {
    return Array.from(this.numbers, (number) => this.infoOf(number));
  }

  /** Their numbers in the table of the snapshot. */
  get numbers(): Int32Array {
    if (this.#numbers === undefined) {
      const {takes} = this.#judged;
      const numbers = new Int32Array(takes.length);
      let count = 0;
      for (let number = 0; number < takes.length; number++) {
        numbers[count] = number;
        count += takes[number] ?? 0;
      }
      this.#numbers = numbers.subarray(0, count);
    }
    return this.#numbers;
  }

  infoOf(number: number): NodeInfo {
    const info = this.snapshot.nodeInfo(this.table.names[number] ?? '');
    if (info === undefined) {
      throw new RangeError(`expected one of ${this.table.size} nodes, found number ${number}`);
    }
    return info;
  }

  /** Of each other node, in the order of their names: that of the first plugin that refuses it. */
  get refusals(): Refusal[] {
    const refusals: Refusal[] = [];
    for (let number = 0; number < this.table.size; number++) {
      const refusal = this.takes(number) ? undefined : this.#judged.filter(this.infoOf(number));
      if (refusal !== undefined) {
        refusals.push(refusal);
      }
    }
    return refusals;
  }

  /** The nodes that take the pod, best first, equal ones by name. */
  get ranking(): Ranking {
    this.#ranking ??= rankingOf(this.pod, this.snapshot, this.numbers, this.#judged.scores);
    return this.#ranking;
  }

  /** Where the scheduler has to be expected to put the pod: one of these nodes, best first. */
  get targets(): readonly string[] {
    if (this.#targets === undefined) {
      const {numbers} = this.ranking;
      const {names} = this.table;
      const ranks = likelyRanks(this.ranking, this.snapshot);
      this.#targets = Array.from(ranks, (rank) => names[numbers[rank] ?? 0] ?? '');
    }
    return this.#targets;
  }

  #touchedBy(changed: readonly Pod[], after: SchedulingSnapshot): ReadonlySet<number> {
    const {table, snapshot: before} = this;
    const touched = new Set(
      Array.from(after.nominatedNodes(), (name) => table.numberOf.get(name)).filter(
        (number) => number !== undefined,
      ),
    );
    for (const other of changed) {
      const own = table.numberOf.get(other.nodeName ?? '');
      if (own === undefined) {
        continue;
      }
      touched.add(own);
      for (const plugin of DEFAULT_FILTERS) {
        const reach = plugin.reach?.(this.pod, other, {before, after}) ?? [];
        if (reach === 'everywhere') {
          return new Set(table.everyNode);
        }
        for (const topologyKey of new Set(reach)) {
          addDomain(own, table.domains(topologyKey), touched);
        }
      }
    }
    return touched;
  }
}

function addDomain(own: number, {ofNode}: DomainColumn, to: Set<number>): void {
  const domain = ofNode[own] ?? -1;
  if (domain < 0) {
    return;
  }
  for (let number = 0; number < ofNode.length; number++) {
    if (ofNode[number] === domain) {
      to.add(number);
    }
  }
}
