import {describe, expect, it} from '@jest/globals';
import {apiDeployment, workload} from '../../test/scenarios/workloads.ts';
import type {ApiManagedFields} from './node.ts';
import {toHorizontalPodAutoscaler, toNamespace, toReplicaSet, toWorkload} from './workload.ts';

const METADATA = {name: 'web', namespace: 'shop', uid: 'uid-1', resourceVersion: '7'};

describe('toWorkload', () => {
  it('has the API server’s defaults where a manifest says nothing', () => {
    const deployment = toWorkload({
      metadata: METADATA,
      spec: {selector: {matchLabels: {app: 'web'}}, template: {spec: {containers: []}}},
    });

    expect(deployment).toMatchObject({
      replicas: 1,
      paused: false,
      strategy: 'RollingUpdate',
      minReadySeconds: 0,
      generation: 0,
      status: {observedGeneration: 0, replicas: 0, updatedReplicas: 0, availableReplicas: 0},
      template: {labels: {}},
      placementOwners: [],
    });
    expect(deployment).not.toHaveProperty('deletionTimestamp');
    expect(deployment).not.toHaveProperty('excluded');
  });

  it.each([
    {replicas: 3, rollingUpdate: undefined, expected: 0},
    {replicas: 4, rollingUpdate: undefined, expected: 1},
    {replicas: 3, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}, expected: 0},
    {replicas: 3, rollingUpdate: {maxSurge: 0, maxUnavailable: '10%'}, expected: 1},
    {replicas: 3, rollingUpdate: {maxSurge: '0%', maxUnavailable: 2}, expected: 2},
  ])(
    'with $replicas replicas and $rollingUpdate may take $expected down',
    ({replicas, expected, rollingUpdate}) => {
      const strategy = {type: 'RollingUpdate', ...(rollingUpdate === undefined ? {} : {rollingUpdate})};

      expect(workload({replicas, spec: {strategy}}).maxUnavailable).toBe(expected);
    },
  );

  it('knows a Deployment that was scaled to zero from one without a number', () => {
    expect(workload({replicas: 0}).replicas).toBe(0);
  });

  it.each([
    {reason: 'ProgressDeadlineExceeded', stuck: 'ReplicaSet "web-2" has timed out progressing.'},
    {reason: 'ReplicaSetUpdated', stuck: undefined},
  ])('with the Progressing condition $reason is stuck: $stuck', ({reason, stuck}) => {
    const message = 'ReplicaSet "web-2" has timed out progressing.';
    const conditions = [{type: 'Progressing', status: 'False', reason, message}];

    expect(workload({status: {conditions}}).progressDeadlineExceeded).toBe(stuck);
  });

  it('names the annotation by which its owner opted out', () => {
    const annotations = {'spread-operator.io/exclude': 'true'};

    expect(workload({annotations}).excluded).toBe('spread-operator.io/exclude: "true"');
  });
});

// As kube-apiserver 1.36 returned them for `kubectl apply --server-side`, `kubectl create` and a status write.
const CLIENT_SIDE: ApiManagedFields = {
  manager: 'kubectl-create',
  operation: 'Update',
  fieldsV1: {
    'f:metadata': {'f:labels': {'.': {}, 'f:app': {}}},
    'f:spec': {
      'f:replicas': {},
      'f:template': {
        'f:metadata': {'f:labels': {'.': {}, 'f:app': {}}},
        'f:spec': {
          'f:affinity': {
            '.': {},
            'f:podAntiAffinity': {'.': {}, 'f:preferredDuringSchedulingIgnoredDuringExecution': {}},
          },
          'f:containers': {'k:{"name":"main"}': {'.': {}, 'f:image': {}, 'f:name': {}}},
          'f:topologySpreadConstraints': {
            '.': {},
            'k:{"topologyKey":"topology.kubernetes.io/zone","whenUnsatisfiable":"ScheduleAnyway"}': {
              '.': {},
              'f:labelSelector': {},
              'f:maxSkew': {},
              'f:topologyKey': {},
              'f:whenUnsatisfiable': {},
            },
          },
        },
      },
    },
  },
};
const OPERATOR: ApiManagedFields = {
  manager: 'spread-operator',
  operation: 'Apply',
  fieldsV1: {
    'f:spec': {
      'f:template': {
        'f:spec': {
          'f:affinity': {'f:podAntiAffinity': {'f:requiredDuringSchedulingIgnoredDuringExecution': {}}},
        },
      },
    },
  },
};
const IMAGE_ONLY: ApiManagedFields = {
  manager: 'kubectl-set',
  operation: 'Update',
  fieldsV1: {'f:spec': {'f:template': {'f:spec': {'f:containers': {'k:{"name":"main"}': {'f:image': {}}}}}}},
};
const STATUS: ApiManagedFields = {
  manager: 'kube-controller-manager',
  operation: 'Update',
  subresource: 'status',
  fieldsV1: {'f:spec': OPERATOR.fieldsV1, 'f:status': {'f:replicas': {}}},
};

