import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, jest} from '@jest/globals';
import {parse} from 'yaml';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {runCli} from '../testing/run-cli.ts';
import {type SimulatedApi, serveCluster} from '../testing/simulated-api.ts';
import type {RulePatches} from '../views/rule-patches.ts';

const DEPLOYMENTS = 'deployments.apps';
const DATABASE = {
  labelSelector: {matchLabels: {app: 'database'}},
  topologyKey: 'topology.kubernetes.io/zone',
};

// Keys and certificates take a while where the machine is busy.
jest.setTimeout(60_000);

describe('cli/commands/patch', () => {
  let api: SimulatedApi;

  beforeAll(async () => {
    api = await serveCluster(moonlight());
    api.cluster.api.update(
      DEPLOYMENTS,
      'moonlight',
      'ssr',
      (object) => {
        const spec = object['spec'] as {template: {spec: object}};
        const affinity = {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [DATABASE]}};
        return {
          ...object,
          spec: {...spec, template: {...spec.template, spec: {...spec.template.spec, affinity}}},
        };
      },
      {actor: 'kubectl'},
    );
    await writeFile(
      join(api.directory, 'policy.yaml'),
      `apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: apart, namespace: moonlight}
spec:
  selector: {}
  injection: {mode: Suggest}
`,
    );
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });

  async function patch(...args: readonly string[]) {
    return await runCli(
      ['patch', '-n', 'moonlight', '--kubeconfig', api.kubeconfig, '-f', 'policy.yaml', ...args],
      api,
    );
  }

  it('says that there are no Deployments, not that no policy selects them', async () => {
    const {code, stderr} = await runCli(
      ['patch', '-n', 'default', '--kubeconfig', api.kubeconfig, '--default-policy'],
      api,
    );

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: there are no Deployments in namespace default of .*; -A looks into all/);
  });

  it('prints one kustomize component', async () => {
    const {code, stdout, stderr} = await patch();

    const component = parse(stdout) as {kind: string; patches: {target: object; patch: string}[]};
    expect(code).toBe(0);
    expect(stderr).toMatch(/moonlight\/web: patched for policy moonlight\/apart/);
    expect(component.kind).toBe('Component');
    expect(component.patches.map(({target}) => target)).toEqual(
      ['redis', 'ssr', 'web'].map((name) => ({group: 'apps', kind: 'Deployment', name})),
    );
    expect(parse(component.patches[2]?.patch ?? '')).toMatchObject({
      metadata: {name: 'web'},
      spec: {
        template: {
          spec: {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  {topologyKey: 'kubernetes.io/hostname', matchLabelKeys: ['pod-template-hash']},
                ],
              },
            },
          },
        },
      },
    });
  });

  it('keeps the terms that a manifest has, and says so', async () => {
    const {stdout} = await patch('ssr', '-o', 'json');

    const [ssr] = (JSON.parse(stdout) as RulePatches).workloads;
    expect(ssr?.patch).toMatchObject({
      spec: {
        template: {
          spec: {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  DATABASE,
                  {topologyKey: 'kubernetes.io/hostname'},
                ],
              },
            },
          },
        },
      },
    });
    expect(ssr?.notes).toEqual([
      'with the anti-affinity term that the manifest has: a patch replaces the list as a whole',
    ]);
  });

  it('writes a file for each Deployment', async () => {
    const {code} = await patch('web', 'redis', '--output-dir', 'spread');

    const read = async (name: string) =>
      parse(await readFile(join(api.directory, 'spread', name), 'utf8')) as object;
    expect(code).toBe(0);
    expect(await read('kustomization.yaml')).toMatchObject({
      kind: 'Component',
      patches: [{path: 'web.yaml'}, {path: 'redis.yaml'}],
    });
    expect(await read('web.yaml')).toMatchObject({kind: 'Deployment', metadata: {name: 'web'}});
  });

  it('has nothing to patch where the manifest has the rule', async () => {
    const {stdout: applied} = await patch('web', '-o', 'json');
    const [web] = (JSON.parse(applied) as RulePatches).workloads;
    const change = web?.patch as {spec: {template: {spec: object}}} | undefined;
    api.cluster.api.update(
      DEPLOYMENTS,
      'moonlight',
      'web',
      (object) => {
        const spec = object['spec'] as {template: {spec: object}};
        const template = {...spec.template, spec: {...spec.template.spec, ...change?.spec.template.spec}};
        return {...object, spec: {...spec, template}};
      },
      {actor: 'kubectl'},
    );

    const {code, stdout, stderr} = await patch('web');

    expect({code, stdout}).toEqual({code: 0, stdout: ''});
    expect(stderr).toBe('moonlight/web: nothing to patch; the rule is in the manifest already\n');
  });

  it('says what to do where no policy selects anything', async () => {
    const {code, stderr} = await runCli(['patch', '-A', '--kubeconfig', api.kubeconfig], api);

    expect(code).toBe(2);
    expect(stderr).toMatch(/no SpreadPolicy selects a Deployment here; name a policy with -f FILE/);
  });
});
