/** `npm run krew-manifest -- --url URL`: the manifest for krew, of the archives that `npm run build:executable` made. */
import {createHash} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {krewManifest} from './krew.ts';

const ROOT = join(import.meta.dirname, '../..');
const {values} = parseArgs({
  options: {
    url: {type: 'string'},
    archives: {type: 'string', default: join(ROOT, 'dist/executables')},
  },
});
if (values.url === undefined) {
  throw new Error('expected --url, the folder on the web that the archives are downloaded from');
}
const {version} = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {version: string};
const archives = (await readdir(values.archives)).filter((name) => name.endsWith('.tar.gz'));
const checksums = await Promise.all(
  archives.map(async (name) => {
    const content = await readFile(join(values.archives, name));
    return [name, createHash('sha256').update(content).digest('hex')] as const;
  }),
);
const template = await readFile(join(ROOT, 'deploy/krew/spread.yaml'), 'utf8');
process.stdout.write(krewManifest(template, {version, url: values.url, checksums: new Map(checksums)}));
