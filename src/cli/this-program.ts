/** This program from outside: how it was started, and how to start it again. */
import {isSea} from 'node:sea';

/** A program and its first arguments, whether this is a script or the single executable. */
export function commandToStart(...args: readonly string[]): readonly [string, ...string[]] {
  const [, script] = process.argv;
  return isSea() || script === undefined ? [process.execPath, ...args] : [process.execPath, script, ...args];
}

/** How the user has called the command, for options to be put behind it. */
export function calledAs(command: string, env: Readonly<Record<string, string | undefined>>): string {
  const script = env['npm_lifecycle_event'];
  if (script === 'npx') {
    return `npx spread-operator ${command}`;
  }
  // A script of package.json has the name of its command.
  return script === command ? `npm run ${command} --` : `kubectl spread ${command}`;
}
