import {readFile} from 'node:fs/promises';
import {describe, expect, it} from '@jest/globals';
import {parse} from 'yaml';
import {generatedFiles} from '../../scripts/generated-files.ts';
import {spreadPolicyCrd} from './crd.ts';
import type {Schema} from './openapi.ts';
import {spreadPolicySchema} from './schema.ts';

const root = new URL('../../', import.meta.url);

describe('generated files', () => {
  it('are on disk as the schema says (else: npm run generate)', async () => {
    for (const [path, content] of await generatedFiles(root)) {
      const onDisk = await readFile(new URL(path, root), 'utf8');

      expect({path, upToDate: onDisk === content}).toEqual({path, upToDate: true});
    }
  });

  it('carry the whole CustomResourceDefinition', async () => {
    const onDisk = await readFile(new URL('crds/spread-operator.io_spreadpolicies.yaml', root), 'utf8');

    expect(parse(onDisk)).toEqual(JSON.parse(JSON.stringify(spreadPolicyCrd)));
  });
});

describe('the schema', () => {
  it('explains every field', () => {
    const {spec, status} = spreadPolicySchema.properties;

    const unexplained = [...fieldsOf(spec, 'spec'), ...fieldsOf(status, 'status')]
      .filter(([, schema]) => schema.description === undefined || !/[.)]$/.test(schema.description))
      .map(([path]) => path);

    expect(unexplained).toEqual([]);
  });

  it('bounds every string, list and map that CEL may look at', () => {
    const unbounded = fieldsOf(spreadPolicySchema.properties.spec, 'spec')
      .filter(
        ([, schema]) =>
          (schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined) ||
          (schema.type === 'array' && schema.maxItems === undefined) ||
          (schema.type === 'object' &&
            schema.additionalProperties !== undefined &&
            schema.maxProperties === undefined),
      )
      .map(([path]) => path);

    expect(unbounded).toEqual([]);
  });

  it('names in a description the default that it sets', () => {
    const silent = fieldsOf(spreadPolicySchema.properties.spec, 'spec')
      .filter(([, {default: value}]) => value !== undefined && typeof value !== 'object')
      .filter(
        ([, {default: value, description = ''}]) =>
          !new RegExp(`Defaults to ${JSON.stringify(value).replaceAll('"', '')}\\.`).test(
            description.replaceAll('"', ''),
          ),
      )
      .map(([path]) => path);

    expect(silent).toEqual([]);
  });
});

function fieldsOf(schema: Schema, path: string): [string, Schema][] {
  if (schema.type === 'array') {
    return fieldsOf(schema.items, `${path}[]`);
  }
  if (schema.type === 'object') {
    return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
      [`${path}.${name}`, property],
      ...fieldsOf(property, `${path}.${name}`),
    ]);
  }
  return [];
}
