import {type ChildProcess, spawn} from 'node:child_process';
import {open} from 'node:fs/promises';

import type {Binaries} from './binaries.ts';
import type {ClusterDirectory} from './cluster-directory.ts';
import type {ComponentName, ComponentSpec, LaunchedComponent, Launcher} from './component.ts';
import type {Guard} from './guard.ts';

/** Runs each component as a process of this machine. */
export class ProcessLauncher implements Launcher {
  readonly #binaries: Binaries;
  readonly #directory: ClusterDirectory;
  readonly #guard: Guard;

  constructor(binaries: Binaries, directory: ClusterDirectory, guard: Guard) {
    this.#binaries = binaries;
    this.#directory = directory;
    this.#guard = guard;
  }

  async launch(spec: ComponentSpec): Promise<LaunchedComponent> {
    const logFile = this.#directory.logFile(spec.name);
    const log = await open(logFile, 'a');
    try {
      const child = spawn(this.#binaries.path(spec.name), spec.arguments, {
        cwd: this.#directory.path,
        // Nothing of the user's own configuration (~/.kube, ~/.kwok, KUBECONFIG, proxies) may leak in.
        env: {HOME: this.#directory.path, TMPDIR: this.#directory.path},
        stdio: ['ignore', log.fd, log.fd],
        // A process group of its own: Ctrl-C in a terminal must not end etcd before the API server.
        detached: true,
      });
      const exited = new Promise<string>((resolve) => {
        child.on('error', (error) => resolve(error.message));
        child.on('exit', (code, signal) =>
          resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
        );
      });
      // A test that forgets stop() may still end; the guard then clears up.
      child.unref();
      if (child.pid !== undefined) {
        this.#guard.watchProcess(child.pid);
      }
      return new LaunchedProcess(spec.name, logFile, child, exited, this.#guard);
    } finally {
      await log.close();
    }
  }
}

class LaunchedProcess implements LaunchedComponent {
  readonly name: ComponentName;
  readonly logFile: string;
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;

  constructor(
    name: ComponentName,
    logFile: string,
    child: ChildProcess,
    exited: Promise<string>,
    guard: Guard,
  ) {
    this.name = name;
    this.logFile = logFile;
    this.#child = child;
    this.exited = exited.then((how) => {
      if (child.pid !== undefined) {
        guard.forgetProcess(child.pid);
      }
      return how;
    });
  }

  async stop(limitMilliseconds: number): Promise<void> {
    this.#child.ref();
    this.#child.kill('SIGTERM');
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), limitMilliseconds);
    await this.exited;
    clearTimeout(impatience);
  }

  async pause(): Promise<void> {
    this.#child.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    this.#child.kill('SIGCONT');
  }
}
