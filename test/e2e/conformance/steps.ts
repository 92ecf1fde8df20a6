// What is asked of both API servers, in this order: the operations that the operator and people with kubectl rely on.
import {readFileSync} from 'node:fs';
import {parse} from 'yaml';
import type {Answer, Call} from './target.ts';

export interface Step {
  readonly title: string;
  /** May look at what earlier steps were answered. */
  readonly call: Call | ((answers: ReadonlyMap<string, Answer>) => Call);
  /** Asked again until the answer has this status: where the real server's caches lag behind. */
  readonly until?: number;
}

const namespace = 'conformance';
const core = `/api/v1/namespaces/${namespace}`;
const apps = `/apis/apps/v1/namespaces/${namespace}`;
const policy = `/apis/policy/v1/namespaces/${namespace}`;
const web = `${apps}/deployments/web`;
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const json = 'application/json-patch+json';
const applied = 'application/apply-patch+yaml';

const labels = {app: 'web'};
const container = {
  name: 'main',
  image: 'registry.example/web:1',
  resources: {requests: {cpu: 0.5, memory: '1.5Gi'}},
};

function deployment(name: string, spec: object = {}, metadata: object = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name, labels, ...metadata},
    spec: {
      replicas: 3,
      selector: {matchLabels: labels},
      template: {metadata: {labels}, spec: {containers: [container]}},
      ...spec,
    },
  };
}

function pod(name: string, spec: object = {}, podLabels: object = labels) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name, labels: podLabels},
    spec: {
      // Nobody but these steps is to bind it.
      schedulerName: 'nobody',
      serviceAccountName: 'worker',
      containers: [{name: 'main', image: 'registry.example/web'}],
      ...spec,
    },
  };
}

function budget(name: string, spec: object) {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {name},
    spec: {selector: {matchLabels: labels}, ...spec},
  };
}

function apply(title: string, path: string, manager: string, body: object, query = ''): Step {
  return {
    title,
    call: {method: 'PATCH', path: `${path}?fieldManager=${manager}${query}`, contentType: applied, body},
  };
}

const step = (
  title: string,
  method: Call['method'],
  path: string,
  body?: unknown,
  rest: Partial<Call> = {},
): Step => ({
  title,
  call: {method, path, ...(body === undefined ? {} : {body}), ...rest},
});

const patch = (title: string, path: string, contentType: string, body: unknown): Step =>
  step(title, 'PATCH', path, body, {contentType});

const hostnameTerm = {
  labelSelector: {matchLabels: labels},
  matchLabelKeys: ['pod-template-hash'],
  topologyKey: 'kubernetes.io/hostname',
};

function placement(spec: object) {
  return {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: 'web'}, spec: {template: {spec}}};
}

const zoneConstraint = (when: string) => ({
  maxSkew: 1,
  topologyKey: 'topology.kubernetes.io/zone',
  whenUnsatisfiable: when,
  labelSelector: {matchLabels: labels},
});

