import type {ApiNode} from '../../src/cluster/node.ts';
import type {SchedulingCase} from './oracle.ts';

const HOST = 'kubernetes.io/hostname';

const node = (name: string): ApiNode => ({
  metadata: {name, uid: name, resourceVersion: '1', labels: {[HOST]: name}},
  status: {allocatable: {cpu: '4', memory: '16Gi', pods: '110'}},
});

/** Cases in which we once disagreed with kube-scheduler, by what was learnt from them. */
export const REGRESSIONS: Readonly<Record<string, SchedulingCase>> = {
  'a namespaceSelector that an unlabelled namespace meets means all namespaces in the newcomer’s own terms': {
    nodes: [node('node-1'), node('node-2'), node('node-3')],
    namespaces: [{metadata: {name: 'default'}}, {metadata: {name: 'shop', labels: {team: 'red'}}}],
    services: [],
    replicaSets: [],
    pods: [
      {
        metadata: {name: 'web', namespace: 'shop', uid: 'web', resourceVersion: '1', labels: {app: 'web'}},
        spec: {nodeName: 'node-1', containers: [{name: 'main', image: 'web'}]},
      },
    ],
    pod: {
      metadata: {name: 'newcomer', namespace: 'default', uid: 'newcomer', resourceVersion: '1'},
      spec: {
        containers: [{name: 'main', image: 'web'}],
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              {
                topologyKey: HOST,
                labelSelector: {matchLabels: {app: 'web'}},
                namespaceSelector: {matchExpressions: [{key: 'team', operator: 'NotIn', values: ['red']}]},
              },
            ],
          },
        },
      },
    },
  },
};
