import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf, serviceYaml} from '../testing/check-yaml.ts';
import {rolledOutObjects} from '../testing/rolled-out.ts';

describe('foresight/check/rules/selector-without-pods', () => {
  const of = (yaml: string, options = {}) => findingsOf('selector-without-pods', yaml, options);

  it('finds a Service that selects none of the pods beside it, and says what is close', () => {
    expect(of(deploymentYaml('web') + serviceYaml('web', 'wbe'))).toMatchObject([
      {
        level: 'warning',
        title: 'Service default/web selects no pods',
        why: expect.arrayContaining([expect.stringContaining('Deployment default/web is close: app=web')]),
      },
    ]);
  });

  it('finds a budget and a policy that select nothing', () => {
    const budget = `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: other}}}
---
apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: web}
spec: {selector: {matchLabels: {app: other}}}
`;

    expect(of(deploymentYaml('web') + budget).map(({title}) => title)).toEqual([
      'PodDisruptionBudget default/web selects no pods',
      'SpreadPolicy default/web selects no Deployment',
    ]);
  });

  it('finds a spread constraint that does not select its own pods', () => {
    const podSpec =
      'topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: wbe}}}]';

    expect(of(deploymentYaml('web', {podSpec}))).toMatchObject([{level: 'warning', position: {line: 11}}]);
  });

  it('only notes a label more than the template of a StatefulSet has: its program may elect a primary', () => {
    const primary = serviceYaml('primary', 'db').replace('{app: db}', '{app: db, role: primary}');

    expect(of(deploymentYaml('db', {kind: 'StatefulSet'}) + primary)).toMatchObject([
      {level: 'note', why: expect.arrayContaining([expect.stringContaining('labels the pods as they run')])},
    ]);
    expect(of(deploymentYaml('db') + primary)).toMatchObject([{level: 'warning'}]);
  });

  it('has nothing to say of a label that a pod of the cluster has got as it ran', () => {
    const primary = serviceYaml('primary', 'db').replace('{app: db}', '{app: db, role: primary}');
    const objects = rolledOutObjects(deploymentYaml('db')).map(({metadata, ...object}) => ({
      ...object,
      metadata: {...metadata, labels: {...metadata.labels, role: 'primary'}},
    }));

    expect(of(deploymentYaml('db') + primary, {objects})).toEqual([]);
  });

  it.each([
    ['is alone: its pods are somewhere else', serviceYaml('web')],
    [
      'is beside custom resources, whose operator may make its pods',
      `${deploymentYaml('api')}${serviceYaml('web')}---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: web}
`,
    ],
  ])('only notes a Service that %s', (_, yaml) => {
    expect(of(yaml)).toMatchObject([{level: 'note'}]);
  });

  it.each([
    [
      'one replica of a StatefulSet',
      deploymentYaml('db', {kind: 'StatefulSet'}) +
        serviceYaml('db-0').replace('{app: db-0}', '{statefulset.kubernetes.io/pod-name: db-0}'),
    ],
    [
      'the pods of a Job',
      `${deploymentYaml('api')}${serviceYaml('web')}---
apiVersion: batch/v1
kind: Job
metadata: {name: web}
spec: {template: {metadata: {labels: {app: web}}, spec: {restartPolicy: Never, containers: []}}}
`,
    ],
    [
      'anti-affinity towards others',
      deploymentYaml('redis') +
        deploymentYaml('web', {
          podSpec:
            'affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: redis}}}]}}',
        }),
    ],
  ])('has nothing to say of %s', (_, yaml) => {
    expect(of(yaml)).toEqual([]);
  });
});
