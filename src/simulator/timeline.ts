/** What happened in a simulated cluster, as values: for a demo to print and for foresight to judge. */
import type {Clock} from '../clock.ts';
import type {ObjectChange} from './cluster-api.ts';
import type {Kubelets, NodeListener} from './kubelet/kubelets.ts';
import type {CpuListener, NodeLoad} from './load/cpu-model.ts';
import type {ServiceDirectory, ServiceListener} from './load/service-directory.ts';
import {
  conditionOf,
  controllerOf,
  isPodActive,
  isPodReady,
  NODES,
  type NodeObject,
  PODS,
  type PodObject,
} from './objects.ts';

interface PodReference {
  readonly namespace: string;
  readonly pod: string;
  /** The name of what controls it, such as a ReplicaSet's. */
  readonly owner?: string;
}

/** Times are milliseconds since the epoch. */
export type TimelineEntry = {readonly at: number} & (
  | {
      readonly kind: 'NodeSaturated';
      readonly node: string;
      readonly demand: number;
      readonly capacity: number;
    }
  | {readonly kind: 'NodePanicked' | 'NodeFailed' | 'NodeReturned' | 'NodeNotReady'; readonly node: string}
  | ({readonly kind: 'PodPlaced'; readonly node: string} & PodReference)
  /** Its replacement is on another node. */
  | ({
      readonly kind: 'PodMoved';
      readonly from: string;
      readonly node: string;
      readonly replaces: string;
    } & PodReference)
  | ({readonly kind: 'PodUnschedulable'; readonly message: string} & PodReference)
  | ({readonly kind: 'PodReady' | 'PodUnready' | 'PodGone'; readonly node: string} & PodReference)
  | ({readonly kind: 'PodCrashed'; readonly node: string; readonly restarts: number} & PodReference)
  /** No ready endpoint on a node that answers, after there was one. */
  | {readonly kind: 'ServiceDown' | 'ServiceUp'; readonly service: string}
);

/** From when to when a Service had nobody to answer; open while `to` is absent. */
export interface Outage {
  readonly service: string;
  readonly from: number;
  readonly to?: number;
}

export class Timeline implements NodeListener, ServiceListener, CpuListener {
  readonly #clock: Clock;
  readonly #kubelets: Kubelets;
  readonly #services: ServiceDirectory;
  readonly #limit: number;
  readonly #entries: TimelineEntry[] = [];
  /** Replicas that went, by owner, until a replacement has a node. */
  readonly #lost = new Map<string, {readonly pod: string; readonly node: string}[]>();
  readonly #gone = new Set<string>();
  readonly #isServed = new Map<string, boolean>();
  readonly #down = new Set<string>();

  constructor(clock: Clock, kubelets: Kubelets, services: ServiceDirectory, limit: number) {
    this.#clock = clock;
    this.#kubelets = kubelets;
    this.#services = services;
    this.#limit = limit;
    kubelets.listen(this);
    services.listen(this);
  }

  /** Oldest first; of a very long run only the newest. */
  get entries(): readonly TimelineEntry[] {
    return this.#entries;
  }

  /** Forgets what was, so that a story can begin after its setting is built. */
  clear(): void {
    this.#entries.length = 0;
  }

  nodeWentDown(node: string, why: 'failed' | 'panicked'): void {
    this.#down.add(node);
    this.#add({at: this.#clock.now(), kind: why === 'panicked' ? 'NodePanicked' : 'NodeFailed', node});
    this.#checkServices();
  }

  nodeCameBack(node: string): void {
    // A new node comes up the same way; only one that was down returns.
    if (this.#down.delete(node)) {
      this.#add({at: this.#clock.now(), kind: 'NodeReturned', node});
    }
    this.#checkServices();
  }

  nodeSaturated({node, demand, capacity}: NodeLoad): void {
    this.#add({at: this.#clock.now(), kind: 'NodeSaturated', node, demand, capacity});
  }

  nodeRelieved(): void {
    // Whatever relieved it, such as its panic, is told already.
  }

  serviceChanged(service: string): void {
    const isServed = this.#services
      .endpoints(service)
      .some(({spec}) => this.#kubelets.isAlive(spec.nodeName ?? ''));
    const was = this.#isServed.get(service);
    if (isServed === was || (was === undefined && !isServed)) {
      return;
    }
    this.#isServed.set(service, isServed);
    if (was !== undefined) {
      this.#add({at: this.#clock.now(), kind: isServed ? 'ServiceUp' : 'ServiceDown', service});
    }
  }

  observe(change: ObjectChange): void {
    if (change.resource === NODES) {
      this.#observeNode(change.object, change.previous);
    } else if (change.resource === PODS) {
      this.#observePod(change.type, change.object as PodObject, change.previous as PodObject | undefined);
    }
  }

  outages(): Outage[] {
    const outages: Outage[] = [];
    const open = new Map<string, number>();
    for (const entry of this.#entries) {
      if (entry.kind === 'ServiceDown') {
        open.set(entry.service, outages.push({service: entry.service, from: entry.at}) - 1);
      } else if (entry.kind === 'ServiceUp') {
        const index = open.get(entry.service);
        const outage = index === undefined ? undefined : outages[index];
        if (index !== undefined && outage !== undefined) {
          outages[index] = {...outage, to: entry.at};
        }
        open.delete(entry.service);
      }
    }
    return outages;
  }

  #checkServices(): void {
    for (const key of this.#services.keys()) {
      this.serviceChanged(key);
    }
  }

