/**
 * kubectl spread as users get it: the npm package, installed in an empty directory without a registry, and the single
 * executable, run where nothing else is installed. That both tell the demo shows that nothing is missing in them: a
 * simulated cluster, the operator as a process of its own, the manifests of the installation.
 */
import {execFile} from 'node:child_process';
import {copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {buildExecutable} from '../../scripts/release/executable.ts';
import {platformOf} from '../../scripts/release/platforms.ts';
import {OLDEST_NODE} from '../../src/cli/supported-node.ts';
import {ensureBinaries} from '../controlplane/binaries.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const longest = 180_000;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spread-packages-'));
});

afterAll(async () => {
  await rm(directory, {recursive: true, force: true});
});

/** What is committed or about to be, so that packing changes nothing in the work tree. */
async function copyOfTheCheckout(): Promise<string> {
  const copy = join(directory, 'checkout');
  const listed = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    maxBuffer: 10_000_000,
  });
  for (const file of listed.stdout.split('\0').filter((each) => each !== '')) {
    await mkdir(dirname(join(copy, file)), {recursive: true});
    await copyFile(join(root, file), join(copy, file));
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

describe('the npm package', () => {
  let installed: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    const checkout = await copyOfTheCheckout();
    await run('npm', ['pack', '--pack-destination', directory], {cwd: checkout});
    const tarball = (await readdir(directory)).find((name) => name.endsWith('.tgz')) ?? 'no tarball';
    installed = join(directory, 'installed');
    await mkdir(installed);
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(directory, tarball)], {
      cwd: installed,
    });
    const kubectl = (await ensureBinaries()).directory;
    const path = [join(installed, 'node_modules/.bin'), kubectl, process.env['PATH'] ?? ''];
    env = {HOME: directory, PATH: path.join(':')};
  }, longest);

  it('brings no other package', async () => {
    const packages = await readdir(join(installed, 'node_modules'));

    expect(packages.filter((name) => !name.startsWith('.'))).toEqual(['spread-operator']);
  });

  it('says which Node it needs', async () => {
    const manifest = await readFile(join(installed, 'node_modules/spread-operator/package.json'), 'utf8');

    expect(JSON.parse(manifest)).toMatchObject({engines: {node: `>=${OLDEST_NODE}`}});
  });

  it.each([
    {title: 'npx kubectl-spread', command: ['npx', 'kubectl-spread']},
    {title: 'npx spread-operator', command: ['npx', 'spread-operator']},
    {title: 'kubectl spread', command: ['kubectl', 'spread']},
  ])(
    'answers as $title',
    async ({command: [program = '', ...args]}) => {
      const {stdout} = await run(program, [...args, '--help'], {cwd: installed, env});

      expect(stdout).toMatch(/^Usage: kubectl spread /);
    },
    longest,
  );

  it(
    'tells the demo',
    async () => {
      const {stdout} = await run('npx', ['spread-operator', 'demo'], {cwd: installed, env});

      expect(stdout).toMatch(/nodes that die of it +none/);
      expect(stdout).toContain('npx spread-operator demo --keep');
    },
    longest,
  );
});

// Node's way to make them is the same on every platform, but the Node that runs the tests is there for one.
describe('the single executable', () => {
  let executable: string;

  beforeAll(async () => {
    const name = `${process.platform}-${process.arch}`.replace('win32', 'win');
    executable = await buildExecutable({
      platform: platformOf(name),
      node: process.execPath,
      folder: join(directory, 'executable'),
    });
  }, longest);

  it(
    'tells the demo where nothing else is installed',
    async () => {
      const {stdout} = await run(executable, ['demo'], {cwd: directory, env: {HOME: directory}});

      expect(stdout).toMatch(/nodes that die of it +none/);
    },
    longest,
  );

  it('says what is wrong like the program that it is made of', async () => {
    const failed = run(executable, ['no-such-command'], {env: {HOME: directory}});

    await expect(failed).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown command 'no-such-command'"),
    });
  });

  it('has the licences of all that is in it beside it', async () => {
    expect((await readdir(dirname(executable))).sort()).toEqual([
      'LICENSE',
      'NODE_LICENSE',
      'THIRD_PARTY_LICENSES',
      'kubectl-spread',
    ]);
  });
});
