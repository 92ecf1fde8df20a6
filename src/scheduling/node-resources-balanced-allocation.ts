import {divide, type LocalScorePlugin, MAX_NODE_SCORE} from './framework.ts';
import {type ScoreOfShares, sweepShares} from './resource-shares.ts';

/**
 * Prefers nodes whose CPU and memory would be used in more equal shares than they are now
 * (plugins/noderesources/balanced_allocation.go of 1.36: 75 for no change, up to 100 for the better, down to 50).
 */
export const nodeResourcesBalancedAllocation: LocalScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  isLocal: true,

  prescore(pod, snapshot) {
    const {milliCPU, memory} = pod.spec.requests;
    if (milliCPU === 0 && memory === 0) {
      return undefined;
    }
    const score: ScoreOfShares = (cpu, cpuCapacity, mem, memCapacity) => {
      const without = balance(cpu, cpuCapacity, mem, memCapacity);
      const withPod = balance(cpu + milliCPU, cpuCapacity, mem + memory, memCapacity);
      return MAX_NODE_SCORE / 2 + divide(MAX_NODE_SCORE / 2 + withPod - without, 2);
    };
    return {
      score: ({node: {allocatable}, requested}) =>
        score(requested.milliCPU, allocatable.milliCPU, requested.memory, allocatable.memory),
      sweep: (into) => {
        const {resources} = snapshot;
        sweepShares(into, {resources, cpu: resources.requestedCPU, memory: resources.requestedMemory}, score);
      },
    };
  },
};

/** 100 for equal shares, 50 when one resource is full and the other unused. */
function balance(milliCPU: number, cpuCapacity: number, memory: number, memoryCapacity: number): number {
  if (cpuCapacity === 0 || memoryCapacity === 0) {
    return MAX_NODE_SCORE;
  }
  const cpuShare = Math.min(1, milliCPU / cpuCapacity);
  const memoryShare = Math.min(1, memory / memoryCapacity);
  const deviation = Math.abs((cpuShare - memoryShare) / 2);
  return Math.trunc((1 - deviation) * MAX_NODE_SCORE);
}
