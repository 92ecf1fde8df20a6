// node test/controlplane/ensure-docker.ts: makes sure that a Docker engine answers. As root on Debian and its kin it
// installs docker.io and starts dockerd by hand (no init system needed). Exits with 1, and says why, where it cannot.
import {execFileSync, spawn} from 'node:child_process';
import {existsSync, openSync, readFileSync} from 'node:fs';

import {dockerHost, whyNoDocker} from './docker.ts';
import {waitFor} from './wait-for.ts';

const logFile = '/var/log/spread-operator-dockerd.log';
const startLimitMilliseconds = 30_000;

/** Some machines (containers above all) lack the rights or kernel modules that the first choice needs. */
const attempts = [
  [],
  // Without the rights to NAT. Our containers use the host's network.
  ['--iptables=false', '--ip6tables=false', '--bridge=none'],
  ['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
];

try {
  await ensureDocker();
} catch (error) {
  console.error('\n*** No Docker engine can be had, so nothing that needs containers can run here. ***');
  console.error((error as Error).message);
  process.exit(1);
}

async function ensureDocker(): Promise<void> {
  const reason = await whyNoDocker();
  if (reason === undefined) {
    console.error(`A Docker engine answers at ${dockerHost()}.`);
    return;
  }
  if (process.getuid?.() !== 0) {
    throw new Error(`${reason}\nThis is not root, so none can be installed or started.`);
  }
  if (process.env['DOCKER_HOST'] !== undefined) {
    throw new Error(`${reason}\nDOCKER_HOST names another engine; none is started here.`);
  }
  if (!isInstalled('dockerd')) {
    install();
  }
  const failures: string[] = [];
  for (const flags of attempts) {
    const failure = await start(flags);
    if (failure === undefined) {
      return;
    }
    failures.push(failure);
    console.error(failure);
  }
  throw new Error(`dockerd could not be started in any of ${attempts.length} ways:\n${failures.join('\n')}`);
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(`${directory}/${program}`));
}

function install(): void {
  if (!isInstalled('apt-get')) {
    throw new Error(
      'dockerd is not installed, and there is no apt-get to install it. Install a Docker engine.',
    );
  }
  console.error('Installing docker.io …');
  const environment = {...process.env, DEBIAN_FRONTEND: 'noninteractive'};
  try {
    execFileSync('apt-get', ['update', '-qq'], {stdio: ['ignore', 'ignore', 'pipe'], env: environment});
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'docker.io', 'iptables'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // invoke-rc.d may try to start the service, and fail where there is no init system; dpkg then still succeeds.
      env: environment,
    });
  } catch (error) {
    throw new Error(`docker.io could not be installed: ${(error as Error).message}`, {cause: error});
  }
}

/** Returns undefined when the engine answers, or why it does not. */
async function start(flags: string[]): Promise<string | undefined> {
  const description = ['dockerd', ...flags].join(' ');
  console.error(`Starting ${description} …`);
  const log = openSync(logFile, 'w');
  const child = spawn('dockerd', flags, {stdio: ['ignore', log, log], detached: true});
  let ended: string | undefined;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code) => {
    ended = `exit code ${code}`;
  });
  try {
    await waitFor(
      'the Docker engine answers',
      async () => ended !== undefined || (await whyNoDocker()) === undefined,
      {
        timeout: startLimitMilliseconds,
        interval: 200,
      },
    );
  } catch {
    ended = `no answer within ${startLimitMilliseconds / 1000} s`;
    child.kill('SIGTERM');
  }
  if (ended !== undefined) {
    const lastLines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n  ');
    return `${description}: ${ended}. The end of ${logFile}:\n  ${lastLines}`;
  }
  // It stays when this program ends; whoever wants it gone kills it.
  child.unref();
  console.error(
    `A Docker engine answers at ${dockerHost()} (dockerd has pid ${child.pid}; log: ${logFile}).`,
  );
  return undefined;
}
