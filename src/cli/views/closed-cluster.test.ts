/** What the commands say of a cluster of which no node takes pods: that, and not what follows from it. */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {deploymentYaml} from '../../foresight/check/testing/check-yaml.ts';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {encodeCluster} from '../source/saved-cluster.ts';
import {pictureOf} from '../testing/picture-of.ts';
import {runCli} from '../testing/run-cli.ts';
import type {MovePlan} from './move-plan.ts';
import type {SpreadStatus} from './spread-status.ts';

const WHY = 'no node takes pods (cordoned: node-1, node-2, node-3)';
const LINE = `No node takes pods (cordoned: node-1, node-2, node-3): nothing can be moved`;

describe('cli/views/closed-cluster', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spread-closed-'));
    const cluster = moonlight();
    for (const node of ['node-1', 'node-2', 'node-3']) {
      cluster.cordon(node);
    }
    await writeFile(join(directory, 'cluster.json'), encodeCluster(pictureOf(cluster), false));
    await writeFile(join(directory, 'web.yaml'), deploymentYaml('web', {replicas: 3}));
  });

  afterAll(async () => {
    await rm(directory, {recursive: true, force: true});
  });

  async function spread(...args: readonly string[]) {
    return await runCli([...args, '--snapshot', 'cluster.json'], {directory});
  }

  it('status says it once above all, and knows no skew over no domains', async () => {
    const {stdout} = await spread('status');

    expect(stdout).toContain(`\n${LINE}`);
    expect(stdout).toMatch(/web +3 +hostname +●●● +- +0 +no policy InsufficientDomains\n/);
  });

  it('plan says it, and how to get the nodes back instead of how to need fewer', async () => {
    const {code, stdout} = await spread('plan', '--default-policy');

    expect(code).toBe(1);
    expect(stdout).toContain(`\n${LINE}`);
    expect(stdout).toMatch(/unblock +get nodes Ready again or uncordon them: /);
    expect(stdout).not.toContain('lower spec.replicas');
  });

  it.each([['status'], ['plan', '--default-policy']])('%s tells programs', async (...args) => {
    const {stdout} = await spread(...args, '-o', 'json');

    const {clusterClosed} = JSON.parse(stdout) as SpreadStatus | MovePlan;
    expect(clusterClosed).toBe(WHY);
  });

  it('check does not judge manifests by it', async () => {
    const {code, stdout, stderr} = await spread('check', '-f', 'web.yaml');

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`: ${WHY}, so where replicas would go cannot be told; judge the manifests on`);
  });
});
