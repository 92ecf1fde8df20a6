import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {stringify} from 'yaml';
import {parseManifests} from '../../cli/manifests/parse-manifests.ts';
import {assumeCluster} from '../../cli/source/assumed-cluster.ts';
import type {ClusterPicture} from '../cluster-picture.ts';
import {checkManifests, contextOf} from './check.ts';
import {describePlacement} from './placement.ts';
import {checkYaml, deploymentYaml, serviceYaml} from './testing/check-yaml.ts';
import {stagedPicture} from './view.ts';

const START = Date.UTC(2026, 0, 1);

function placements(yaml: string, picture: ClusterPicture): Record<string, string> {
  const {view} = contextOf({
    picture,
    manifests: parseManifests(yaml, 'a.yaml').objects,
    defaultNamespace: 'default',
    isAssumed: false,
  });
  return Object.fromEntries(view.workloads.map((workload) => [workload.name, describePlacement(workload)]));
}

function clusterWith(yaml: string): ClusterPicture {
  const {context} = checkYaml(yaml);
  return stagedPicture(context.view.stage);
}

describe('foresight/check', () => {
  it('places new replicas beside what is on the cluster already', () => {
    const picture = clusterWith(deploymentYaml('old', {replicas: 2, cpu: '3'}));
    const taken = picture.objects.flatMap(({kind, spec}) =>
      kind === 'Pod' ? [(spec as {nodeName: string}).nodeName] : [],
    );

    const {new: node} = placements(deploymentYaml('new', {replicas: 1, cpu: '3'}), picture);

    expect([...taken, node ?? ''].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'node-1',
      'node-2',
      'node-3',
    ]);
  });

  it('puts a manifest in place of the object of its name, and keeps replicas that it leaves out', () => {
    const picture = clusterWith(deploymentYaml('web', {replicas: 3}));
    const manifest = deploymentYaml('web', {cpu: '200m'}).replace('  replicas: 2\n', '');

    expect(placements(manifest, picture)).toEqual({web: 'node-1, node-2, node-3'});
  });

  it('has the rule of a policy of the cluster in the template, as the operator would inject it', () => {
    const policy = `---
apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  topologies: [{topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule}]
`;
    const picture = clusterWith(deploymentYaml('other') + policy);

    const {view} = contextOf({
      picture,
      manifests: parseManifests(deploymentYaml('web', {replicas: 3}), 'a.yaml').objects,
      defaultNamespace: 'default',
      isAssumed: false,
    });

    expect(view.workloads[0]?.template.spec?.affinity?.podAntiAffinity).toMatchObject({
      requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: 'kubernetes.io/hostname'}],
    });
  });

  it('gives a DaemonSet a pod on every node that takes it, and a StatefulSet its replicas', () => {
    const yaml = deploymentYaml('agent', {kind: 'DaemonSet'}) + deploymentYaml('db', {kind: 'StatefulSet'});

    expect(placements(yaml, assumeCluster({nodes: 2}, START))).toEqual({
      agent: 'node-1, node-2',
      db: expect.stringMatching(/node-1.*node-2/),
    });
  });

  it('answers the same whenever it is asked', () => {
    const yaml = deploymentYaml('web', {replicas: 3}) + serviceYaml('web');

    expect(checkYaml(yaml).findings).toEqual(checkYaml(yaml).findings);
  });

  it('throws on no manifest, whatever stands in it', () => {
    const anything = fc.oneof(
      fc.constantFrom(null, '', 'x', -1, 0, 1.5, 3, true, {}, [], '50%', {matchLabels: {app: 'web'}}),
      fc.object({maxDepth: 2}),
    );
    const field = fc.constantFrom(
      'replicas',
      'selector',
      'template',
      'strategy',
      'minAvailable',
      'ports',
      'scaleTargetRef',
      'minReplicas',
      'topologies',
      'volumeClaimTemplates',
    );
    const documents = fc.array(
      fc.record({
        apiVersion: fc.constantFrom(
          'v1',
          'apps/v1',
          'policy/v1',
          'autoscaling/v2',
          'spread-operator.io/v1alpha1',
        ),
        kind: fc.constantFrom(
          'Deployment',
          'StatefulSet',
          'DaemonSet',
          'Service',
          'PodDisruptionBudget',
          'HorizontalPodAutoscaler',
          'SpreadPolicy',
          'Pod',
          'Namespace',
        ),
        metadata: fc.oneof(
          fc.constant({name: 'web', labels: {app: 'web'}}),
          fc.record({name: fc.string(), labels: anything}),
        ),
        spec: fc.oneof(fc.dictionary(field, anything), anything),
      }),
      {minLength: 1, maxLength: 3},
    );
    const base = deploymentYaml('web') + serviceYaml('web');

    fc.assert(
      fc.property(documents, (written) => {
        const yaml = `${base}---\n${written.map((each) => stringify(each)).join('---\n')}`;
        const {objects, problems} = parseManifests(yaml, 'a.yaml');
        for (const {position} of problems) {
          expect(position.line).toBeGreaterThan(0);
        }
        const {findings} = checkManifests({
          picture: assumeCluster({nodes: 2}, START),
          manifests: objects,
          defaultNamespace: 'default',
          isAssumed: true,
        });
        for (const {position} of findings) {
          expect(position.line).toBeLessThanOrEqual(yaml.split('\n').length);
        }
      }),
      {numRuns: 25},
    );
  });
});
