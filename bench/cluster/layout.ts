/**
 * A cluster in numbers: which nodes there are, which workloads, and which node holds each replica. Made from a seed, so
 * that two runs measure the same cluster; `objects.ts` dresses it as objects of the API.
 *
 * The proportions are those of large clusters that run one kind of machine for most things: 30 pods a node, as many
 * Deployments as nodes, half of them with less than five replicas and a few with many hundreds.
 */
import {Random} from './random.ts';

export const ZONES = ['zone-a', 'zone-b', 'zone-c'] as const;
const PODS_PER_NODE = 30;
export const DAEMON_SETS = ['kube-proxy', 'network', 'log-collector'] as const;

export type Pool = 'general' | 'batch' | 'gpu';

export interface NodeLayout {
  readonly name: string;
  readonly zone: number;
  readonly pool: Pool;
  readonly cpu: number;
  readonly state: 'ready' | 'cordoned' | 'notReady';
}

/** What the policy of a namespace asks for, and whether its rule is in the templates already. */
export interface NamespaceLayout {
  readonly name: string;
  readonly topologies: 'hostname' | 'zone and hostname' | 'zone';
  readonly injected: boolean;
}

export interface WorkloadLayout {
  readonly name: string;
  readonly namespace: NamespaceLayout;
  readonly pool: Pool;
  readonly milliCPU: number;
  readonly memoryMiB: number;
  readonly hostPort?: number;
  /** maxReplicas of its autoscaler. */
  readonly maxReplicas?: number;
  readonly hasBudget: boolean;
  /** Replicas that share nodes although there is room elsewhere. */
  readonly coLocated: boolean;
  /** For each replica the index of its node; undefined while it is Pending. */
  readonly nodes: readonly (number | undefined)[];
}

/** Pods of StatefulSets, one label map each, and finished ones of Jobs. */
export interface OtherPod {
  readonly kind: 'StatefulSet' | 'Job';
  readonly namespace: string;
  readonly set: number;
  readonly ordinal: number;
  readonly node: number;
}

export interface ClusterLayout {
  readonly seed: number;
  readonly nodes: readonly NodeLayout[];
  readonly namespaces: readonly NamespaceLayout[];
  readonly workloads: readonly WorkloadLayout[];
  readonly others: readonly OtherPod[];
  /** Of all kinds, finished ones included. */
  readonly pods: number;
}

/** Shares of all workloads or nodes, unless said otherwise. */
const SHARE = {
  batchNodes: 0.06,
  gpuNodes: 0.03,
  cordoned: 0.01,
  notReady: 0.004,
  batch: 0.06,
  gpu: 0.02,
  hostPort: 0.01,
  autoscaled: 0.2,
  budget: 0.6,
  /** Of the workloads without a rule. */
  coLocated: 0.12,
  otherPods: 0.02,
  pending: 0.0005,
} as const;

/** Of so many namespaces, one has a policy that does not inject. */
const NOT_INJECTED = 7;

const REQUESTS = [
  [50, 64],
  [100, 128],
  [100, 256],
  [250, 512],
  [500, 1024],
] as const;

export interface LayoutOptions {
  readonly pods: number;
  readonly seed?: number;
  /** By default one for twenty workloads. */
  readonly namespaces?: number;
}

export function clusterLayout(options: LayoutOptions): ClusterLayout {
  const seed = options.seed ?? 1;
  const random = new Random(seed);
  const nodes = nodeLayouts(Math.max(3, Math.round(options.pods / PODS_PER_NODE)), random);
  const otherCount = Math.round(options.pods * SHARE.otherPods);
  const replicas = options.pods - nodes.length * DAEMON_SETS.length - otherCount;
  const sizes = replicaCounts(nodes.length, replicas);
  const namespaces = namespaceLayouts(
    options.namespaces ?? Math.max(4, Math.round(sizes.length / 20)),
    random,
  );
  const room = new RoomLeft(nodes);
  const workloads = sizes.map((size, index) => workloadLayout(index, size, namespaces, room, random));
  const others = Array.from({length: otherCount}, (_, index): OtherPod => {
    const kind = index % 2 === 0 ? 'StatefulSet' : 'Job';
    return {
      kind,
      namespace: random.pick(namespaces).name,
      set: Math.floor(index / 6),
      ordinal: Math.floor(index / 2) % 3,
      node: room.take('general', index % ZONES.length, 100, new Set(), random) ?? 0,
    };
  });
  const placed = workloads.reduce((sum, workload) => sum + workload.nodes.length, 0);
  return {
    seed,
    nodes,
    namespaces,
    workloads,
    others,
    pods: placed + others.length + nodes.length * DAEMON_SETS.length,
  };
}

