/**
 * A whole cluster in one process, on its own clock: API server, scheduler, controllers, kubelets and the load on them.
 * Deterministic: the same options and calls give the same timeline. Pure: no I/O, no system clock, no Math.random.
 */
import {ApiServer} from './apiserver/api-server.ts';
import type {OwnershipTracking} from './apiserver/context.ts';
import {withRevision} from './apiserver/writer.ts';
import type {ApiObject, ObjectChange} from './cluster-api.ts';
import {ClusterIndex} from './cluster-index.ts';
import type {SimulationContext} from './context.ts';
import {DeploymentController} from './controllers/deployment/deployment-controller.ts';
import {DisruptionController} from './controllers/disruption-controller.ts';
import {EndpointSliceController} from './controllers/endpoint-slice-controller.ts';
import {GarbageCollector} from './controllers/garbage-collector.ts';
import {NamespaceController} from './controllers/namespace-controller.ts';
import {NodeLifecycleController} from './controllers/node-lifecycle-controller.ts';
import {PersistentVolumeController} from './controllers/persistent-volume-controller.ts';
import {PodGarbageCollector} from './controllers/pod-garbage-collector.ts';
import {ReplicaSetController} from './controllers/replica-set-controller.ts';
import {TaintEvictionController} from './controllers/taint-eviction-controller.ts';
import {Random} from './engine/random.ts';
import {SimulationClock} from './engine/simulation-clock.ts';
import {ApiEventRecorder, silentRecorder} from './event-recorder.ts';
import {Kubelets} from './kubelet/kubelets.ts';
import {CpuModel, type NodeUsage} from './load/cpu-model.ts';
import {podMemory, SERVICE_LOAD} from './load/pod-cpu.ts';
import {ServiceDirectory} from './load/service-directory.ts';
import {resourceOf} from './manifests.ts';
import {type NodeDefaults, nodeObject, type SimulatedNode, zonedNodes} from './nodes.ts';
import {
  conditionOf,
  fromKey,
  NAMESPACES,
  NODES,
  type NodeObject,
  PODS,
  type PodObject,
  SERVICES,
} from './objects.ts';
import {type SimulationParameters, withParameters} from './parameters.ts';
import {profileOf, type SchedulerConfiguration} from './scheduler/profile.ts';
import {Scheduler} from './scheduler/scheduler.ts';
import {Timeline} from './timeline.ts';

export interface SimulatedClusterOptions extends NodeDefaults {
  readonly seed?: number;
  /** Milliseconds since the epoch at which the simulation begins. */
  readonly start?: number;
  /** How many, or which. */
  readonly nodes?: number | readonly SimulatedNode[];
  /** With a number of nodes: spread over so many zones; 0 leaves the zone out. */
  readonly zones?: number;
  readonly parameters?: Partial<SimulationParameters>;
  /** A KubeSchedulerConfiguration; the default profile's scores when absent. */
  readonly schedulerConfiguration?: SchedulerConfiguration;
  /** False: no Event objects, which a run of many pods spends a good part of its time on. */
  readonly events?: boolean;
  /** At most so many entries of the timeline are kept, give or take as many again. */
  readonly timelineLimit?: number;
  /** Of which writes managedFields tell; all when absent. */
  readonly isOwnershipTracked?: OwnershipTracking;
  /** How many changes the API server remembers for watches. */
  readonly historyLimit?: number;
}

export interface Metrics {
  readonly milliCpu: number;
  readonly memoryBytes: number;
}

/** What others refer to comes before them; the rest in the order given. */
const RESTORED_FIRST = ['Namespace', 'ServiceAccount', 'Node', 'Service', 'Deployment', 'ReplicaSet', 'Pod'];
const DEFAULT_START = Date.UTC(2026, 0, 1);
const DEFAULT_TIMELINE_LIMIT = 100_000;

export class SimulatedCluster {
  readonly clock: SimulationClock;
  readonly api: ApiServer;
  readonly index: ClusterIndex;
  readonly parameters: SimulationParameters;
  readonly timeline: Timeline;
  readonly services: ServiceDirectory;
  readonly cpu: CpuModel;
  readonly scheduler: Scheduler;
  readonly #kubelets: Kubelets;
  readonly #observers: readonly {observe(change: ObjectChange): void}[];
  readonly #nodeDefaults: NodeDefaults;
  /** What uids and generated names are drawn from. */
  readonly #naming: readonly Random[];
  #nodeCount = 0;

