/**
 * `npm pack` and `npm publish` call this before and after: `prepack` bundles the program and leaves out of package.json
 * what only a checkout needs, `postpack` puts package.json back.
 *
 * The program is in one file, so a user need not install its dependencies; and the override of one of them, which npm
 * heeds in a checkout only, holds for users too.
 */
import {existsSync} from 'node:fs';
import {copyFile, mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {OLDEST_NODE} from '../../src/cli/supported-node.ts';
import {bundleInto} from './bundle.ts';

const ROOT = join(import.meta.dirname, '../..');
const MANIFEST = join(ROOT, 'package.json');
const DIST = join(ROOT, 'dist');
const BACKUP = join(DIST, 'package.json.original');
const ONLY_IN_A_CHECKOUT = [
  'scripts',
  'dependencies',
  'optionalDependencies',
  'devDependencies',
  'overrides',
] as const;

async function prepack(): Promise<void> {
  // One that was interrupted has left it.
  await postpack();
  await rm(DIST, {recursive: true, force: true});
  await mkdir(DIST);
  await bundleInto(DIST);
  await copyFile(MANIFEST, BACKUP);
  const manifest = JSON.parse(await readFile(MANIFEST, 'utf8')) as Record<string, unknown>;
  for (const field of ONLY_IN_A_CHECKOUT) {
    delete manifest[field];
  }
  // A checkout brings its own Node.
  manifest['engines'] = {node: `>=${OLDEST_NODE}`};
  await writeFile(MANIFEST, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

async function postpack(): Promise<void> {
  if (existsSync(BACKUP)) {
    await rename(BACKUP, MANIFEST);
  }
}

const step = process.argv[2];
if (step === 'prepack') {
  await prepack();
} else if (step === 'postpack') {
  await postpack();
} else {
  throw new Error(`expected prepack or postpack, found ${step ?? 'nothing'}: run \`npm pack\``);
}
