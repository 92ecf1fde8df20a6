import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf} from '../testing/check-yaml.ts';

describe('foresight/check/rules/disruption-budget', () => {
  const budget = (spec: string, name = 'web') => `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: ${name}}
spec: {${spec}, selector: {matchLabels: {app: web}}}
`;
  const of = (yaml: string) => findingsOf('disruption-budget', yaml);

  it.each([
    ['maxUnavailable: 0', 3],
    ['maxUnavailable: 0%', 3],
    ['minAvailable: 3', 3],
    ['minAvailable: 4', 3],
    ['minAvailable: 100%', 3],
    ['minAvailable: 50%', 1],
    ['minAvailable: 67%', 3],
  ])('says that %s of %i replicas never lets a drain go on', (spec, replicas) => {
    expect(of(deploymentYaml('web', {replicas}) + budget(spec))).toMatchObject([
      {level: 'warning', position: {file: 'a.yaml'}, cure: {yaml: 'spec:\n  maxUnavailable: 1\n'}},
    ]);
  });

  it.each([
    ['maxUnavailable: 1', 1],
    ['maxUnavailable: 1%', 3],
    ['minAvailable: 50%', 3],
    ['minAvailable: 2', 3],
    ['minAvailable: 3', 0],
  ])('has nothing to say of %s of %i replicas', (spec, replicas) => {
    expect(of(deploymentYaml('web', {replicas}) + budget(spec))).toEqual([]);
  });

  it('counts what an autoscaler runs', () => {
    const autoscaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {kind: Deployment, name: web, apiVersion: apps/v1}, minReplicas: 2, maxReplicas: 4}
`;

    expect(of(deploymentYaml('web', {replicas: 1}) + autoscaler + budget('minAvailable: 1'))).toEqual([]);
  });

  it('says that a budget blocks at the least replicas of an autoscaler, not that it always does', () => {
    const autoscaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {kind: Deployment, name: web, apiVersion: apps/v1}, minReplicas: 2, maxReplicas: 10}
`;

    expect(of(deploymentYaml('web', {replicas: 2}) + autoscaler + budget('minAvailable: 2'))).toMatchObject([
      {
        level: 'warning',
        title:
          'PodDisruptionBudget web (minAvailable 2) allows no eviction as long as there are only 2 replicas',
        cure: {text: expect.stringContaining('maxUnavailable in place of minAvailable')},
      },
    ]);
  });

  it('says that no pod with two budgets can be evicted', () => {
    const yaml = deploymentYaml('web') + budget('maxUnavailable: 1') + budget('minAvailable: 1', 'other');

    expect(of(yaml)).toMatchObject([{level: 'error', object: {kind: 'Deployment', name: 'web'}}]);
  });

  it('notes a budget that covers two workloads as one', () => {
    const yaml = deploymentYaml('web') + deploymentYaml('api', {labels: '{app: api, tier: x}'});
    const shared = budget('maxUnavailable: 1').replace(
      'matchLabels: {app: web}',
      'matchExpressions: [{key: app, operator: Exists}]',
    );

    expect(of(yaml + shared)).toMatchObject([{level: 'note'}]);
  });
});
