import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {stringify} from 'yaml';
import type {WrittenSpec} from '../../api/types.ts';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {encodeCluster} from '../source/saved-cluster.ts';
import {pictureOf} from '../testing/picture-of.ts';
import {runCli} from '../testing/run-cli.ts';
import type {MovePlan} from '../views/move-plan.ts';

describe('cli/commands/plan', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spread-plan-'));
    await writeFile(join(directory, 'cluster.json'), encodeCluster(pictureOf(moonlight()), false));
  });

  afterAll(async () => {
    await rm(directory, {recursive: true, force: true});
  });

  async function plan(spec: Partial<WrittenSpec>, ...args: readonly string[]) {
    const policy = {
      apiVersion: 'spread-operator.io/v1alpha1',
      kind: 'SpreadPolicy',
      metadata: {name: 'apart', namespace: 'moonlight'},
      spec: {selector: {}, ...spec},
    };
    await writeFile(join(directory, 'policy.yaml'), stringify(policy));
    return await runCli(['plan', '--snapshot', 'cluster.json', '-f', 'policy.yaml', ...args], {directory});
  }

  it('says what a policy that is not applied would do: edit first, and what would be moved otherwise', async () => {
    const {code, stdout} = await plan({});

    expect(code).toBe(1);
    expect(stdout).toMatch(/moonlight\/web +2 moves needed +policy moonlight\/apart, not applied yet/);
    expect(stdout).toMatch(
      /first +the pod template gets the rule: required anti-affinity on kubernetes.io\/hostname/,
    );
    expect(stdout).toMatch(/move 1 +web-\S+ from node-1 to node-2 or node-3 \(likely\)/);
    expect(stdout).toMatch(/then +node-1 ● {3}node-2 ● {3}node-3 ●\n/);
    expect(stdout).toMatch(/3 Deployments under a policy: 3 pod templates edited first, 2 moves\./);
  });

  it('says of one replica that it is placed anew', async () => {
    const {stdout} = await plan({});

    expect(stdout).toMatch(/Its rollout replaces the replica, and the scheduler places it anew\./);
  });

  it('does not recommend the default policy to those who took it', async () => {
    const {code, stdout} = await runCli(
      ['plan', '--snapshot', 'cluster.json', '-n', 'default', '--default-policy'],
      {directory},
    );

    expect(code).toBe(0);
    expect(stdout).toMatch(/There are no Deployments here that a policy could select\./);
  });

  it('gives programs the same', async () => {
    const {code, stdout} = await plan({injection: {mode: 'Disabled'}}, '-o', 'json');

    const {summary, workloads} = JSON.parse(stdout) as MovePlan;
    const web = workloads.find(({name}) => name === 'web');
    expect(code).toBe(1);
    expect(summary).toEqual({workloads: 3, spread: 2, edits: 0, moves: 2, blocked: 0});
    expect(web).toMatchObject({
      next: 'Move',
      movesNeeded: 2,
      moves: [
        {round: 1, from: 'node-1', to: ['node-2', 'node-3']},
        {round: 2, from: 'node-1'},
      ],
      afterwards: {movesNeeded: 0},
    });
  });

  it('says what blocks, and how to unblock it', async () => {
    const {code, stdout} = await plan({injection: {mode: 'Disabled'}, suspend: true});

    expect(code).toBe(1);
    expect(stdout).toMatch(/blocked +Suspended/);
    expect(stdout).toMatch(/unblock +set spec.suspend: false in the policy/);
  });

  it('finds nothing to do where there is nothing', async () => {
    const {code, stdout} = await plan({
      selector: {matchLabels: {app: 'redis'}},
      injection: {mode: 'Disabled'},
    });

    expect(code).toBe(0);
    expect(stdout).toMatch(/Nothing to do: moonlight\/redis/);
  });

  it('says what to ask instead where there is no policy', async () => {
    const {code, stdout} = await runCli(['plan', '--snapshot', 'cluster.json'], {directory});

    expect(code).toBe(0);
    expect(stdout).toMatch(/No SpreadPolicy selects a Deployment here.*--default-policy/);
  });

  it('names file and line of what is wrong with a policy', async () => {
    const {code, stderr} = await plan({suspend: 'yes' as never, minReplicas: 3} as object);

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: policy\.yaml:\d+:\d+: SpreadPolicy moonlight\/apart: spec\./);
  });
});