describe('toWorkload: placementOwners', () => {
  it('reads from managedFields who owns which part of the placement, and leaves the others out', () => {
    const {placementOwners} = toWorkload(
      apiDeployment({managedFields: [CLIENT_SIDE, OPERATOR, IMAGE_ONLY, STATUS]}),
    );

    expect(placementOwners).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        requiredPodAntiAffinity: false,
        preferredPodAntiAffinity: true,
        topologySpreadConstraints: [
          {topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway'},
        ],
      },
      {
        manager: 'spread-operator',
        operation: 'Apply',
        requiredPodAntiAffinity: true,
        preferredPodAntiAffinity: false,
        topologySpreadConstraints: [],
      },
    ]);
  });

  it('does not take a scale or status entry for an owner of the template', () => {
    const managedFields = [{...OPERATOR, subresource: 'scale'}, {manager: 'odd'}];

    expect(workload({managedFields}).placementOwners).toEqual([]);
  });
});

describe('toReplicaSet', () => {
  it('belongs to the Deployment that controls it', () => {
    const owner = {apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'deployment-1'};
    const raw = {
      metadata: {
        ...METADATA,
        annotations: {'deployment.kubernetes.io/revision': '4'},
        ownerReferences: [{...owner, controller: true}],
      },
      spec: {replicas: 2, template: {metadata: {labels: {app: 'web', 'pod-template-hash': 'x1'}}}},
    };

    expect(toReplicaSet(raw)).toMatchObject({
      deploymentUid: 'deployment-1',
      revision: '4',
      replicas: 2,
      templateLabels: {app: 'web', 'pod-template-hash': 'x1'},
    });
    expect(
      toReplicaSet({...raw, metadata: {...METADATA, ownerReferences: [owner]}}).deploymentUid,
    ).toBeUndefined();
    expect(
      toReplicaSet({
        ...raw,
        metadata: {...METADATA, ownerReferences: [{...owner, kind: 'Rollout', controller: true}]},
      }).deploymentUid,
    ).toBeUndefined();
  });
});

describe('toHorizontalPodAutoscaler', () => {
  it('keeps its target and its most replicas', () => {
    const autoscaler = toHorizontalPodAutoscaler({
      metadata: METADATA,
      spec: {maxReplicas: 9, scaleTargetRef: {kind: 'Deployment', name: 'web'}},
    });

    expect(autoscaler).toMatchObject({maxReplicas: 9, target: {kind: 'Deployment', name: 'web'}});
  });
});

describe('toNamespace', () => {
  it.each([
    {what: 'is active', metadata: METADATA, status: {phase: 'Active'}, terminating: false},
    {what: 'goes away', metadata: METADATA, status: {phase: 'Terminating'}, terminating: true},
    {
      what: 'was just deleted',
      metadata: {...METADATA, deletionTimestamp: '2026-01-01T00:00:00Z'},
      status: {phase: 'Active'},
      terminating: true,
    },
  ])('that $what: terminating $terminating', ({metadata, status, terminating}) => {
    expect(toNamespace({metadata, status}).terminating).toBe(terminating);
  });
});
