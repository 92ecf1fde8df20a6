import {nodeTable} from '../cluster/node-table.ts';
import type {Resources} from '../cluster/resources.ts';
import type {NodeInfo, SchedulingSnapshot} from '../cluster/snapshot.ts';
import {
  divide,
  type FilterPlugin,
  type LocalScorePlugin,
  MAX_NODE_SCORE,
  type NodeFilter,
} from './framework.ts';
import {type ScoreOfShares, sweepShares} from './resource-shares.ts';

/**
 * Refuses nodes without room for the pod: CPU, memory, ephemeral storage, extended resources, and the pod count.
 * Extended resources that a DeviceClass provides (dynamic resource allocation) are not told apart from those of a
 * device plugin.
 */
export const nodeResourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit',

  prefilter(pod, snapshot) {
    const {requests} = pod.spec;
    const scalars = Object.entries(requests.scalar).filter(([, amount]) => amount !== 0);
    const filter: NodeFilter = (info) => {
      if (fits(requests, scalars, info)) {
        return undefined;
      }
      const {insufficient, beyondNode} = shortages(requests, scalars, info);
      return {
        plugin: 'NodeResourcesFit',
        node: info.node.name,
        reasons: insufficient,
        resolvable: !beyondNode,
      };
    };
    // Extended resources, which few pods ask for, are in no table.
    return scalars.length > 0 ? filter : {filter, sweep: (takes) => sweepFits(requests, snapshot, takes)};
  },
};

/** The strategy LeastAllocated over CPU and memory: the emptier the node would be, the better. */
export const nodeResourcesFitScore = scoringStrategy(leastAllocated);

/** The strategy MostAllocated over CPU and memory: the fuller the node would be, the better. */
export const nodeResourcesMostAllocated = scoringStrategy(mostAllocated);

function scoringStrategy(score: (requested: number, capacity: number) => number): LocalScorePlugin {
  return {
    name: 'NodeResourcesFit',
    weight: 1,
    isLocal: true,

    prescore(pod, snapshot) {
      const {milliCPU, memory} = pod.spec.nonZeroContainerRequests;
      const both: ScoreOfShares = (cpu, cpuCapacity, mem, memCapacity) => {
        // A node without any of a resource is judged by the other one.
        const resources = Number(cpuCapacity !== 0) + Number(memCapacity !== 0);
        const sum = score(cpu + milliCPU, cpuCapacity) + score(mem + memory, memCapacity);
        return resources === 0 ? 0 : divide(sum, resources);
      };
      return {
        score: ({node: {allocatable}, nonZeroRequested}) =>
          both(nonZeroRequested.milliCPU, allocatable.milliCPU, nonZeroRequested.memory, allocatable.memory),
        sweep: (into) => {
          const {resources} = snapshot;
          const {nonZeroRequestedCPU: cpu, nonZeroRequestedMemory: memory} = resources;
          sweepShares(into, {resources, cpu, memory}, both);
        },
      };
    },
  };
}

function sweepFits(requests: Resources, snapshot: SchedulingSnapshot, takes: Uint8Array): void {
  const {numberOf} = nodeTable(snapshot);
  const changed = Array.from(snapshot.changedNodes(), (info) => {
    const number = numberOf.get(info.node.name) ?? -1;
    return {number, takesPod: (takes[number] ?? 0) & Number(fits(requests, [], info))};
  });
  const {milliCPU, memory, ephemeralStorage} = requests;
  const {resources} = snapshot;
  const {allocatableCPU, requestedCPU, allocatableMemory, requestedMemory} = resources;
  for (let number = 0; number < takes.length; number++) {
    const fitting =
      1 <= (resources.freePods[number] ?? 0) &&
      isWithin(milliCPU, (allocatableCPU[number] ?? 0) - (requestedCPU[number] ?? 0)) &&
      isWithin(memory, (allocatableMemory[number] ?? 0) - (requestedMemory[number] ?? 0)) &&
      isWithin(ephemeralStorage, resources.freeEphemeralStorage[number] ?? 0);
    if (!fitting) {
      takes[number] = 0;
    }
  }
  for (const {number, takesPod} of changed) {
    takes[number] = takesPod;
  }
}

// The usual answer, on thousands of nodes: nothing is put together for it.
function fits(
  requests: Resources,
  scalars: readonly (readonly [name: string, amount: number])[],
  {podCount, requested, node: {allocatable, allocatablePods}}: NodeInfo,
): boolean {
  return (
    podCount + 1 <= allocatablePods &&
    isWithin(requests.milliCPU, allocatable.milliCPU - requested.milliCPU) &&
    isWithin(requests.memory, allocatable.memory - requested.memory) &&
    isWithin(requests.ephemeralStorage, allocatable.ephemeralStorage - requested.ephemeralStorage) &&
    scalars.every(([name, wanted]) =>
      isWithin(wanted, (allocatable.scalar[name] ?? 0) - (requested.scalar[name] ?? 0)),
    )
  );
}

function isWithin(wanted: number, free: number): boolean {
  return wanted <= 0 || wanted <= free;
}

function shortages(
  requests: Resources,
  scalars: readonly (readonly [name: string, amount: number])[],
  info: NodeInfo,
): {insufficient: string[]; beyondNode: boolean} {
  const {allocatable, allocatablePods} = info.node;
  const {requested} = info;
  const insufficient: string[] = [];
  // More than the whole node has: no preemption could make room.
  let beyondNode = false;
  const check = (name: string, wanted: number, capacity: number, used: number): void => {
    if (wanted > 0 && wanted > capacity - used) {
      insufficient.push(`Insufficient ${name}`);
      beyondNode ||= wanted > capacity;
    }
  };
  if (info.podCount + 1 > allocatablePods) {
    insufficient.push('Too many pods');
  }
  check('cpu', requests.milliCPU, allocatable.milliCPU, requested.milliCPU);
  check('memory', requests.memory, allocatable.memory, requested.memory);
  check(
    'ephemeral-storage',
    requests.ephemeralStorage,
    allocatable.ephemeralStorage,
    requested.ephemeralStorage,
  );
  for (const [name, wanted] of scalars) {
    check(name, wanted, allocatable.scalar[name] ?? 0, requested.scalar[name] ?? 0);
  }
  return {insufficient, beyondNode};
}

// plugins/noderesources/least_allocated.go, with the default weight of 1 for each resource.
function leastAllocated(requested: number, capacity: number): number {
  return capacity === 0 || requested > capacity
    ? 0
    : divide((capacity - requested) * MAX_NODE_SCORE, capacity);
}

// plugins/noderesources/most_allocated.go. Pods without requests count with a minimum, so it may be more than there is.
function mostAllocated(requested: number, capacity: number): number {
  return capacity === 0 ? 0 : divide(Math.min(requested, capacity) * MAX_NODE_SCORE, capacity);
}
