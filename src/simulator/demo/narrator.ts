/** What happened in the cluster, in sentences for somebody who does not know Kubernetes well. Pure. */
import type {SimulatedCluster} from '../simulated-cluster.ts';
import type {TimelineEntry} from '../timeline.ts';
import type {Tone} from './screen.ts';
import {asDuration, countNames, listWords} from './words.ts';

export interface News {
  readonly at: number;
  readonly text: string;
  readonly tone?: Tone;
}

/** Entries closer to each other than this belong together and are told at once. */
const GAP_MILLISECONDS = 500;
/** A Service that answers again after less is told once, not each time. */
const BRIEF_MILLISECONDS = 60_000;

export class Narrator {
  readonly #cluster: SimulatedCluster;
  readonly #down = new Map<string, number>();
  /** Services whose pods were told to be starved since a node died last. */
  readonly #starved = new Set<string>();
  readonly #waiting = new Set<string>();
  #told: number;
  #panics = 0;
  #isWaitExplained = false;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
    this.#told = cluster.timeline.entries.length;
  }

  /** What has happened since it was asked last; what may still go on only with `all`. */
  news(all = false): News[] {
    const untold = this.#cluster.timeline.entries.slice(this.#told);
    const entries = all ? untold : finished(untold, this.#cluster.now);
    this.#told += entries.length;
    return entries.flatMap((entry) => {
      const news = this.#tell(entry, entries);
      return news === undefined ? [] : [{at: entry.at, ...news}];
    });
  }

  #tell(entry: TimelineEntry, batch: readonly TimelineEntry[]): Omit<News, 'at'> | undefined {
    switch (entry.kind) {
      case 'NodeSaturated':
        return {
          text: `${entry.node} has no idle CPU left: ${inCpus(entry.demand)} CPUs are wanted, it has ${inCpus(entry.capacity)}.`,
        };
      case 'NodePanicked':
        this.#starved.clear();
        return {text: this.#panicked(entry.node), tone: 'bad'};
      case 'NodeFailed':
        return {text: `${entry.node} is lost, and with it ${this.#podsOn(entry.node)}.`, tone: 'bad'};
      case 'NodeNotReady':
        return {text: `Kubernetes notices that ${entry.node} is silent, ${this.#whatFollows()}.`};
      case 'NodeReturned':
        return {text: `${entry.node} is back.`};
      case 'PodMoved':
        return movesFrom(entry, batch);
      case 'ServiceDown':
        return this.#serviceDown(entry.service, entry.at, batch);
      case 'ServiceUp': {
        const since = this.#down.get(entry.service) ?? entry.at;
        return entry.at - since < BRIEF_MILLISECONDS
          ? undefined
          : {text: `Service ${short(entry.service)} answers again, after ${asDuration(entry.at - since)}.`};
      }
      case 'PodUnschedulable':
        if (this.#waiting.has(entry.pod)) {
          return undefined;
        }
        this.#waiting.add(entry.pod);
        return {
          text: `A new pod of ${appOf(entry.pod)} finds no node where it may run, and waits (Kubernetes calls it Pending).`,
        };
      case 'PodPlaced':
      case 'PodReady':
      case 'PodUnready':
      case 'PodGone':
      case 'PodCrashed':
        // The picture shows these.
        return undefined;
    }
  }

  #whatFollows(): string {
    const isExplained = this.#isWaitExplained;
    this.#isWaitExplained = true;
    const known = 'sends no more traffic there';
    return isExplained
      ? `and ${known}`
      : `${known} (requests to it were lost until now), and waits 5 minutes before it replaces the pods`;
  }

  #panicked(node: string): string {
    const {panicAfterSeconds} = this.#cluster.parameters;
    this.#panics++;
    return `Round ${this.#panics}: ${node} dies. After ${asDuration(panicAfterSeconds * 1000)} without idle CPU its kernel panics. With it go ${this.#podsOn(node)}.`;
  }

  #podsOn(node: string): string {
    return countNames(
      this.#cluster
        .pods('moonlight')
        .filter(({spec, metadata}) => spec.nodeName === node && metadata.deletionTimestamp === undefined)
        .map(({metadata}) => metadata.labels?.['app'] ?? metadata.name),
    );
  }

  #serviceDown(service: string, at: number, batch: readonly TimelineEntry[]): Omit<News, 'at'> | undefined {
    this.#down.set(service, at);
    const isByNode = batch.some(
      (entry) =>
        (entry.kind === 'NodePanicked' || entry.kind === 'NodeFailed') && Math.abs(entry.at - at) < 1000,
    );
    if (isByNode) {
      return {text: `Service ${short(service)} is down: nobody is left to answer.`, tone: 'bad'};
    }
    if (this.#starved.has(service)) {
      return undefined;
    }
    this.#starved.add(service);
    return {
      text: `${short(service)} gets too little CPU and fails its health checks, again and again: Service ${short(service)} is down.`,
      tone: 'bad',
    };
  }
}

/** Up to the last moment after which nothing happened for a while. */
function finished(entries: readonly TimelineEntry[], now: number): readonly TimelineEntry[] {
  let next = now;
  let end = entries.length;
  for (const {at} of entries.toReversed()) {
    if (next - at >= GAP_MILLISECONDS) {
      break;
    }
    next = at;
    end--;
  }
  return entries.slice(0, end);
}

/** All that follow from the same node at once, told with the first. */
function movesFrom(
  entry: TimelineEntry & {kind: 'PodMoved'},
  batch: readonly TimelineEntry[],
): Omit<News, 'at'> | undefined {
  const moves = batch.filter((each) => each.kind === 'PodMoved' && each.from === entry.from);
  if (moves[0] !== entry) {
    return undefined;
  }
  if (moves.length === 1) {
    const place = entry.node === entry.from ? '' : ` in place of the one on ${entry.from}`;
    return {text: `Kubernetes starts a new ${appOf(entry.pod)} on ${entry.node}${place}.`};
  }
  const targets = [...Map.groupBy(moves as (typeof entry)[], ({node}) => node)].map(
    ([node, all]) => `${countNames(all.map(({pod}) => appOf(pod)))} on ${node}`,
  );
  return {text: `Kubernetes starts replacements for what was on ${entry.from}: ${listWords(targets)}.`};
}

/** `web` of `web-84d977fdd9-htvg8`. */
function appOf(pod: string): string {
  return pod.split('-').slice(0, -2).join('-');
}

function short(service: string): string {
  return service.slice(service.indexOf('/') + 1);
}

function inCpus(milliCpu: number): string {
  return String(Math.round(milliCpu / 100) / 10);
}
