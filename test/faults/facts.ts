/** What Kubernetes' objects say, read without any of the operator's code. */
import type {SpreadPolicy} from '../../src/api/types.ts';
import type {ApiObject, ResourceName} from '../../src/simulator/cluster-api.ts';
import {
  type DeploymentObject,
  isPodReady,
  keyOf,
  type NodeObject,
  type PodObject,
} from '../../src/simulator/objects.ts';

/** The objects of a moment: as they are, or as an operator has been told. */
export interface Facts {
  get(resource: ResourceName, key: string): ApiObject | undefined;
  list(resource: ResourceName): ApiObject[];
}

export interface BudgetObject extends ApiObject {
  readonly spec: {
    readonly selector?: {readonly matchLabels?: Readonly<Record<string, string>>};
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    readonly unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow';
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly disruptionsAllowed: number;
    readonly disruptedPods?: Readonly<Record<string, string>>;
  };
}

export const POLICIES: ResourceName = 'spreadpolicies.spread-operator.io';
const EXCLUDE = 'spread-operator.io/exclude';

export function deploymentOf(facts: Facts, pod: PodObject): DeploymentObject | undefined {
  const set = controllerOf(pod, 'ReplicaSet');
  const replicaSet =
    set === undefined ? undefined : facts.get('replicasets.apps', `${pod.metadata.namespace}/${set}`);
  const name = replicaSet === undefined ? undefined : controllerOf(replicaSet, 'Deployment');
  return name === undefined
    ? undefined
    : (facts.get('deployments.apps', `${pod.metadata.namespace}/${name}`) as DeploymentObject | undefined);
}

export function replicasOf(facts: Facts, deployment: ApiObject): PodObject[] {
  const {namespace, name} = deployment.metadata;
  const sets = new Set(
    facts
      .list('replicasets.apps')
      .filter((set) => set.metadata.namespace === namespace && controllerOf(set, 'Deployment') === name)
      .map(({metadata}) => metadata.name),
  );
  return (facts.list('pods') as PodObject[]).filter(
    (pod) =>
      pod.metadata.namespace === namespace &&
      sets.has(controllerOf(pod, 'ReplicaSet') ?? '') &&
      pod.status?.phase !== 'Failed' &&
      pod.status?.phase !== 'Succeeded',
  );
}

function controllerOf({metadata}: ApiObject, kind: string): string | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true && owner.kind === kind)?.name;
}

export function isTerminating({metadata}: ApiObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Why the workload is not at rest; undefined when it is. */
export function unrestOf(facts: Facts, deployment: DeploymentObject): string | undefined {
  const {metadata, spec, status} = deployment;
  const wanted = spec.replicas ?? 1;
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    return `the Deployment controller has seen generation ${status?.observedGeneration}, not ${metadata.generation}`;
  }
  for (const field of ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'] as const) {
    if ((status?.[field] ?? 0) !== wanted) {
      return `status.${field} is ${status?.[field] ?? 0} of ${wanted}`;
    }
  }
  return unrestOfPods(facts, deployment);
}

/** The same of the pods alone: the Deployment's own status follows them after a while. */
function unrestOfPods(facts: Facts, deployment: DeploymentObject): string | undefined {
  const wanted = deployment.spec.replicas ?? 1;
  const pods = replicasOf(facts, deployment);
  const odd = pods.find((pod) => isTerminating(pod) || !isPodReady(pod));
  if (odd !== undefined) {
    return `Pod ${keyOf(odd.metadata)} is ${isTerminating(odd) ? 'terminating' : 'not Ready'}`;
  }
  return pods.length === wanted ? undefined : `${pods.length} pods of ${wanted}`;
}

/** The same, and that each replica has been Ready for minReadySeconds at that time, or for longer. */
export function unavailableAt(
  facts: Facts,
  deployment: DeploymentObject,
  now: number,
  settleSeconds = 0,
): string | undefined {
  const seconds = Math.max(deployment.spec.minReadySeconds ?? 0, settleSeconds);
  const young = replicasOf(facts, deployment).find((pod) => readySince(pod) + seconds * 1000 > now);
  return (
    unrestOfPods(facts, deployment) ??
    (young === undefined ? undefined : `Pod ${keyOf(young.metadata)} is not Ready for ${seconds} s yet`)
  );
}

function readySince({status}: PodObject): number {
  const ready = status?.conditions?.find(({type}) => type === 'Ready');
  return Date.parse(ready?.lastTransitionTime ?? '');
}

/** Why a replica is to be left alone; undefined when it is not. */
export function exclusionOf(facts: Facts, pod: PodObject, deployment: DeploymentObject): string | undefined {
  const namespace = facts.get('namespaces', pod.metadata.namespace ?? '');
  const excluded = [namespace, deployment, pod].find(
    (object) => object?.metadata.annotations?.[EXCLUDE] === 'true',
  );
  return excluded === undefined ? undefined : `${excluded.kind} ${excluded.metadata.name} is excluded`;
}

export function policiesOf(facts: Facts, deployment: ApiObject): SpreadPolicy[] {
  return (facts.list(POLICIES) as unknown as SpreadPolicy[]).filter(
    (policy) =>
      policy.metadata.namespace === deployment.metadata.namespace &&
      policy.metadata.deletionTimestamp === undefined &&
      matches(policy.spec.selector.matchLabels, deployment.metadata.labels),
  );
}

/** The oldest, then by name. */
export function governingPolicy(facts: Facts, deployment: ApiObject): SpreadPolicy | undefined {
  return policiesOf(facts, deployment).sort(
    (a, b) =>
      (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
      a.metadata.name.localeCompare(b.metadata.name),
  )[0];
}

export function budgetsOver(facts: Facts, pod: PodObject): BudgetObject[] {
  return (facts.list('poddisruptionbudgets.policy') as BudgetObject[]).filter(
    ({metadata, spec}) =>
      metadata.namespace === pod.metadata.namespace &&
      matches(spec.selector?.matchLabels, pod.metadata.labels),
  );
}

export function isHealthy(pod: PodObject): boolean {
  return isPodReady(pod) && !isTerminating(pod);
}

export function unhealthyNodes(facts: Facts): string[] {
  return (facts.list('nodes') as NodeObject[])
    .filter(({metadata, status}) => {
      const ready = status?.conditions?.find(({type}) => type === 'Ready');
      // One that has just joined has a while to become Ready.
      return ready?.status === 'Unknown' && (ready.lastTransitionTime ?? '') > metadata.creationTimestamp;
    })
    .map(({metadata}) => metadata.name);
}

export function matches(
  wanted: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
}

/** The nodes, and what of them decides where a replacement can go. */
export function openingsOf(facts: Facts): string {
  return (facts.list('nodes') as NodeObject[])
    .map(
      ({metadata, spec}) =>
        `${metadata.name} ${JSON.stringify([spec?.unschedulable ?? false, spec?.taints ?? []])}`,
    )
    .sort()
    .join(' ');
}

export function namesOf(objects: readonly ApiObject[]): string {
  return objects
    .map(({metadata}) => metadata.name)
    .sort()
    .join(' ');
}
