// The simulated cluster of src/simulator in this process, at the pace of the wall clock, with what tests expect of a
// control plane: kubeconfigs, an audit log, nodes that fail, an API server that goes away and comes back.
import {writeFile} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';

import {WallClockDriver} from '../../src/simulator/drivers.ts';
import {ApiFace} from '../../src/simulator/http/api-face.ts';
import {SimulatedCluster} from '../../src/simulator/simulated-cluster.ts';
import {describeEntry} from '../../src/simulator/timeline.ts';
import {AdminClient} from './admin.ts';
import {ensureBinaries} from './binaries.ts';
import {ClusterDirectory} from './cluster-directory.ts';
import type {ControlPlaneOptions} from './control-plane.ts';
import {Guard} from './guard.ts';
import {MemoryAuditLog} from './memory-audit-log.ts';
import {type NodeDefaults, nodeSpecs} from './nodes.ts';
import {type ControlPlaneParts, RunningControlPlane} from './running-control-plane.ts';

const describedEntries = 60;

export interface SimulatedControlPlaneOptions extends ControlPlaneOptions {
  keep: boolean;
  nodeDefaults: NodeDefaults;
}

export async function startSimulatedControlPlane(
  options: SimulatedControlPlaneOptions,
): Promise<RunningControlPlane> {
  const {keep, nodeDefaults, schedulerConfiguration, users = []} = options;
  const binaryDirectory = withoutKubectl() ? undefined : (await ensureBinaries()).directory;
  const directory = await ClusterDirectory.create(users);
  const guard = new Guard(keep ? undefined : directory.path);
  const cluster = new SimulatedCluster({
    start: Date.now(),
    parameters: {
      podStartMilliseconds: options.podStartMilliseconds ?? 1000,
      podStopMilliseconds: options.podStopMilliseconds ?? 500,
    },
    ...(schedulerConfiguration === undefined ? {} : {schedulerConfiguration}),
  });
  const driver = new WallClockDriver(cluster.clock);
  const audit = new MemoryAuditLog();
  const face = await ApiFace.start({
    api: cluster.api,
    users: [{user: 'admin', groups: ['system:masters']}, ...users].map((identity) => ({
      ...identity,
      token: directory.token(identity.user) ?? '',
    })),
    usage: {
      node: (name) => cluster.nodeMetrics(name),
      pod: (namespace, name) => cluster.podMetrics(namespace, name),
    },
    intercept: () => {
      // So that what is written carries the time at which it was asked for.
      driver.catchUp();
      return {kind: 'pass'};
    },
    audit: (request) => audit.add(request),
  });
  driver.start();

  await writeFile(directory.certificateFile, face.authority);
  await directory.writeKubeconfigs(face.url);
  const admin = new AdminClient(face.url, directory.token('admin') ?? '', face.authority);
  const running = new SimulatedControlPlane(
    {
      kind: 'simulated',
      server: face.url,
      admin,
      audit,
      directory,
      binaryDirectory,
      guard,
      keep,
      nodeDefaults,
    },
    cluster,
    face,
    driver,
  );
  try {
    const nodes = options.nodes ?? 3;
    await running.addNodes(typeof nodes === 'number' ? nodeSpecs(nodes, options.zones ?? 0) : nodes);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

class SimulatedControlPlane extends RunningControlPlane {
  readonly #cluster: SimulatedCluster;
  readonly #face: ApiFace;
  readonly #driver: WallClockDriver;

  constructor(parts: ControlPlaneParts, cluster: SimulatedCluster, face: ApiFace, driver: WallClockDriver) {
    super(parts);
    this.#cluster = cluster;
    this.#face = face;
    this.#driver = driver;
  }

  override async restartApiServer({downMilliseconds = 0}: {downMilliseconds?: number} = {}): Promise<void> {
    this.#driver.stop();
    await this.#face.restart(() => sleep(downMilliseconds));
    this.#driver.start();
  }

  override async compactEtcd({
    restartApiServer = true,
    downMilliseconds = 0,
  }: {
    restartApiServer?: boolean;
    downMilliseconds?: number;
  } = {}): Promise<void> {
    this.#cluster.api.context.store.compact();
    if (restartApiServer) {
      await this.restartApiServer({downMilliseconds});
    }
  }

  protected override assertAlive(): void {
    // It lives in the process of the test, and dies with it.
  }

  protected override describe(): string {
    const {entries} = this.#cluster.timeline;
    const since = entries[0]?.at ?? 0;
    return entries
      .slice(-describedEntries)
      .map((entry) => describeEntry(entry, since))
      .join('\n');
  }

  protected override async end(): Promise<void> {
    this.#driver.stop();
    await this.#face.stop();
  }
}

/** Node alone must do where nothing was built. */
function withoutKubectl(): boolean {
  return process.env['SPREAD_OPERATOR_KUBECTL'] === 'none';
}