  #observeNode(node: NodeObject, previous: NodeObject | undefined): void {
    const readyOf = (each: NodeObject) => conditionOf(each.status, 'Ready')?.status;
    if (previous !== undefined && readyOf(previous) === 'True' && readyOf(node) !== 'True') {
      this.#add({at: this.#clock.now(), kind: 'NodeNotReady', node: node.metadata.name});
    }
  }

  #observePod(type: ObjectChange['type'], pod: PodObject, previous: PodObject | undefined): void {
    const at = this.#clock.now();
    const reference = referenceTo(pod);
    const {nodeName: node} = pod.spec;
    if (node === undefined) {
      this.#observeUnschedulable(pod, previous);
      return;
    }
    if (type !== 'DELETED' && previous?.spec.nodeName === undefined) {
      this.#placed(pod, node);
    }
    if (previous !== undefined && isPodReady(previous) !== isPodReady(pod)) {
      this.#add({at, kind: isPodReady(pod) ? 'PodReady' : 'PodUnready', node, ...reference});
    }
    if (restartsOf(pod) > restartsOf(previous)) {
      this.#add({at, kind: 'PodCrashed', node, restarts: restartsOf(pod), ...reference});
    }
    if (type === 'ADDED' && !isPodActive(pod)) {
      // It went before the timeline began: whatever replaces it does so already.
      this.#gone.add(pod.metadata.uid);
    } else if ((type === 'DELETED' || !isPodActive(pod)) && !this.#gone.has(pod.metadata.uid)) {
      this.#gone.add(pod.metadata.uid);
      const owner = ownerKey(pod);
      if (owner !== undefined) {
        this.#lost.set(owner, [...(this.#lost.get(owner) ?? []), {pod: pod.metadata.name, node}]);
      }
      this.#add({at, kind: 'PodGone', node, ...reference});
    }
    if (type === 'DELETED') {
      this.#gone.delete(pod.metadata.uid);
    }
  }

  #observeUnschedulable(pod: PodObject, previous: PodObject | undefined): void {
    const scheduled = conditionOf(pod.status, 'PodScheduled');
    const before = conditionOf(previous?.status, 'PodScheduled');
    if (scheduled?.reason === 'Unschedulable' && before?.message !== scheduled.message) {
      const message = scheduled.message ?? '';
      this.#add({at: this.#clock.now(), kind: 'PodUnschedulable', message, ...referenceTo(pod)});
    }
  }

  #placed(pod: PodObject, node: string): void {
    const at = this.#clock.now();
    const owner = ownerKey(pod);
    const [lost, ...others] = this.#lost.get(owner ?? '') ?? [];
    if (owner === undefined || lost === undefined) {
      this.#add({at, kind: 'PodPlaced', node, ...referenceTo(pod)});
      return;
    }
    if (others.length === 0) {
      this.#lost.delete(owner);
    } else {
      this.#lost.set(owner, others);
    }
    this.#add({at, kind: 'PodMoved', from: lost.node, node, replaces: lost.pod, ...referenceTo(pod)});
  }

  #add(entry: TimelineEntry): void {
    this.#entries.push(entry);
    // In blocks, so that a long run does not shift the list with every entry.
    if (this.#entries.length > 2 * this.#limit) {
      this.#entries.splice(0, this.#entries.length - this.#limit);
    }
  }
}

function referenceTo(pod: PodObject): PodReference {
  const owner = controllerOf(pod)?.name;
  return {
    namespace: pod.metadata.namespace ?? '',
    pod: pod.metadata.name,
    ...(owner === undefined ? {} : {owner}),
  };
}

function ownerKey(pod: PodObject): string | undefined {
  return controllerOf(pod)?.uid;
}

function restartsOf(pod: PodObject | undefined): number {
  return Math.max(0, ...(pod?.status?.containerStatuses ?? []).map(({restartCount}) => restartCount));
}

/** One line for people: `+75.0s node-1 panicked`. `since` is what the seconds count from. */
export function describeEntry(entry: TimelineEntry, since: number): string {
  const time = `+${((entry.at - since) / 1000).toFixed(1)}s`;
  return `${time} ${whatHappened(entry)}`;
}

function whatHappened(entry: TimelineEntry): string {
  switch (entry.kind) {
    case 'NodeSaturated':
      return `${entry.node} is saturated: ${Math.round(entry.demand)}m wanted of ${entry.capacity}m`;
    case 'NodePanicked':
      return `${entry.node} panicked`;
    case 'NodeFailed':
      return `${entry.node} failed`;
    case 'NodeReturned':
      return `${entry.node} is back`;
    case 'NodeNotReady':
      return `${entry.node} is noticed to be not Ready`;
    case 'PodPlaced':
      return `${entry.pod} goes to ${entry.node}`;
    case 'PodMoved':
      return `${entry.pod} goes to ${entry.node} in place of ${entry.replaces} on ${entry.from}`;
    case 'PodUnschedulable':
      return `${entry.pod} finds no node: ${entry.message}`;
    case 'PodReady':
      return `${entry.pod} on ${entry.node} is Ready`;
    case 'PodUnready':
      return `${entry.pod} on ${entry.node} is not Ready`;
    case 'PodGone':
      return `${entry.pod} on ${entry.node} goes`;
    case 'PodCrashed':
      return `${entry.pod} on ${entry.node} starts again, restart ${entry.restarts}`;
    case 'ServiceDown':
      return `Service ${entry.service} has no endpoint left`;
    case 'ServiceUp':
      return `Service ${entry.service} has an endpoint again`;
    default:
      return entry satisfies never;
  }
}
