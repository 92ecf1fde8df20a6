/** The command line in a test: arguments in, exit code and output out. */
import {tmpdir} from 'node:os';
import {systemClock} from '../../clock.ts';
import type {CommandIo, Output} from '../io.ts';
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
    ...cliIo(),
    stdout: outputInto(stdout),
    stderr: outputInto(stderr),
    ...io,
  });
  return {code, stdout: stdout.join(''), stderr: stderr.join('')};
}

/** For what takes a CommandIo; what is printed goes nowhere. */
export function cliIo(): CommandIo {
  return {
    stdout: outputInto([]),
    stderr: outputInto([]),
    stdin: async () => '',
    env: {HOME: tmpdir()},
    directory: tmpdir(),
    clock: systemClock,
    signal: new AbortController().signal,
  };
}

/** @param width of a terminal; without it, there is none */
export function outputInto(written: string[], width?: number): Output {
  return {
    write: (text) => void written.push(text),
    isTerminal: width !== undefined,
    width,
    hasColors: false,
  };
}
