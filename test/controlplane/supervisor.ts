import {readFile} from 'node:fs/promises';

import type {ComponentName, ComponentSpec, LaunchedComponent, Launcher} from './component.ts';
import {GiveUp} from './wait-for.ts';

/** etcd last: without it the API server does not end on SIGTERM. */
const stopOrder: ComponentName[][] = [
  ['kwok', 'kube-scheduler', 'kube-controller-manager'],
  ['kube-apiserver'],
  ['etcd'],
];
const stopLimitMilliseconds = 3_000;
const logTailLines = 20;

interface Supervised {
  spec: ComponentSpec;
  component: LaunchedComponent;
  /** False while we stop it ourselves: its end is then no accident. */
  wanted: boolean;
}

/** Knows the components that should run, notices when one dies, and stops them in the right order. */
export class Supervisor {
  readonly #launcher: Launcher;
  readonly #components = new Map<ComponentName, Supervised>();
  #casualty: string | undefined;

  constructor(launcher: Launcher) {
    this.#launcher = launcher;
  }

  async start(spec: ComponentSpec): Promise<void> {
    const component = await this.#launcher.launch(spec);
    const supervised: Supervised = {spec, component, wanted: true};
    this.#components.set(spec.name, supervised);
    void this.#noticeDeath(supervised);
  }

  /** Throws when a component ended by itself, so that nobody waits for a cluster that is broken. */
  assertAlive(): void {
    if (this.#casualty !== undefined) {
      throw new GiveUp(this.#casualty);
    }
  }

  /** Stops a component, kills it after the limit, and starts it again as it was after `whileDown`. */
  async restart(
    name: ComponentName,
    limitMilliseconds: number,
    whileDown: () => Promise<void>,
  ): Promise<void> {
    const supervised = this.#get(name);
    supervised.wanted = false;
    await supervised.component.stop(limitMilliseconds);
    await whileDown();
    await this.start(supervised.spec);
  }

  /** Freezes components until `action` is done. */
  async whilePaused(names: ComponentName[], action: () => Promise<void>): Promise<void> {
    const components = names.map((name) => this.#get(name).component);
    await Promise.all(components.map((component) => component.pause()));
    try {
      await action();
    } finally {
      await Promise.all(components.map((component) => component.resume()));
    }
  }

  async stop(): Promise<void> {
    for (const names of stopOrder) {
      await Promise.all(
        names.map(async (name) => {
          const supervised = this.#components.get(name);
          if (supervised !== undefined) {
            supervised.wanted = false;
            await supervised.component.stop(stopLimitMilliseconds);
          }
        }),
      );
    }
  }

  async logTails(): Promise<string> {
    const logs = [...this.#components.values()].map(
      async ({component: {name, logFile}}) => `--- ${name} (${logFile})\n${await tail(logFile)}`,
    );
    return (await Promise.all(logs)).join('\n');
  }

  #get(name: ComponentName): Supervised {
    const supervised = this.#components.get(name);
    if (supervised === undefined) {
      throw new Error(`${name} was never started`);
    }
    return supervised;
  }

  async #noticeDeath(supervised: Supervised): Promise<void> {
    const {name, logFile, exited} = supervised.component;
    const how = await exited;
    if (supervised.wanted) {
      this.#casualty = `${name} ended by itself (${how}). The end of ${logFile}:\n${await tail(logFile)}`;
      console.error(this.#casualty);
    }
  }
}

async function tail(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: Error) => error.message);
  return text.trimEnd().split('\n').slice(-logTailLines).join('\n');
}
