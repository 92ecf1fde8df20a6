// The control plane's programs, built from Go modules (go/go.mod) once and kept outside the work tree.
import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdir, readFile, rename, rm} from 'node:fs/promises';
import {arch, homedir, platform} from 'node:os';
import {join} from 'node:path';

import {withBuildLock} from './build-lock.ts';

const moduleDirectory = join(import.meta.dirname, 'go');
const minimumGo = {major: 1, minor: 26};
const programNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kwok',
] as const;

export type ProgramName = (typeof programNames)[number];

export interface Binaries {
  /** The folder to put on the PATH. */
  directory: string;
  /** Changes whenever the sources or the way of building change; names the container image too. */
  hash: string;
  /** Such as v1.36.3. */
  kubernetesVersion: string;
  path(name: ProgramName): string;
}

/** Where everything that is expensive to make again is kept: SPREAD_OPERATOR_CACHE, or below the user's cache. */
export function cacheDirectory(): string {
  return (
    process.env['SPREAD_OPERATOR_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spread-operator')
  );
}

/**
 * Returns the programs, and builds them first when they are not there yet: some five minutes on two cores, with
 * progress on stderr. Throws when Go is missing or older than 1.26.
 */
export async function ensureBinaries(): Promise<Binaries> {
  const [goMod, goSum] = await Promise.all([
    readFile(join(moduleDirectory, 'go.mod'), 'utf8'),
    readFile(join(moduleDirectory, 'go.sum'), 'utf8'),
  ]);
  const version = kubernetesVersion(goMod);
  const ldflags = linkerFlags(version);
  const hash = createHash('sha256')
    .update([goMod, goSum, ldflags, platform(), arch()].join('\0'))
    .digest('hex')
    .slice(0, 16);
  const directory = join(cacheDirectory(), 'controlplane', hash);

  if (!existsSync(directory)) {
    await mkdir(join(cacheDirectory(), 'controlplane'), {recursive: true});
    await withBuildLock(`${directory}.lock`, async () => {
      // Another process may have finished the build while this one waited for the lock.
      if (!existsSync(directory)) {
        await build(directory, ldflags);
      }
    });
  }
  return {directory, hash, kubernetesVersion: version, path: (name) => join(directory, name)};
}

function kubernetesVersion(goMod: string): string {
  const version = /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(goMod)?.[1];
  if (version === undefined) {
    throw new Error(`${join(moduleDirectory, 'go.mod')} has no "require k8s.io/kubernetes vX.Y.Z" line`);
  }
  return version;
}

/** Without a version the server calls itself v0.0.0-master, and clients that look at it misbehave. */
function linkerFlags(version: string): string {
  const [major, minor] = version.slice(1).split('.');
  const variables = {gitVersion: version, gitMajor: major, gitMinor: minor};
  const settings = Object.entries(variables).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ['-s', '-w', ...settings].join(' ');
}

async function build(directory: string, ldflags: string): Promise<void> {
  await requireGo();
  console.error(
    'Building etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and kwok with Go. ' +
      'This happens once and takes some minutes.',
  );
  // We hold the lock: what another build left unfinished is of no use to anybody.
  const unfinished = `${directory}.unfinished`;
  await rm(unfinished, {recursive: true, force: true});
  await mkdir(unfinished);
  try {
    await goBuild(unfinished, ldflags);
    // A tool is named after the last folder of its import path; etcd's is "server".
    await rename(join(unfinished, 'server'), join(unfinished, 'etcd'));
    for (const name of programNames) {
      if (!existsSync(join(unfinished, name))) {
        throw new Error(`go build did not make ${name}: is its "tool" line still in go/go.mod?`);
      }
    }
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, {recursive: true, force: true});
    throw error;
  }
}

async function requireGo(): Promise<void> {
  const remedy =
    `The end-to-end tests and "npm run cluster" build a real control plane, which needs ` +
    `Go ≥ ${minimumGo.major}.${minimumGo.minor} on the PATH: see https://go.dev/dl/`;
  let version: string;
  try {
    // In the module's folder, so that Go may switch to a newer toolchain by itself where that is allowed.
    version = (await runGo(['env', 'GOVERSION'])).trim();
  } catch (error) {
    throw new Error(`Go cannot be run (${(error as Error).message}). ${remedy}`, {cause: error});
  }
  const match = /^go(\d+)\.(\d+)/.exec(version);
  // Development versions of Go do not look like goX.Y; they are new enough.
  if (match !== null) {
    const [major, minor] = [Number(match[1]), Number(match[2])];
    if (major < minimumGo.major || (major === minimumGo.major && minor < minimumGo.minor)) {
      throw new Error(`Go is ${version}, which is too old. ${remedy}`);
    }
  }
}

async function goBuild(output: string, ldflags: string): Promise<void> {
  const started = Date.now();
  let packages = 0;
  let downloads = 0;
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    console.error(`  ${seconds} s: ${downloads} modules downloaded, ${packages} packages compiled`);
  }, 15_000);
  try {
    await runGo(
      ['build', '-v', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', `${output}/`, 'tool'],
      // -v names each package on a line of its own.
      (line) => (line.startsWith('go: downloading') ? downloads++ : packages++),
    );
  } finally {
    clearInterval(progress);
  }
  console.error(`  done in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Runs go in the module's folder and returns its stdout; the error quotes the end of stderr. */
async function runGo(arguments_: string[], onErrorLine?: (line: string) => void): Promise<string> {
  const child = spawn('go', arguments_, {
    cwd: moduleDirectory,
    // Static programs, so that they run in an image FROM scratch too; no workspace of the machine's owner.
    env: {...process.env, CGO_ENABLED: '0', GOWORK: 'off'},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const {promise: finished, resolve, reject} = Promise.withResolvers<number | null>();
  child.on('error', reject).on('close', resolve);

  let stdout = '';
  let stderrTail = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderrTail = (stderrTail + text).slice(-4_000);
    for (const line of text.split('\n')) {
      if (line !== '') {
        onErrorLine?.(line);
      }
    }
  });
  const code = await finished;
  if (code !== 0) {
    throw new Error(`go ${arguments_[0]} ended with exit code ${code}:\n${stderrTail}`);
  }
  return stdout;
}
