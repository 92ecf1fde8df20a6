/**
 * Whether the pods that a loss displaces find a node, proven without simulating it. Pure.
 *
 * The argument, for one displaced pod p among k pods that look for a node (others that wait and those of nodes that are
 * silent already included): a node that takes p before any of them has landed (a candidate) refuses it later only
 * because one of the others has landed there. Each of them lands on one node. So with at least k candidates on nodes that
 * stay, at most k − 1 are spoilt, and p finds one, whatever the order and whatever the scheduler prefers. Where room in
 * numbers decides, fewer are spoilt: to fill a node takes as much as it has free beyond what p needs.
 * Conversely, a node that refuses goes on refusing while pods only land and none leaves, but for required affinity and
 * spread constraints, which are left to the simulation. So when more pods of a group are displaced than its candidates
 * have room for, were they all alone, one of them stays Pending.
 */
import type {Resources} from '../../cluster/resources.ts';
import type {PodToSchedule} from '../../scheduling/framework.ts';
import {toOwnTerm} from '../../scheduling/inter-pod-affinity.ts';
import {hasUntoleratedTaint} from '../../scheduling/taint-toleration.ts';
import {ordered} from '../loss-verdict.ts';
import {type CandidateDomain, candidatesOf, TopologyKeys} from './candidates.ts';
import {type Displaced, displacedOf, together, total} from './displaced.ts';
import type {LossFacts, ReplicaGroup} from './loss-facts.ts';

