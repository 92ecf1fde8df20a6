/** When a simulated cluster is at rest. Pure. */
import {DEPLOYMENTS, type DeploymentObject, PODS, type PodObject} from '../../simulator/objects.ts';
import type {SimulatedCluster} from '../../simulator/simulated-cluster.ts';

const STEP_MILLISECONDS = 5_000;
/** Pods that wait are tried again within five minutes; what stays away after two such rounds stays away. */
const LONGEST_MILLISECONDS = 15 * 60_000;

/** Lets time pass until every Deployment is rolled out; false when some is not after a quarter of an hour. */
export function advanceToRest(cluster: SimulatedCluster, longest = LONGEST_MILLISECONDS): boolean {
  const end = cluster.now + longest;
  do {
    cluster.advance(STEP_MILLISECONDS);
    if (isAtRest(cluster)) {
      return true;
    }
  } while (cluster.now < end);
  return false;
}

function isAtRest({api}: SimulatedCluster): boolean {
  return (
    api.list(DEPLOYMENTS).every((deployment) => isRolledOut(deployment as DeploymentObject)) &&
    api.list(PODS).every((pod) => (pod as PodObject).spec.nodeName !== undefined)
  );
}

export function isRolledOut({metadata, spec, status = {}}: DeploymentObject): boolean {
  const {observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0, replicas = 0} = status;
  const wanted = spec.replicas ?? 1;
  return (
    spec.paused === true ||
    (observedGeneration >= (metadata.generation ?? 0) &&
      updatedReplicas === wanted &&
      availableReplicas >= wanted &&
      replicas === wanted)
  );
}
