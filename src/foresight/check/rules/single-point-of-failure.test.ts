import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf, serviceYaml} from '../testing/check-yaml.ts';

describe('foresight/check/rules/single-point-of-failure', () => {
  const of = (yaml: string, options = {}) => findingsOf('single-point-of-failure', yaml, options);

  it('finds replicas that nothing keeps apart and that one node has room for, and says where it is', () => {
    const [finding] = of(deploymentYaml('web', {replicas: 3}) + serviceYaml('web'));

    expect(finding).toMatchObject({
      level: 'warning',
      object: {kind: 'Deployment', namespace: 'default', name: 'web'},
      position: {file: 'a.yaml', line: 6},
      title: 'Every endpoint of Service default/web can sit on one node',
      cure: {yaml: expect.stringContaining('kind: SpreadPolicy')},
    });
  });

  it('gives a StatefulSet a patch, as the operator moves Deployments only', () => {
    const [finding] = of(deploymentYaml('db', {kind: 'StatefulSet'}) + serviceYaml('db'));

    expect(finding?.cure.yaml).toContain('topologySpreadConstraints');
  });

  it('names a Deployment once, with all its Services', () => {
    const yaml = deploymentYaml('web') + serviceYaml('web') + serviceYaml('web-metrics', 'web');

    expect(of(yaml).map(({title}) => title)).toEqual([
      'Every endpoint of Services default/web, default/web-metrics can sit on one node',
    ]);
  });

  it.each([
    ['one replica', deploymentYaml('web', {replicas: 1})],
    ['replicas that no node has room for together', deploymentYaml('web', {cpu: '2500m'})],
    ['a DaemonSet', deploymentYaml('web', {kind: 'DaemonSet'})],
    [
      'replicas that one claim keeps together, which no rule can spread',
      `${deploymentYaml('web', {podSpec: 'volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]'})}---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`,
    ],
    [
      'host ports',
      deploymentYaml('web').replace("image: '", "ports: [{containerPort: 1, hostPort: 1}], image: '"),
    ],
    [
      'a hard rule',
      deploymentYaml('web', {
        podSpec:
          'topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]',
      }),
    ],
    [
      'a soft rule that the scheduler can follow',
      deploymentYaml('web', {
        podSpec:
          'affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}}]}}',
      }),
    ],
    [
      'a policy',
      `${deploymentYaml('web')}---
apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}}
`,
    ],
  ])('has nothing to say of %s', (_, yaml) => {
    expect(of(yaml + serviceYaml('web'))).toEqual([]);
  });

  it('has nothing to say on a single node, where nothing can be apart', () => {
    expect(of(deploymentYaml('web') + serviceYaml('web'), {nodes: 1})).toEqual([]);
  });
});
