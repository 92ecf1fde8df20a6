import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf} from '../testing/check-yaml.ts';
import {rolledOutObjects} from '../testing/rolled-out.ts';

describe('foresight/check/rules/unschedulable', () => {
  const HARD =
    'affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}';
  const of = (yaml: string, options = {}) => findingsOf('unschedulable', yaml, options);

  it('finds more replicas than a hard rule has domains for', () => {
    expect(of(deploymentYaml('web', {replicas: 5, podSpec: HARD}))).toMatchObject([
      {
        level: 'error',
        title: 'No node takes 2 of the 5 replicas of Deployment default/web',
        position: {line: 11},
      },
    ]);
  });

  it('counts the one node that a nodeSelector leaves, also where nodes have no zones', () => {
    const podSpec = `nodeSelector: {kubernetes.io/hostname: node-1}\n${HARD}`;

    expect(of(deploymentYaml('web', {podSpec}))).toMatchObject([
      {why: [expect.anything(), expect.stringContaining('there are 2 replicas and 1 eligible node.')]},
    ]);
  });

  it('finds requests larger than any node', () => {
    expect(of(deploymentYaml('web', {cpu: '5'}))).toMatchObject([
      {level: 'error', why: [expect.stringContaining('3 Insufficient cpu'), expect.anything()]},
    ]);
  });

  it('only notes a node label that assumed nodes cannot have, but says it of a cluster that is known', () => {
    const yaml = deploymentYaml('web', {podSpec: 'nodeSelector: {pool: gpu}'});

    expect(of(yaml)).toMatchObject([{level: 'note'}]);
    expect(of(yaml, {isAssumed: false})).toMatchObject([{level: 'error'}]);
  });

  it('tells a new template that no node takes from the old replicas, which run on', () => {
    const objects = rolledOutObjects(deploymentYaml('web', {replicas: 3}));

    expect(of(deploymentYaml('web', {replicas: 3, cpu: '5'}), {objects})).toMatchObject([
      {title: 'No node takes a replica of the new template of Deployment default/web'},
    ]);
  });

  it('finds a node that a template names and the cluster does not have', () => {
    expect(of(deploymentYaml('web', {podSpec: 'nodeName: somewhere'}), {isAssumed: false})).toMatchObject([
      {level: 'error', title: 'Deployment default/web asks for node somewhere, which there is not'},
    ]);
  });

  it.each([
    ['replicas that fit', deploymentYaml('web')],
    ['a hard rule that fits', deploymentYaml('web', {replicas: 3, podSpec: HARD})],
    [
      'a claim that is not there yet',
      deploymentYaml('web', {podSpec: 'volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]'}),
    ],
    [
      'the volumes of a StatefulSet',
      deploymentYaml('web', {
        kind: 'StatefulSet',
        spec: 'volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]',
      }),
    ],
  ])('has nothing to say of %s', (_, yaml) => {
    expect(of(yaml)).toEqual([]);
  });
});