const UNREACHABLE = [{key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule'}] as const;

export class RoomProof {
  readonly #facts: LossFacts;
  readonly #keys: TopologyKeys;
  readonly #displacedOn: readonly (readonly Displaced[])[];
  readonly #countOn: readonly number[];
  readonly #onSilentNodes: readonly Displaced[];
  readonly #alwaysThere: number;
  /** Whether the group finds a node whichever nodes of so many are lost. */
  readonly #isSure = new Map<ReplicaGroup, boolean>();
  readonly #fates = new Map<number, readonly string[] | undefined>();
  readonly #candidates = new Map<ReplicaGroup, readonly CandidateDomain[] | undefined>();
  readonly #blocksDomains: readonly PodToSchedule[];
  readonly #enough: number;

  /** @param depth the most nodes that are lost together */
  constructor(facts: LossFacts, depth: number) {
    this.#facts = facts;
    this.#keys = new TopologyKeys(facts.state);
    this.#displacedOn = facts.residents.map(displacedOf);
    this.#countOn = this.#displacedOn.map(total);
    this.#onSilentNodes = displacedOf(facts.onSilentNodes);
    this.#alwaysThere = total(this.#onSilentNodes) + facts.waiting.length;
    const most = [...this.#countOn].sort((a, b) => b - a).slice(0, depth);
    this.#enough = most.reduce((sum, count) => sum + count, this.#alwaysThere) + depth;
    this.#blocksDomains = this.#newcomers().filter(({spec}) =>
      spec.podAntiAffinity.required.some(({topologyKey}) => !this.#keys.isOneNodeEach(topologyKey)),
    );
  }

  /** Names of the workloads of which a pod stays Pending; undefined when that is not proven either way. */
  pendingAfter(lost: readonly number[]): readonly string[] | undefined {
    const fates = this.#onSilentNodes.length > 0 ? [undefined] : lost.map((id) => this.#fateOf(id));
    if (fates.every((fate) => fate !== undefined)) {
      const names = fates.flat();
      return names.length === 0 || this.#isEvictionSure(lost) ? ordered(names) : undefined;
    }
    const all = together([...lost.map((id) => this.#displacedOn[id] ?? []), this.#onSilentNodes]);
    const pending: string[] = [];
    for (const displaced of all) {
      const isPlaced = this.#isPlaced(displaced, all, lost);
      if (isPlaced === undefined) {
        return undefined;
      }
      if (!isPlaced) {
        pending.push(displaced.group.name);
      }
    }
    if (pending.length > 0 && !this.#isEvictionSure(lost)) {
      return undefined;
    }
    return ordered(pending);
  }

  /** Workloads of which a pod stays Pending when this node is lost, whatever else is; undefined when that depends. */
  #fateOf(id: number): readonly string[] | undefined {
    if (!this.#fates.has(id)) {
      const displaced = this.#displacedOn[id] ?? [];
      const never = displaced.filter((each) => this.#isNeverPlaced(each));
      const isClear = displaced.every((each) => never.includes(each) || this.#isAlwaysPlaced(each.group));
      this.#fates.set(id, isClear ? never.map(({group}) => group.name) : undefined);
    }
    return this.#fates.get(id);
  }

  #isNeverPlaced({group, isLate}: Displaced): boolean {
    return (
      !isLate &&
      group.isOrdinary &&
      isRefusalLasting(group.pod) &&
      this.#candidatesOf(group)?.every(({nodes}) => nodes.length === 0) === true
    );
  }

  #isAlwaysPlaced(group: ReplicaGroup): boolean {
    let answer = this.#isSure.get(group);
    if (answer === undefined) {
      const domains =
        group.isOrdinary && this.#isSpoiltNodeByNode(group)
          ? candidatesOf(group.pod, this.#facts, this.#keys, this.#enough)
          : undefined;
      answer = domains?.every(({nodes}) => nodes.length >= this.#enough) === true;
      this.#isSure.set(group, answer);
    }
    return answer;
  }

  #isPlaced(
    {group, count, isLate}: Displaced,
    all: readonly Displaced[],
    lost: readonly number[],
  ): boolean | undefined {
    const domains = group.isOrdinary ? this.#candidatesOf(group) : undefined;
    if (domains === undefined) {
      return undefined;
    }
    const left = domains.map(({nodes}) => nodes.filter((id) => !lost.includes(id)));
    const others = total(all) - 1 + this.#facts.waiting.length;
    if (
      this.#isSpoiltNodeByNode(group) &&
      left.every((nodes) => nodes.length > others || nodes.length > this.#mostSpoilt(group, nodes, all))
    ) {
      return true;
    }
    const most = left.flat().reduce((sum, id) => sum + this.#mostTaken(group, id), 0);
    return most < count && !isLate && isRefusalLasting(group.pod) ? false : undefined;
  }

  #candidatesOf(group: ReplicaGroup): readonly CandidateDomain[] | undefined {
    if (!this.#candidates.has(group)) {
      this.#candidates.set(group, candidatesOf(group.pod, this.#facts, this.#keys));
    }
    return this.#candidates.get(group);
  }

  /** How many of the candidates all the others together can spoil, at most. */
  #mostSpoilt({pod}: ReplicaGroup, nodes: readonly number[], all: readonly Displaced[]): number {
    let conflicting = 0;
    const volume = {milliCPU: 0, memory: 0, ephemeralStorage: 0, pods: 0, scalar: new Map<string, number>()};
    const others: {pod: PodToSchedule; count: number}[] = [
      ...all.map(({group, count}) => ({pod: group.pod, count})),
      ...this.#facts.waiting.map(({pod: each}) => ({pod: each, count: 1})),
    ];
    for (const other of others) {
      const count = other.pod === pod ? other.count - 1 : other.count;
      if (this.#mayConflict(pod, other.pod)) {
        conflicting += count;
        continue;
      }
      const {requests} = other.pod.spec;
      volume.milliCPU += count * requests.milliCPU;
      volume.memory += count * requests.memory;
      volume.ephemeralStorage += count * requests.ephemeralStorage;
      volume.pods += count;
      for (const [name, amount] of Object.entries(requests.scalar)) {
        volume.scalar.set(name, (volume.scalar.get(name) ?? 0) + count * amount);
      }
    }
    const {requests} = pod.spec;
    let spoilt = conflicting;
    for (const resource of ['milliCPU', 'memory', 'ephemeralStorage'] as const) {
      if (requests[resource] > 0) {
        spoilt += this.#mostFilled(nodes, volume[resource], ({free}) => free[resource] - requests[resource]);
      }
    }
    for (const [name, amount] of Object.entries(requests.scalar)) {
      if (amount > 0) {
        spoilt += this.#mostFilled(
          nodes,
          volume.scalar.get(name) ?? 0,
          ({free}) => (free.scalar[name] ?? 0) - amount,
        );
      }
    }
    return spoilt + this.#mostFilled(nodes, volume.pods, ({freePods}) => freePods - 1);
  }

  /** How many pods of the group the node has room for, if no others come. */
  #mostTaken({pod}: ReplicaGroup, id: number): number {
    const {free, freePods} = this.#room(id);
    const {requests, hostPorts} = pod.spec;
    const isAlone = hostPorts.length > 0 || this.#isRivalToItself(pod, id);
    let most = isAlone ? Math.min(1, freePods) : freePods;
    const bounds = [
      [requests.milliCPU, free.milliCPU],
      [requests.memory, free.memory],
      [requests.ephemeralStorage, free.ephemeralStorage],
      ...Object.entries(requests.scalar).map(([name, amount]) => [amount, free.scalar[name] ?? 0] as const),
    ] as const;
    for (const [amount, there] of bounds) {
      if (amount > 0) {
        most = Math.min(most, Math.floor(there / amount));
      }
    }
    return Math.max(0, most);
  }

  /** Whether its own required anti-affinity keeps two of its kind off the node. */
  #isRivalToItself(pod: PodToSchedule, id: number): boolean {
    const {state, nodes} = this.#facts;
    const labels = state.nodeInfo(nodes[id] ?? '')?.node.labels ?? {};
    return pod.spec.podAntiAffinity.required.some(
      (term) => labels[term.topologyKey] !== undefined && toOwnTerm(term, pod, state).matches(pod),
    );
  }

  /**
   * To refuse a pod for want of a resource, a node must have taken more of it than it has to spare beyond what the pod
   * needs. The nodes with the least to spare make the most of a volume.
   */
  #mostFilled(nodes: readonly number[], volume: number, spareOf: (room: Room) => number): number {
    if (volume === 0) {
      return 0;
    }
    const spares = nodes.map((id) => spareOf(this.#room(id))).sort((a, b) => a - b);
    let used = 0;
    let filled = 0;
    for (const spare of spares) {
      used += Math.max(0, spare);
      if (used >= volume) {
        break;
      }
      filled++;
    }
    return filled;
  }

  readonly #rooms: (Room | undefined)[] = [];

  #room(id: number): Room {
    const known = this.#rooms[id];
    if (known !== undefined) {
      return known;
    }
    const info = this.#facts.state.nodeInfo(this.#facts.nodes[id] ?? '');
    if (info === undefined) {
      throw new RangeError(`node ${this.#facts.nodes[id]}: expected it among the facts, found none`);
    }
    const {allocatable, allocatablePods} = info.node;
    const {requested} = info;
    const scalar: Record<string, number> = {};
    for (const [name, amount] of Object.entries(allocatable.scalar)) {
      scalar[name] = amount - (requested.scalar[name] ?? 0);
    }
    const room: Room = {
      free: {
        milliCPU: allocatable.milliCPU - requested.milliCPU,
        memory: allocatable.memory - requested.memory,
        ephemeralStorage: allocatable.ephemeralStorage - requested.ephemeralStorage,
        scalar,
      },
      freePods: allocatablePods - info.podCount,
    };
    this.#rooms[id] = room;
    return room;
  }

  /** Whether one on a node may keep the other from it for another reason than room. */
  #mayConflict(pod: PodToSchedule, other: PodToSchedule): boolean {
    const {state} = this.#facts;
    const isHard = pod.spec.topologySpreadConstraints.some(
      ({whenUnsatisfiable}) => whenUnsatisfiable === 'DoNotSchedule',
    );
    return (
      (isHard && pod.namespace === other.namespace) ||
      (pod.spec.hostPorts.length > 0 && other.spec.hostPorts.length > 0) ||
      (pod.spec.volumes.length > 0 && other.spec.volumes.length > 0) ||
      pod.spec.podAntiAffinity.required.some((term) => toOwnTerm(term, pod, state).matches(other)) ||
      other.spec.podAntiAffinity.required.some((term) => toOwnTerm(term, other, state).matches(pod))
    );
  }

  /** No rule by which a pod that lands elsewhere spoils more for this group than the node where it lands. */
  #isSpoiltNodeByNode({pod}: ReplicaGroup): boolean {
    const {state} = this.#facts;
    return (
      pod.spec.podAntiAffinity.required.every(({topologyKey}) => this.#keys.isOneNodeEach(topologyKey)) &&
      !this.#blocksDomains.some((other) =>
        other.spec.podAntiAffinity.required.some((term) => toOwnTerm(term, other, state).matches(pod)),
      ) &&
      pod.spec.volumes.every(
        (volume) =>
          volume.kind === 'claim' &&
          state.storage
            .persistentVolumeClaim(pod.namespace, volume.claim)
            ?.accessModes.includes('ReadWriteOncePod') === false,
      )
    );
  }

  /** Whether the node life cycle controller evicts at its normal pace, as it does while few nodes are silent. */
  #isEvictionSure(lost: readonly number[]): boolean {
    const {zones, silentInZone, nodes} = this.#facts;
    if (lost.length >= nodes.length) {
      return false;
    }
    const silent = new Map(silentInZone);
    for (const id of lost) {
      const zone = zones[id] ?? '';
      silent.set(zone, (silent.get(zone) ?? 0) + 1);
    }
    // ComputeZoneState: a zone is disrupted from three silent nodes on.
    return [...silent.values()].every((count) => count <= 2);
  }

  #newcomers(): PodToSchedule[] {
    const groups = new Set<ReplicaGroup>();
    for (const residents of [...this.#facts.residents, this.#facts.onSilentNodes]) {
      for (const {group} of residents) {
        if (group !== undefined) {
          groups.add(group);
        }
      }
    }
    return [...Array.from(groups, ({pod}) => pod), ...this.#facts.waiting.map(({pod}) => pod)];
  }
}

interface Room {
  readonly free: Resources;
  readonly freePods: number;
}

/** What refuses the pod now refuses it for good, and it may not go to a node that is lost. */
function isRefusalLasting({spec}: PodToSchedule): boolean {
  return (
    spec.podAffinity.required.length === 0 &&
    spec.volumes.length === 0 &&
    spec.topologySpreadConstraints.every(({whenUnsatisfiable}) => whenUnsatisfiable !== 'DoNotSchedule') &&
    hasUntoleratedTaint([...UNREACHABLE], spec.tolerations)
  );
}