function nodeLayouts(count: number, random: Random): NodeLayout[] {
  return Array.from({length: count}, (_, index): NodeLayout => {
    const share = random.next();
    const pool =
      share < SHARE.gpuNodes ? 'gpu' : share < SHARE.gpuNodes + SHARE.batchNodes ? 'batch' : 'general';
    const trouble = random.next();
    const state =
      trouble < SHARE.notReady
        ? 'notReady'
        : trouble < SHARE.notReady + SHARE.cordoned
          ? 'cordoned'
          : 'ready';
    return {
      name: `node-${String(index).padStart(5, '0')}`,
      zone: index % ZONES.length,
      pool,
      cpu: random.chance(0.3) ? 16 : 32,
      state,
    };
  });
}

/** A long tail (Zipf–Mandelbrot): at 5,000 workloads from about 1,500 replicas down to 1, half of them below 5. */
function replicaCounts(workloads: number, replicas: number): number[] {
  const offset = 40;
  const weights = Array.from({length: workloads}, (_, index) => (index + 1 + offset) ** -1.4);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counts = weights.map((weight) => Math.max(1, Math.floor((weight / total) * replicas)));
  const rest = replicas - counts.reduce((sum, count) => sum + count, 0);
  // What rounding has left over goes to those of middle size.
  for (let index = 0; index < rest; index += 1) {
    const at = Math.floor(workloads / 10) + (index % Math.ceil(workloads / 2));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

function namespaceLayouts(count: number, random: Random): NamespaceLayout[] {
  return Array.from({length: count}, (_, index) => ({
    name: `team-${index}`,
    topologies: random.pick(['hostname', 'hostname', 'zone and hostname', 'zone'] as const),
    injected: index % NOT_INJECTED !== 3,
  }));
}

function workloadLayout(
  index: number,
  size: number,
  namespaces: readonly NamespaceLayout[],
  room: RoomLeft,
  random: Random,
): WorkloadLayout {
  // Namespaces have a long tail too.
  const namespace = namespaces[Math.floor(random.next() ** 2 * namespaces.length)] ?? random.pick(namespaces);
  const share = random.next();
  const small = size <= 20;
  const pool: Pool =
    small && share < SHARE.gpu ? 'gpu' : small && share < SHARE.gpu + SHARE.batch ? 'batch' : 'general';
  const [milliCPU, memoryMiB] = random.pick(REQUESTS);
  const hostPort = small && random.chance(SHARE.hostPort) ? 20_000 + index : undefined;
  const coLocated = size > 1 && !namespace.injected && random.chance(SHARE.coLocated);
  const taken = new Set<number>();
  const firstZone = random.below(ZONES.length);
  let last: number | undefined;
  const nodes = Array.from({length: size}, (_, replica): number | undefined => {
    if (random.chance(SHARE.pending)) {
      return undefined;
    }
    // Piled up: three on a node, and all in the zones where the first ones are.
    if (coLocated && hostPort === undefined && last !== undefined && replica % 3 !== 0) {
      return room.takeOn(last, milliCPU);
    }
    const zone = (firstZone + (coLocated ? 0 : replica)) % ZONES.length;
    const node = room.take(pool, zone, milliCPU, taken, random);
    if (node !== undefined) {
      taken.add(node);
    }
    last = node;
    return node;
  });
  return {
    name: `app-${index}`,
    namespace,
    pool,
    milliCPU,
    memoryMiB,
    ...(hostPort === undefined ? {} : {hostPort}),
    ...(random.chance(SHARE.autoscaled) ? {maxReplicas: size * 2} : {}),
    hasBudget: size > 1 && random.chance(SHARE.budget),
    coLocated,
    nodes,
  };
}

/** CPU is what the generated nodes run out of first; 2 CPUs are kept for the pods of the node itself. */
class RoomLeft {
  readonly #free: number[];
  readonly #byPool = new Map<string, number[]>();

  constructor(nodes: readonly NodeLayout[]) {
    this.#free = nodes.map(({cpu}) => (cpu - 2) * 1000);
    for (const [index, {pool, zone, state}] of nodes.entries()) {
      if (state !== 'notReady') {
        const key = `${pool} ${zone}`;
        this.#byPool.set(key, [...(this.#byPool.get(key) ?? []), index]);
      }
    }
  }

  /** A node of the pool and zone, or of the next zone, that is not among those taken; undefined when all are full. */
  take(
    pool: Pool,
    zone: number,
    milliCPU: number,
    taken: ReadonlySet<number>,
    random: Random,
  ): number | undefined {
    for (let next = 0; next < ZONES.length; next += 1) {
      const candidates = this.#byPool.get(`${pool} ${(zone + next) % ZONES.length}`) ?? [];
      const start = random.below(Math.max(1, candidates.length));
      for (let probe = 0; probe < candidates.length; probe += 1) {
        const node = candidates[(start + probe) % candidates.length] ?? 0;
        if (!taken.has(node) && (this.#free[node] ?? 0) >= milliCPU) {
          return this.takeOn(node, milliCPU);
        }
      }
    }
    return undefined;
  }

  takeOn(node: number, milliCPU: number): number {
    this.#free[node] = (this.#free[node] ?? 0) - milliCPU;
    return node;
  }
}
