import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf} from '../testing/check-yaml.ts';

describe('foresight/check/rules/spread-policy', () => {
  const policy = (name: string, spec: string) => `---
apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: ${name}}
spec: {selector: {matchLabels: {app: web}}, ${spec}}
`;
  const of = (yaml: string) => findingsOf('spread-policy', yaml);

  it('says which field keeps the operator from acting', () => {
    expect(of(deploymentYaml('web') + policy('web', 'scaleDown: PreferSpread'))).toMatchObject([
      {level: 'warning', why: [expect.stringContaining('spec.scaleDown: PreferSpread is not supported yet')]},
    ]);
  });

  it('says which of two policies has no say', () => {
    const yaml = deploymentYaml('web') + policy('a', 'suspend: false') + policy('b', 'suspend: false');

    expect(of(yaml)).toMatchObject([
      {title: 'SpreadPolicy default/b has no say over Deployment default/web', level: 'warning'},
    ]);
  });

  it('says when a hard rule is not injected, as its rollout would never end', () => {
    const hard = 'topologies: [{topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule}]';

    expect(of(deploymentYaml('web', {replicas: 5}) + policy('web', hard))).toMatchObject([
      {level: 'warning', why: [expect.stringContaining('InsufficientDomains')]},
    ]);
  });

  it('has nothing to say of a policy that works', () => {
    expect(of(deploymentYaml('web') + policy('web', 'suspend: false'))).toEqual([]);
  });
});
