import {expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {clusterState, node} from '../../test/scenarios/builders.ts';
import {planRequest} from '../../test/scenarios/scheduled-moves.ts';
import {settled} from '../../test/scenarios/workloads.ts';
import {assess} from './assess.ts';
import {Distribution} from './distribution.ts';

const NODES = Array.from({length: 120}, (_, index) => node(`n${index}`, {zone: `z${index % 3}`}));
const TOPOLOGIES = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
  topologyKey,
  distribution: 'Separate' as const,
  maxSkew: 1,
}));

it('of nodes that lie alike keeps so many that ways and objectives are those of all nodes', () => {
  // Most nodes hold one replica, a few hold more.
  const counts = fc.array(fc.constantFrom(1, 1, 1, 1, 2, 3), {minLength: 34, maxLength: 40});
  let left = 0;

  fc.assert(
    fc.property(counts, fc.subarray(TOPOLOGIES, {minLength: 1}), (held, topologies) => {
      const placement = Object.fromEntries(held.map((count, index) => [`n${index}`, count]));
      const replicas = settled(placement);
      const state = clusterState({nodes: NODES, pods: replicas.pods});
      const assessment = assess({...planRequest(replicas, state), topologies});
      const all = new Distribution(assessment.problem.levels, assessment.problem.cells);

      const {levels, cells, cellOfNode} = assessment.problemNear(replicas.pods, assessment.movesNeeded + 4);

      const near = new Distribution(levels, cells);
      left += all.size - near.size;
      expect(near.objective()).toEqual(all.objective());
      expect(near.optimum().objective).toEqual(all.optimum().objective);
      expect(near.optimum().way).toHaveLength(all.optimum().way.length);
      expect(assessment.movesNeeded).toBe(all.optimum().way.length);
      expect(cellOfNode.size).toBe(NODES.length);
    }),
    {numRuns: 40},
  );

  expect(left).toBeGreaterThan(0);
});
