import {describe, expect, it} from '@jest/globals';
import type {ApiObject} from '../../../simulator/cluster-api.ts';
import {deploymentYaml, findingsOf, type WrittenDeployment} from '../testing/check-yaml.ts';

const VOLUMES = 'volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n';
const APART = `affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
    - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}
`;
const POLICY = `---
apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: apart}
spec: {selector: {matchLabels: {app: web}}}
`;

function web(options: WrittenDeployment = {}): string {
  return deploymentYaml('web', {replicas: 3, podSpec: VOLUMES, ...options});
}

function claim(accessModes: string, name = 'data'): string {
  return `---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {accessModes: ${accessModes}, resources: {requests: {storage: 1Gi}}}
`;
}

function stored(kind: string, name: string, spec: object): ApiObject {
  const namespace = kind === 'PersistentVolumeClaim' ? {namespace: 'default'} : {};
  return {
    apiVersion: 'v1',
    kind,
    metadata: {
      name,
      ...namespace,
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec,
  };
}

describe('foresight/check/rules/shared-claim', () => {
  it('finds replicas that share what attaches to one node', () => {
    expect(findingsOf('shared-claim', web() + claim('[ReadWriteOnce]'))).toMatchObject([
      {
        level: 'warning',
        title: 'The 3 replicas of Deployment default/web can never be on different nodes',
        position: {line: 11},
        cure: {yaml: expect.stringContaining('replicas: 1')},
      },
    ]);
  });

  it('finds replicas of which one alone may use the claim, however they are replaced', () => {
    const yaml = web({spec: 'strategy: {type: Recreate}\n'}) + claim('[ReadWriteOncePod]');

    expect(findingsOf('shared-claim', yaml)).toMatchObject([
      {level: 'error', title: 'Only one of the 3 replicas of Deployment default/web can run'},
    ]);
  });

  it.each([
    ['a rule of their own', web({podSpec: APART + VOLUMES})],
    ['a SpreadPolicy', web() + POLICY],
  ])('says that the second one never runs under %s', (_, yaml) => {
    expect(findingsOf('shared-claim', yaml + claim('[ReadWriteOnce]'))).toMatchObject([
      {level: 'error', why: [expect.anything(), expect.stringMatching(/the second replica gets no volume/)]},
    ]);
  });

  it('knows the claims of the cluster', () => {
    const data = stored('PersistentVolumeClaim', 'data', {accessModes: ['ReadWriteOnce']});

    expect(findingsOf('shared-claim', web(), {objects: [data]})).toHaveLength(1);
  });

  it('asks the volume of a claim that has one', () => {
    const objects = [
      stored('PersistentVolumeClaim', 'data', {accessModes: ['ReadWriteOnce'], volumeName: 'pv'}),
      stored('PersistentVolume', 'pv', {accessModes: ['ReadWriteOnce', 'ReadWriteMany']}),
    ];

    expect(findingsOf('shared-claim', web(), {objects})).toEqual([]);
  });

  it.each([
    ['one replica', web({replicas: 1}) + claim('[ReadWriteOnce]')],
    ['a claim that many may write', web() + claim('[ReadWriteMany]')],
    ['a claim that many may read', web() + claim('[ReadOnlyMany]')],
    ['a claim that nobody knows', web()],
    ['another claim', web() + claim('[ReadWriteOnce]', 'other')],
    ['a strategy that knows of it', web({spec: 'strategy: {type: Recreate}\n'}) + claim('[ReadWriteOnce]')],
    ['a DaemonSet', web({kind: 'DaemonSet'}) + claim('[ReadWriteOnce]')],
  ])('has nothing to say of %s', (_, yaml) => {
    expect(findingsOf('shared-claim', yaml)).toEqual([]);
  });
});