  constructor(options: SimulatedClusterOptions = {}) {
    const {seed = 1, start = DEFAULT_START, events = true, historyLimit, isOwnershipTracked} = options;
    const random = new Random(seed);
    this.clock = new SimulationClock(start);
    this.parameters = withParameters(options.parameters);
    this.#nodeDefaults = options;
    const apiRandom = random.fork('api-server');
    this.api = new ApiServer({
      now: () => this.clock.now(),
      random: () => apiRandom.fraction(),
      isOwnershipTracked,
      ...(historyLimit === undefined ? {} : {historyLimit}),
    });
    this.index = new ClusterIndex(this.api);
    const recorder = events
      ? new ApiEventRecorder(this.api, this.clock, this.parameters.eventTtlSeconds * 1000)
      : silentRecorder;
    const contextOf = (part: string): SimulationContext => ({
      api: this.api,
      clock: this.clock,
      index: this.index,
      random: random.fork(part),
      events: recorder,
      parameters: this.parameters,
    });
    const replicaSets = contextOf('replica-set');
    const endpointSlices = contextOf('endpoint-slice');
    this.#naming = [apiRandom, replicaSets.random, endpointSlices.random];
    this.services = new ServiceDirectory(this.api);
    this.#kubelets = new Kubelets(contextOf('kubelets'));
    this.timeline = new Timeline(
      this.clock,
      this.#kubelets,
      this.services,
      options.timelineLimit ?? DEFAULT_TIMELINE_LIMIT,
    );
    this.cpu = new CpuModel(contextOf('cpu'), this.#kubelets, this.services);
    this.cpu.listen(this.timeline);
    this.scheduler = new Scheduler(contextOf('scheduler'), profileOf(options.schedulerConfiguration));
    const nodeLifecycle = new NodeLifecycleController(contextOf('node-lifecycle'), this.#kubelets);
    this.#kubelets.listen({
      nodeWentDown: (name) => nodeLifecycle.watch(name),
      nodeCameBack: (name) => nodeLifecycle.watch(name),
    });
    this.#observers = [
      // Before all others, which ask it.
      {observe: (change) => this.index.apply(change)},
      this.services,
      this.timeline,
      this.#kubelets,
      this.cpu,
      this.scheduler,
      new DeploymentController(contextOf('deployment')),
      new ReplicaSetController(replicaSets),
      new DisruptionController(contextOf('disruption')),
      new EndpointSliceController(endpointSlices),
      nodeLifecycle,
      new TaintEvictionController(contextOf('taint-eviction')),
      new PodGarbageCollector(contextOf('pod-garbage')),
      new GarbageCollector(contextOf('garbage')),
      new NamespaceController(contextOf('namespace')),
      new PersistentVolumeController(contextOf('persistent-volume')),
    ];
    for (const namespace of this.api.list(NAMESPACES)) {
      this.#observe({type: 'ADDED', resource: NAMESPACES, object: namespace});
    }
    this.api.onChange((change) => this.#observe(change));
    const {nodes = 0, zones = 0} = options;
    this.addNodes(typeof nodes === 'number' ? zonedNodes(nodes, zones) : nodes);
    // So that namespaces have their service account before somebody creates a pod.
    this.advance(this.parameters.controllerMilliseconds);
  }

  get now(): number {
    return this.clock.now();
  }

  /** Lets time pass, and everything happen that is due. */
  advance(milliseconds: number): void {
    this.clock.runUntil(this.clock.now() + milliseconds);
  }

  /**
   * Lets time pass until the condition holds, looking after each event. False when it still does not after the given
   * time.
   */
  advanceUntil(condition: () => boolean, milliseconds: number): boolean {
    const end = this.clock.now() + milliseconds;
    while (!condition()) {
      if (!this.clock.step(end)) {
        this.clock.runUntil(end);
        return condition();
      }
    }
    return true;
  }

  /**
   * Puts in objects as a real API server told them, with their uids and status: the simulation goes on from there. Pods
   * that run go on running, nodes that were not Ready stay silent. What is new from here on has other uids and
   * generated names than what a simulation of the same seed made, which these objects may come from.
   */
  restore(objects: readonly ApiObject[]): void {
    const uids = objects.map(({metadata}) => metadata.uid).join(' ');
    for (const [index, stream] of this.#naming.entries()) {
      stream.divert(`${index} ${uids}`);
    }
    const order = ({kind}: ApiObject) => {
      const index = RESTORED_FIRST.indexOf(kind);
      return index < 0 ? RESTORED_FIRST.length : index;
    };
    for (const object of [...objects].sort((a, b) => order(a) - order(b))) {
      const {metadata, kind} = object;
      if (kind === 'Node' && conditionOf((object as NodeObject).status, 'Ready')?.status !== 'True') {
        this.#kubelets.keepSilent(metadata.name);
      }
      const {storage} = this.api.context.registry.byName(resourceOf(object));
      this.api.context.store.put(storage, withRevision(this.api.context, object));
    }
    this.advance(this.parameters.nodeStartMilliseconds);
    this.timeline.clear();
  }

