/** The command line in a test: arguments in, exit code and output out. */
import {tmpdir} from 'node:os';
import {systemClock} from '../../clock.ts';
import type {CommandIo} from '../io.ts';
import {runProgram} from '../program.ts';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a terminal and without an environment, where the test does not say otherwise. */
export async function runCli(args: readonly string[], io: Partial<CommandIo> = {}): Promise<CliResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await runProgram(args, {
    stdout: {
      write: (text) => void stdout.push(text),
      isTerminal: false,
      width: undefined,
      hasColors: false,
    },
    stderr: {
      write: (text) => void stderr.push(text),
      isTerminal: false,
      width: undefined,
      hasColors: false,
    },
    stdin: async () => '',
    env: {HOME: tmpdir()},
    directory: tmpdir(),
    clock: systemClock,
    signal: new AbortController().signal,
    ...io,
  });
  return {code, stdout: stdout.join(''), stderr: stderr.join('')};
}
