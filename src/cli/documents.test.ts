/** Every document for programs is what its schema in docs/schemas says, and nothing that it does not say. */
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, jest} from '@jest/globals';
import {Ajv, type AnySchemaObject} from 'ajv';
import {moonlight} from '../simulator/demo/moonlight.ts';
import {runCli} from './testing/run-cli.ts';
import {POLICIES, type SimulatedApi, serveCluster} from './testing/simulated-api.ts';

const SCHEMAS = new URL('../../docs/schemas/', import.meta.url);

// Keys and certificates take a while where the machine is busy.
jest.setTimeout(60_000);

describe('cli documents', () => {
  let api: SimulatedApi;

  beforeAll(async () => {
    api = await serveCluster(moonlight());
    const {api: server} = api.cluster;
    const apart = (name: string, spec: object) =>
      server.create(POLICIES, {metadata: {name, namespace: 'moonlight'}, spec}, 'test');
    apart('web', {selector: {matchLabels: {app: 'web'}}, injection: {mode: 'Disabled'}});
    apart('redis', {selector: {matchLabels: {app: 'redis'}}, scaleDown: 'PreferSpread'});
    await writeFile(
      join(api.directory, 'ssr.yaml'),
      `apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: ssr, namespace: moonlight}
spec: {selector: {matchLabels: {app: ssr}}}
`,
    );
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });

  it.each([
    ['MovePlan', 'plan', '-f', 'ssr.yaml'],
    ['MovePlan', 'plan', '--default-policy'],
    ['SpreadStatus', 'status'],
    ['SpreadStatus', 'status', 'web'],
    ['PlacementMap', 'map'],
    ['RulePatches', 'patch', '-f', 'ssr.yaml'],
  ])('is a %s: %s %s %s', async (kind, command, ...args) => {
    const {stdout} = await runCli(
      [command, '--kubeconfig', api.kubeconfig, '-n', 'moonlight', '-o', 'json', ...args],
      api,
    );

    const document = JSON.parse(stdout) as {kind: string};
    const validate = ajv().compile(closed(schemaOf(kind)));
    void validate(document);
    expect(validate.errors).toBeNull();
    expect(document.kind).toBe(kind);
  });

  function ajv(): Ajv {
    return new Ajv({allErrors: true, formats: {'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/}});
  }
});

function schemaOf(kind: string): AnySchemaObject {
  const file = kind.replaceAll(/\B[A-Z]/g, '-$&').toLowerCase();
  return JSON.parse(readFileSync(new URL(`${file}.schema.json`, SCHEMAS), 'utf8')) as AnySchemaObject;
}

/** The published schema allows fields that a later version adds; here a field that it does not know is a defect. */
function closed<T>(schema: T): T {
  if (Array.isArray(schema)) {
    return schema.map(closed) as T;
  }
  if (typeof schema !== 'object' || schema === null) {
    return schema;
  }
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const isOpen = 'properties' in schema && !('additionalProperties' in schema);
  return Object.fromEntries([...entries, ...(isOpen ? [['additionalProperties', false] as const] : [])]) as T;
}
