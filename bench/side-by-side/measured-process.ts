// A program under measurement: what it cost the machine, as the kernel counts it.
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';

export interface Cost {
  readonly cpuSeconds: number;
  /** MiB; the highest resident set so far. */
  readonly peakMemory: number;
}

/** Linux: USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export class MeasuredProcess {
  readonly #child: ChildProcess;
  readonly #log: string[] = [];

  constructor(command: string, commandLine: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#child = spawn(command, commandLine, {env: environment, stdio: ['ignore', 'pipe', 'pipe']});
    this.#child.on('error', (error) => this.#log.push(error.message));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log.push(chunk.toString());
        this.#log.splice(0, this.#log.length - 200);
      });
    }
  }

  async cost(): Promise<Cost> {
    const pid = this.#child.pid;
    if (pid === undefined || this.#child.exitCode !== null) {
      throw new Error(`The program has ended with ${this.#child.exitCode}:\n${this.log}`);
    }
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    // The second field is the name in brackets, which may hold blanks; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      peakMemory: Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024,
    };
  }

  /** The end of what it printed, for messages. */
  get log(): string {
    return this.#log.join('');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exit;
    }
  }
}
