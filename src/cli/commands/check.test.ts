import {readFileSync} from 'node:fs';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {Ajv} from 'ajv';
import schema from '../../../docs/schemas/manifest-check.schema.json' with {type: 'json'};
import {deploymentYaml, serviceYaml} from '../../foresight/check/testing/check-yaml.ts';
import {runCli} from '../testing/run-cli.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));
const SARIF_SCHEMA = new URL(
  '../../../node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json',
  import.meta.url,
);
const ON_THREE_NODES = ['--nodes', '3', '--cpu', '4'];

interface SarifResult {
  readonly ruleId: string;
  readonly suppressions?: readonly object[];
}

describe('cli/commands/check', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spread-check-'));
    await writeFile(join(directory, 'web.yaml'), deploymentYaml('web', {replicas: 3}) + serviceYaml('web'));
  });

  afterAll(async () => {
    await rm(directory, {recursive: true, force: true});
  });

  const check = async (...args: string[]) => await runCli(['check', ...args, ...ON_THREE_NODES], {directory});

  describe('on the workloads of the outage', () => {
    const file = 'moonlight/workloads.yaml';

    it('finds the single points of failure, and the cascade with its rounds and the policy that stops it', async () => {
      const {code, stdout} = await runCli(['check', '-f', file, ...ON_THREE_NODES], {directory: EXAMPLES});

      expect(code).toBe(1);
      expect(stdout).toContain('Every endpoint of Service moonlight/web can sit on one node');
      expect(stdout).toContain(`error ${file}:62:11 cpu-cascade`);
      expect(stdout).toMatch(/round 1, after \d+ s: node-\d dies of its CPU \(\d+m wanted of 4000m\)/);
      expect(stdout).toMatch(/round 3, after \d+ s: node-\d dies/);
      expect(stdout).toMatch(/One replica per node stops it.*\n {4}apiVersion: spread-operator.io/);
      expect(stdout).toContain('whenUnsatisfiable: DoNotSchedule');
    });

    it('finds nothing once the policy is among them', async () => {
      const {code, stdout} = await runCli(
        ['check', '-f', file, '-f', 'moonlight/policies.yaml', ...ON_THREE_NODES],
        {directory: EXAMPLES},
      );

      expect(code).toBe(0);
      expect(stdout).toContain('No findings');
      expect(stdout).toMatch(/Deployment moonlight\/web +3 +node-1, node-2, node-3\n/);
    });
  });

  it('prints a document that its schema describes', async () => {
    const {code, stdout} = await check('-f', 'web.yaml', '-o', 'json', '--level', 'note');

    const document = JSON.parse(stdout);
    const validate = new Ajv({allErrors: true}).compile(schema);
    expect(validate(document) ? [] : validate.errors).toEqual([]);
    expect(document.placements).toEqual([
      {
        workload: {kind: 'Deployment', namespace: 'default', name: 'web'},
        replicas: 3,
        nodes: ['node-1', 'node-2', 'node-3'].map((node) => ({node, replicas: 1})),
      },
    ]);
    expect(code).toBe(1);
  });

  it('prints SARIF that its schema describes, with what is silenced as suppressions', async () => {
    await writeFile(
      join(directory, 'silent.yaml'),
      'suppress: [{rule: single-point-of-failure, object: Deployment default/w*, reason: a demo}]\n',
    );

    const {code, stdout} = await check('-f', 'web.yaml', '-o', 'sarif', '--config', 'silent.yaml');

    const log = JSON.parse(stdout);
    // It says that it is of draft 4, which Ajv does not know; of what it uses, nothing has changed since but the `id`.
    const {
      id: _,
      $schema: __,
      ...sarif
    } = JSON.parse(readFileSync(SARIF_SCHEMA, 'utf8')) as Record<string, unknown>;
    const validate = new Ajv({
      allErrors: true,
      strict: false,
      validateFormats: false,
      // One of its patterns is none with the flag u.
      unicodeRegExp: false,
    }).compile(sarif);
    expect(validate(log) ? [] : validate.errors).toEqual([]);
    expect(
      log.runs[0].results.map(({ruleId, suppressions}: SarifResult) => ({ruleId, suppressions})),
    ).toEqual([
      {
        ruleId: 'single-point-of-failure',
        suppressions: [{kind: 'external', justification: 'a demo'}],
      },
    ]);
    expect(code).toBe(0);
  });

  it('keeps a finding that an annotation silences in the output, with its reason', async () => {
    const annotated = deploymentYaml('web', {replicas: 3}).replace(
      'name: web,',
      'name: web, annotations: {spread-operator.io/ignore-findings: "single-point-of-failure: a demo"},',
    );
    await writeFile(join(directory, 'annotated.yaml'), annotated + serviceYaml('web'));

    const {code, stdout} = await check('-f', 'annotated.yaml');

    expect(stdout).toContain('silenced warning annotated.yaml:6:3 single-point-of-failure');
    expect(stdout).toContain('By annotation: a demo');
    expect(code).toBe(0);
  });

  it.each([
    ['never', 0],
    ['error', 0],
    ['warning', 1],
    ['note', 1],
  ])('fails on %s with exit code %i, where there is a warning', async (level, expected) => {
    const {code} = await check('-f', 'web.yaml', '--fail-on', level);

    expect(code).toBe(expected);
  });

  it('reads standard input', async () => {
    const {stdout} = await runCli(['check', '-f', '-', ...ON_THREE_NODES], {
      directory,
      stdin: async () => deploymentYaml('web', {labels: '{app: wbe}'}),
    });

    expect(stdout).toContain('error <stdin>:7:3 selector-mismatch');
  });

  it('says what to do with what is not rendered, and where broken files are broken', async () => {
    await mkdir(join(directory, 'base'), {recursive: true});
    await writeFile(join(directory, 'base', 'kustomization.yaml'), 'resources: []\n');
    await writeFile(join(directory, 'broken.yaml'), 'a: 1\nb: "x\n');
    await writeFile(
      join(directory, 'chart.yaml'),
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.x }}\n',
    );

    expect(await check('-f', 'base')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error: base is a kustomization; build it first: `kubectl kustomize base | kubectl spread check -f -`\n',
    });
    expect(await check('-f', 'broken.yaml', '-f', 'chart.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^error: broken.yaml:3:1: not valid YAML.*\nerror: chart.yaml:4:10: is a template/,
      ),
    });
    expect(await check('-f', 'nowhere.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nowhere.yaml cannot be read'),
    });
  });

  it('offers an assumed cluster where there is none', async () => {
    const result = await runCli(['check', '-f', 'web.yaml'], {directory, env: {KUBECONFIG: '/nowhere'}});

    expect(result).toMatchObject({code: 2, stdout: '', stderr: expect.stringContaining('--nodes 3 --cpu 4')});
  });

  it('says that standard input is empty, not that a file named - is', async () => {
    expect(await check('-f', '-')).toMatchObject({
      code: 2,
      stderr: 'error: no Kubernetes object in standard input\n',
    });
  });

  it('wants a reason for what is silenced', async () => {
    await writeFile(join(directory, 'bad.yaml'), 'suppress:\n- {rule: single-replica}\n');

    expect(await check('-f', 'web.yaml', '--config', 'bad.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bad.yaml:2: reason: expected why'),
    });
  });
});
