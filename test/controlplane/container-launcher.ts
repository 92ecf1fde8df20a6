import {createWriteStream} from 'node:fs';

import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  type StartedTestContainer,
} from 'testcontainers';

import type {Binaries} from './binaries.ts';
import type {ClusterDirectory} from './cluster-directory.ts';
import type {ComponentName, ComponentSpec, LaunchedComponent, Launcher} from './component.ts';
import {ensureImage} from './container-image.ts';
import {dockerHost, whyNoDocker} from './docker.ts';
import type {Guard} from './guard.ts';

/** Its value is the cluster's folder. */
const clusterLabel = 'spread-operator.test/cluster';

/**
 * Runs each component in a container. All share the host's network, so that a component finds the others under the
 * same 127.0.0.1 addresses as a process would, and the cluster's folder is mounted under its own path: command
 * lines, kubeconfigs and certificates are the same for both kinds.
 */
export class ContainerLauncher implements Launcher {
  readonly #binaries: Binaries;
  readonly #directory: ClusterDirectory;

  constructor(binaries: Binaries, directory: ClusterDirectory, guard: Guard) {
    this.#binaries = binaries;
    this.#directory = directory;
    guard.watchContainers(`${clusterLabel}=${directory.path}`);
    // testcontainers' own janitor is an image that would have to be pulled; the guard does its work.
    process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  }

  async launch(spec: ComponentSpec): Promise<LaunchedComponent> {
    await requireLocalEngine();
    const image = await ensureImage(this.#binaries);
    const {path} = this.#directory;
    const logFile = this.#directory.logFile(spec.name);
    const container = await new GenericContainer(image)
      .withName(`${path.split('/').at(-1)}-${spec.name}-${Date.now()}`)
      .withCommand([`/bin/${spec.name}`, ...spec.arguments])
      .withLabels({[clusterLabel]: path})
      .withNetworkMode('host')
      .withBindMounts([{source: path, target: path}])
      .withWorkingDir(path)
      .withEnvironment({HOME: path, TMPDIR: path})
      // The files that it writes must be ours to read and to remove.
      .withUser(`${process.getuid?.()}:${process.getgid?.()}`)
      .withLogConsumer((stream) => stream.pipe(createWriteStream(logFile, {flags: 'a'})))
      .start();
    return new LaunchedContainer(spec.name, logFile, container);
  }
}

class LaunchedContainer implements LaunchedComponent {
  readonly name: ComponentName;
  readonly logFile: string;
  readonly exited: Promise<string>;
  readonly #container: StartedTestContainer;

  constructor(name: ComponentName, logFile: string, container: StartedTestContainer) {
    this.name = name;
    this.logFile = logFile;
    this.#container = container;
    this.exited = waitForExit(container.getId());
  }

  async stop(limitMilliseconds: number): Promise<void> {
    await this.#container.stop({timeout: limitMilliseconds, remove: true});
    await this.exited;
  }

  async pause(): Promise<void> {
    await (await engineContainer(this.#container.getId())).pause();
  }

  async resume(): Promise<void> {
    await (await engineContainer(this.#container.getId())).unpause();
  }
}

async function engineContainer(
  id: string,
): Promise<ReturnType<ContainerRuntimeClient['container']['getById']>> {
  const {container} = await getContainerRuntimeClient();
  return container.getById(id);
}

async function waitForExit(id: string): Promise<string> {
  try {
    const container = await engineContainer(id);
    const {StatusCode} = (await container.wait()) as {StatusCode: number};
    return `exit code ${StatusCode}`;
  } catch (error) {
    return `the engine lost it: ${(error as Error).message}`;
  }
}

async function requireLocalEngine(): Promise<void> {
  const reason = await whyNoDocker();
  if (reason !== undefined) {
    throw new Error(reason);
  }
  if (process.platform !== 'linux' || !dockerHost().startsWith('unix:')) {
    throw new Error(
      'A control plane in containers uses the network and the files of this machine: ' +
        `it needs Linux and a Docker engine on a local socket, not ${dockerHost()} on ${process.platform}.`,
    );
  }
}
