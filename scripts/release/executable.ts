/** The whole program and Node in one executable file, by Node's own way (https://nodejs.org/api/single-executable-applications.html). */
import {execFile} from 'node:child_process';
import {chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {inject} from 'postject';
import {PACKAGE_FILES} from '../../src/package-files.ts';
import {bundleInto} from './bundle.ts';
import {executableName, type Platform} from './platforms.ts';

const ROOT = join(import.meta.dirname, '../..');
const THIS_PLATFORM = `${process.platform}-${process.arch}`;
/** Of the Node that builds; it is the same on every platform. */
const LICENCE_OF_NODE = join(dirname(process.execPath), '../LICENSE');
/** Where Node looks for the program; the digits are the same in every Node. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

export interface ExecutableOptions {
  readonly platform: Platform;
  /** Node's program for that platform, of the same version as the one that builds. */
  readonly node: string;
  /** Gets the executable and the licences of what is in it. */
  readonly folder: string;
}

/** The path of the executable. */
export async function buildExecutable({platform, node, folder}: ExecutableOptions): Promise<string> {
  await mkdir(folder, {recursive: true});
  const work = await mkdtemp(join(tmpdir(), 'kubectl-spread-'));
  try {
    const {program, licences} = await bundleInto(work);
    await copyFile(licences, join(folder, 'THIRD_PARTY_LICENSES'));
    await copyFile(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
    await copyFile(LICENCE_OF_NODE, join(folder, 'NODE_LICENSE'));
    const blob = await blobOf(program, platform, work);
    const executable = join(folder, executableName(platform));
    await copyFile(node, executable);
    await chmod(executable, 0o755);
    await inject(executable, 'NODE_SEA_BLOB', blob, {
      sentinelFuse: FUSE,
      ...(platform.os === 'darwin' ? {machoSegmentName: 'NODE_SEA'} : {}),
    });
    return executable;
  } finally {
    await rm(work, {recursive: true, force: true});
  }
}

async function blobOf(program: string, {name}: Platform, work: string): Promise<Buffer> {
  const config = join(work, 'sea-config.json');
  const blob = join(work, 'blob');
  await writeFile(
    config,
    JSON.stringify({
      main: program,
      output: blob,
      disableExperimentalSEAWarning: true,
      // Machine code of one platform is of no use to another.
      useCodeCache: name === THIS_PLATFORM,
      assets: Object.fromEntries(PACKAGE_FILES.map((path) => [path, join(ROOT, path)])),
    }),
  );
  await promisify(execFile)(process.execPath, ['--experimental-sea-config', config]);
  return await readFile(blob);
}
