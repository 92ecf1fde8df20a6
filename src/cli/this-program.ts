/** This program from outside: how it was started, and how to start it again. */
import {isSea} from 'node:sea';

/** A program and its first arguments, whether this is a script or the single executable. */
export function commandToStart(...args: readonly string[]): readonly [string, ...string[]] {
  const [, script] = process.argv;
  return isSea() || script === undefined ? [process.execPath, ...args] : [process.execPath, script, ...args];
}

/** As a user would type it. */
export function nameOfThisProgram(env: Readonly<Record<string, string | undefined>>): string {
  return env['npm_lifecycle_event'] === 'npx' ? 'npx spread-operator' : 'kubectl spread';
}
