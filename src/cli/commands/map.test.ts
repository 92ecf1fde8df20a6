import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {encodeCluster} from '../source/saved-cluster.ts';
import {pictureOf} from '../testing/picture-of.ts';
import {outputInto, runCli} from '../testing/run-cli.ts';
import type {PlacementMap} from '../views/placement-map.ts';

describe('cli/commands/map', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spread-map-'));
    const cluster = moonlight();
    cluster.cordon('node-3');
    const picture = pictureOf(cluster);
    const metrics = ['node-1', 'node-2', 'node-3'].map((name, index) => ({
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'NodeMetrics',
      metadata: {name, uid: '', resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z'},
      usage: {cpu: `${3900 - 1500 * index}m`},
    }));
    const objects = [...picture.objects, ...metrics];
    await writeFile(join(directory, 'cluster.json'), encodeCluster({...picture, objects}, false));
    const zoned = picture.objects.map((object) =>
      object.kind === 'Node'
        ? {
            ...object,
            metadata: {
              ...object.metadata,
              labels: {
                ...object.metadata.labels,
                'topology.kubernetes.io/zone': object.metadata.name === 'node-1' ? 'zone-a' : 'zone-b',
              },
            },
          }
        : object,
    );
    await writeFile(join(directory, 'zoned.json'), encodeCluster({...picture, objects: zoned}, false));
  });

  afterAll(async () => {
    await rm(directory, {recursive: true, force: true});
  });

  it('shows where replicas sit together, and which nodes are hot or cordoned', async () => {
    const {code, stdout} = await runCli(['map', '--snapshot', 'cluster.json'], {directory});

    expect(code).toBe(0);
    expect(stdout.split('\n').slice(2, 9)).toEqual([
      '                node-1  node-2    node-3',
      'state                           cordoned',
      'CPU used       hot 98%     60%       23%',
      'CPU requested      39%     13%       13%',
      'web                 3!       ·         ·',
      'redis                1       ·         ·',
      'ssr                  ·       1         1',
    ]);
  });

  it('counts by zone, and says that nothing is known of the heat', async () => {
    const {stdout} = await runCli(['map', '--snapshot', 'zoned.json', '--by', 'zone', '-o', 'json'], {
      directory,
    });

    const {domains, workloads} = JSON.parse(stdout) as PlacementMap;
    expect(domains.map(({name, nodes, cordoned, isHot}) => [name, nodes, cordoned, isHot])).toEqual([
      ['zone-a', 1, 0, false],
      ['zone-b', 2, 1, false],
    ]);
    expect(workloads.find(({name}) => name === 'web')).toMatchObject({
      placement: {'zone-a': 3},
      crowded: ['zone-a'],
    });
  });

  it('breaks a matrix that is too wide into parts', async () => {
    const written: string[] = [];

    await runCli(['map', '--snapshot', 'cluster.json'], {directory, stdout: outputInto(written, 32)});

    const lines = written.join('').split('\n');
    expect(lines).toContain('part 2 of 2');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(32);
  });

  it('says when no node has the label', async () => {
    const {code, stderr} = await runCli(['map', '--snapshot', 'cluster.json', '--by', 'rack'], {directory});

    expect(code).toBe(2);
    expect(stderr).toMatch(/--by rack: no node of .* has the label rack/);
  });
});
