import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, jest} from '@jest/globals';
import {Ajv} from 'ajv';
import type {LossSummary} from '../../foresight/loss-summary.ts';
import type {Outcome} from '../../foresight/outcome.ts';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {Simulation} from '../../simulator/testing/simulation.ts';
import {encodeCluster} from '../source/saved-cluster.ts';
import {pictureOf} from '../testing/picture-of.ts';
import {runCli} from '../testing/run-cli.ts';
import {type SimulatedApi, serveCluster} from '../testing/simulated-api.ts';

const LOAD = ['web=4200m', 'ssr=2400m', 'redis=400m'].flatMap((load) => ['--load', `moonlight/${load}`]);
const POLICY = `apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: apart, namespace: moonlight}
spec: {selector: {}}
`;

interface JsonNode {
  readonly kind: string;
  readonly metadata: {readonly name: string};
  readonly spec: object;
  readonly status: {readonly conditions: {type: string; status: string}[]};
}

function fallSilent({status, spec}: JsonNode): void {
  for (const condition of status.conditions) {
    condition.status = 'Unknown';
  }
  Object.assign(spec, {taints: [{key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule'}]});
}

// Hours are simulated, and the machine may be busy.
jest.setTimeout(60_000);

describe('cli/commands/simulate', () => {
  let api: SimulatedApi;

  beforeAll(async () => {
    api = await serveCluster(moonlight());
    await runCli(['snapshot', '--kubeconfig', api.kubeconfig, '-o', 'cluster.json'], api);
    await writeFile(join(api.directory, 'policy.yaml'), POLICY);
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });

  function simulate(...args: readonly string[]) {
    return runCli(
      ['simulate', '--snapshot', 'cluster.json', '--set', 'nodeRestartSeconds=1800', '--for', '25m', ...args],
      api,
    );
  }

  it('tells the cascade: which node dies of what, what goes, what follows, what is down', async () => {
    const {code, stdout} = await simulate(...LOAD);

    expect(code).toBe(1);
    expect(stdout).toMatch(/\+2m0s +Round 1: node-1 dies: its pods want 4\.7 CPU of 4 CPU/);
    expect(stdout).toMatch(/gone +moonlight\/web 3 of 3/);
    expect(stdout).toMatch(/down +moonlight\/redis, moonlight\/web/);
    expect(stdout).toMatch(/follows +to node-[23]: /);
    expect(stdout).toMatch(/moonlight\/redis +\+30s +\d+ +\d+ min.*still down/);
    expect(stdout).toMatch(/3 nodes die of the load; 3 Services lose every endpoint.*does not come to rest/);
  });

  it('does the same with a live cluster as with a saved one', async () => {
    const args = ['simulate', '--lose', 'node-1', '-o', 'json'];

    const live = await runCli([...args, '--kubeconfig', api.kubeconfig], api);
    const saved = await runCli([...args, '--snapshot', 'cluster.json'], api);

    const roundsOf = ({stdout}: {stdout: string}) => (JSON.parse(stdout) as Outcome).rounds;
    expect(roundsOf(live).map(({nodes, servicesDown}) => ({nodes, servicesDown}))).toEqual(
      roundsOf(saved).map(({nodes, servicesDown}) => ({nodes, servicesDown})),
    );
  });

  it('shows web alive in every one of the pairs once the policy is applied', async () => {
    const {stdout} = await simulate('-f', 'policy.yaml', ...LOAD, '--lose-any', '2');

    expect(stdout).toMatch(/rule of the policies was put into the pod templates of .*moonlight\/web/);
    expect(stdout).toMatch(/Two nodes together: all 3 looked at/);
    expect(stdout).toMatch(/Alive in every one of 6 losses: .*moonlight\/web/);
    expect(stdout).not.toMatch(/cascade/);
  });

  it('ends with 0 where every Service keeps an endpoint', async () => {
    const cluster = new Simulation({nodes: 4, cpu: '8'});
    cluster.deployment('web', {replicas: 4}).service('web').seconds(60);
    await using other = await serveCluster(cluster);

    const {code, stdout} = await runCli(
      ['simulate', '--kubeconfig', other.kubeconfig, '--lose-any', '2'],
      other,
    );

    expect(stdout).toMatch(/Two nodes together: all 6 looked at \(by proof\); 6 harmless/);
    expect(stdout).toMatch(/No Service loses every endpoint, and no cascade starts\./);
    expect(code).toBe(0);
  });

  it('drains, and says which budget stands in the way', async () => {
    const cluster = new Simulation({nodes: 2, cpu: '8'});
    cluster.deployment('web', {replicas: 2}).budget('web', {maxUnavailable: 0}).seconds(60);
    await using other = await serveCluster(cluster);

    const {code, stdout} = await runCli(
      ['simulate', '--kubeconfig', other.kubeconfig, '--drain', 'node-1', '--for', '10m'],
      other,
    );

    expect(stdout).toMatch(/node-1 is not drained: 1 pod left/);
    expect(stdout).toMatch(
      /default\/web-\S+: Cannot evict pod as it would violate the pod's disruption budget/,
    );
    expect(code).toBe(1);
  });

  it('has room for all once nodes are added', async () => {
    const cluster = new Simulation({nodes: 2, cpu: '2'});
    cluster
      .deployment('web', {replicas: 3, requests: {cpu: '1'}})
      .service('web')
      .seconds(60);
    await using other = await serveCluster(cluster);
    const base = ['simulate', '--kubeconfig', other.kubeconfig];

    const without = await runCli([...base, '--lose', 'node-1'], other);
    const added = await runCli([...base, '--add-nodes', '1', '--cpu', '4', '--lose', 'node-1'], other);

    expect(without.stdout).toMatch(/Pending: 0\/2 nodes are available.*Insufficient cpu/);
    expect(added.stdout).not.toMatch(/Pending/);
    expect(added.code).toBe(0);
  });

  it.each([
    {args: [], expected: /say what is to happen: --lose NODE/},
    {
      args: ['--lose', 'node-9'],
      expected: /there is no node "node-9" in cluster\.json.*it has: node-1, node-2, node-3/,
    },
    {args: ['--lose-zone', 'a'], expected: /no node in .* is in zone "a"/},
    {args: ['--load', 'web=2x'], expected: /there is no Service default\/web .*moonlight\/web/},
    {args: ['--load', 'web=fast'], expected: /Expected SERVICE=LOAD/},
    {args: ['--for', 'soon', '--lose', 'node-1'], expected: /Expected a time such as 90s/},
    {
      args: ['--set', 'panic=1', '--lose', 'node-1'],
      expected: /Expected PARAMETER=NUMBER with one of: .*panicAfterSeconds/,
    },
  ])('says what is wrong with $args', async ({args, expected}) => {
    const {code, stderr} = await runCli(['simulate', '--snapshot', 'cluster.json', ...args], api);

    expect(stderr).toMatch(expected);
    expect(code).toBe(2);
  });

  it('does not call harmless what there is none of: no node is Ready', async () => {
    const {cluster} = api;
    const picture = pictureOf(cluster);
    const objects = picture.objects.filter(({kind}) => kind !== 'Node');
    await writeFile(join(api.directory, 'nodeless.json'), encodeCluster({...picture, objects}, false));

    const {code, stderr} = await runCli(['simulate', '--snapshot', 'nodeless.json', '--lose-any', '2'], api);

    expect(stderr).toMatch(
      /^error: nodeless\.json.*: there is no node, so nothing is left that could be lost;/,
    );
    expect(code).toBe(2);
  });

  describe('on a cluster in trouble', () => {
    async function simulateWith(change: (node: JsonNode) => void, ...args: readonly string[]) {
      const {objects, ...picture} = structuredClone(pictureOf(api.cluster));
      (objects as unknown as JsonNode[]).filter(({kind}) => kind === 'Node').forEach(change);
      await writeFile(join(api.directory, 'trouble.json'), encodeCluster({...picture, objects}, false));
      return await runCli(['simulate', '--snapshot', 'trouble.json', ...args], api);
    }

    it('does not call the loss of a node harmless when none is Ready', async () => {
      const {code, stdout, stderr} = await simulateWith(fallSilent, '--lose', 'node-1');

      expect(stderr).toMatch(
        /^error: trouble\.json.*: no node takes pods \(not Ready: node-1, node-2, node-3\), so nothing is left/,
      );
      expect(stdout).toBe('');
      expect(code).toBe(2);
    });

    it('simulates what new nodes do for it', async () => {
      const {stdout, stderr} = await simulateWith(fallSilent, '--add-nodes', '1');

      expect(stderr).toBe('');
      expect(stdout).toMatch(
        /\nNo node takes pods \(not Ready: node-1, .*\): a pod that loses its node stays/,
      );
    });

    it('says that a node was lost before', async () => {
      const {stdout} = await simulateWith(
        (node) => (node.metadata.name === 'node-1' ? fallSilent(node) : undefined),
        '--lose',
        'node-1',
        '--for',
        '5m',
      );

      expect(stdout).toMatch(
        /\nNot Ready before it is lost: node-1\. What its loss has done already is not told/,
      );
      expect(stdout).toContain('Nothing is lost: every Service that had an endpoint keeps one, ');
    });

    it('says that all nodes are cordoned', async () => {
      const {stdout} = await simulateWith(
        (node) => Object.assign(node.spec, {unschedulable: true}),
        '--lose',
        'node-2',
        '--for',
        '5m',
      );

      expect(stdout).toMatch(/\nNo node takes pods \(cordoned: node-1, node-2, node-3\): a pod that loses/);
    });
  });

  describe('documents', () => {
    const schemaOf = (name: string) =>
      new Ajv({allErrors: true}).compile(
        JSON.parse(
          readFileSync(new URL(`../../../docs/schemas/${name}.schema.json`, import.meta.url), 'utf8'),
        ) as object,
      );

    it.each([
      {schema: 'simulation', args: [...LOAD, '--lose', 'node-2']},
      {schema: 'simulation', args: ['--drain', 'node-1', '--add-nodes', '2', '--cpu', '8']},
      {schema: 'loss-survey', args: ['--lose-any', '2']},
      {schema: 'loss-survey', args: [...LOAD, '--lose-any', '1', '-f', 'policy.yaml']},
    ])('$schema is as its schema says: $args', async ({schema, args}) => {
      const {stdout} = await simulate(...args, '-o', 'json');

      const validate = schemaOf(schema);
      const document: unknown = JSON.parse(stdout);
      validate(document);
      expect(validate.errors ?? []).toEqual([]);
      expect(document).toMatchObject({apiVersion: 'cli.spread-operator.io/v1alpha1'});
    });

    it('counts every pair once', async () => {
      const {stdout} = await simulate('--lose-any', '2', '-o', 'json');

      const {losses} = JSON.parse(stdout) as LossSummary;
      for (const {total, undecided, harmless, inherited, groups} of losses) {
        expect(undecided + harmless + inherited + groups.reduce((sum, {sets}) => sum + sets, 0)).toBe(total);
      }
    });
  });
});
