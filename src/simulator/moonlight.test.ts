import {describe, expect, it} from '@jest/globals';
import {cascadeRounds, describeRounds} from './cascade.ts';
import {applyLoad, moonlight, placementOf} from './demo/moonlight.ts';
import {conditionOf, isPodReady} from './objects.ts';
import type {SimulatedCluster} from './simulated-cluster.ts';

const HOUR = 3_600_000;

/** How many of a Deployment's replicas are Ready at the moment when it has the fewest. */
function fewestReady(cluster: SimulatedCluster, app: string, milliseconds: number): number {
  let fewest = Number.POSITIVE_INFINITY;
  cluster.advanceUntil(() => {
    const ready = cluster
      .pods('moonlight')
      .filter(
        (pod) => pod.metadata.labels?.['app'] === app && isPodReady(pod) && cluster.isUp(pod.spec.nodeName),
      );
    fewest = Math.min(fewest, ready.length);
    return false;
  }, milliseconds);
  return fewest;
}

describe('the Moonlight outage', () => {
  it('goes on round by round: the node with everything dies, its pods take the next one down', () => {
    const cluster = moonlight();
    const start = cluster.now;

    applyLoad(cluster);
    cluster.advance(20 * 60_000);

    const rounds = cascadeRounds(cluster.timeline.entries);
    expect(placementOf(moonlight(), 'web')).toEqual({'node-1': 3});
    expect(describeRounds(rounds, start)).toEqual([
      'round 1, +120s: node-1 panicked',
      '  no endpoint left: moonlight/web, moonlight/redis',
      expect.stringMatching(/redis-\S+: from node-1 to node-[23]/),
      expect.stringMatching(/web-\S+: from node-1 to node-[23]/),
      expect.stringMatching(/web-\S+: from node-1 to node-[23]/),
      expect.stringMatching(/web-\S+: from node-1 to node-[23]/),
      expect.stringMatching(/round 2, \+596s: node-[23] panicked/),
      ...rounds.slice(1, 2).flatMap(() => [expect.stringContaining('no endpoint left: moonlight/')]),
      ...(rounds[1]?.moves ?? []).map(() => expect.stringMatching(/: from node-[23] to node-[23]/)),
      expect.stringMatching(/round 3, \+1066s: node-[23] panicked/),
      expect.stringContaining('moonlight/web, moonlight/ssr'),
    ]);
  });

  it('takes Redis first, as it did', () => {
    const cluster = moonlight();

    applyLoad(cluster);
    cluster.advance(130_000);

    const [first] = cluster.timeline.outages();
    const panicked = cluster.timeline.entries.find(({kind}) => kind === 'NodePanicked');
    expect(first?.service).toBe('moonlight/redis');
    expect(first?.from).toBeLessThan(panicked?.at ?? 0);
  });

  it.each([1, 2, 3, 4, 5])(
    'takes down every Service in the end, whatever the scheduler draws (seed %i)',
    (seed) => {
      const cluster = moonlight({seed});

      applyLoad(cluster);
      cluster.advance(HOUR);

      const down = new Set(cascadeRounds(cluster.timeline.entries).flatMap(({servicesDown}) => servicesDown));
      expect([...down].sort()).toEqual(['moonlight/redis', 'moonlight/ssr', 'moonlight/web']);
    },
  );
});

describe('the same load with one replica per node', () => {
  it('saturates no node', () => {
    const cluster = moonlight({withRule: true});

    applyLoad(cluster);
    cluster.advance(HOUR);

    expect(cluster.timeline.entries).toEqual([]);
    expect(placementOf(cluster, 'web')).toEqual({'node-1': 1, 'node-2': 1, 'node-3': 1});
  });

  it.each([
    {lost: ['node-1'], left: 2},
    {lost: ['node-2'], left: 2},
    {lost: ['node-3'], left: 2},
    {lost: ['node-1', 'node-2'], left: 1},
    {lost: ['node-1', 'node-3'], left: 1},
    {lost: ['node-2', 'node-3'], left: 1},
  ])('keeps $left web replicas Ready when $lost are lost, and no other node dies', ({lost, left}) => {
    const cluster = moonlight({withRule: true});
    applyLoad(cluster);
    cluster.advance(60_000);

    for (const node of lost) {
      cluster.panicNode(node);
    }
    // Less than the restart: the nodes stay away.
    const fewest = fewestReady(cluster, 'web', 25 * 60_000);

    const panicked = cluster.timeline.entries.flatMap((entry) =>
      entry.kind === 'NodePanicked' ? entry.node : [],
    );
    expect(fewest).toBe(left);
    expect(panicked).toEqual(lost);
    expect(cluster.timeline.outages().map(({service}) => service)).not.toContain('moonlight/web');
    expect(placementOf(cluster, 'web')['pending']).toBe(3 - left);
  });

  it('leaves a replica without a free node Pending, with the reason, and places it when a node is back', () => {
    const cluster = moonlight({withRule: true});
    applyLoad(cluster);

    cluster.panicNode('node-1');
    cluster.advance(10 * 60_000);
    const pending = cluster.pods('moonlight').find(({spec}) => spec.nodeName === undefined);
    cluster.advance(40 * 60_000);

    expect(conditionOf(pending?.status, 'PodScheduled')?.message).toContain(
      "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules.",
    );
    expect(placementOf(cluster, 'web')).toEqual({'node-1': 1, 'node-2': 1, 'node-3': 1});
  });
});

describe('determinism', () => {
  it('gives the same timeline for the same seed', () => {
    const timelineOf = (seed: number) => {
      const cluster = moonlight({seed});
      applyLoad(cluster);
      cluster.advance(HOUR);
      return cluster.timeline.entries;
    };

    expect(timelineOf(7)).toEqual(timelineOf(7));
    expect(timelineOf(7)).not.toEqual(timelineOf(8));
  });
});
