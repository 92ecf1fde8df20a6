import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf, serviceYaml} from '../testing/check-yaml.ts';

describe('foresight/check/rules/single-replica', () => {
  it('notes a Service with one endpoint', () => {
    expect(
      findingsOf('single-replica', deploymentYaml('web', {replicas: 1}) + serviceYaml('web')),
    ).toMatchObject([{level: 'note', title: 'Service default/web has one endpoint', position: {line: 6}}]);
  });

  it.each([
    ['several replicas', deploymentYaml('web')],
    [
      'an autoscaler that runs more',
      `${deploymentYaml('web', {replicas: 1})}---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 4}
`,
    ],
    ['no replicas', deploymentYaml('web', {replicas: 0})],
  ])('has nothing to say of %s', (_, yaml) => {
    expect(findingsOf('single-replica', yaml + serviceYaml('web'))).toEqual([]);
  });
});
