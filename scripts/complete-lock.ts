/**
 * Completes package-lock.json after `npm install` on a registry that serves only this platform's binaries.
 *
 * Packages such as @biomejs/biome name one optional package for each platform. npm leaves those that it cannot fetch
 * out of the lock file, and `npm ci` then refuses the lock file as out of sync (npm/cli#4828). This adds an entry for
 * each, with the exact version that its parent names; npm ignores it on every other platform.
 */
import {readFileSync, writeFileSync} from 'node:fs';

interface LockEntry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const OPERATING_SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'win32', 'openharmony'];
const PROCESSORS = ['arm64', 'x64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64'];

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {packages: Record<string, LockEntry>};
for (const [path, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`;
    if (lock.packages[at] === undefined && lock.packages[`${path}/${at}`] === undefined) {
      lock.packages[at] = entryFor(name, version, parent);
      console.log(`added ${name}@${version}`);
    }
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);

function entryFor(name: string, version: string, parent: LockEntry): LockEntry {
  const words = name.split(/[/-]/);
  const os = OPERATING_SYSTEMS.find((word) => words.includes(word));
  const cpu = PROCESSORS.find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) {
    throw new Error(
      `${name}: expected an operating system and a processor in the name of a platform's package`,
    );
  }
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return {
    version,
    cpu: [cpu],
    ...(parent.dev === true ? {dev: true} : {}),
    ...(libc === undefined ? {} : {libc: [libc]}),
    optional: true,
    os: [os],
  };
}
