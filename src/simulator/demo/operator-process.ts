/** The operator beside a simulated cluster, as users run it: a process of its own, with the rights of config/. */
import {type ChildProcess, spawn} from 'node:child_process';
import {openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {installation, type OperatorSurroundings, operatorKubeconfig} from '../installation.ts';
import {loadManifests} from '../manifests.ts';

const LAST_LINES = 10;

export class OperatorProcess {
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.logFile = logFile;
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
    // It must not outlive this process, not even when that fails.
    process.once('exit', () => child.kill('SIGKILL'));
  }

  /**
   * Installs what config/ holds first, except the Deployment that would run the operator inside the cluster.
   *
   * @param command starts the operator: a program and its first arguments
   */
  static async start(
    command: readonly [string, ...string[]],
    surroundings: OperatorSurroundings,
  ): Promise<OperatorProcess> {
    loadManifests(surroundings.cluster.api, installation());
    const kubeconfig = await operatorKubeconfig(surroundings);
    const logFile = join(surroundings.directory, 'operator.log');
    const log = openSync(logFile, 'w');
    const [program, ...args] = command;
    const child = spawn(program, [...args, '--log-format=human', '--health-address='], {
      env: {...process.env, KUBECONFIG: kubeconfig},
      stdio: ['ignore', log, log],
    });
    return new OperatorProcess(child, logFile);
  }

  /** Throws with the end of its log when it has ended by itself. */
  assertRunning(): void {
    const words = this.#lastWords();
    if (words !== undefined) {
      throw new Error(words);
    }
  }

  async stop(): Promise<void> {
    if (this.#lastWords() === undefined) {
      this.#child.kill('SIGTERM');
      await this.#ended;
    }
  }

  #lastWords(): string | undefined {
    const {exitCode, signalCode} = this.#child;
    if (exitCode === null && signalCode === null) {
      return undefined;
    }
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-LAST_LINES);
    return `the operator has ended (${signalCode ?? `exit code ${exitCode}`}):\n  ${lines.join('\n  ')}`;
  }
}