const objects: readonly Step[] = [
  step('a namespace', 'POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {name: namespace},
  }),
  step('a namespace twice', 'POST', '/api/v1/namespaces', {metadata: {name: namespace}}),
  step('a namespace with a bad name', 'POST', '/api/v1/namespaces', {metadata: {name: 'Bad_Name'}}),
  step('its service account', 'POST', `${core}/serviceaccounts`, {metadata: {name: 'worker'}}),
  step('an object in a namespace that is not there', 'POST', '/api/v1/namespaces/missing/configmaps', {
    metadata: {name: 'a'},
  }),
  step('a config map', 'POST', `${core}/configmaps`, {metadata: {name: 'settings'}, data: {a: '1'}}),
  step('a config map twice', 'POST', `${core}/configmaps`, {metadata: {name: 'settings'}}),
  step('a config map without a name', 'POST', `${core}/configmaps`, {metadata: {}}),
  step('a generated name', 'POST', `${core}/configmaps`, {metadata: {generateName: 'generated-'}}),
  step('a version at creation', 'POST', `${core}/configmaps`, {metadata: {name: 'b', resourceVersion: '5'}}),
  step('a bad label', 'POST', `${core}/configmaps`, {metadata: {name: 'b', labels: {a: 'b c'}}}),
  step('a wrong kind', 'POST', `${core}/configmaps`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name: 'b'},
  }),
  step('a config map that is not there', 'GET', `${core}/configmaps/missing`),
  step('a resource that is not there', 'GET', `${core}/gadgets`),
  step('an API group that is not there', 'GET', '/apis/gadgets.example/v1/gadgets'),
  step('a dry run', 'POST', `${core}/configmaps?dryRun=All`, {metadata: {name: 'dry'}}),
  step('what a dry run leaves', 'GET', `${core}/configmaps/dry`),
  step('a replaced config map', 'PUT', `${core}/configmaps/settings`, {
    metadata: {name: 'settings'},
    data: {a: '2', b: '3'},
  }),
  step('a replaced config map of another name', 'PUT', `${core}/configmaps/settings`, {
    metadata: {name: 'other'},
  }),
  step('a replaced config map that is not there', 'PUT', `${core}/configmaps/missing`, {
    metadata: {name: 'missing'},
  }),
  step('a stale replacement', 'PUT', `${core}/configmaps/settings`, {
    metadata: {name: 'settings', resourceVersion: '1'},
    data: {},
  }),
  patch('a merge patch', `${core}/configmaps/settings`, merge, {
    data: {a: null, c: '4'},
    metadata: {labels: {x: 'y'}},
  }),
  patch('a JSON patch', `${core}/configmaps/settings`, json, [{op: 'add', path: '/data/d', value: '5'}]),
  patch('a JSON patch that fails', `${core}/configmaps/settings`, json, [
    {op: 'remove', path: '/data/missing'},
  ]),
  patch('a JSON patch whose test fails', `${core}/configmaps/settings`, json, [
    {op: 'test', path: '/data/d', value: '6'},
  ]),
  patch('a patch of an unknown type', `${core}/configmaps/settings`, 'application/unknown', {data: {}}),
  patch('a patch of what is not there', `${core}/configmaps/missing`, merge, {data: {}}),
  step('a service', 'POST', `${core}/services`, {
    metadata: {name: 'web'},
    spec: {selector: labels, ports: [{port: 80}]},
  }),
  step('a service without ports', 'POST', `${core}/services`, {metadata: {name: 'none'}, spec: {}}),
  step('a node', 'POST', '/api/v1/nodes', {
    metadata: {name: 'conformance-node'},
    status: {capacity: {cpu: '4', memory: '16Gi'}},
  }),
  patch('a cordon', '/api/v1/nodes/conformance-node', strategic, {spec: {unschedulable: true}}),
  patch('a bad taint', '/api/v1/nodes/conformance-node', merge, {
    spec: {taints: [{key: 'a', effect: 'Never'}]},
  }),
  step('a lease', 'POST', `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, {
    metadata: {name: 'leader'},
    spec: {
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    },
  }),
  step(
    'a lease without a version',
    'PUT',
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/leader`,
    {metadata: {name: 'leader'}, spec: {}},
  ),
  step('an event', 'POST', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
    metadata: {name: 'web.1'},
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'spread-operator',
    reportingInstance: 'one',
    action: 'Evict',
    reason: 'Evicted',
    type: 'Normal',
    note: 'evicted web-1',
    regarding: {apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace},
  }),
  step('the event as v1', 'GET', `${core}/events/web.1`),
  patch('an event that is counted up', `/apis/events.k8s.io/v1/namespaces/${namespace}/events/web.1`, merge, {
    series: {count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z'},
  }),
];

