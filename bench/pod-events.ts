/** Random things that happen to the pods of a cluster, each as the watch would tell of it. */
import type {ApiPod} from '../src/cluster/pod.ts';
import {type ClusterLayout, type WorkloadLayout, ZONES} from './cluster/layout.ts';
import {replicaPod} from './cluster/objects.ts';
import {Random} from './cluster/random.ts';

export const EVENT_KINDS = [
  'readiness lost',
  'readiness back',
  'termination',
  'deletion',
  'creation',
  'binding',
  'readiness',
] as const;

export interface PodEvent {
  readonly kind: (typeof EVENT_KINDS)[number];
  readonly workload: WorkloadLayout;
  /** What is there afterwards; the last state where the pod is gone. */
  readonly pod: ApiPod;
  readonly deleted: boolean;
}

/** A replica on its way: Ready → not Ready → Ready, or terminating → gone → created → bound → Ready. */
interface Slot {
  readonly workload: WorkloadLayout;
  readonly replica: number;
  node: string | undefined;
  suffix: string;
  /** Where its replacement goes, so that the zones stay as even as they were. */
  zone: number;
  next: PodEvent['kind'];
}

/** How many replicas are on their way at a time, as in the middle of a few rollouts. */
const UNDER_WAY = 30;

export class PodEvents {
  readonly #layout: ClusterLayout;
  readonly #random: Random;
  readonly #slots: Slot[] = [];
  readonly #busy = new Set<string>();
  /** Each replica once: larger workloads meet with more. */
  readonly #replicas: {readonly workload: WorkloadLayout; readonly replica: number}[];
  /** Ready nodes by pool and zone, as in `general 2`. */
  readonly #nodesOf = new Map<string, string[]>();
  /** By workload the nodes that hold a replica. */
  readonly #held = new Map<string, Set<string | undefined>>();
  readonly #zoneOf = new Map<string, number>();
  /** What has become of replicas that are no longer as in the layout. */
  readonly #now = new Map<string, {readonly node: string | undefined; readonly suffix: string}>();
  #created = 0;

  constructor(layout: ClusterLayout, seed: number) {
    this.#layout = layout;
    this.#random = new Random(seed);
    this.#replicas = layout.workloads.flatMap((workload) =>
      workload.nodes.map((_, replica) => ({workload, replica})),
    );
    for (const {pool, name, zone, state} of layout.nodes) {
      this.#zoneOf.set(name, zone);
      if (state === 'ready') {
        const key = `${pool} ${zone}`;
        const nodes = this.#nodesOf.get(key) ?? [];
        nodes.push(name);
        this.#nodesOf.set(key, nodes);
      }
    }
    for (const {name, nodes} of layout.workloads) {
      this.#held.set(name, new Set(nodes.map((node) => layout.nodes[node ?? -1]?.name)));
    }
  }

  next(): PodEvent {
    if (this.#slots.length < UNDER_WAY) {
      this.#begin();
    }
    const at = this.#random.below(this.#slots.length);
    const slot = this.#slots[at];
    if (slot === undefined) {
      throw new RangeError('expected a replica that is on its way, found none');
    }
    const {event, ended} = this.#advance(slot);
    if (ended) {
      this.#slots.splice(at, 1);
      this.#busy.delete(keyOf(slot));
      this.#now.set(keyOf(slot), {node: slot.node, suffix: slot.suffix});
    }
    return event;
  }

  #begin(): void {
    for (;;) {
      const chosen = this.#random.pick(this.#replicas);
      const key = keyOf(chosen);
      if (!this.#busy.has(key)) {
        const {workload, replica} = chosen;
        const placed = workload.nodes[replica];
        const now = this.#now.get(key) ?? {
          node: placed === undefined ? undefined : this.#layout.nodes[placed]?.name,
          suffix: String(replica),
        };
        this.#busy.add(key);
        const next =
          now.node === undefined ? 'binding' : this.#random.chance(0.3) ? 'readiness lost' : 'termination';
        const zone = this.#zoneOf.get(now.node ?? '') ?? this.#random.below(ZONES.length);
        this.#slots.push({workload, replica, ...now, zone, next});
        return;
      }
    }
  }

  #advance(slot: Slot): {event: PodEvent; ended: boolean} {
    const {workload, next: kind} = slot;
    const told = (state: {ready?: boolean; terminating?: boolean} = {}): PodEvent => ({
      kind,
      workload,
      pod: replicaPod(this.#layout, workload, {suffix: slot.suffix, node: slot.node, ...state}),
      deleted: kind === 'deletion',
    });
    switch (kind) {
      case 'readiness lost':
        slot.next = 'readiness back';
        return {event: told({ready: false}), ended: false};
      case 'termination':
        slot.next = 'deletion';
        return {event: told({ready: false, terminating: true}), ended: false};
      case 'deletion': {
        slot.next = 'creation';
        const event = told({ready: false, terminating: true});
        this.#held.get(workload.name)?.delete(slot.node);
        this.#created += 1;
        slot.suffix = `new${this.#created}`;
        slot.node = undefined;
        return {event, ended: false};
      }
      case 'creation':
        slot.next = 'binding';
        return {event: told(), ended: false};
      case 'binding':
        slot.next = 'readiness';
        slot.node = this.#choose(slot);
        return {event: told({ready: false}), ended: false};
      case 'readiness back':
      case 'readiness':
        return {event: told({ready: true}), ended: true};
    }
  }

  // As the rule has it: in the zone of the one before, on a node without another replica.
  #choose({workload, zone}: Slot): string {
    const nodes = this.#nodesOf.get(`${workload.pool} ${zone}`) ?? this.#nodesOf.get('general 0') ?? [];
    const held = this.#held.get(workload.name);
    let chosen = this.#random.pick(nodes);
    for (let probe = 0; probe < 20 && held?.has(chosen) === true; probe += 1) {
      chosen = this.#random.pick(nodes);
    }
    held?.add(chosen);
    return chosen;
  }
}

function keyOf({workload, replica}: {readonly workload: WorkloadLayout; readonly replica: number}): string {
  return `${workload.name}/${replica}`;
}
