/**
 * Notices that kubelets have fallen silent: conditions become Unknown, pods not Ready, nodes tainted.
 * Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go of Kubernetes 1.36.
 *
 * Upstream looks at every node every 5 s. Here a look is taken at the same moments, but only while some node is not
 * plainly healthy, so that a thousand healthy nodes cost nothing.
 */
import {compareText} from '../../cluster/snapshot.ts';
import type {ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {
  type Condition,
  conditionOf,
  isPodReady,
  NODES,
  type NodeObject,
  PODS,
  type PodObject,
  withCondition,
  writeStatus,
} from '../objects.ts';
import {timestamp} from '../timestamp.ts';
import {
  changeTaints,
  hasNoExecuteTaint,
  NODE_CONTROLLER,
  NOT_READY,
  setNoExecuteTaint,
  taintsOf,
  UNREACHABLE,
  withNoScheduleTaints,
} from './node-taints.ts';
import {taintRate, type ZoneState, zoneOf, zoneState} from './node-zones.ts';
import {WorkQueue} from './work-queue.ts';

/** What the kubelets tell by renewing their leases. */
export interface Heartbeats {
  /** When the node's lease was renewed last, milliseconds since the epoch; undefined when it never was. */
  lastHeartbeat(node: string): number | undefined;
  /** Whether the node goes on renewing it. */
  isAlive(node: string): boolean;
}

export class NodeLifecycleController {
  readonly #context: SimulationContext;
  readonly #heartbeats: Heartbeats;
  readonly #noSchedule: WorkQueue;
  /** Nodes that are not plainly healthy, or were not at the last look. */
  readonly #watched = new Set<string>();
  /** By zone, the nodes that wait for their NoExecute taint. */
  readonly #toTaint = new Map<string, Set<string>>();
  readonly #zones = new Map<string, {state: ZoneState; rate: number; nextTaintAt: number}>();
  /** After a time in which no node answered, heartbeats count from its end. */
  #heartbeatsCountFrom = Number.NEGATIVE_INFINITY;
  #allDisrupted = false;
  readonly #startedAt: number;
  #isLooking = false;

  constructor(context: SimulationContext, heartbeats: Heartbeats) {
    this.#context = context;
    this.#heartbeats = heartbeats;
    this.#startedAt = context.clock.now();
    const {controllerMilliseconds} = context.parameters;
    this.#noSchedule = new WorkQueue(context.clock, controllerMilliseconds, (name) =>
      changeTaints(context.api, name, withNoScheduleTaints),
    );
  }

  observe({type, resource, object}: ObjectChange): void {
    if (resource !== NODES) {
      return;
    }
    const node = object as NodeObject;
    if (type === 'DELETED') {
      this.#watched.delete(node.metadata.name);
      this.#toTaint.get(zoneOf(node))?.delete(node.metadata.name);
      return;
    }
    if (withNoScheduleTaints(node) !== taintsOf(node)) {
      this.#noSchedule.add(node.metadata.name);
    }
    if (!this.#isHealthy(node)) {
      this.watch(node.metadata.name);
    }
  }

  /** Has the node looked at from now on; the kubelets call it when one falls silent. */
  watch(name: string): void {
    this.#watched.add(name);
    if (!this.#isLooking) {
      this.#isLooking = true;
      this.#lookLater();
    }
  }

  #isHealthy(node: NodeObject): boolean {
    return (
      conditionOf(node.status, 'Ready')?.status === 'True' &&
      this.#heartbeats.isAlive(node.metadata.name) &&
      !hasNoExecuteTaint(node, NOT_READY) &&
      !hasNoExecuteTaint(node, UNREACHABLE)
    );
  }

  #lookLater(): void {
    const {clock, parameters} = this.#context;
    const period = parameters.nodeMonitorPeriodSeconds * 1000;
    const passed = clock.now() - this.#startedAt;
    clock.after(period - (passed % period), () => {
      this.#monitor();
      this.#isLooking = this.#watched.size > 0;
      if (this.#isLooking) {
        this.#lookLater();
      }
    });
  }

  /** monitorNodeHealth */
  #monitor(): void {
    for (const name of [...this.#watched].sort(compareText)) {
      const node = this.#context.index.node(name);
      if (node === undefined) {
        this.#watched.delete(name);
        continue;
      }
      this.#monitorNode(node);
    }
    this.#handleDisruption();
    this.#taintDue();
    for (const name of this.#watched) {
      const node = this.#context.index.node(name);
      if (node === undefined || this.#isHealthy(node)) {
        this.#watched.delete(name);
      }
    }
  }

  #monitorNode(node: NodeObject): void {
    const {name} = node.metadata;
    const before = conditionOf(node.status, 'Ready')?.status;
    if (this.#isSilent(node)) {
      this.#markUnknown(node);
    }
    const current = this.#context.index.node(name) ?? node;
    const ready = conditionOf(current.status, 'Ready')?.status;
    if (ready === 'True') {
      this.#cancelTaint(current);
      setNoExecuteTaint(this.#context, name, undefined);
    } else if (ready !== undefined) {
      const [own, other] = ready === 'False' ? [NOT_READY, UNREACHABLE] : [UNREACHABLE, NOT_READY];
      if (hasNoExecuteTaint(current, other)) {
        setNoExecuteTaint(this.#context, name, own as typeof NOT_READY);
      } else if (!hasNoExecuteTaint(current, own)) {
        this.#queueTaint(current);
      }
    }
    if (before === 'True' && ready !== 'True') {
      this.#context.events.record(
        current,
        'Normal',
        'NodeNotReady',
        `Node ${name} status is now: NodeNotReady`,
        NODE_CONTROLLER,
      );
      this.#markPodsNotReady(name);
    }
  }

  #isSilent({metadata, status}: NodeObject): boolean {
    const {clock, parameters} = this.#context;
    const everReported = conditionOf(status, 'Ready') !== undefined;
    const grace = everReported
      ? parameters.nodeMonitorGracePeriodSeconds
      : parameters.nodeStartupGracePeriodSeconds;
    const heartbeat = this.#heartbeats.lastHeartbeat(metadata.name) ?? Date.parse(metadata.creationTimestamp);
    return clock.now() > Math.max(heartbeat, this.#heartbeatsCountFrom) + grace * 1000;
  }

  #markUnknown(node: NodeObject): void {
    const now = timestamp(this.#context.clock.now());
    writeStatus(this.#context.api, NODES, node, NODE_CONTROLLER, (current) => {
      const {status, metadata} = current as NodeObject;
      let conditions: readonly Condition[] = status?.conditions ?? [];
      for (const type of ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']) {
        const known = conditions.find((condition) => condition.type === type);
        if (known?.status !== 'Unknown') {
          conditions = withCondition(conditions, {
            type,
            status: 'Unknown',
            lastHeartbeatTime: known?.lastHeartbeatTime ?? metadata.creationTimestamp,
            lastTransitionTime: now,
            reason: known === undefined ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
            message:
              known === undefined
                ? 'Kubelet never posted node status.'
                : 'Kubelet stopped posting node status.',
          });
        }
      }
      return {...status, conditions};
    });
  }

  /** MarkPodsNotReady in pkg/controller/util/node/controller_utils.go */
  #markPodsNotReady(name: string): void {
    const {api, index, clock, events} = this.#context;
    for (const pod of index.podsOnNode(name)) {
      if (!isPodReady(pod)) {
        continue;
      }
      writeStatus(api, PODS, pod, NODE_CONTROLLER, (current) => {
        const {status} = current as PodObject;
        return {
          ...status,
          conditions: withCondition(status?.conditions, {
            ...conditionOf(status, 'Ready'),
            type: 'Ready',
            status: 'False',
            lastTransitionTime: timestamp(clock.now()),
          }),
        };
      });
      events.record(pod, 'Warning', 'NodeNotReady', 'Node is not ready', NODE_CONTROLLER);
    }
  }

  #queueTaint(node: NodeObject): void {
    const zone = zoneOf(node);
    const queue = this.#toTaint.get(zone) ?? new Set<string>();
    queue.add(node.metadata.name);
    this.#toTaint.set(zone, queue);
  }

  #cancelTaint(node: NodeObject): void {
    this.#toTaint.get(zoneOf(node))?.delete(node.metadata.name);
  }

  #handleDisruption(): void {
    const {index, clock, parameters} = this.#context;
    const counts = new Map<string, {ready: number; notReady: number}>();
    for (const node of index.nodes()) {
      const count = counts.get(zoneOf(node)) ?? {ready: 0, notReady: 0};
      count[conditionOf(node.status, 'Ready')?.status === 'True' ? 'ready' : 'notReady']++;
      counts.set(zoneOf(node), count);
    }
    const states = new Map<string, ZoneState>();
    for (const [zone, {ready, notReady}] of counts) {
      states.set(zone, zoneState(ready, notReady, parameters.unhealthyZoneThreshold));
    }
    const all = [...states.values()].every((state) => state === 'FullDisruption');
    if (all && !this.#allDisrupted) {
      // Rather the network or the control plane than every node: all evictions stop.
      for (const {metadata} of index.nodes()) {
        setNoExecuteTaint(this.#context, metadata.name, undefined);
      }
    } else if (!all && this.#allDisrupted) {
      this.#heartbeatsCountFrom = clock.now();
    }
    this.#allDisrupted = all;
    for (const [zone, state] of states) {
      const {ready, notReady} = counts.get(zone) ?? {ready: 0, notReady: 0};
      const nextTaintAt = this.#zones.get(zone)?.nextTaintAt ?? Number.NEGATIVE_INFINITY;
      const rate = all ? 0 : taintRate(state, ready + notReady, parameters);
      this.#zones.set(zone, {state, rate, nextTaintAt});
    }
  }

  /** doNoExecuteTaintingPass: as many as the zone's rate allows; the others at a later look. */
  #taintDue(): void {
    const {clock, index} = this.#context;
    for (const [zoneKey, queue] of this.#toTaint) {
      const zone = this.#zones.get(zoneKey);
      for (const name of queue) {
        if (zone === undefined || zone.rate === 0 || zone.nextTaintAt > clock.now()) {
          break;
        }
        queue.delete(name);
        const status = conditionOf(index.node(name)?.status, 'Ready')?.status;
        if (status === 'False' || status === 'Unknown') {
          setNoExecuteTaint(this.#context, name, status === 'False' ? NOT_READY : UNREACHABLE);
          zone.nextTaintAt = clock.now() + 1000 / zone.rate;
        }
      }
    }
  }
}
