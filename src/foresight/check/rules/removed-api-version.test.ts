import {describe, expect, it} from '@jest/globals';
import {checkYaml, deploymentYaml} from '../testing/check-yaml.ts';

describe('foresight/check/rules/removed-api-version', () => {
  const OLD = deploymentYaml('web').replace('apps/v1', 'extensions/v1beta1');

  it('names the version that is served', () => {
    expect(checkYaml(OLD).findings).toMatchObject([
      {
        rule: 'removed-api-version',
        level: 'error',
        position: {line: 2},
        title: 'Deployment of extensions/v1beta1 is gone since Kubernetes 1.16',
        cure: {yaml: 'apiVersion: apps/v1\n'},
      },
    ]);
  });

  it('judges the object all the same, with the selector that the old version took from the template', () => {
    const {
      context: {view},
    } = checkYaml(OLD.replace(/^ {2}selector.*\n/m, ''));

    expect(view.workloads).toMatchObject([{name: 'web', replicas: 2, pending: []}]);
  });
});
