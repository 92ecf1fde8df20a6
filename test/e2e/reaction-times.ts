import type {AuditEvent} from '../controlplane/audit-log.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';

/** For each eviction in the namespace: milliseconds since the last write to a pod there, by anybody before it. */
export async function reactionTimes(cluster: RunningControlPlane, namespace: string): Promise<number[]> {
  const requests = await cluster.auditEvents(
    ({stage, verb, objectRef, responseStatus}) =>
      stage === 'ResponseComplete' &&
      objectRef?.resource === 'pods' &&
      objectRef.namespace === namespace &&
      ['create', 'update', 'patch', 'delete'].includes(verb) &&
      (responseStatus?.code ?? 500) < 300,
  );
  const isEviction = ({objectRef}: AuditEvent) => objectRef?.subresource === 'eviction';
  return requests.filter(isEviction).flatMap((eviction) => {
    const asked = Date.parse(eviction.requestReceivedTimestamp);
    const before = requests
      .map(({stageTimestamp}) => Date.parse(stageTimestamp))
      .filter((time) => time <= asked);
    return before.length === 0 ? [] : [asked - Math.max(...before)];
  });
}
