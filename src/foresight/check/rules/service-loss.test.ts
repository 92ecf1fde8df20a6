import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf, serviceYaml} from '../testing/check-yaml.ts';

describe('foresight/check/rules/service-loss', () => {
  const of = (yaml: string, options = {}) => findingsOf('service-loss', yaml, options);

  it('warns when the scheduler puts all replicas on one node', () => {
    const yaml = deploymentYaml('web', {podSpec: 'nodeSelector: {kubernetes.io/hostname: node-2}'});

    expect(of(yaml + serviceYaml('web'))).toMatchObject([
      {
        level: 'warning',
        title: 'Service default/web has no endpoint left when node-2 is lost',
        cure: {text: expect.stringContaining('Let more nodes take its replicas')},
      },
    ]);
  });

  it('notes which two nodes a Service does not survive', () => {
    expect(of(deploymentYaml('web') + serviceYaml('web'))).toMatchObject([
      {level: 'note', cure: {text: expect.stringContaining('Run more replicas')}},
    ]);
  });

  it('has nothing to say of as many replicas as nodes, or of a single replica', () => {
    expect(of(deploymentYaml('web', {replicas: 3}) + serviceYaml('web'))).toEqual([]);
    expect(of(deploymentYaml('web', {replicas: 1}) + serviceYaml('web'))).toEqual([]);
  });
});
