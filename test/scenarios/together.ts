/** Several workloads on nodes with little room, as planning together sees them. */
import type {Node} from '../../src/cluster/node.ts';
import type {WorkloadReplicas} from '../../src/cluster/replicas.ts';
import type {TogetherRequest} from '../../src/planning/together.ts';
import {clusterState, node} from './builders.ts';
import type {OrderedProblem} from './ordered-moves.ts';
import {planRequest} from './scheduled-moves.ts';
import {settled} from './workloads.ts';

/** Nodes `n0`, `n1`, … */
export function nodesOf({capacity}: Pick<OrderedProblem, 'capacity'>): Node[] {
  return capacity.map((units, index) => node(`n${index}`, {allocatable: {cpu: `${units}`}}));
}

/** Deployments `w0`, `w1`, … with a soft rule of their own. */
export function deploymentsOf({workloads}: Pick<OrderedProblem, 'workloads'>): WorkloadReplicas[] {
  return workloads.map(({request, counts}, index) => {
    const name = `w${index}`;
    return settled(Object.fromEntries(counts.map((count, at) => [`n${at}`, count])), {
      name,
      requests: {cpu: `${request}`},
      podSpec: {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: {
                  topologyKey: 'kubernetes.io/hostname',
                  labelSelector: {matchLabels: {app: name}},
                },
              },
            ],
          },
        },
      },
    });
  });
}

export function together(problem: Omit<OrderedProblem, 'moves'>): TogetherRequest {
  const settledOnes = deploymentsOf(problem);
  const pods = settledOnes.flatMap((each) => each.pods);
  const snapshot = clusterState({nodes: nodesOf(problem), pods});
  return {
    workloads: settledOnes.map((replicas, index) => {
      const {snapshot: _, detailedMoves: __, ...request} = planRequest(replicas, snapshot);
      return {key: `default/w${index}`, request, movable: true};
    }),
    snapshot,
  };
}
