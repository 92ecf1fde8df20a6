/**
 * The whole program as one CommonJS file, for the npm package and for the single executable: nothing to install beside
 * it, no other versions than those that were tested, and a quick start.
 */
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {build, type Metafile} from 'esbuild';
import {OLDEST_NODE} from '../../src/cli/supported-node.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface BundleFiles {
  readonly program: string;
  readonly licences: string;
}

/** Written below the folder, which must exist. */
export async function bundleInto(folder: string): Promise<BundleFiles> {
  const program = join(folder, 'kubectl-spread.cjs');
  const {metafile} = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/cli/main.ts'],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: `node${OLDEST_NODE}`,
    minify: true,
    // Stack traces name functions, and so do some libraries their classes.
    keepNames: true,
    legalComments: 'none',
    define: {'import.meta.url': 'urlOfThisFile'},
    banner: {js: "const urlOfThisFile = require('node:url').pathToFileURL(__filename).href;"},
    metafile: true,
    logLevel: 'warning',
  });
  const licences = join(folder, 'THIRD_PARTY_LICENSES');
  await writeFile(licences, await licencesOf(metafile));
  return {program, licences};
}

/** The licences of the packages that are in the bundle, which all ask for that. */
async function licencesOf({inputs}: Metafile): Promise<string> {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const entries = await Promise.all([...folders].sort().map((folder) => licenceOf(join(ROOT, folder))));
  return entries.join(`\n${'-'.repeat(80)}\n\n`);
}

async function licenceOf(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const {name, version, license} = manifest;
  if (typeof license !== 'string') {
    throw new TypeError(`${folder}/package.json: expected a license, found ${JSON.stringify(license)}`);
  }
  const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return [`${name} ${version}, ${license}\n`, ...texts.map((text) => `\n${text.trim()}\n`)].join('');
}
