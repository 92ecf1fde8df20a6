import {type ChildProcess, spawn} from 'node:child_process';
import {openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

import {installOperator, operatorUser} from '../install-operator.ts';
import type {RunningControlPlane} from '../running-control-plane.ts';

const root = join(import.meta.dirname, '../../..');

/** The operator as users run it: a process of its own, with the rights of config/ and no more. */
export class OperatorProcess {
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.logFile = logFile;
    this.#ended = new Promise((resolve) => child.on('exit', () => resolve()));
    // It must not outlive this process, however that ends.
    process.on('exit', () => child.kill('SIGKILL'));
  }

  /** Installs what config/ holds first. */
  static async start(cluster: RunningControlPlane): Promise<OperatorProcess> {
    await installOperator(cluster);
    const kubeconfig = await cluster.createKubeconfig({user: operatorUser});
    const logFile = join(cluster.directory, 'logs', 'spread-operator.log');
    const log = openSync(logFile, 'w');
    const child = spawn(process.execPath, [join(root, 'src/main.ts'), '--log-format=human'], {
      env: {...process.env, KUBECONFIG: kubeconfig},
      stdio: ['ignore', log, log],
    });
    return new OperatorProcess(child, logFile);
  }

  /** The end of its log when it has ended by itself, for an error message. */
  lastWords(): string {
    if (this.#child.exitCode === null) {
      return '';
    }
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-10);
    return `\nThe operator has ended with exit code ${this.#child.exitCode}:\n  ${lines.join('\n  ')}`;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      await this.#ended;
    }
  }
}
