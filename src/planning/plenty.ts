import type {PodSpec} from '../cluster/pod-spec.ts';
import type {SchedulingSnapshot} from '../cluster/snapshot.ts';

export interface Demand {
  readonly spec: PodSpec;
  readonly replicas: number;
}

/**
 * Whether each of the nodes has room for all of these replicas at once: then nobody takes it from anybody. A sum of a
 * few numbers, which spares most moves any further question.
 */
export function haveRoomForAll(
  snapshot: SchedulingSnapshot,
  nodes: readonly string[],
  demands: readonly Demand[],
): boolean {
  if (demands.some(({spec}) => spec.hostPorts.length > 0)) {
    return false;
  }
  const sum = (of: (spec: PodSpec) => number) =>
    demands.reduce((total, {spec, replicas}) => total + replicas * of(spec), 0);
  const scalars = new Set(demands.flatMap(({spec}) => Object.keys(spec.requests.scalar)));
  return nodes.every((name) => {
    const info = snapshot.nodeInfo(name);
    if (info === undefined) {
      return false;
    }
    const {node, requested, podCount} = info;
    const {allocatable, allocatablePods} = node;
    return (
      podCount + sum(() => 1) <= allocatablePods &&
      requested.milliCPU + sum(({requests}) => requests.milliCPU) <= allocatable.milliCPU &&
      requested.memory + sum(({requests}) => requests.memory) <= allocatable.memory &&
      requested.ephemeralStorage + sum(({requests}) => requests.ephemeralStorage) <=
        allocatable.ephemeralStorage &&
      [...scalars].every(
        (name) =>
          (requested.scalar[name] ?? 0) + sum(({requests}) => requests.scalar[name] ?? 0) <=
          (allocatable.scalar[name] ?? 0),
      )
    );
  });
}