const workloads: readonly Step[] = [
  step('a deployment', 'POST', `${apps}/deployments?fieldManager=creator`, deployment('web')),
  step('a deployment without a selector', 'POST', `${apps}/deployments`, {
    metadata: {name: 'x'},
    spec: {template: {spec: {containers: [container]}}},
  }),
  step(
    'a selector that does not match',
    'POST',
    `${apps}/deployments`,
    deployment('x', {selector: {matchLabels: {app: 'other'}}}),
  ),
  step(
    'a deployment without containers',
    'POST',
    `${apps}/deployments`,
    deployment('x', {template: {metadata: {labels}, spec: {containers: []}}}),
  ),
  step(
    'a container without a name',
    'POST',
    `${apps}/deployments`,
    deployment('x', {template: {metadata: {labels}, spec: {containers: [{image: 'a'}]}}}),
  ),
  step(
    'a quantity that is none',
    'POST',
    `${apps}/deployments`,
    deployment('x', {
      template: {
        metadata: {labels},
        spec: {containers: [{...container, resources: {requests: {cpu: 'lots'}}}]},
      },
    }),
  ),
  step(
    'more requested than the limit',
    'POST',
    `${apps}/deployments`,
    deployment('x', {
      template: {
        metadata: {labels},
        spec: {containers: [{...container, resources: {requests: {cpu: '2'}, limits: {cpu: '1'}}}]},
      },
    }),
  ),
  step('replicas in words', 'POST', `${apps}/deployments`, deployment('x', {replicas: 'three'})),
  step('replicas below zero', 'POST', `${apps}/deployments`, deployment('x', {replicas: -1})),
  step(
    'an unknown field, strictly',
    'POST',
    `${apps}/deployments?fieldValidation=Strict`,
    deployment('x', {replica: 3}),
  ),
  step(
    'an unknown field, ignored',
    'POST',
    `${apps}/deployments?fieldValidation=Ignore&dryRun=All`,
    deployment('x', {replica: 3}),
  ),
  step(
    'a bad strategy',
    'POST',
    `${apps}/deployments`,
    deployment('x', {strategy: {type: 'Recreate', rollingUpdate: {maxSurge: 1}}}),
  ),
  step(
    'an anti-affinity term without a topology',
    'POST',
    `${apps}/deployments`,
    deployment('x', {
      template: {
        metadata: {labels},
        spec: {
          containers: [container],
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}, topologyKey: ''}],
            },
          },
        },
      },
    }),
  ),
  step(
    'a spread constraint with skew 0',
    'POST',
    `${apps}/deployments`,
    deployment('x', {
      template: {
        metadata: {labels},
        spec: {
          containers: [container],
          topologySpreadConstraints: [{...zoneConstraint('DoNotSchedule'), maxSkew: 0}],
        },
      },
    }),
  ),
  patch('a changed selector', web, merge, {spec: {selector: {matchLabels: {app: 'other'}}}}),
  patch('an annotation', web, merge, {metadata: {annotations: {a: 'b'}}}),
  patch('a strategic merge of a container', `${web}?fieldManager=editor`, strategic, {
    spec: {template: {spec: {containers: [{name: 'main', env: [{name: 'A', value: '1'}]}]}}},
  }),
  patch('a strategic merge of another container', `${web}?fieldManager=editor`, strategic, {
    spec: {
      template: {
        spec: {
          $setElementOrder: undefined,
          containers: [{name: 'side', image: 'registry.example/side:latest', ports: [{containerPort: 80}]}],
        },
      },
    },
  }),
  patch('a strategic merge that deletes a container', `${web}?fieldManager=editor`, strategic, {
    spec: {template: {spec: {containers: [{name: 'side', $patch: 'delete'}]}}},
  }),
  patch('an element order', `${web}?fieldManager=editor`, strategic, {
    spec: {
      template: {
        spec: {
          '$setElementOrder/containers': [{name: 'main'}],
          containers: [{name: 'main', image: 'registry.example/web:2'}],
        },
      },
    },
  }),
  patch('a patch that changes nothing', `${web}?fieldManager=editor`, merge, {spec: {replicas: 3}}),
  step('the scale', 'GET', `${web}/scale`),
  patch('a patched scale', `${web}/scale?fieldManager=scaler`, merge, {spec: {replicas: 4}}),
  patch('a scale below zero', `${web}/scale`, merge, {spec: {replicas: -1}}),
  step('a replaced scale', 'PUT', `${web}/scale?fieldManager=scaler`, {
    metadata: {name: 'web', namespace},
    spec: {replicas: 5},
  }),
  patch('a status', `${web}/status?fieldManager=controller`, merge, {
    status: {replicas: 5, readyReplicas: 4, observedGeneration: 3},
    spec: {replicas: 9},
  }),
  step('the deployment afterwards', 'GET', web),
  step('a list of deployments', 'GET', `${apps}/deployments`),
  step('a table of deployments', 'GET', `${apps}/deployments`, undefined, {accept: table}),
];

