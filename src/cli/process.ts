/** The process of `kubectl spread`: arguments, streams and signals. */
import {text} from 'node:stream/consumers';
import {systemClock} from '../clock.ts';
import type {Output} from './io.ts';
import {runProgram} from './program.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort());
}
// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));

// Not awaited: the single executable is a CommonJS file.
void main();

async function main(): Promise<void> {
  process.exitCode = await runProgram(process.argv.slice(2), {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    stdin: async () => await text(process.stdin),
    env: process.env,
    directory: process.cwd(),
    clock: systemClock,
    signal: interrupted.signal,
  });
}

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    write: (content) => void stream.write(content),
    isTerminal: stream.isTTY,
    // A terminal may be resized while something is shown, and a pseudo-terminal may have no width.
    get width() {
      return stream.isTTY && stream.columns > 0 ? stream.columns : undefined;
    },
    hasColors: stream.isTTY && stream.hasColors() && !process.env['NO_COLOR'],
  };
}
