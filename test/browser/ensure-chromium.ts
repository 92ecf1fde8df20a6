// node test/browser/ensure-chromium.ts: makes sure that there is a Chromium. As root on Debian and its kin it installs
// one. Exits with 1, and says why, where it cannot.
import {execFileSync} from 'node:child_process';
import {chromiumPath} from './chromium.ts';

const APT = {
  stdio: ['ignore', 'ignore', 'pipe'] as ('ignore' | 'pipe')[],
  env: {...process.env, DEBIAN_FRONTEND: 'noninteractive'},
};

try {
  ensureChromium();
} catch (error) {
  console.error('\n*** No Chromium can be had, so no page can be opened here. ***');
  console.error((error as Error).message);
  process.exit(1);
}

function ensureChromium(): void {
  const found = chromiumPath();
  if (found !== undefined) {
    console.error(`Chromium is ${found}.`);
    return;
  }
  if (process.getuid?.() !== 0) {
    throw new Error('There is none on the PATH, and this is not root, so none can be installed.');
  }
  console.error('Installing chromium …');
  execFileSync('apt-get', ['update', '-qq'], APT);
  // Without a font, nothing has a width.
  execFileSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation'],
    APT,
  );
  console.error(`Chromium is ${chromiumPath() ?? 'still missing'}.`);
}
