import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf, serviceYaml} from '../testing/check-yaml.ts';

describe('foresight/check/rules/cpu-cascade', () => {
  const withLoad = (yaml: string, load: string) =>
    yaml.replace(
      'metadata: {name: web}',
      `metadata: {name: web, annotations: {simulator.spread-operator.io/load-cpu: ${load}}}`,
    );
  const of = (load: string, replicas: number) =>
    findingsOf('cpu-cascade', deploymentYaml('web', {replicas}) + withLoad(serviceYaml('web'), load));

  it('tells the rounds, and a policy that stops them in the simulation', () => {
    const [finding] = of('6000m', 3);

    expect(finding).toMatchObject({
      level: 'error',
      object: {name: 'web'},
      cure: {yaml: expect.stringContaining('whenUnsatisfiable: DoNotSchedule')},
    });
    expect(finding?.why).toEqual(
      expect.arrayContaining([expect.stringMatching(/^round 1, after 1\d\d s: node-\d dies of its CPU/)]),
    );
  });

  it('offers no policy where none would help', () => {
    expect(of('14000m', 3)[0]?.cure).toEqual({text: expect.stringContaining('is not enough here')});
  });

  it('has nothing to say of a load that one node carries, or where nobody says what the load is', () => {
    expect(of('2000m', 3)).toEqual([]);
    expect(findingsOf('cpu-cascade', deploymentYaml('web') + serviceYaml('web'))).toEqual([]);
  });
});
