import {readFile, rm, writeFile} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';

const limitMilliseconds = 30 * 60_000;

/** Runs `action` while no other process on this machine holds the lock file at `path`. */
export async function withBuildLock(path: string, action: () => Promise<void>): Promise<void> {
  await acquire(path);
  try {
    await action();
  } finally {
    await rm(path, {force: true});
  }
}

async function acquire(path: string): Promise<void> {
  const deadline = Date.now() + limitMilliseconds;
  let announced = false;
  while (Date.now() < deadline) {
    try {
      await writeFile(path, String(process.pid), {flag: 'wx'});
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw error;
      }
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    // An empty file is a lock that is being written at this moment.
    if (holder > 0 && !isAlive(holder)) {
      await rm(path, {force: true});
      continue;
    }
    if (!announced) {
      console.error(`Process ${holder} builds the same thing; waiting for it (lock: ${path})`);
      announced = true;
    }
    await sleep(500);
  }
  throw new Error(
    `The lock ${path} was not released within ${limitMilliseconds / 60_000} minutes. ` +
      'If no build runs, remove that file.',
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
