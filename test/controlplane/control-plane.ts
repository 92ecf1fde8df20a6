// A real control plane for tests: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, with nodes and
// pods simulated by KWOK. `new ControlPlane({nodes: 3}).start()` gives a RunningControlPlane; see README.md.
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';

import {stringify} from 'yaml';

import {AdminClient} from './admin.ts';
import {AuditLog} from './audit-log.ts';
import {ensureBinaries} from './binaries.ts';
import {ClusterDirectory, type Identity} from './cluster-directory.ts';
import type {Launcher} from './component.ts';
import * as components from './components.ts';
import {ContainerLauncher} from './container-launcher.ts';
import {Guard} from './guard.ts';
import {kwokStages} from './kwok-stages.ts';
import {type NodeSpec, nodeSpecs} from './nodes.ts';
import {freePorts} from './ports.ts';
import {ProcessLauncher} from './process-launcher.ts';
import {RealControlPlane} from './real-control-plane.ts';
import type {RunningControlPlane} from './running-control-plane.ts';
import {startSimulatedControlPlane} from './simulated-control-plane.ts';
import {Supervisor} from './supervisor.ts';
import {waitFor} from './wait-for.ts';

const kinds = ['process', 'container', 'simulated'] as const;

export type ControlPlaneKind = (typeof kinds)[number];

export interface ControlPlaneOptions {
  /** Processes of this machine, containers of an image with the same programs, or the simulated cluster of `src/`. */
  kind?: ControlPlaneKind;
  /** How many, or which. */
  nodes?: number | NodeSpec[];
  /** Spread nodes given as a number evenly over this many zones; 0 (the default) sets no zone labels. */
  zones?: number;
  /** Resources of a node that does not say otherwise. */
  cpu?: string;
  memory?: string;
  podsPerNode?: number;
  /** From binding to Ready; 1000. A pod may differ: see kwok-stages.ts. */
  podStartMilliseconds?: number;
  /** From the deletion to the end of a pod; 500. */
  podStopMilliseconds?: number;
  /** A KubeSchedulerConfiguration, without what says how to reach the cluster. */
  schedulerConfiguration?: object;
  /** Flags of the real programs; the simulated cluster has no such programs, and ignores them. */
  apiServerFlags?: string[];
  schedulerFlags?: string[];
  controllerManagerFlags?: string[];
  /** Users besides `admin` for createKubeconfig({user}); service accounts need no entry. */
  users?: Identity[];
  /** Leaves logs and state behind, and prints where. Default: SPREAD_OPERATOR_KEEP is set. */
  keep?: boolean;
}

const startLimitMilliseconds = 60_000;

export class ControlPlane {
  readonly #options: ControlPlaneOptions;

  constructor(options: ControlPlaneOptions = {}) {
    this.#options = options;
  }

