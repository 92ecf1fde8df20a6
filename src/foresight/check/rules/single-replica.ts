/** Services with one endpoint. */
import type {CheckRule} from '../context.ts';
import {describeObject, referenceOf} from '../finding.ts';

export const singleReplica: CheckRule = {
  id: 'single-replica',
  summary: 'A Service has a single endpoint',

  find({view}) {
    const seen = new Set<object>();
    return view.services.flatMap(({namespace, name, workloads}) => {
      const [workload, ...more] = workloads;
      const isSingle =
        more.length === 0 &&
        workload?.replicas === 1 &&
        ['Deployment', 'StatefulSet', 'ReplicaSet'].includes(workload.kind);
      if (!isSingle || workload.manifest === undefined || seen.has(workload)) {
        return [];
      }
      seen.add(workload);
      return [
        {
          rule: 'single-replica',
          level: 'note',
          object: referenceOf(workload),
          position: workload.manifest.locate(['spec', 'replicas']),
          title: `Service ${namespace}/${name} has one endpoint`,
          why: [
            `${describeObject(workload)} has 1 replica: at the loss of its node the Service is down until a new one is Ready, for some six minutes.`,
            'Where one replica is what is wanted, nothing is to be done.',
          ],
          cure: {text: 'Where the program can run more than once:', yaml: 'spec:\n  replicas: 2\n'},
        },
      ];
    });
  },
};
