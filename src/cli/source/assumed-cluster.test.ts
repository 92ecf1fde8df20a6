import {describe, expect, it} from '@jest/globals';
import {cachesOf} from '../../foresight/cluster-picture.ts';
import {readCluster} from '../cluster-options.ts';
import {cliIo} from '../testing/run-cli.ts';
import {assumeCluster} from './assumed-cluster.ts';

const NOW = Date.UTC(2026, 10, 28);

describe('cli/source/assumed-cluster', () => {
  it('has Ready nodes with the room that was asked for', () => {
    const picture = assumeCluster({nodes: 3, cpu: '2', memory: '8Gi', zones: 2, podsPerNode: 20}, NOW);

    const infos = [...cachesOf(picture).cache.state.nodeInfos()];
    expect(infos.map(({node}) => node.labels['topology.kubernetes.io/zone'])).toEqual([
      'zone-a',
      'zone-b',
      'zone-a',
    ]);
    expect(infos.map(({node}) => [node.ready, node.unschedulable, node.taints.length])).toEqual(
      Array.from({length: 3}, () => ['True', false, 0]),
    );
    expect(infos[0]?.node).toMatchObject({allocatable: {milliCPU: 2000}, allocatablePods: 20});
    expect(picture.origin).toBe(
      'an assumed cluster of 3 empty nodes over 2 zones, each with 2 CPU, 8Gi of memory and room for 20 pods',
    );
  });

  it.each([
    [{cpu: '4'}, '--cpu describes an assumed cluster: say how many nodes it has with --nodes'],
    [{podsPerNode: 20}, '--pods-per-node describes an assumed cluster'],
    [{nodes: 2, zones: 3}, '--zones 3: expected at most one for each of the 2 nodes'],
  ])('does not take %j', async (options, message) => {
    await expect(readCluster(options, cliIo())).rejects.toThrow(message);
  });
});