const serverSideApply: readonly Step[] = [
  apply(
    'an apply of the rule',
    web,
    'spread-operator',
    placement({topologySpreadConstraints: [zoneConstraint('ScheduleAnyway')]}),
  ),
  apply(
    'the same apply again',
    web,
    'spread-operator',
    placement({topologySpreadConstraints: [zoneConstraint('ScheduleAnyway')]}),
  ),
  apply(
    'an apply of the hard rule instead',
    web,
    'spread-operator',
    placement({topologySpreadConstraints: [zoneConstraint('DoNotSchedule')]}),
  ),
  apply(
    'an apply of anti-affinity',
    web,
    'spread-operator',
    placement({
      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [hostnameTerm]}},
    }),
  ),
  apply(
    'another manager with the same list',
    web,
    'other',
    placement({
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{...hostnameTerm, topologyKey: 'a/b'}],
        },
      },
    }),
  ),
  apply(
    'another manager with the same value',
    web,
    'other',
    placement({
      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [hostnameTerm]}},
    }),
  ),
  apply('another manager that gives up', web, 'other', placement({})),
  apply('a conflict with the creator', web, 'other', {...deployment('web'), spec: {replicas: 7}}),
  apply('a conflict in two fields', web, 'other', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name: 'web', labels: {app: 'changed'}},
    spec: {replicas: 7},
  }),
  apply(
    'a conflict in a container',
    web,
    'other',
    placement({containers: [{name: 'main', image: 'registry.example/web:9'}]}),
  ),
  apply(
    'a forced apply',
    web,
    'other',
    {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: 'web'}, spec: {replicas: 7}},
    '&force=true',
  ),
  apply(
    'a dry run of an apply',
    web,
    'dry',
    {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: 'web'}, spec: {paused: true}},
    '&dryRun=All',
  ),
  apply(
    'an unknown field in an apply',
    web,
    'other',
    {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: 'web'}, spec: {replica: 7}},
    '&fieldValidation=Strict',
  ),
  apply('an apply of nothing', web, 'spread-operator', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name: 'web'},
  }),
  apply('an apply of a new object', `${apps}/deployments/applied`, 'spread-operator', deployment('applied')),
  apply('an apply that removes a label', `${apps}/deployments/applied`, 'spread-operator', {
    ...deployment('applied'),
    metadata: {name: 'applied'},
  }),
  step('an apply without a manager', 'PATCH', web, placement({}), {contentType: applied}),
  patch('force in another patch', `${web}?force=true`, merge, {}),
  patch('an update of an applied field', `${apps}/deployments/applied?fieldManager=editor`, merge, {
    spec: {replicas: 1},
  }),
  apply('a conflict with an update', `${apps}/deployments/applied`, 'spread-operator', deployment('applied')),
  apply('a config map with managed fields', `${core}/configmaps/settings`, 'other', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {name: 'settings', managedFields: []},
    data: {},
  }),
];

const evict = (title: string, name: string, body: object = {}, query = ''): Step =>
  step(title, 'POST', `${core}/pods/${name}/eviction${query}`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: {name, namespace},
    ...body,
  });

const budgetStatus = (title: string, name: string, status: object): Step =>
  patch(title, `${policy}/poddisruptionbudgets/${name}/status`, merge, {
    status: {
      observedGeneration: 1,
      expectedPods: 3,
      currentHealthy: 3,
      desiredHealthy: 2,
      disruptionsAllowed: 1,
      ...status,
    },
  });

