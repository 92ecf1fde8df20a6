import type {ApiNode} from '../../src/cluster/node.ts';
import type {ApiPod} from '../../src/cluster/pod.ts';
import type {ApiPodSpec} from '../../src/cluster/pod-spec.ts';
import type {SchedulingCase} from './oracle.ts';

const HOST = 'kubernetes.io/hostname';

const node = (
  name: string,
  allocatable: Record<string, string> = {cpu: '4', memory: '16Gi', pods: '110'},
): ApiNode => ({
  metadata: {name, uid: name, resourceVersion: '1', labels: {[HOST]: name}},
  status: {allocatable},
});

const pod = (name: string, spec: ApiPodSpec): ApiPod => ({
  metadata: {name, namespace: 'default', uid: name, resourceVersion: '1', labels: {app: 'web'}},
  spec,
});

const newcomer = (spec: ApiPodSpec): ApiPod => pod('newcomer', spec);

const bound = (nodeName: string, spec: ApiPodSpec, name = 'bound'): ApiPod => pod(name, {...spec, nodeName});

const nominee = (nominatedNodeName: string, spec: ApiPodSpec): ApiPod => ({
  ...pod(`nominee-of-${nominatedNodeName}`, spec),
  status: {nominatedNodeName},
});

const asking = (cpu: string): ApiPodSpec => ({
  containers: [{name: 'main', image: 'web', resources: {requests: {cpu}}}],
});

const EMPTY = {namespaces: [{metadata: {name: 'default'}}], services: [], replicaSets: [], pods: []};

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
  'a newcomer is scored by what its containers ask for, and not by what it asks for as a pod': {
    ...EMPTY,
    nodes: [node('node-1'), node('node-2', {cpu: '16', memory: '16Gi', pods: '110'})],
    pod: newcomer({
      containers: [{name: 'main', image: 'web', resources: {requests: {cpu: '100m'}}}],
      resources: {requests: {cpu: '3', memory: '8Gi'}},
    }),
  },
  'with requests at pod level, defaults stand in only for what nothing of a bound pod asks for': {
    ...EMPTY,
    nodes: [node('node-1'), node('node-2', {cpu: '4', memory: '2Gi', pods: '110'})],
    pods: [
      bound('node-2', {
        containers: [
          {name: 'main', image: 'web', resources: {requests: {memory: '100Mi'}}},
          {name: 'side', image: 'web'},
        ],
        resources: {requests: {cpu: '1'}},
      }),
    ],
    pod: newcomer({containers: [{name: 'main', image: 'web'}]}),
  },
  'a resize on its way holds the most of what is asked for, admitted and running': {
    ...EMPTY,
    nodes: [node('node-1'), node('node-2')],
    pods: [
      {
        ...bound('node-1', asking('1')),
        status: {containerStatuses: [{name: 'main', resources: {requests: {cpu: '3500m'}}}]},
      },
    ],
    pod: newcomer(asking('1')),
  },
  'a resize that is infeasible holds what is admitted and running, and not what is asked for': {
    ...EMPTY,
    nodes: [node('node-1'), node('node-2')],
    pods: [
      {
        ...bound('node-1', asking('3500m')),
        status: {
          conditions: [{type: 'PodResizePending', status: 'True', reason: 'Infeasible'}],
          containerStatuses: [{name: 'main', resources: {requests: {cpu: '1'}}}],
        },
      },
    ],
    pod: newcomer(asking('1')),
  },
  'a node is full for those that are no more important than the pod that it is promised to': {
    ...EMPTY,
    nodes: [node('node-1'), node('node-2'), node('node-3')],
    nominated: [
      nominee('node-1', {...asking('3500m'), priority: 10}),
      nominee('node-2', {...asking('3500m'), priority: 9}),
    ],
    pod: newcomer({...asking('1'), priority: 10}),
  },
  'a selector that selects everything counts the pods that a node is promised to, and no others': {
    ...EMPTY,
    nodes: [node('node-1'), node('node-2'), node('node-3')],
    pods: [bound('node-2', asking('1')), bound('node-2', asking('1'), 'second')],
    nominated: [nominee('node-1', asking('1'))],
    pod: newcomer({
      ...asking('1'),
      topologySpreadConstraints: [
        {maxSkew: 1, topologyKey: HOST, whenUnsatisfiable: 'DoNotSchedule', labelSelector: {}},
      ],
    }),
  },
  'the anti-affinity of a pod that a node is promised to is not heard when no other pod has any': {
    ...EMPTY,
    nodes: [node('node-1'), node('node-2')],
    nominated: [
      nominee('node-1', {
        ...asking('1'),
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: HOST, labelSelector: {}}],
          },
        },
      }),
    ],
    pod: newcomer(asking('1')),
  },
  'the image of a volume counts for a node, and is no container among which the size is shared': {
    ...EMPTY,
    nodes: [
      node('node-1'),
      {
        ...node('node-2'),
        status: {
          ...node('node-2').status,
          images: [{names: ['data:v1'], sizeBytes: 900 * 1024 * 1024}],
        },
      },
    ],
    pod: newcomer({...asking('1'), volumes: [{name: 'data', image: {reference: 'data:v1'}}]}),
  },
  'a pod that restarts all of its containers needs a node that declares to know how': {
    ...EMPTY,
    nodes: [
      node('node-1'),
      {
        ...node('node-2'),
        status: {...node('node-2').status, declaredFeatures: ['RestartAllContainersOnContainerExits']},
      },
    ],
    pod: newcomer({
      containers: [{name: 'main', image: 'web', restartPolicyRules: [{action: 'RestartAllContainers'}]}],
    }),
  },
};
