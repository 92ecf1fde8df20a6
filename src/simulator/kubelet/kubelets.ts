/** The kubelets of all nodes: what happens to the pods of each, and whether it answers. */
import type {ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import type {Heartbeats} from '../controllers/node-lifecycle-controller.ts';
import {
  conditionOf,
  NODES,
  type NodeObject,
  PODS,
  type PodObject,
  withCondition,
  writeStatus,
} from '../objects.ts';
import {timestamp} from '../timestamp.ts';
import {address, nodeStatus, READY_CONDITIONS} from './node-status.ts';
import {KUBELET, PodWorker} from './pod-worker.ts';

/** As in test/controlplane: the kubelet of a node with this label is silent. */
const FAILED_LABEL = 'spread-operator.test/failed';

interface NodeState {
  readonly hostIP: string;
  isUp: boolean;
  /** Since when it does not answer, or when it came. */
  since: number;
  readonly pods: Map<string, PodWorker>;
  cancelRestart: () => void;
}

export interface NodeListener {
  nodeWentDown(name: string, why: 'failed' | 'panicked'): void;
  nodeCameBack(name: string): void;
}

export class Kubelets implements Heartbeats {
  readonly #context: SimulationContext;
  readonly #nodes = new Map<string, NodeState>();
  readonly #listeners: NodeListener[] = [];
  readonly #silentFromStart = new Set<string>();
  #addresses = 0;
  #nodeAddresses = 0;

  constructor(context: SimulationContext) {
    this.#context = context;
  }

  listen(listener: NodeListener): void {
    this.#listeners.push(listener);
  }

  isAlive(node: string): boolean {
    return this.#nodes.get(node)?.isUp === true;
  }

  /** Leases are not written as objects: this is when the last one would have been renewed. */
  lastHeartbeat(node: string): number | undefined {
    const state = this.#nodes.get(node);
    if (state === undefined || state.isUp) {
      return state === undefined ? undefined : this.#context.clock.now();
    }
    const period = this.#context.parameters.nodeLeaseRenewSeconds * 1000;
    return period === 0 ? state.since : state.since - (state.since % period);
  }

  /** The pods that run on a node that answers. */
  *runningPods(node: string): Iterable<PodWorker> {
    const state = this.#nodes.get(node);
    if (state?.isUp === true) {
      for (const worker of state.pods.values()) {
        if (worker.isRunning) {
          yield worker;
        }
      }
    }
  }

  worker(node: string, uid: string): PodWorker | undefined {
    return this.#nodes.get(node)?.pods.get(uid);
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    if (resource === NODES) {
      this.#observeNode(type, object, previous);
    } else if (resource === PODS) {
      this.#observePod(type, object as PodObject);
    }
  }

  /** A node of this name does not answer when it comes, until it is told to recover. */
  keepSilent(name: string): void {
    this.#silentFromStart.add(name);
  }

  /** The node stops answering; its containers go on where nobody sees them. */
  fail(name: string): void {
    this.#goDown(this.#node(name), name, 'failed');
  }

  /** The opposite of `fail`. */
  recover(name: string): void {
    const state = this.#node(name);
    if (state.isUp) {
      return;
    }
    this.#comeUp(state, name, (worker) => worker.thaw());
  }

  /** The kernel panics: every container is gone, and the node is back after its restart time. */
  panic(name: string): void {
    const {clock, parameters} = this.#context;
    const state = this.#node(name);
    this.#goDown(state, name, 'panicked');
    state.cancelRestart = clock.after(parameters.nodeRestartSeconds * 1000, () => this.restart(name));
  }

  /** Brings a node back whose containers are gone. */
  restart(name: string): void {
    this.#comeUp(this.#node(name), name, (worker) => worker.restart());
  }

  crash(node: string, uid: string): void {
    this.worker(node, uid)?.crash();
  }

  #node(name: string): NodeState {
    const state = this.#nodes.get(name);
    if (state === undefined) {
      throw new RangeError(`Node ${name}: expected one of ${[...this.#nodes.keys()].join(', ') || 'none'}`);
    }
    return state;
  }

  #goDown(state: NodeState, name: string, why: 'failed' | 'panicked'): void {
    state.cancelRestart();
    if (!state.isUp) {
      return;
    }
    state.isUp = false;
    state.since = this.#context.clock.now();
    for (const worker of state.pods.values()) {
      worker.freeze();
    }
    for (const listener of this.#listeners) {
      listener.nodeWentDown(name, why);
    }
  }

  #comeUp(state: NodeState, name: string, resume: (worker: PodWorker) => void): void {
    state.cancelRestart();
    state.isUp = true;
    state.since = this.#context.clock.now();
    // What was deleted or came while nobody listened.
    const {index} = this.#context;
    const pods = new Map(index.podsOnNode(name).map((pod) => [pod.metadata.uid, pod]));
    for (const [uid, worker] of state.pods) {
      const pod = pods.get(uid);
      if (pod === undefined) {
        worker.freeze();
        state.pods.delete(uid);
      } else {
        worker.refresh(pod);
      }
    }
    this.#reportReady(name);
    for (const worker of Array.from(state.pods.values())) {
      resume(worker);
    }
    for (const pod of pods.values()) {
      this.#admit(state, pod);
    }
    for (const listener of this.#listeners) {
      listener.nodeCameBack(name);
    }
  }

  #observeNode(type: ObjectChange['type'], node: NodeObject, previous: NodeObject | undefined): void {
    const {name} = node.metadata;
    const known = this.#nodes.get(name);
    if (type === 'DELETED') {
      known?.cancelRestart();
      for (const worker of known?.pods.values() ?? []) {
        worker.freeze();
      }
      this.#nodes.delete(name);
      return;
    }
    if (known === undefined) {
      this.#register(node);
      return;
    }
    const isSilenced = isLabelledFailed(node);
    if (isSilenced && known.isUp) {
      this.#later(name, () => this.fail(name));
    } else if (!isSilenced && isLabelledFailed(previous)) {
      this.#later(name, () => this.recover(name));
    } else if (known.isUp && conditionOf(node.status, 'Ready')?.status !== 'True') {
      this.#later(name, () => this.#reportReady(name));
    }
  }

  // After the change that is being told, and unless the node is gone by then.
  #later(name: string, act: () => void): void {
    this.#context.clock.after(0, () => {
      if (this.#nodes.has(name)) {
        act();
      }
    });
  }

  #register({metadata}: NodeObject): void {
    const {clock, parameters} = this.#context;
    const {name} = metadata;
    const state: NodeState = {
      hostIP: address('192.168', ++this.#nodeAddresses),
      isUp: false,
      since: clock.now(),
      pods: new Map(),
      cancelRestart: () => undefined,
    };
    this.#nodes.set(name, state);
    if (!this.#silentFromStart.delete(name)) {
      state.cancelRestart = clock.after(parameters.nodeStartMilliseconds, () => this.recover(name));
    }
  }

  #reportReady(name: string): void {
    const {api, clock, index} = this.#context;
    const state = this.#nodes.get(name);
    const node = index.node(name);
    if (state?.isUp !== true || node === undefined) {
      return;
    }
    const now = timestamp(clock.now());
    writeStatus(api, NODES, node, KUBELET, (current) => {
      const {status} = current as NodeObject;
      let conditions = status?.conditions ?? [];
      for (const condition of READY_CONDITIONS) {
        conditions = withCondition(conditions, {
          ...condition,
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        });
      }
      return {...nodeStatus(current, state.hostIP), conditions};
    });
  }

  #observePod(type: ObjectChange['type'], pod: PodObject): void {
    const {uid} = pod.metadata;
    const state = this.#nodes.get(pod.spec.nodeName ?? '');
    if (state === undefined) {
      return;
    }
    const worker = state.pods.get(uid);
    if (type === 'DELETED') {
      if (state.isUp) {
        worker?.freeze();
        state.pods.delete(uid);
      }
    } else if (state.isUp) {
      if (worker === undefined) {
        this.#admit(state, pod);
      } else {
        worker.observe(pod);
      }
    }
  }

  #admit(state: NodeState, pod: PodObject): void {
    const {uid} = pod.metadata;
    if (!state.pods.has(uid)) {
      const podIP = address('10', ++this.#addresses);
      state.pods.set(uid, new PodWorker(this.#context, pod, {podIP, hostIP: state.hostIP}));
    }
  }
}

function isLabelledFailed(node: NodeObject | undefined): boolean {
  return node?.metadata.labels?.[FAILED_LABEL] === 'true';
}