  /** Settles when every node is Ready and pods can be created. */
  async start(): Promise<RunningControlPlane> {
    const options = this.#options;
    const kind = options.kind ?? defaultKind();
    const keep = options.keep ?? Boolean(process.env['SPREAD_OPERATOR_KEEP']);
    const nodeDefaults = {
      cpu: options.cpu ?? '4',
      memory: options.memory ?? '16Gi',
      pods: options.podsPerNode ?? 110,
    };
    if (kind === 'simulated') {
      return startSimulatedControlPlane({...options, keep, nodeDefaults});
    }
    const binaries = await ensureBinaries();
    const directory = await ClusterDirectory.create(options.users ?? []);
    const guard = new Guard(keep ? undefined : directory.path);
    const launcher: Launcher =
      kind === 'process'
        ? new ProcessLauncher(binaries, directory, guard)
        : new ContainerLauncher(binaries, directory, guard);
    const supervisor = new Supervisor(launcher);

    let running: RunningControlPlane | undefined;
    try {
      const [etcdPort = 0, etcdPeer = 0, apiServerPort = 0] = await freePorts(3);
      const ports = {etcd: etcdPort, etcdPeer, apiServer: apiServerPort};
      const server = `https://127.0.0.1:${ports.apiServer}`;
      await writeFile(
        directory.file('kwok-stages.yaml'),
        kwokStages({
          podStartMilliseconds: options.podStartMilliseconds ?? 1000,
          podStopMilliseconds: options.podStopMilliseconds ?? 500,
          kubernetesVersion: binaries.kubernetesVersion,
        }),
      );

      await supervisor.start(components.etcd(directory, ports));
      await waitForEtcd(ports.etcd, supervisor);
      await supervisor.start(components.apiServer(directory, ports, options.apiServerFlags ?? []));
      const admin = await waitForApiServer(server, directory, supervisor);
      const audit = new AuditLog(directory.auditFile, admin);
      const {directory: binaryDirectory} = binaries;
      running = new RealControlPlane(
        {kind, server, admin, audit, directory, binaryDirectory, guard, keep, nodeDefaults},
        supervisor,
        ports,
      );

      await directory.writeKubeconfigs(server);
      await Promise.all([
        supervisor.start(components.controllerManager(directory, options.controllerManagerFlags ?? [])),
        supervisor.start(components.scheduler(directory, await schedulerFlags(directory, options))),
        supervisor.start(components.kwok(directory)),
      ]);
      const nodes = options.nodes ?? 3;
      await Promise.all([
        running.addNodes(typeof nodes === 'number' ? nodeSpecs(nodes, options.zones ?? 0) : nodes),
        waitForServiceAccount(admin, supervisor),
      ]);
      return running;
    } catch (error) {
      if (running !== undefined) {
        await running.stop();
      } else {
        await supervisor.stop();
        await guard.dismiss();
        if (!keep) {
          await directory.remove();
        }
      }
      throw error;
    }
  }
}

function defaultKind(): ControlPlaneKind {
  const name = process.env['SPREAD_OPERATOR_CONTROL_PLANE'] ?? 'process';
  const kind = kinds.find((each) => each === name);
  if (kind === undefined) {
    throw new Error(`SPREAD_OPERATOR_CONTROL_PLANE must be one of ${kinds.join(', ')}, not "${name}"`);
  }
  return kind;
}

async function schedulerFlags(
  directory: ClusterDirectory,
  {schedulerConfiguration, schedulerFlags: flags = []}: ControlPlaneOptions,
): Promise<string[]> {
  if (schedulerConfiguration === undefined) {
    return flags;
  }
  const path = directory.file('scheduler.yaml');
  const configuration = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: {leaderElect: false},
    clientConnection: {kubeconfig: directory.kubeconfigFile('kube-scheduler'), qps: 200, burst: 400},
    ...schedulerConfiguration,
  };
  await writeFile(path, stringify(configuration));
  return [...flags, `--config=${path}`];
}

async function waitForEtcd(port: number, supervisor: Supervisor): Promise<void> {
  await waitFor(
    'etcd answers',
    async () => {
      supervisor.assertAlive();
      return (await fetch(`http://127.0.0.1:${port}/health`)).ok;
    },
    {timeout: startLimitMilliseconds, interval: 50, state: () => supervisor.logTails()},
  );
}

async function waitForApiServer(
  server: string,
  directory: ClusterDirectory,
  supervisor: Supervisor,
): Promise<AdminClient> {
  const limits = {timeout: startLimitMilliseconds, interval: 50, state: () => supervisor.logTails()};
  await waitFor(
    'kube-apiserver has made its certificate',
    () => {
      supervisor.assertAlive();
      return existsSync(directory.certificateFile);
    },
    limits,
  );
  const certificate = await readFile(directory.certificateFile, 'utf8');
  const admin = new AdminClient(server, directory.token('admin') ?? '', certificate);
  await waitFor(
    'kube-apiserver is ready',
    async () => {
      supervisor.assertAlive();
      return (await admin.get<string>('/readyz')) === 'ok';
    },
    limits,
  );
  return admin;
}

/** Pods are refused until the controller-manager has made the namespace's service account. */
async function waitForServiceAccount(admin: AdminClient, supervisor: Supervisor): Promise<void> {
  await waitFor(
    'the service account default/default exists',
    async () => {
      supervisor.assertAlive();
      return admin.get('/api/v1/namespaces/default/serviceaccounts/default');
    },
    {timeout: startLimitMilliseconds, state: () => supervisor.logTails()},
  );
}
