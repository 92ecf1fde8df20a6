/**
 * `npm run build:executable`: the executable of this platform, and its archive as krew and people download it.
 * `-- --platform linux-arm64 --node FILE` makes the one of another platform, whose Node comes from its npm package.
 */
import {execFile} from 'node:child_process';
import {readFile, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {parseArgs, promisify} from 'node:util';
import {buildExecutable} from './executable.ts';
import {archiveName, platformOf} from './platforms.ts';

const ROOT = join(import.meta.dirname, '../..');
const {values} = parseArgs({
  options: {
    platform: {type: 'string', default: `${process.platform}-${process.arch}`.replace('win32', 'win')},
    node: {type: 'string', default: process.execPath},
    output: {type: 'string', default: join(ROOT, 'dist/executables')},
  },
});
const platform = platformOf(values.platform);
const {version} = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {version: string};

const executable = await buildExecutable({
  platform,
  node: values.node,
  folder: join(values.output, platform.name),
});
const archive = join(values.output, archiveName(platform, version));
await promisify(execFile)('tar', ['-czf', archive, '-C', dirname(executable), '.']);

for (const file of [executable, archive]) {
  const {size} = await stat(file);
  console.log(`${file}: ${(size / 1e6).toFixed(1)} MB`);
}
if (platform.os === 'darwin') {
  console.log(`macOS starts it once it is signed, there: codesign --sign - ${executable}`);
}
