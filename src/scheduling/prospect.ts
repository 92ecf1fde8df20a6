/**
 * What the scheduler makes of a pod: which nodes take it, why the others do not, and which it would choose. Every node is
 * judged once; for the same cluster with a few pods gone or come, only those nodes are judged anew for which that can make
 * a difference.
 */
import {type NodeTable, nodeTable} from '../cluster/node-table.ts';
import type {Pod} from '../cluster/pod.ts';
import {type NodeInfo, type PodChanges, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from './framework.ts';
import {LocalScores, type Ranking, rankingOf} from './ranking.ts';
import {likelyRanks} from './sampling.ts';
import {DEFAULT_FILTERS, nodeFilter} from './scheduler.ts';

interface Judged {
  /** By the number of the node; undefined where it takes the pod. */
  readonly refusals: readonly (Refusal | undefined)[];
  readonly scores: LocalScores;
  /** Nodes that are promised to other pods, which count there on top of those that the snapshot knows. */
  readonly promised: readonly number[];
  readonly judged: number;
}

export class Prospect {
  readonly pod: PodToSchedule;
  readonly snapshot: SchedulingSnapshot;
  readonly table: NodeTable;
  /** How many nodes were judged for it. */
  readonly judged: number;
  readonly #judged: Judged;
  #feasible: readonly NodeInfo[] | undefined;
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
    const filter = nodeFilter(pod, snapshot);
    const infos = [...snapshot.nodeInfos()];
    const promised = infos.flatMap(({node}, number) =>
      snapshot.nominatedPods(node.name).length > 0 ? [number] : [],
    );
    return new Prospect(pod, snapshot, {
      refusals: infos.map((info) => filter(info)),
      scores: new LocalScores(pod, snapshot, infos),
      promised,
      judged: infos.length,
    });
  }

  /** For the same pod in the cluster with other pods. */
  with(changes: PodChanges): Prospect {
    const {pod, table} = this;
    const snapshot = withChanges(this.snapshot, changes);
    const filter = nodeFilter(pod, snapshot);
    const changed = [...(changes.remove ?? []), ...(changes.add ?? [])];
    const touched = this.#touchedBy(changed, snapshot);
    const refusals = this.#judged.refusals.slice();
    for (const number of touched) {
      const info = snapshot.nodeInfo(table.names[number] ?? '');
      refusals[number] = info === undefined ? undefined : filter(info);
    }
    const own = changed.flatMap(({nodeName = ''}) => table.numberOf.get(nodeName) ?? []);
    return new Prospect(pod, snapshot, {
      ...this.#judged,
      refusals,
      scores: this.#judged.scores.with(own, snapshot),
      judged: touched.size,
    });
  }

  takes(number: number): boolean {
    return this.#judged.refusals[number] === undefined;
  }

  /** The nodes that take the pod, ordered by name. */
  get feasible(): readonly NodeInfo[] {
    this.#feasible ??= Array.from(this.numbers, (number) => this.infoOf(number));
    return this.#feasible;
  }

  /** Their numbers in the table of the snapshot. */
  get numbers(): Int32Array {
    if (this.#numbers === undefined) {
      const {refusals} = this.#judged;
      const numbers = new Int32Array(refusals.length);
      let count = 0;
      for (let number = 0; number < refusals.length; number++) {
        if (refusals[number] === undefined) {
          numbers[count] = number;
          count += 1;
        }
      }
      this.#numbers = numbers.subarray(0, count);
    }
    return this.#numbers;
  }

  infoOf(number: number): NodeInfo {
    return this.#judged.scores.infoOf(number);
  }

  /** Of each other node, in the order of their names: that of the first plugin that refuses it. */
  get refusals(): Refusal[] {
    return this.#judged.refusals.filter((refusal) => refusal !== undefined);
  }

  /** The nodes that take the pod, best first, equal ones by name. */
  get ranking(): Ranking {
    this.#ranking ??= rankingOf(
      this.pod,
      this.snapshot,
      {infos: this.feasible, numbers: this.numbers},
      this.#judged.scores,
    );
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
    const touched = new Set(this.#judged.promised);
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
          const {ofNode} = table.domains(topologyKey);
          const domain = ofNode[own];
          for (const [number, each] of domain === -1 ? [] : ofNode.entries()) {
            if (each === domain) {
              touched.add(number);
            }
          }
        }
      }
    }
    return touched;
  }
}
