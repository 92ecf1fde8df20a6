import type {WorkloadKey} from '../cluster/cluster-cache.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import type {Workload} from '../cluster/workload.ts';
import type {Assessment, AssessRequest, TopologyAssessment} from '../planning/assess.ts';
import type {StoredPolicy} from './policy-index.ts';
import type {WorkloadMemory} from './workload-memory.ts';

/** One look at a workload: everything that a decision about it is made from, read at one moment. */
export interface Look {
  readonly key: WorkloadKey;
  readonly policy: StoredPolicy;
  readonly workload: Workload;
  readonly replicas: WorkloadReplicas;
  readonly memory: WorkloadMemory;
  readonly request: AssessRequest;
  readonly assessment: Assessment;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function topologyOf({assessment}: Look, topologyKey: string): TopologyAssessment | undefined {
  return assessment.topologies.find((topology) => topology.topologyKey === topologyKey);
}

export function deploymentReference({namespace, name, uid}: Workload) {
  return {apiVersion: 'apps/v1', kind: 'Deployment', namespace, name, uid};
}
