/**
 * npm run test:e2e: builds what is built from Go modules; runs every file on the real control plane, one after the other;
 * then the scenarios of the operator once more on the simulated cluster, where they mostly wait and several share a core.
 * All arguments go to Jest, both times.
 */
import {spawn} from 'node:child_process';
import {once} from 'node:events';

import {ensureBinaries} from '../controlplane/binaries.ts';
import {ensureOracle} from '../oracle/oracle.ts';

const simulatedWorkers = 3;
const commandLine = process.argv.slice(2);

// Not inside of a test, where Jest would hold back the progress until the end.
await ensureBinaries();
await ensureOracle();
const codes = [
  await jest(['--selectProjects=e2e', '--runInBand', ...commandLine]),
  await jest([
    '--selectProjects=scenarios',
    `--maxWorkers=${simulatedWorkers}`,
    // The file that was asked for may be about the real one only.
    '--passWithNoTests',
    ...commandLine.map((argument) => argument.replace(/^(--outputFile=.*?)(\.json)?$/, '$1.simulated$2')),
  ]),
];
process.exitCode = Math.max(...codes);

async function jest(arguments_: string[]): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--forceExit',
      ...arguments_,
    ],
    {stdio: 'inherit'},
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
