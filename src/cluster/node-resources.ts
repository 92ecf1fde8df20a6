/**
 * What nodes have and what is taken of it, in arrays by the numbers of the nodes (node-table.ts). To read it from the
 * nodes themselves, thousands of objects all over the memory, takes many times as long.
 */
import type {NodeInfo} from './node-info.ts';
import {nodeTable} from './node-table.ts';
import type {SchedulingSnapshot} from './snapshot.ts';

/** CPU in thousandths, memory and storage in bytes. */
export interface NodeResources {
  readonly allocatableCPU: Float64Array;
  readonly allocatableMemory: Float64Array;
  readonly requestedCPU: Float64Array;
  readonly requestedMemory: Float64Array;
  readonly nonZeroRequestedCPU: Float64Array;
  readonly nonZeroRequestedMemory: Float64Array;
  readonly freeEphemeralStorage: Float64Array;
  readonly freePods: Float64Array;
}

/** Kept up to date at the cost of the nodes whose pods have come or gone since somebody last asked. */
export class NodeResourceTable {
  readonly #stale = new Set<NodeInfo>();
  #version: object | undefined;
  #resources = emptyResources(0);

  /** To be told when pods come to the node or leave it. */
  touch(info: NodeInfo): void {
    this.#stale.add(info);
  }

  /** To be told when the node has gone. */
  forget(info: NodeInfo): void {
    this.#stale.delete(info);
  }

  of(snapshot: Pick<SchedulingSnapshot, 'nodesVersion' | 'nodeInfos'>): NodeResources {
    const {numberOf, size} = nodeTable(snapshot);
    if (this.#version !== snapshot.nodesVersion) {
      this.#version = snapshot.nodesVersion;
      this.#resources = emptyResources(size);
      for (const info of snapshot.nodeInfos()) {
        write(this.#resources, numberOf.get(info.node.name), info);
      }
    } else {
      for (const info of this.#stale) {
        write(this.#resources, numberOf.get(info.node.name), info);
      }
    }
    this.#stale.clear();
    return this.#resources;
  }
}

function emptyResources(size: number): NodeResources {
  const column = () => new Float64Array(size);
  return {
    allocatableCPU: column(),
    allocatableMemory: column(),
    requestedCPU: column(),
    requestedMemory: column(),
    nonZeroRequestedCPU: column(),
    nonZeroRequestedMemory: column(),
    freeEphemeralStorage: column(),
    freePods: column(),
  };
}

function write(
  into: NodeResources,
  number: number | undefined,
  {node: {allocatable, allocatablePods}, requested, nonZeroRequested, podCount}: NodeInfo,
): void {
  if (number === undefined) {
    return;
  }
  into.allocatableCPU[number] = allocatable.milliCPU;
  into.allocatableMemory[number] = allocatable.memory;
  into.requestedCPU[number] = requested.milliCPU;
  into.requestedMemory[number] = requested.memory;
  into.nonZeroRequestedCPU[number] = nonZeroRequested.milliCPU;
  into.nonZeroRequestedMemory[number] = nonZeroRequested.memory;
  into.freeEphemeralStorage[number] = allocatable.ephemeralStorage - requested.ephemeralStorage;
  into.freePods[number] = allocatablePods - podCount;
}
