import {type ChildProcess, spawn} from 'node:child_process';
import {join} from 'node:path';

/**
 * A small process beside the cluster that outlives its parent: when the parent ends without having stopped the
 * cluster (a crash, SIGKILL, Ctrl-C in Jest), it kills what is left and removes the cluster's folder.
 */
export class Guard {
  readonly #child: ChildProcess;

  /** `folder` is removed with the rest, unless it is to be kept (undefined). */
  constructor(folder: string | undefined) {
    const script = join(import.meta.dirname, 'guard-process.ts');
    this.#child = spawn(
      process.execPath,
      ['--no-warnings', script, ...(folder === undefined ? [] : [folder])],
      {
        // Its only signal is the end of its stdin, which happens however the parent ends.
        stdio: ['pipe', 'ignore', 'inherit'],
        detached: true,
        cwd: '/',
        env: process.env,
      },
    );
    this.#child.unref();
    // Writing to a guard that somebody killed is no reason to fail a test.
    this.#child.stdin?.on('error', () => {});
    (this.#child.stdin as {unref?: () => void} | null)?.unref?.();
  }

  watchProcess(pid: number): void {
    this.#tell('watch-process', String(pid));
  }

  /** A pid may be used again by another program: the guard must not kill that one. */
  forgetProcess(pid: number): void {
    this.#tell('forget-process', String(pid));
  }

  /** All containers with this label (`key=value`), also those that are only being created when the parent ends. */
  watchContainers(label: string): void {
    this.#tell('watch-containers', label);
  }

  /** Everything was stopped in good order: the guard goes away without doing anything. */
  async dismiss(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        resolve();
      }
      this.#child.on('exit', () => resolve());
    });
    this.#child.ref();
    this.#tell('dismiss', '');
    await gone;
  }

  #tell(verb: string, value: string): void {
    this.#child.stdin?.write(`${verb} ${value}\n`);
  }
}
