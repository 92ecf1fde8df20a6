import {expect, it} from '@jest/globals';
import {DEFAULT_SCORES} from '../../scheduling/scheduler.ts';
import {Simulation} from '../testing/simulation.ts';
import {profileOf} from './profile.ts';

const packing = {
  profiles: [
    {
      plugins: {score: {disabled: [{name: '*'}], enabled: [{name: 'NodeResourcesFit'}]}},
      pluginConfig: [{name: 'NodeResourcesFit', args: {scoringStrategy: {type: 'MostAllocated'}}}],
    },
  ],
};

it('is the default profile where nothing is said', () => {
  expect(profileOf()).toEqual(DEFAULT_SCORES);
});

it('packs the nodes with MostAllocated alone', () => {
  const cluster = new Simulation({schedulerConfiguration: packing});

  cluster.deployment('web', {replicas: 4, requests: {cpu: '100m'}}).seconds(10);

  expect(Object.values(cluster.placement('web'))).toEqual([4]);
});

it('keeps the others when one plugin is taken out or weighs more', () => {
  const score = {disabled: [{name: 'ImageLocality'}], enabled: [{name: 'NodeAffinity', weight: 7}]};

  const profile = profileOf({profiles: [{plugins: {score}}]});

  expect(profile.map(({name}) => name).sort()).toEqual(
    DEFAULT_SCORES.map(({name}) => name)
      .filter((name) => name !== 'ImageLocality')
      .sort(),
  );
  expect(profile.find(({name}) => name === 'NodeAffinity')?.weight).toBe(7);
});

it.each([
  {
    what: 'a plugin that is not simulated',
    profile: {plugins: {score: {enabled: [{name: 'Mine'}]}}},
    message: /expected score plugins of .*NodeResourcesFit.*, found Mine/,
  },
  {
    what: 'another strategy',
    profile: {
      pluginConfig: [{name: 'NodeResourcesFit', args: {scoringStrategy: {type: 'RequestedToCapacityRatio'}}}],
    },
    message: /LeastAllocated or MostAllocated over cpu and memory, found .*RequestedToCapacityRatio/,
  },
])('refuses $what', ({profile, message}) => {
  expect(() => profileOf({profiles: [profile]})).toThrow(message);
});
