import {describe, expect, it} from '@jest/globals';
import {checkYaml, deploymentYaml, findingsOf} from '../testing/check-yaml.ts';

describe('foresight/check/rules/invalid-object', () => {
  it('says what the API server would say, at the field', () => {
    const yaml = deploymentYaml('web', {spec: 'strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}'});

    expect(findingsOf('invalid-object', yaml)).toMatchObject([
      {
        level: 'error',
        position: {line: 7},
        why: [expect.stringContaining('may not be 0 when `maxSurge` is 0')],
      },
    ]);
  });

  it('names an unknown field, as kubectl does', () => {
    expect(
      findingsOf('invalid-object', deploymentYaml('web', {podSpec: 'nodeSelectors: {a: b}'})),
    ).toMatchObject([
      {
        position: {line: 11},
        why: [expect.stringContaining('unknown field "spec.template.spec.nodeSelectors"')],
      },
    ]);
  });

  it('judges the other objects all the same', () => {
    const {
      context: {view},
    } = checkYaml(deploymentYaml('a', {podSpec: 'x: 1'}) + deploymentYaml('b'));

    expect(view.workloads.map(({name}) => name)).toEqual(['b']);
  });

  it('takes what kubectl get prints', () => {
    const yaml = deploymentYaml('web').replace(
      'metadata: {name: web,',
      'status: {replicas: 1}\nmetadata: {uid: a, resourceVersion: "1", creationTimestamp: null, managedFields: [], name: web,',
    );

    expect(findingsOf('invalid-object', yaml)).toEqual([]);
  });
});
