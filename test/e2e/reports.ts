// What the operator tells people: status, conditions and events of a policy.
import type {BlockedReason, Condition, SpreadPolicy, WorkloadStatus} from '../../src/api/types.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {type WaitOptions, waitFor} from '../controlplane/wait-for.ts';

export async function getPolicy(
  cluster: RunningControlPlane,
  namespace: string,
  name = 'web',
): Promise<SpreadPolicy> {
  return cluster.admin.get(
    `/apis/spread-operator.io/v1alpha1/namespaces/${namespace}/spreadpolicies/${name}`,
  );
}

/** The entry of a Deployment in the status of a policy. */
export async function workloadStatus(
  cluster: RunningControlPlane,
  namespace: string,
  workload = 'web',
  policy = 'web',
): Promise<WorkloadStatus | undefined> {
  const {status} = await getPolicy(cluster, namespace, policy);
  return status?.workloads?.find(({name}) => name === workload);
}

/** Waits until the entry of Deployment `web` in the status of policy `web` is as wanted. */
export async function waitForStatus(
  cluster: RunningControlPlane,
  namespace: string,
  what: string,
  accept: (entry: WorkloadStatus) => boolean,
  options: WaitOptions & {workload?: string; policy?: string} = {},
): Promise<WorkloadStatus> {
  const {workload = 'web', policy = 'web', ...waiting} = options;
  return waitFor(
    `the status of Deployment ${namespace}/${workload} in SpreadPolicy ${policy} says ${what}`,
    async () => {
      const entry = await workloadStatus(cluster, namespace, workload, policy);
      return entry !== undefined && accept(entry) ? entry : undefined;
    },
    {
      ...waiting,
      state: async () => JSON.stringify((await getPolicy(cluster, namespace, policy)).status, null, 2),
    },
  );
}

export async function waitForBlocked(
  cluster: RunningControlPlane,
  namespace: string,
  reason: BlockedReason,
  options: WaitOptions = {},
): Promise<NonNullable<WorkloadStatus['blocked']>> {
  const entry = await waitForStatus(
    cluster,
    namespace,
    `blocked by ${reason}`,
    ({blocked}) => blocked?.reason === reason,
    options,
  );
  return entry.blocked as NonNullable<WorkloadStatus['blocked']>;
}

export async function conditionOf(
  cluster: RunningControlPlane,
  namespace: string,
  type: string,
  policy = 'web',
): Promise<Condition | undefined> {
  const {status} = await getPolicy(cluster, namespace, policy);
  return status?.conditions?.find((condition) => condition.type === type);
}

export interface PolicyEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: {kind: string; name: string};
}

/** Events about a policy, as `kubectl describe` finds them; oldest first. */
export async function eventsOf(
  cluster: RunningControlPlane,
  namespace: string,
  policy = 'web',
): Promise<PolicyEvent[]> {
  const {items} = await cluster.kubectlJson<{items: PolicyEvent[]}>([
    'get',
    'events',
    `--namespace=${namespace}`,
    `--field-selector=involvedObject.kind=SpreadPolicy,involvedObject.name=${policy}`,
  ]);
  return items;
}

/** Waits for an event about policy `web`: it is written beside the work, not before it goes on. */
export async function waitForEvent(
  cluster: RunningControlPlane,
  namespace: string,
  reason: string,
  options: WaitOptions & {policy?: string} = {},
): Promise<PolicyEvent> {
  const {policy = 'web', ...waiting} = options;
  return waitFor(
    `there is an event ${reason} about SpreadPolicy ${namespace}/${policy}`,
    async () => (await eventsOf(cluster, namespace, policy)).find((event) => event.reason === reason),
    {
      interval: 500,
      ...waiting,
      state: async () => JSON.stringify(await eventsOf(cluster, namespace, policy)),
    },
  );
}

/** Replicas of the namespace that were evicted so far, counted by the API server. */
export async function movesIn(cluster: RunningControlPlane, namespace: string): Promise<number> {
  return (await cluster.evictions((eviction) => eviction.namespace === namespace)).length;
}
