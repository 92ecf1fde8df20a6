/** The manifest for krew, held against the rules of krew's own validate-krew-manifest 0.4.3. */
import {readFile} from 'node:fs/promises';
import {describe, expect, it} from '@jest/globals';
import {Ajv} from 'ajv';
import {parse} from 'yaml';
import {krewManifest} from '../../scripts/release/krew.ts';
import {archiveName, executableName, PLATFORMS} from '../../scripts/release/platforms.ts';

const version = '1.2.3';
const checksum = 'a'.repeat(64);
const url = 'https://downloads.example/v1.2.3';

const text = {type: 'string', minLength: 1};
const platformSchema = {
  type: 'object',
  required: ['uri', 'sha256', 'bin', 'selector'],
  additionalProperties: false,
  properties: {
    uri: {type: 'string', pattern: '^https://[^$]+\\.tar\\.gz$'},
    sha256: {type: 'string', pattern: '^[a-f0-9]{64}$'},
    bin: text,
    selector: {
      type: 'object',
      required: ['matchLabels'],
      additionalProperties: false,
      properties: {
        matchLabels: {
          type: 'object',
          minProperties: 1,
          additionalProperties: false,
          properties: {os: text, arch: text},
        },
      },
    },
  },
};
const schema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  additionalProperties: false,
  properties: {
    apiVersion: {const: 'krew.googlecontainertools.github.com/v1alpha2'},
    kind: {const: 'Plugin'},
    metadata: {type: 'object', required: ['name'], properties: {name: {const: 'spread'}}},
    spec: {
      type: 'object',
      required: ['version', 'shortDescription', 'description', 'platforms'],
      additionalProperties: false,
      properties: {
        version: {type: 'string', pattern: '^v\\d+\\.\\d+\\.\\d+$'},
        // Longer ones are asked to be shorter in krew's reviews.
        shortDescription: {type: 'string', minLength: 1, maxLength: 50, pattern: '^[^\\r\\n]+$'},
        description: text,
        platforms: {type: 'array', minItems: 1, items: platformSchema},
      },
    },
  },
};

async function manifestOf(archives: readonly string[]): Promise<string> {
  const template = await readFile(new URL('../../deploy/krew/spread.yaml', import.meta.url), 'utf8');
  return krewManifest(template, {
    version,
    url,
    checksums: new Map(archives.map((name) => [name, checksum])),
  });
}

describe('the manifest for krew', () => {
  it('is valid, and selects for each platform what is built for it', async () => {
    const archives = PLATFORMS.map((platform) => archiveName(platform, version));

    const manifest = parse(await manifestOf(archives)) as {spec: {platforms: unknown[]}};

    const validate = new Ajv({strict: true}).compile(schema);
    expect({valid: validate(manifest), errors: validate.errors}).toEqual({valid: true, errors: null});
    expect(manifest.spec.platforms).toEqual(
      PLATFORMS.map((platform) => ({
        selector: {matchLabels: {os: platform.os, arch: platform.arch}},
        uri: `${url}/${archiveName(platform, version)}`,
        sha256: checksum,
        bin: executableName(platform),
      })),
    );
  });

  it('leaves out what was not built', async () => {
    const manifest = parse(await manifestOf(['kubectl-spread_v1.2.3_linux_amd64.tar.gz'])) as {
      spec: {platforms: {uri: string}[]};
    };

    expect(manifest.spec.platforms.map(({uri}) => uri)).toEqual([
      `${url}/kubectl-spread_v1.2.3_linux_amd64.tar.gz`,
    ]);
  });

  it.each([
    {title: 'no archive', archives: []},
    {title: 'the archive of another version', archives: ['kubectl-spread_v1.2.2_linux_amd64.tar.gz']},
  ])('is not made of $title', async ({archives}) => {
    await expect(manifestOf(archives)).rejects.toThrow(/expected archives of version 1\.2\.3/);
  });
});
