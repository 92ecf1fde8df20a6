import {describe, expect, it, jest} from '@jest/globals';
import {compareText} from '../cluster/snapshot.ts';
import {Simulation} from '../simulator/testing/simulation.ts';
import {allLosses} from './all-losses.ts';
import {lossOf} from './loss.ts';
import {isHarmless, verdictOf} from './loss-verdict.ts';
import {pictureOf} from './picture-of.ts';
import {randomPicture} from './testing/random-picture.ts';

// Hours are simulated, and the machine may be busy.
jest.setTimeout(60_000);

describe('allLosses', () => {
  it('names what one node takes down, and of two only what neither does alone', () => {
    const cluster = new Simulation({nodes: 4, cpu: '8'});
    cluster.deployment('lone', {replicas: 1}).service('lone');
    cluster.deployment('pair', {replicas: 2}).service('pair');
    cluster.deployment('many', {replicas: 4}).service('many');
    const picture = pictureOf(cluster.seconds(60));

    const {losses} = allLosses(picture, 2);

    const lone = cluster.podsOf('lone').map(({spec}) => spec.nodeName);
    const pair = cluster
      .podsOf('pair')
      .map(({spec}) => spec.nodeName ?? '')
      .sort(compareText);
    expect(losses).toMatchObject([
      {
        total: 4,
        judged: 4,
        undecided: 0,
        harmless: 3,
        groups: [{servicesDown: ['default/lone'], sets: 1, examples: [lone]}],
      },
      {
        total: 6,
        judged: 6,
        undecided: 0,
        groups: [{servicesDown: ['default/pair'], sets: 1, examples: [pair]}],
      },
    ]);
    expect(losses.map(({simulated}) => simulated)).toEqual([0, 0]);
  });

  it('counts every set once', () => {
    const picture = randomPicture(5);

    const {nodes, losses} = allLosses(picture, 2, {horizonSeconds: 1500});

    for (const {total, judged, undecided, harmless, inherited, groups} of losses) {
      expect(judged).toBe(total);
      expect(undecided + harmless + inherited + groups.reduce((sum, {sets}) => sum + sets, 0)).toBe(total);
    }
    expect(losses.map(({total}) => total)).toEqual([nodes, (nodes * (nodes - 1)) / 2]);
  });

  it('counts the harmless as the full simulation of each does', () => {
    const picture = randomPicture(5);
    const options = {horizonSeconds: 1500};

    const [single] = allLosses(picture, 1, options).losses;

    const names = picture.objects.flatMap(({kind, metadata}) => (kind === 'Node' ? metadata.name : []));
    const harmless = names.filter((name) => isHarmless(verdictOf(lossOf(picture, [name], options))));
    expect(single?.harmless).toBe(harmless.length);
  });

  it('says how many it could not decide when it may not simulate', () => {
    // The room that web's replica and api's would need is there once only: which of them gets it is the scheduler's to say.
    const cluster = new Simulation({nodes: 2, cpu: '2'});
    cluster.deployment('web', {replicas: 2, requests: {cpu: '800m'}}).seconds(10);
    cluster.deployment('api', {replicas: 2, requests: {cpu: '400m'}});
    const picture = pictureOf(cluster.seconds(60));

    const {losses} = allLosses(picture, 1, {isBudgetSpent: () => true});

    expect(losses[0]).toMatchObject({total: 2, judged: 2, simulated: 0});
    expect(losses[0]?.undecided).toBeGreaterThan(0);
  });

  it('draws a sample of three nodes and more, the same for the same seed', () => {
    const picture = pictureOf(new Simulation({nodes: 30, cpu: '8'}).deployment('web').seconds(60));
    const samples = (seed: number) => allLosses(picture, 3, {sample: 50, seed}).losses[2];

    expect(samples(1)).toMatchObject({depth: 3, total: 4060, judged: 50});
    expect(samples(1)).toEqual(samples(1));
  });

  it('lets a rollout arrive before it loses anything', () => {
    const cluster = new Simulation({nodes: 3, cpu: '8'});
    cluster.deployment('web', {replicas: 2}).service('web').seconds(60).restart('web', 'again').seconds(0.1);

    const summary = allLosses(pictureOf(cluster), 1);

    expect(summary.waitedFor).toBeDefined();
    expect(summary.unprovable).toBeUndefined();
    expect(summary.losses[0]).toMatchObject({judged: 3, undecided: 0});
  });
});