  /** The names of the new nodes. */
  addNodes(nodes: readonly SimulatedNode[]): string[] {
    return nodes.map((node) => {
      const name = node.name ?? `node-${++this.#nodeCount}`;
      this.api.create(NODES, nodeObject(name, node, this.#nodeDefaults), 'kubelet');
      return name;
    });
  }

  /** The node falls silent, as after a network fault. Throws a RangeError when there is none of that name. */
  failNode(name: string): void {
    this.#kubelets.fail(name);
  }

  recoverNode(name: string): void {
    this.#kubelets.recover(name);
  }

  /** The kernel panics: its containers are gone, and it is back after nodeRestartSeconds. */
  panicNode(name: string): void {
    this.#kubelets.panic(name);
  }

  /** Brings a node back whose containers are gone. */
  restartNode(name: string): void {
    this.#kubelets.restart(name);
  }

  cordon(name: string, unschedulable = true): void {
    this.api.update(
      NODES,
      undefined,
      name,
      (node) => ({...node, spec: {...(node['spec'] as object | undefined), unschedulable}}),
      {actor: 'kubectl'},
    );
  }

  /** What all of the Service's traffic costs, in milliCPU; its ready endpoints share it evenly. */
  setLoad(service: string, milliCPU: number): void {
    const {namespace, name} = fromKey(service);
    this.api.update(
      SERVICES,
      namespace,
      name,
      (current) => ({
        ...current,
        metadata: {
          ...current.metadata,
          annotations: {...current.metadata.annotations, [SERVICE_LOAD]: `${milliCPU}m`},
        },
      }),
      {actor: 'load'},
    );
  }

  /** Its containers end now. Throws a RangeError when no such pod is on a node. */
  crashPod(namespace: string, name: string): void {
    const pod = this.api.get(PODS, namespace, name) as PodObject | undefined;
    if (pod?.spec.nodeName === undefined) {
      throw new RangeError(`Pod ${namespace}/${name}: expected one that is on a node, found none`);
    }
    this.#kubelets.crash(pod.spec.nodeName, pod.metadata.uid);
  }

  /** Whether the node answers, whatever the control plane has noticed of it yet. */
  isUp(node: string | undefined): boolean {
    return this.#kubelets.isAlive(node ?? '');
  }

  pods(namespace?: string): readonly PodObject[] {
    return this.api.list(PODS, namespace) as readonly PodObject[];
  }

  /** What each node that answers uses now. */
  usage(): NodeUsage[] {
    return this.api.list(NODES).flatMap(({metadata}) => this.cpu.nodeUsage(metadata.name) ?? []);
  }

  /** As metrics-server would tell it now, without its delay; undefined of what does not run. */
  nodeMetrics(name: string): Metrics | undefined {
    const usage = this.cpu.nodeUsage(name);
    if (usage === undefined) {
      return undefined;
    }
    const memory = this.index.podsOnNode(name).reduce((sum, pod) => sum + podMemory(pod), 0);
    return {milliCpu: usage.usage, memoryBytes: memory};
  }

  /** By container; what is known of the pod is shared evenly by its containers. */
  podMetrics(namespace: string, name: string): Readonly<Record<string, Metrics>> | undefined {
    const pod = this.api.get(PODS, namespace, name) as PodObject | undefined;
    const usage =
      pod === undefined ? undefined : this.cpu.podUsage(pod.spec.nodeName ?? '', pod.metadata.uid);
    if (pod === undefined || usage === undefined) {
      return undefined;
    }
    const containers = pod.spec.containers ?? [];
    const each = {milliCpu: usage.usage / containers.length, memoryBytes: podMemory(pod) / containers.length};
    return Object.fromEntries(containers.map((container) => [container.name ?? '', each]));
  }

  #observe(change: ObjectChange): void {
    for (const observer of this.#observers) {
      observer.observe(change);
    }
  }
}
