// The operator as a process of this machine, with exactly the rights that config/ gives it:
// `new OperatorProcess(cluster).start()` gives a RunningOperator that leads.
import {type ChildProcess, spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {createInterface} from 'node:readline';

import {Guard} from '../controlplane/guard.ts';
import {installOperator, operatorUser} from '../controlplane/install-operator.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {GiveUp, waitFor} from '../controlplane/wait-for.ts';

const root = join(import.meta.dirname, '../..');
const {scripts} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: {operator: string};
};

const defaultArguments = ['--log-format=json', '--health-address=127.0.0.1:0', '--lease-duration=4s'];

/** Operators of this test file that were started, so that a test that fails can print what they said. */
export const startedOperators: RunningOperator[] = [];

export interface StartOptions {
  /** False: settle when the caches are complete; another operator may hold the lease. */
  readonly leading?: boolean;
}

export class OperatorProcess {
  readonly #cluster: RunningControlPlane;
  readonly #arguments: readonly string[];

  constructor(cluster: RunningControlPlane, commandLine: readonly string[] = []) {
    this.#cluster = cluster;
    this.#arguments = commandLine;
  }

  /** Further command line arguments; they win over those that tests run with. */
  withArguments(...commandLine: string[]): OperatorProcess {
    return new OperatorProcess(this.#cluster, [...this.#arguments, ...commandLine]);
  }

  /** Settles when the operator leads. `config/` is installed first. */
  async start({leading = true}: StartOptions = {}): Promise<RunningOperator> {
    await installOperator(this.#cluster);
    const kubeconfig = await this.#cluster.createKubeconfig({user: operatorUser});
    const commandLine = [...defaultArguments, ...this.#arguments];
    // As `npm run operator` does, but without npm and the shell between us and the process.
    const child = spawn('sh', ['-c', `exec env ${scripts.operator} "$@"`, 'operator', ...commandLine], {
      cwd: root,
      // Nothing of the user's own configuration may leak in.
      env: {
        PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
        HOME: this.#cluster.directory,
        KUBECONFIG: kubeconfig,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = new RunningOperator(child);
    startedOperators.push(running);
    try {
      await running.waitForLine(leading ? 'Leading' : 'The caches are complete');
    } catch (error) {
      await running.kill('SIGKILL');
      throw error;
    }
    return running;
  }
}

/** A line of the operator's log. */
export interface LogLine {
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly [field: string]: unknown;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class RunningOperator {
  readonly #child: ChildProcess;
  readonly #guard: Guard;
  readonly #exited: Promise<Exit>;
  readonly #lines: LogLine[] = [];
  /** Output that is not a log line: what Node prints of an error that nobody handled. */
  readonly #stray: string[] = [];
  #exit: Exit | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#guard = new Guard(undefined);
    if (child.pid !== undefined) {
      this.#guard.watchProcess(child.pid);
    }
    const outputs = [child.stdout, child.stderr].filter((stream) => stream !== null);
    const read = outputs.map(async (input) => {
      for await (const line of createInterface({input})) {
        this.#keep(line);
      }
    });
    const {promise, resolve} = Promise.withResolvers<Exit>();
    child.on('error', (error) => this.#stray.push(error.message));
    child.on('exit', (code, signal) => resolve({code, signal}));
    this.#exited = (async () => {
      const exit = await promise;
      await Promise.all(read);
      this.#exit = exit;
      return exit;
    })();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  linesOf(message: string): LogLine[] {
    return this.#lines.filter((line) => line.message === message);
  }

  async waitForLine(message: string, {timeout = 30_000} = {}): Promise<LogLine> {
    return waitFor(
      `the operator says "${message}"`,
      () => {
        const line = this.#lines.find((each) => each.message === message);
        if (line === undefined && this.#exit !== undefined) {
          throw new GiveUp(`The operator ended without saying "${message}".\n${String(this)}`);
        }
        return line;
      },
      {timeout, interval: 20, state: () => String(this)},
    );
  }

  /** What /metrics says. */
  async metrics(): Promise<string> {
    const served = await this.waitForLine('Serving /healthz, /readyz and /metrics');
    const response = await fetch(`http://127.0.0.1:${String(served['port'])}/metrics`);
    return response.text();
  }

  /** MiB. */
  async residentMemory(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  }

  /** SIGKILL is a crash; SIGTERM must lead to a clean exit. Settles when the process has ended. */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#exit === undefined) {
      this.#child.kill(signal);
    }
    const exit = await this.#exited;
    await this.#guard.dismiss();
    const expected = signal === 'SIGKILL' ? exit.signal === 'SIGKILL' : exit.code === 0;
    if (!expected || this.#stray.length > 0) {
      const ended = exit.signal === null ? `with exit code ${exit.code}` : `by ${exit.signal}`;
      throw new Error(`The operator was sent ${signal} and ended ${ended}.\n${String(this)}`);
    }
  }

  /** Ends the operator as Kubernetes would; it must exit cleanly and have printed nothing but its log. */
  async stop(): Promise<void> {
    await this.kill('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A test that has killed it has asserted that already.
    if (this.#exit === undefined) {
      await this.stop();
    }
  }

  /** Its log, for messages. */
  toString(): string {
    const ended = this.#exit === undefined ? 'runs' : `ended (${JSON.stringify(this.#exit)})`;
    return [
      `The operator, process ${this.pid}, ${ended}. Its log:`,
      ...this.#lines.map(formatLine),
      ...(this.#stray.length === 0 ? [] : ['Output that is not a log line:', ...this.#stray]),
    ].join('\n');
  }

  #keep(line: string): void {
    if (line.startsWith('{"time":')) {
      this.#lines.push(JSON.parse(line) as LogLine);
    } else {
      this.#stray.push(line);
    }
  }
}

function formatLine({time, level, message, ...fields}: LogLine): string {
  const details = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [time.slice(11, 23), level.toUpperCase().padEnd(5), message, ...details].join(' ');
}
