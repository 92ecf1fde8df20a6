import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {pictureOf} from '../../foresight/picture-of.ts';
import type {ApiObject} from '../../simulator/cluster-api.ts';
import {applyLoad, moonlight} from '../../simulator/demo/moonlight.ts';
import {encodeCluster} from '../source/saved-cluster.ts';
import {runCli} from '../testing/run-cli.ts';

/** Milliseconds, on a busy machine. */
const LONGEST = 120_000;
const WORKLOADS = new URL('../../../examples/moonlight/workloads.yaml', import.meta.url).pathname;

describe('cli/commands/report', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spread-report-'));
    const cluster = moonlight();
    await save('calm.json', pictureOf(cluster).objects);
    applyLoad(cluster);
    cluster.advance(5000);
    await save('loaded.json', pictureOf(cluster).objects);
    for (const node of ['node-1', 'node-2', 'node-3']) {
      cluster.cordon(node);
    }
    await save('cordoned.json', pictureOf(cluster).objects);
    await save(
      'silent.json',
      pictureOf(cluster).objects.filter(({kind}) => kind !== 'Node'),
    );
  }, LONGEST);

  afterAll(async () => {
    await rm(directory, {recursive: true, force: true});
  });

  async function save(file: string, objects: readonly ApiObject[]): Promise<void> {
    const picture = {...pictureOf(moonlight()), origin: 'context "moonlight"', objects};
    await writeFile(join(directory, file), encodeCluster(picture, false));
  }

  async function pageOf(...args: readonly string[]): Promise<string> {
    const {code, stdout, stderr} = await runCli(['report', '-o', '-', ...args], {directory});
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    // As people read it: tags are no words.
    return stdout
      .slice(stdout.indexOf('<body>'))
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll(/\s+/g, ' ');
  }

  it(
    'leads with the worst that a loss does, and with what would be different after the plan',
    async () => {
      const page = await pageOf('-A', '--snapshot', 'calm.json');

      expect(page).toContain('The loss of node-1 takes 2 Services with it');
      expect(page).toContain(
        'After what the operator would do (2 moves and 2 edited pod templates): the loss of node-1 takes 1 Service with it.',
      );
      expect(page).toMatch(
        /moonlight\/web Goes down now with ✕ 1 node node-1 \(2 pairs\) Goes down after the plan with ✓ no one node, no pair/,
      );
      expect(page).toMatch(/moonlight\/web 3 3 → 1 0 → 1 0 → 1 2/);
    },
    LONGEST,
  );

  it(
    'tells the cascade, and that the plan ends it',
    async () => {
      const page = await pageOf('-A', '--snapshot', 'loaded.json');

      expect(page).toMatch(/node-1 , node-\d and node-\d will fail at the load of now/);
      expect(page).toMatch(
        /If nothing is lost ✕ outage .* 1:5\d node-1 fails: 4\.7 CPUs are wanted, it has 4\.0 .* After the plan: ✓ survives every Service keeps an endpoint/,
      );
    },
    LONGEST,
  );

  it(
    'tells of the cluster as it would be with manifests, and what is wrong with them',
    async () => {
      const page = await pageOf('-f', WORKLOADS, '--nodes', '3', '--cpu', '4');

      expect(page).toMatch(/Findings in the manifests ✕ error CPU takes 3 nodes down/);
      expect(page).toContain('workloads.yaml:');
      expect(page).toContain('moonlight/web 3 1 1 1 0');
    },
    LONGEST,
  );

  it(
    'is about one namespace where one is named',
    async () => {
      const page = await pageOf('-n', 'default', '--snapshot', 'calm.json');

      expect(page).toContain('There are no Deployments.');
      expect(page).not.toContain('moonlight/web');
    },
    LONGEST,
  );

  it.each([
    {args: ['-o', 'x.html', '--snapshot', 'silent.json'], message: /so nothing is left that could be lost;/},
    {
      args: ['-o', 'x.html', '--snapshot', 'cordoned.json', '-f', WORKLOADS],
      message: /no node takes pods \(cordoned: .*\), so where replicas would go cannot be told;/,
    },
    {args: ['-o', 'x.html', '--nodes', '3'], message: /an assumed cluster is empty: say with -f what runs/},
    {
      args: ['-o', 'no/such/folder.html', '--snapshot', 'calm.json'],
      message: /cannot write no\/such\/folder\.html/,
    },
    {args: ['--snapshot', 'calm.json'], message: /required option '-o, --output <file>' not specified/},
  ])(
    'says what is wrong with $args',
    async ({args, message}) => {
      const {code, stderr} = await runCli(['report', ...args], {directory});

      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    },
    LONGEST,
  );
});
