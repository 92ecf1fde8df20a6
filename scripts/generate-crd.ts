/**
 * `npm run generate`: writes everything that is derived from src/api/schema.ts. With `--check` it writes nothing and
 * fails when a file on disk differs.
 */
import {readFile, writeFile} from 'node:fs/promises';
import {relative} from 'node:path';
import {generatedFiles} from './generated-files.ts';

const root = new URL('../', import.meta.url);
const check = process.argv.includes('--check');
let stale = 0;

for (const [path, content] of await generatedFiles(root)) {
  const url = new URL(path, root);
  const onDisk = await readFile(url, 'utf8').catch(() => undefined);
  if (onDisk === content) {
    continue;
  }
  stale += 1;
  if (check) {
    console.error(`${path} is out of date`);
  } else {
    await writeFile(url, content);
    console.log(`wrote ${relative(process.cwd(), url.pathname)}`);
  }
}

if (check && stale > 0) {
  console.error('run: npm run generate');
  process.exitCode = 1;
}