const running = {
  phase: 'Running',
  conditions: [{type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z'}],
};

const podsAndEvictions: readonly Step[] = [
  step(
    'a pod',
    'POST',
    `${core}/pods`,
    pod(
      'web-1',
      {topologySpreadConstraints: [{...zoneConstraint('DoNotSchedule'), matchLabelKeys: ['tier']}]},
      {...labels, tier: 'front'},
    ),
  ),
  step(
    'a pod with an anti-affinity term',
    'POST',
    `${core}/pods`,
    pod(
      'web-2',
      {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{...hostnameTerm, matchLabelKeys: ['tier']}],
          },
        },
      },
      {...labels, tier: 'front'},
    ),
  ),
  step(
    'a pod with limits',
    'POST',
    `${core}/pods`,
    pod('web-3', {
      containers: [
        {
          name: 'main',
          image: 'a:1',
          resources: {limits: {cpu: '1', memory: '1Gi'}},
          ports: [{containerPort: 80}],
          readinessProbe: {httpGet: {port: 80}},
        },
      ],
    }),
  ),
  step(
    'a pod whose selector has its matchLabelKeys',
    'POST',
    `${core}/pods`,
    pod('x', {topologySpreadConstraints: [{...zoneConstraint('DoNotSchedule'), matchLabelKeys: ['app']}]}),
  ),
  step(
    'a pod of a missing service account',
    'POST',
    `${core}/pods`,
    pod('x', {serviceAccountName: 'missing'}),
  ),
  step('a pod of a missing priority', 'POST', `${core}/pods`, pod('x', {priorityClassName: 'missing'})),
  patch('a changed pod', `${core}/pods/web-1`, merge, {metadata: {labels: {a: 'b'}}}),
  ...['web-1', 'web-2', 'web-3'].flatMap((name) => [
    step(`a binding of ${name}`, 'POST', `${core}/pods/${name}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: {name},
      target: {kind: 'Node', name: 'conformance-node'},
    }),
    patch(`${name} is running`, `${core}/pods/${name}/status?fieldManager=kubelet`, strategic, {
      status: running,
    }),
  ]),
  step('a second binding', 'POST', `${core}/pods/web-1/binding`, {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: {name: 'web-1'},
    target: {kind: 'Node', name: 'conformance-node'},
  }),
  step('pods of a node', 'GET', `${core}/pods?fieldSelector=spec.nodeName%3Dconformance-node`),
  step('a field that cannot be selected', 'GET', `${core}/pods?fieldSelector=spec.color%3Dred`),
  step('pods by label', 'GET', `${core}/pods?labelSelector=app+in+(web,api),tier!%3Dback,a`),
  step('a bad label selector', 'GET', `${core}/pods?labelSelector=a%3D%3D%3Db`),
  step('a table of pods', 'GET', `${core}/pods`, undefined, {accept: table}),
  step('a page of pods', 'GET', `${core}/pods?limit=2`),
  {
    title: 'the next page of pods',
    call: (answers) => ({
      method: 'GET',
      path: `${core}/pods?limit=2&continue=${metadataOf(answers, 'a page of pods')['continue']}`,
    }),
  },
  step('a bad continue token', 'GET', `${core}/pods?limit=2&continue=x`),
  step('a version of the future', 'GET', `${core}/pods?resourceVersion=999999999`),
  step('a budget', 'POST', `${policy}/poddisruptionbudgets`, budget('web', {maxUnavailable: 1})),
  step(
    'a budget with both',
    'POST',
    `${policy}/poddisruptionbudgets`,
    budget('x', {maxUnavailable: 1, minAvailable: 1}),
  ),
  step(
    'a budget of 200 percent',
    'POST',
    `${policy}/poddisruptionbudgets`,
    budget('x', {maxUnavailable: '200%'}),
  ),
  evict('an eviction before the budget is known', 'web-1'),
  budgetStatus('an exhausted budget', 'web', {disruptionsAllowed: 0, currentHealthy: 2}),
  evict('an eviction of an exhausted budget', 'web-1'),
  budgetStatus('an exhausted budget without a reason', 'web', {disruptionsAllowed: 0}),
  evict('an eviction of a budget without a reason', 'web-1'),
  budgetStatus('a budget with room', 'web', {}),
  evict('an eviction on trial', 'web-1', {}, '?dryRun=All'),
  evict('an eviction of another pod', 'web-1', {
    deleteOptions: {preconditions: {uid: '00000000-0000-0000-0000-000000000000'}},
  }),
  step('the budget after that', 'GET', `${policy}/poddisruptionbudgets/web`),
  budgetStatus('a budget with room again', 'web', {disruptedPods: null}),
  {
    title: 'an eviction',
    call: (answers) => ({
      method: 'POST',
      path: `${core}/pods/web-1/eviction`,
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: {name: 'web-1', namespace},
        deleteOptions: {preconditions: {uid: metadataOf(answers, 'a pod')['uid']}},
      },
    }),
  },
  step('the evicted pod', 'GET', `${core}/pods/web-1`),
  step('the budget after the eviction', 'GET', `${policy}/poddisruptionbudgets/web`),
  evict('an eviction of a terminating pod', 'web-1'),
  step('the end of the evicted pod', 'DELETE', `${core}/pods/web-1?gracePeriodSeconds=0`),
  evict('an eviction of a pod that is gone', 'web-1'),
  evict('an eviction under another name', 'web-2', {metadata: {name: 'web-9'}}),
  step('a second budget', 'POST', `${policy}/poddisruptionbudgets`, budget('second', {minAvailable: 1})),
  evict('an eviction under two budgets', 'web-2'),
  step('the end of the second budget', 'DELETE', `${policy}/poddisruptionbudgets/second`),
  patch('a pod that is not ready', `${core}/pods/web-3/status`, strategic, {
    status: {conditions: [{type: 'Ready', status: 'False'}]},
  }),
  evict('an eviction of a pod that is not ready', 'web-3', {deleteOptions: {gracePeriodSeconds: 5}}),
  step('a pod that terminates', 'GET', `${core}/pods/web-3`),
  step('a deletion with a wrong uid', 'DELETE', `${core}/pods/web-2`, {
    preconditions: {uid: '00000000-0000-0000-0000-000000000000'},
  }),
  step('a graceful deletion', 'DELETE', `${core}/pods/web-2`),
  step('a quicker deletion', 'DELETE', `${core}/pods/web-2?gracePeriodSeconds=1`),
  step('a deletion at once', 'DELETE', `${core}/pods/web-2?gracePeriodSeconds=0`),
  step('a deletion of what is not there', 'DELETE', `${core}/pods/web-2`),
];

const crd = parse(
  readFileSync(new URL('../../../crds/spread-operator.io_spreadpolicies.yaml', import.meta.url), 'utf8'),
) as {metadata: {name: string}};
const policies = `/apis/spread-operator.io/v1alpha1/namespaces/${namespace}/spreadpolicies`;

const spreadPolicy = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'spread-operator.io/v1alpha1',
  kind: 'SpreadPolicy',
  metadata: {name, ...metadata},
  spec,
});

const refusedSpecs: readonly (readonly [string, object])[] = [
  ['no selector', {}],
  ['a label key with a space', {selector: {matchLabels: {'my app': 'web'}}}],
  ['a label value of 64 characters', {selector: {matchLabels: {app: 'a'.repeat(64)}}}],
  [
    'an unknown operator',
    {selector: {matchExpressions: [{key: 'app', operator: 'Equals', values: ['web']}]}},
  ],
  ['In without values', {selector: {matchExpressions: [{key: 'app', operator: 'In'}]}}],
  ['no topologies', {selector: {}, topologies: []}],
  ['one topology twice', {selector: {}, topologies: [{topologyKey: 'a'}, {topologyKey: 'a'}]}],
  [
    'nine topologies',
    {selector: {}, topologies: Array.from({length: 9}, (_, index) => ({topologyKey: `key-${index}`}))},
  ],
  ['maxSkew with Separate', {selector: {}, topologies: [{topologyKey: 'a', maxSkew: 2}]}],
  ['maxSkew 0', {selector: {}, topologies: [{topologyKey: 'a', distribution: 'Even', maxSkew: 0}]}],
  ['a number in quotes', {selector: {}, topologies: [{topologyKey: 'a', maxSkew: '2'}]}],
  ['an empty selector of neighbours', {selector: {}, separateFrom: [{selector: {}}]}],
  [
    'a duration of more than a week',
    {selector: {}, eviction: {windows: [{schedule: '0 1 * * *', duration: '200h'}]}},
  ],
  ['thresholds that cross', {selector: {}, hotNodes: {highPercent: 60}}],
  ['a percentage above 100', {selector: {}, hotNodes: {highPercent: 101}}],
];

const customResources: readonly Step[] = [
  step(
    'the definition',
    'GET',
    `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`,
  ),
  step(
    'a policy',
    'POST',
    `${policies}?fieldManager=creator`,
    spreadPolicy('web', {selector: {matchLabels: labels}, eviction: {minReplicas: 3}}),
  ),
  step(
    'a policy with an unknown field',
    'POST',
    `${policies}?fieldValidation=Strict`,
    spreadPolicy('x', {selector: {}, topology: []}),
  ),
  ...refusedSpecs.map(([title, spec]) =>
    step(`a policy with ${title}`, 'POST', `${policies}?dryRun=All`, spreadPolicy('x', spec)),
  ),
  patch('a patched policy', `${policies}/web?fieldManager=editor`, merge, {spec: {suspend: true}}),
  patch('a strategic merge patch of a policy', `${policies}/web`, strategic, {spec: {suspend: true}}),
  patch('a finalizer', `${policies}/web?fieldManager=operator`, merge, {
    metadata: {finalizers: ['spread-operator.io/injection']},
  }),
  patch('a status of a policy', `${policies}/web/status?fieldManager=operator`, merge, {
    metadata: {labels: {a: 'b'}},
    status: {
      observedGeneration: 2,
      summary: {workloads: 1, spread: 1, moving: 0, blocked: 0, movesNeeded: 0},
    },
  }),
  apply(
    'an applied status',
    `${policies}/web/status`,
    'operator',
    {
      apiVersion: 'spread-operator.io/v1alpha1',
      kind: 'SpreadPolicy',
      metadata: {name: 'web'},
      status: {observedGeneration: 3},
    },
    '&force=true',
  ),
  apply('an applied policy', `${policies}/applied`, 'someone', spreadPolicy('applied', {selector: {}})),
  step('a policy replaced without a version', 'PUT', `${policies}/web`, spreadPolicy('web', {selector: {}})),
  step('a list of policies', 'GET', policies),
  step('a table of policies', 'GET', policies, undefined, {accept: table}),
  step('a deleted policy with a finalizer', 'DELETE', `${policies}/web`),
  patch('a finalizer that is added too late', `${policies}/web`, merge, {
    metadata: {finalizers: ['spread-operator.io/injection', 'example.org/more']},
  }),
  patch('the end of the finalizer', `${policies}/web?fieldManager=operator`, merge, {
    metadata: {finalizers: null},
  }),
  step('a deleted policy', 'DELETE', `${policies}/applied`),
  step('the deleted policy', 'GET', `${policies}/web`),
];

const tables: readonly Step[] = [
  step(
    'a horizontal pod autoscaler',
    'POST',
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
    {
      metadata: {name: 'web'},
      spec: {scaleTargetRef: {apiVersion: 'apps/v1', kind: 'Deployment', name: 'web'}, maxReplicas: 5},
    },
  ),
  step(
    'an autoscaler without a target',
    'POST',
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
    {
      metadata: {name: 'x'},
      spec: {maxReplicas: 5},
    },
  ),
  step(
    'an autoscaler with more at least than at most',
    'POST',
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
    {
      metadata: {name: 'x'},
      spec: {scaleTargetRef: {kind: 'Deployment', name: 'web'}, minReplicas: 6, maxReplicas: 5},
    },
  ),
  step('a replica set', 'POST', `${apps}/replicasets`, {...deployment('set'), kind: 'ReplicaSet'}),
  step('a stateful set', 'POST', `${apps}/statefulsets`, {
    metadata: {name: 'db'},
    spec: {
      serviceName: 'db',
      selector: {matchLabels: labels},
      template: {metadata: {labels}, spec: {containers: [container]}},
    },
  }),
  step('a daemon set', 'POST', `${apps}/daemonsets`, {
    metadata: {name: 'agent'},
    spec: {
      selector: {matchLabels: labels},
      template: {metadata: {labels}, spec: {containers: [container], tolerations: [{operator: 'Exists'}]}},
    },
  }),
  step('a bad toleration', 'POST', `${core}/pods`, pod('x', {tolerations: [{key: 'a', operator: 'Like'}]})),
  step('a storage class', 'POST', '/apis/storage.k8s.io/v1/storageclasses', {
    metadata: {name: 'conformance'},
    provisioner: 'example.org/disk',
  }),
  step('a priority class', 'POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
    metadata: {name: 'conformance'},
    value: 100,
  }),
  step(
    'a changed priority',
    'PATCH',
    '/apis/scheduling.k8s.io/v1/priorityclasses/conformance',
    {value: 200},
    {contentType: merge},
  ),
  step(
    'a pod with a priority',
    'POST',
    `${core}/pods?dryRun=All`,
    pod('x', {priorityClassName: 'conformance'}),
  ),
  step('a secret', 'POST', `${core}/secrets`, {metadata: {name: 'secret'}, stringData: {a: 'b'}}),
  step('an endpoint slice', 'POST', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    metadata: {name: 'web'},
    addressType: 'IPv4',
    endpoints: [{addresses: ['10.0.0.1']}],
    ports: [{port: 80}],
  }),
  ...[
    `${core}/services`,
    `${core}/configmaps`,
    `${core}/secrets`,
    `${core}/events`,
    `/api/v1/namespaces/${namespace}`,
    '/api/v1/nodes/conformance-node',
    `${apps}/replicasets`,
    `${apps}/statefulsets`,
    `${policy}/poddisruptionbudgets`,
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
    '/apis/storage.k8s.io/v1/storageclasses/conformance',
    '/apis/scheduling.k8s.io/v1/priorityclasses/conformance',
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
  ].map((path) => step(`a table of ${path}`, 'GET', path, undefined, {accept: table})),
  ...['/apis/policy/v1', '/apis/spread-operator.io/v1alpha1'].map((path) =>
    step(`the resources of ${path}`, 'GET', path),
  ),
  step(
    'a strategic merge of tolerations',
    'PATCH',
    `${apps}/daemonsets/agent`,
    {spec: {template: {spec: {tolerations: [{key: 'a', operator: 'Exists'}]}}}},
    {contentType: strategic},
  ),
  step(
    'a changed stateful set',
    'PATCH',
    `${apps}/statefulsets/db`,
    {spec: {serviceName: 'other'}},
    {contentType: merge},
  ),
  step('a watch from the beginning', 'GET', `${core}/services?watch=true&timeoutSeconds=1`),
  step(
    'a watch of one name as a table',
    'GET',
    `${core}/services?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dweb`,
    undefined,
    {accept: table},
  ),
  step('a watch of policies', 'GET', `${policies}?watch=true&timeoutSeconds=1&resourceVersion=0`),
  step(
    'a list that is watched',
    'GET',
    `${core}/services?watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
  ),
  step('a watch with a bad selector', 'GET', `${core}/services?watch=true&fieldSelector=spec.color%3Dred`),
  step('a deletion of all secrets', 'DELETE', `${core}/secrets`),
  step('no secrets', 'GET', `${core}/secrets`),
];

const access: readonly Step[] = [
  step('what nobody may list', 'GET', `${core}/pods`, undefined, {user: 'viewer'}),
  step('what nobody may get', 'GET', `${apps}/deployments/web`, undefined, {user: 'viewer'}),
  step('what nobody may list in the cluster', 'GET', '/api/v1/nodes', undefined, {user: 'viewer'}),
  step('a stranger', 'GET', '/api/v1/nodes', undefined, {user: 'stranger'}),
  step('a path for administrators', 'GET', '/metrics', undefined, {user: 'viewer'}),
  step('a role', 'POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
    metadata: {name: 'viewer'},
    roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view'},
    subjects: [{kind: 'User', name: 'viewer'}],
  }),
  {
    ...step('what a viewer may list', 'GET', `${core}/configmaps/settings`, undefined, {user: 'viewer'}),
    until: 200,
  },
  step('what a viewer may not', 'DELETE', `${core}/configmaps/settings`, undefined, {user: 'viewer'}),
  step(
    'a question of a viewer',
    'POST',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {resourceAttributes: {verb: 'delete', resource: 'pods', namespace}},
    },
    {user: 'viewer'},
  ),
  step(
    'who am I',
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    {apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview'},
    {user: 'viewer'},
  ),
  step(
    'a changed role reference',
    'PATCH',
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/viewer`,
    {roleRef: {name: 'edit'}},
    {contentType: merge},
  ),
  step('a deletion of a config map', 'DELETE', `${core}/configmaps/settings`),
  step('a deletion of a deployment in the foreground', 'DELETE', `${apps}/deployments/applied`, {
    propagationPolicy: 'Foreground',
  }),
  step('a deletion of a namespace', 'DELETE', `/api/v1/namespaces/${namespace}`),
  step('an object in a terminating namespace', 'POST', `${core}/configmaps`, {metadata: {name: 'late'}}),
];

function metadataOf(answers: ReadonlyMap<string, Answer>, title: string): Record<string, string> {
  const body = answers.get(title)?.body as {metadata?: Record<string, string>} | undefined;
  return body?.metadata ?? {};
}

export const definition: object = crd;

export const steps: readonly Step[] = [
  ...objects,
  ...workloads,
  ...serverSideApply,
  ...podsAndEvictions,
  ...customResources,
  ...tables,
  ...access,
];
