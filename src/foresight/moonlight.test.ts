import {beforeAll, describe, expect, it, jest} from '@jest/globals';
import {applyLoad, moonlight} from '../simulator/demo/moonlight.ts';
import {allLosses} from './all-losses.ts';
import type {ClusterPicture} from './cluster-picture.ts';
import {foresee} from './foresee.ts';
import {lossOf} from './loss.ts';
import type {Outcome} from './outcome.ts';
import {pictureOf} from './picture-of.ts';

/** Until somebody has seen to a node that panicked, as in the replay of the outage. */
const OPTIONS = {parameters: {nodeRestartSeconds: 1800}, horizonSeconds: 1500};
// Hours are simulated, and the machine may be busy.
jest.setTimeout(60_000);

const LOAD = [
  {kind: 'Load', service: 'moonlight/web', milliCpu: 4200},
  {kind: 'Load', service: 'moonlight/ssr', milliCpu: 2400},
  {kind: 'Load', service: 'moonlight/redis', milliCpu: 400},
] as const;

describe('the Moonlight outage, foreseen', () => {
  let outcome: Outcome;

  beforeAll(() => {
    outcome = foresee(pictureOf(moonlight()), LOAD, OPTIONS);
  });

  it('says which node dies first, when, and of what', () => {
    expect(outcome.rounds[0]).toMatchObject({
      atSeconds: 120,
      nodes: [{node: 'node-1', why: 'panicked', demand: 4700, capacity: 4000}],
      replicasLost: [{workload: {name: 'web'}, lost: 3, of: 3}],
    });
  });

  it('says what follows to another node, and that this one dies of it', () => {
    const [first, second] = outcome.rounds;

    const followed = new Set(first?.moves.map(({workload}) => workload.name));
    expect([...followed].sort()).toEqual(['redis', 'web']);
    expect(second?.nodes[0]).toMatchObject({why: 'panicked'});
    expect(first?.moves.map(({to}) => to)).toContain(second?.nodes[0]?.node);
  });

  it('says which Service has no endpoint in which round, Redis before all others', () => {
    expect(outcome.outages[0]).toMatchObject({service: 'moonlight/redis', fromSeconds: 30});
    expect(outcome.rounds[0]?.servicesDown).toContain('moonlight/web');
    expect(new Set(outcome.outages.map(({service}) => service))).toEqual(
      new Set(['moonlight/redis', 'moonlight/web', 'moonlight/ssr']),
    );
  });

  it('says how far it goes: every node, and no end to it', () => {
    expect(new Set(outcome.rounds.flatMap(({nodes}) => nodes.map(({node}) => node))).size).toBe(3);
    expect(outcome.settles).toBe(false);
  });
});

describe('the same load with one replica per node, foreseen', () => {
  let picture: ClusterPicture;

  beforeAll(() => {
    const cluster = moonlight({withRule: true});
    applyLoad(cluster);
    cluster.advance(60_000);
    picture = pictureOf(cluster);
  });

  it('goes no further than the first round, whichever node is lost', () => {
    const {losses} = allLosses(picture, 1, OPTIONS);

    expect(losses[0]).toMatchObject({total: 3, judged: 3, undecided: 0});
    expect(losses[0]?.groups.flatMap(({nodesDying}) => nodesDying)).toEqual([]);
  });

  it('leaves web an endpoint at the loss of any one node and of any two', () => {
    const {losses} = allLosses(picture, 2, OPTIONS);

    const judged = losses.map((depth) => depth.judged - depth.undecided);
    expect(judged).toEqual([3, 3]);
    expect(losses.flatMap(({groups}) => groups.flatMap(({servicesDown}) => servicesDown))).not.toContain(
      'moonlight/web',
    );
  });

  it.each([
    {lost: ['node-1'], left: 2},
    {lost: ['node-2', 'node-3'], left: 1},
  ])('keeps $left web replicas Ready when $lost are lost, the others Pending', ({lost, left}) => {
    const outcome = lossOf(picture, lost, OPTIONS);

    expect(outcome.workloads.find(({workload}) => workload.name === 'web')).toMatchObject({
      readyBefore: 3,
      leastReady: left,
      readyAtEnd: left,
    });
    const web = outcome.pending.filter(({workload}) => workload.name === 'web');
    expect(web).toHaveLength(3 - left);
    expect(web[0]?.message).toContain("didn't match pod anti-affinity rules");
    expect(outcome).toMatchObject({
      rounds: [{nodes: lost.map((node) => ({node, why: 'lost'}))}],
      settles: true,
    });
  });
});
