/** Replicas that mount one claim which only one node, or one pod, can use: nothing can spread them. */
import {hardestRule} from '../../../injection/rule.ts';
import {type CheckContext, type CheckRule, HOSTNAME} from '../context.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {podSpecPath} from '../pod-templates.ts';
import {type SharedClaim, sharedClaimOf} from '../shared-claims.ts';
import {keyOfWorkload, type WorkloadView} from '../view.ts';

export const sharedClaim: CheckRule = {
  id: 'shared-claim',
  summary: 'Several replicas mount a claim that only one node, or one pod, can use',

  find(context) {
    return context.view.workloads.flatMap((workload) => {
      const claim = sharedClaimOf(context, workload);
      return claim === undefined ? [] : findingOf(context, workload, claim);
    });
  },
};

function findingOf(
  {view}: CheckContext,
  workload: WorkloadView,
  {name, index, isOfOnePod}: SharedClaim,
): Finding[] {
  const {manifest, kind, namespace, replicas} = workload;
  if (manifest === undefined) {
    return [];
  }
  const staged = view.caches.cache.workload(keyOfWorkload(workload));
  const isKeptApart =
    kind === 'Deployment' && staged !== undefined && hardestRule(staged, [HOSTNAME]) === 'DoNotSchedule';
  const mounted = `All of them mount PersistentVolumeClaim ${namespace}/${name}, whose access mode`;
  return [
    {
      rule: 'shared-claim',
      level: isOfOnePod || isKeptApart ? 'error' : 'warning',
      object: referenceOf(workload),
      position: manifest.locate(podSpecPath(kind, 'volumes', index)),
      title: isOfOnePod
        ? `Only one of the ${replicas} replicas of ${describeObject(workload)} can run`
        : `The ${replicas} replicas of ${describeObject(workload)} can never be on different nodes`,
      why: isOfOnePod
        ? [`${mounted} ReadWriteOncePod lets one pod of the cluster use it: the others stay Pending.`]
        : [
            `${mounted} ReadWriteOnce lets one node at a time attach the volume.`,
            isKeptApart
              ? 'A hard rule, of its own or of a SpreadPolicy, keeps them apart all the same: the second replica gets no volume, and never runs.'
              : 'A replica that comes to another node waits for the volume in ContainerCreating, and the loss of their node takes all of them.',
          ],
      cure: {
        text: 'Claim ReadWriteMany from a StorageClass that has it, or give each replica a volume of its own by the volumeClaimTemplates of a StatefulSet. Otherwise, run one replica:',
        yaml: `spec:\n  replicas: 1\n${kind === 'Deployment' ? '  strategy: {type: Recreate}   # the old replica leaves the volume first\n' : ''}`,
      },
    },
  ];
}
