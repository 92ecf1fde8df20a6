import {describe, expect, it} from '@jest/globals';
import {checkYaml, deploymentYaml, findingsOf} from '../testing/check-yaml.ts';
import {rolledOutObjects} from '../testing/rolled-out.ts';

describe('foresight/check/rules/rollout-deadlock', () => {
  const antiAffinity = (more: string) =>
    `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}${more}}]}}`;
  const of = (yaml: string) => findingsOf('rollout-deadlock', yaml);

  it('finds a hard rule with a replica on every node, whose first new replica would never be placed', () => {
    expect(of(deploymentYaml('web', {replicas: 3, podSpec: antiAffinity('')}))).toMatchObject([
      {
        level: 'error',
        title: 'The next rolling update of Deployment default/web would never end',
        position: {line: 11},
      },
    ]);
  });

  it('finds a cluster without room for one replica more', () => {
    expect(of(deploymentYaml('web', {replicas: 3, cpu: '3'}))).toMatchObject([{level: 'warning'}]);
  });

  it('says it of the rolling update that the manifest begins, in place of replicas that no node takes', () => {
    const objects = rolledOutObjects(deploymentYaml('web', {replicas: 3}));

    expect(
      checkYaml(deploymentYaml('web', {replicas: 3, podSpec: antiAffinity('')}), {objects}).findings,
    ).toMatchObject([
      {
        rule: 'rollout-deadlock',
        level: 'error',
        title: 'The rolling update of Deployment default/web that this manifest begins would never end',
        why: [
          expect.stringContaining('maxUnavailable 25%, which is 0 of 3 replicas, and maxSurge 25%'),
          expect.stringContaining("didn't match pod anti-affinity rules"),
        ],
      },
    ]);
  });

  it('does not recommend what the manifest has already, when it is the rule of the running replicas', () => {
    const objects = rolledOutObjects(deploymentYaml('web', {replicas: 3, podSpec: antiAffinity('')}));
    const cured = antiAffinity(', matchLabelKeys: [pod-template-hash]');

    expect(
      findingsOf('rollout-deadlock', deploymentYaml('web', {replicas: 3, podSpec: cured}), {objects}),
    ).toMatchObject([
      {
        cure: {
          text: expect.stringContaining('Let one go first, for this rolling update at least'),
          yaml: expect.stringContaining('maxUnavailable: 1'),
        },
      },
    ]);
  });

  it.each([
    [
      'replicas of one revision that keep apart',
      deploymentYaml('web', {replicas: 3, podSpec: antiAffinity(', matchLabelKeys: [pod-template-hash]')}),
    ],
    ['a free node', deploymentYaml('web', {replicas: 2, podSpec: antiAffinity('')})],
    [
      'maxUnavailable 1',
      deploymentYaml('web', {
        replicas: 3,
        podSpec: antiAffinity(''),
        spec: 'strategy: {rollingUpdate: {maxUnavailable: 1}}',
      }),
    ],
    [
      'Recreate',
      deploymentYaml('web', {replicas: 3, podSpec: antiAffinity(''), spec: 'strategy: {type: Recreate}'}),
    ],
  ])('has nothing to say of %s', (_, yaml) => {
    expect(of(yaml)).toEqual([]);
  });
});
