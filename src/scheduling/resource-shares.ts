import type {NodeResources} from '../cluster/node-resources.ts';

/** A node's score by what is taken of its CPU (in thousandths) and of its memory (in bytes), and what there is of each. */
export type ScoreOfShares = (
  cpu: number,
  cpuCapacity: number,
  memory: number,
  memoryCapacity: number,
) => number;

interface Shares {
  readonly resources: NodeResources;
  /** What counts as taken: what is requested, or with a minimum for pods that request nothing. */
  readonly cpu: Float64Array;
  readonly memory: Float64Array;
}

/** Writes the scores of all nodes, by their numbers. */
export function sweepShares(
  into: Float64Array,
  {resources: {allocatableCPU, allocatableMemory}, cpu, memory}: Shares,
  score: ScoreOfShares,
): void {
  for (let number = 0; number < into.length; number++) {
    into[number] = score(
      cpu[number] ?? 0,
      allocatableCPU[number] ?? 0,
      memory[number] ?? 0,
      allocatableMemory[number] ?? 0,
    );
  }
}
