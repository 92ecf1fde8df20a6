import {renameSync} from 'node:fs';
import {afterAll, beforeAll, describe, expect, it, jest} from '@jest/globals';
import type {SpreadPolicyStatus, WorkloadStatus} from '../../api/types.ts';
import {ManualClock} from '../../kube/testing/manual-clock.ts';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {outputInto, runCli} from '../testing/run-cli.ts';
import {POLICIES, type SimulatedApi, serveCluster} from '../testing/simulated-api.ts';
import type {SpreadStatus} from '../views/spread-status.ts';

const LEASES = 'leases.coordination.k8s.io';
const SYSTEM = 'spread-operator-system';

// Keys and certificates take a while where the machine is busy.
jest.setTimeout(60_000);

describe('cli/commands/status', () => {
  let api: SimulatedApi;

  beforeAll(async () => {
    api = await serveCluster(moonlight());
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });

  async function status(...args: readonly string[]) {
    return await runCli(['status', '-n', 'moonlight', '--kubeconfig', api.kubeconfig, ...args], api);
  }

  async function document(): Promise<SpreadStatus> {
    const {stdout} = await status('-o', 'json');
    return JSON.parse(stdout) as SpreadStatus;
  }

  it('computes the placement of Deployments that no policy selects', async () => {
    const {code, stdout} = await status();

    expect(code).toBe(0);
    expect(stdout).toMatch(/The operator is not running: there is no lease/);
    expect(stdout).toMatch(/web +3 +hostname +●●● · · +3 +2 +no policy/);
    expect(stdout).toMatch(/3 Deployments: 2 spread, 1 not \(2 moves needed\), 3 without a policy\./);
  });

  it('tells all about one of them', async () => {
    const {stdout} = await status('deploy/web');

    expect(stdout).toMatch(/hostname node-1 ●●● {3}node-2 · {3}node-3 ·/);
    expect(stdout).toMatch(/next +web-\S+ from node-1 to node-2 or node-3 \(likely\)/);
    expect(stdout).not.toMatch(/redis/);
  });

  it('does not call spread what is tied to one node', async () => {
    const cluster = moonlight();
    cluster.api.update(
      'deployments.apps',
      'moonlight',
      'web',
      (object) => {
        const spec = object['spec'] as {template: {spec: object}};
        const podSpec = {...spec.template.spec, nodeSelector: {'kubernetes.io/hostname': 'node-1'}};
        return {...object, spec: {...spec, template: {...spec.template, spec: podSpec}}};
      },
      {actor: 'kubectl'},
    );
    cluster.advance(60_000);
    await using pinned = await serveCluster(cluster);

    const {stdout} = await runCli(['status', '-n', 'moonlight', '--kubeconfig', pinned.kubeconfig], pinned);

    expect(stdout).toMatch(/web +3 +hostname +●●● +0 +0 +no policy Pinned\n/);
    expect(stdout).toMatch(/3 Deployments: 2 spread, 1 not, 3 without a policy\./);
  });

  it('says where to look when a namespace has none, and sums nothing up', async () => {
    const {code, stdout} = await runCli(['status', '-n', 'default', '--kubeconfig', api.kubeconfig], api);

    expect(code).toBe(0);
    expect(stdout).toMatch(/\n\nThere are no Deployments here; -A shows all namespaces\.\n$/);
  });

  it('does not take a name that there is not', async () => {
    const {code, stderr} = await status('wbe');

    expect(code).toBe(2);
    expect(stderr).toBe('error: there is no Deployment "wbe"; there are: redis, ssr, web\n');
  });

  describe('under a policy', () => {
    const entry: WorkloadStatus = {
      kind: 'Deployment',
      name: 'web',
      replicas: 3,
      movesNeeded: 2,
      topologies: [],
      state: 'Moving',
      message: 'in the words of the operator',
    };

    beforeAll(() => {
      const {api: server} = api.cluster;
      server.create(
        POLICIES,
        {
          metadata: {name: 'apart', namespace: 'moonlight'},
          spec: {selector: {matchLabels: {app: 'web'}}, injection: {mode: 'Disabled'}},
        },
        'test',
      );
      write({observedGeneration: 1, workloads: [entry]});
    });

    function write(written: SpreadPolicyStatus): void {
      api.cluster.api.update(POLICIES, 'moonlight', 'apart', (object) => ({...object, status: written}), {
        actor: 'test',
        subresource: 'status',
      });
    }

    it('does not believe a status that nobody keeps up to date', async () => {
      const {workloads, policies} = await document();

      expect(workloads[0]).toMatchObject({
        name: 'web',
        source: 'Computed',
        state: 'MovesNeeded',
        movesNeeded: 2,
      });
      expect(policies).toEqual([
        {name: 'moonlight/apart', problem: 'its status is old, as the operator is not running'},
      ]);
    });

    it('shows the words of an operator that is running', async () => {
      const {api: server} = api.cluster;
      server.create('namespaces', {metadata: {name: SYSTEM}}, 'test');
      const spec = {
        holderIdentity: 'operator-1',
        leaseDurationSeconds: 15,
        renewTime: new Date().toISOString().replace('Z', '000Z'),
      };
      server.create(LEASES, {metadata: {name: 'spread-operator', namespace: SYSTEM}, spec}, 'test');

      const {operator, workloads} = await document();

      expect(operator).toMatchObject({state: 'Running'});
      expect(workloads[0]).toMatchObject({source: 'Operator', state: 'Moving', message: entry.message});
      expect(workloads.map(({source}) => source)).toEqual(['Operator', 'Computed', 'Computed']);
    });

    it('warns of a status that is of an older generation', async () => {
      write({observedGeneration: 0, workloads: [entry]});

      const {policies, workloads} = await document();

      expect(policies[0]?.problem).toBe('its status is of generation 0, the policy of generation 1');
      expect(workloads[0]).toMatchObject({source: 'Computed'});
    });
  });

  it('watches through a time without an answer, shows only what is new, and ends when it is interrupted', async () => {
    const interrupt = new AbortController();
    const shown: string[] = [];
    const troubles: string[] = [];
    const clock = new ManualClock(Date.now());
    clock.skipSleeps = true;
    const elsewhere = `${api.kubeconfig}-elsewhere`;
    const stdout = {
      ...outputInto([], 80),
      write: (text: string) => {
        shown.push(text);
        if (shown.length === 1) {
          renameSync(api.kubeconfig, elsewhere);
        } else {
          interrupt.abort();
        }
      },
    };
    const stderr = {
      ...outputInto([]),
      write: (text: string) => {
        troubles.push(text);
        renameSync(elsewhere, api.kubeconfig);
        api.cluster.cordon('node-3');
      },
    };

    const {code} = await runCli(['status', '-n', 'moonlight', '--kubeconfig', api.kubeconfig, '--watch'], {
      ...api,
      clock,
      stdout,
      stderr,
      signal: interrupt.signal,
    });

    expect(code).toBe(130);
    expect(troubles).toEqual([expect.stringMatching(/cannot be read.*; trying again\n$/)]);
    expect(shown).toHaveLength(2);
    expect(shown[0]).toMatch(/●●● · · /);
    expect(shown[1]).toMatch(/●●● · /);
  });
});
