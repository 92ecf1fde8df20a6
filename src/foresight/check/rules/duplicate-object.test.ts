import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf, serviceYaml} from '../testing/check-yaml.ts';

describe('foresight/check/rules/duplicate-object', () => {
  const WEB = deploymentYaml('web');
  const LINES = WEB.split('\n').length - 1;

  it('names the later one, and where the earlier one is', () => {
    expect(findingsOf('duplicate-object', WEB + deploymentYaml('web', {replicas: 5}))).toMatchObject([
      {
        level: 'warning',
        object: {kind: 'Deployment', name: 'web'},
        position: {file: 'a.yaml', line: LINES + 4},
        title: 'Deployment web is defined more than once',
        why: ['It is also at a.yaml:2:1.', expect.stringContaining('the last one wins')],
      },
    ]);
  });

  it('tells of each that is too many', () => {
    expect(findingsOf('duplicate-object', WEB + WEB + WEB)).toHaveLength(2);
  });

  it.each([
    ['the namespace left out', WEB.replace('name: web', 'name: web, namespace: default')],
    ['another version of the group', WEB.replace('apps/v1', 'apps/v1beta2')],
  ])('knows it with %s', (_, other) => {
    expect(findingsOf('duplicate-object', WEB + other)).toHaveLength(1);
  });

  it.each([
    ['of another kind', serviceYaml('web')],
    ['of another name', deploymentYaml('web-2')],
    ['in another namespace', WEB.replace('name: web', 'name: web, namespace: shop')],
  ])('has nothing to say of an object %s', (_, other) => {
    expect(findingsOf('duplicate-object', WEB + other)).toEqual([]);
  });

  it('has nothing to say of objects that get their name when they are created', () => {
    const job = '---\napiVersion: batch/v1\nkind: Job\nmetadata: {generateName: migrate-}\n';

    expect(findingsOf('duplicate-object', job + job)).toEqual([]);
  });
});
