import type {Resources} from '../cluster/resources.ts';
import {divide, MAX_NODE_SCORE, type ScorePlugin} from './framework.ts';

/**
 * Prefers nodes whose CPU and memory would be used in more equal shares than they are now
 * (plugins/noderesources/balanced_allocation.go of 1.36: 75 for no change, up to 100 for the better, down to 50).
 */
export const nodeResourcesBalancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  isLocal: true,

  prescore(pod) {
    const {milliCPU, memory} = pod.spec.requests;
    if (milliCPU === 0 && memory === 0) {
      return undefined;
    }
    return ({node, requested}) => {
      const without = balance(requested.milliCPU, requested.memory, node.allocatable);
      const withPod = balance(requested.milliCPU + milliCPU, requested.memory + memory, node.allocatable);
      return MAX_NODE_SCORE / 2 + divide(MAX_NODE_SCORE / 2 + withPod - without, 2);
    };
  },
};

/** 100 for equal shares, 50 when one resource is full and the other unused. */
function balance(milliCPU: number, memory: number, allocatable: Resources): number {
  if (allocatable.milliCPU === 0 || allocatable.memory === 0) {
    return MAX_NODE_SCORE;
  }
  const cpuShare = Math.min(1, milliCPU / allocatable.milliCPU);
  const memoryShare = Math.min(1, memory / allocatable.memory);
  const deviation = Math.abs((cpuShare - memoryShare) / 2);
  return Math.trunc((1 - deviation) * MAX_NODE_SCORE);
}
