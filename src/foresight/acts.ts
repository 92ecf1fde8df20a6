/** What is asked of the simulation: losses, load, drains and new nodes. Pure. */
import {parseMilli} from '../cluster/quantity.ts';
import {compareText} from '../cluster/snapshot.ts';
import {evict} from '../simulator/apiserver/eviction.ts';
import {milliOf, SERVICE_LOAD} from '../simulator/load/pod-cpu.ts';
import {
  controllerOf,
  isPodFinished,
  keyOf,
  NODES,
  type NodeObject,
  PODS,
  type PodObject,
  SERVICES,
} from '../simulator/objects.ts';
import type {SimulatedCluster} from '../simulator/simulated-cluster.ts';
import type {DrainOutcome} from './outcome.ts';

/** Where its pods went is known later. */
export type Drained = Omit<DrainOutcome, 'moves'>;

export type Act =
  | {readonly kind: 'Lose'; readonly nodes: readonly string[]}
  /** `service` is `namespace/name`; either what its traffic costs from now on, or how many times what it costs now. */
  | {readonly kind: 'Load'; readonly service: string; readonly milliCpu: number}
  | {readonly kind: 'Load'; readonly service: string; readonly factor: number}
  | {readonly kind: 'Drain'; readonly node: string}
  | {readonly kind: 'AddNodes'; readonly count: number; readonly cpu?: string; readonly memory?: string};

/** As kubectl drain asks again for what a budget refuses. */
const DRAIN_PERIOD_SECONDS = 5;
const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

/** Throws a RangeError that names what the cluster does not have. */
export function assertActable(cluster: SimulatedCluster, acts: readonly Act[]): void {
  for (const act of acts) {
    if (act.kind === 'Lose' || act.kind === 'Drain') {
      for (const node of act.kind === 'Lose' ? act.nodes : [act.node]) {
        if (cluster.api.get(NODES, undefined, node) === undefined) {
          throw new RangeError(`node ${node}: expected ${oneOf(namesOf(cluster, NODES))}`);
        }
      }
    } else if (act.kind === 'Load' && serviceOf(cluster, act.service) === undefined) {
      throw new RangeError(`Service ${act.service}: expected ${oneOf(namesOf(cluster, SERVICES))}`);
    }
  }
}

/** Loses, loads and adds at once; a drain takes its time, at most what is given. */
export function carryOut(cluster: SimulatedCluster, act: Act, limitSeconds: number): Drained | undefined {
  switch (act.kind) {
    case 'Lose':
      for (const node of act.nodes) {
        cluster.failNode(node);
      }
      return undefined;
    case 'Load': {
      const now = milliOf(serviceOf(cluster, act.service)?.metadata.annotations?.[SERVICE_LOAD]);
      cluster.setLoad(act.service, Math.round('factor' in act ? now * act.factor : act.milliCpu));
      return undefined;
    }
    case 'AddNodes':
      addNodes(cluster, act);
      return undefined;
    case 'Drain':
      return drain(cluster, act.node, limitSeconds);
    default:
      return act satisfies never;
  }
}

function serviceOf(cluster: SimulatedCluster, key: string) {
  return cluster.services.service(key);
}

function namesOf(cluster: SimulatedCluster, resource: string): string[] {
  return cluster.api.list(resource).map(({metadata}) => keyOf(metadata));
}

const MOST_NAMES = 8;

function oneOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length === 0
    ? 'one, but there is none'
    : `one of ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Each like one that there is, in the zone that has the fewest. */
function addNodes(cluster: SimulatedCluster, act: Act & {readonly kind: 'AddNodes'}): void {
  for (let index = 0; index < act.count; index++) {
    const nodes = cluster.api.list(NODES) as readonly NodeObject[];
    const model = modelAmong(nodes);
    if (model === undefined) {
      throw new RangeError('--add-nodes: expected a cluster with a node to copy, found none');
    }
    cluster.api.create(NODES, likeOf(model, newName(nodes), act), 'kubelet');
  }
}

/** A schedulable node of the smallest zone. */
function modelAmong(nodes: readonly NodeObject[]): NodeObject | undefined {
  const sizes = new Map<string, number>();
  const zoneOf = ({metadata}: NodeObject) => metadata.labels?.[ZONE] ?? '';
  for (const node of nodes) {
    sizes.set(zoneOf(node), (sizes.get(zoneOf(node)) ?? 0) + 1);
  }
  const open = nodes.filter(({spec}) => spec?.unschedulable !== true && (spec?.taints ?? []).length === 0);
  const [model] = (open.length > 0 ? open : nodes).toSorted(
    (a, b) =>
      (sizes.get(zoneOf(a)) ?? 0) - (sizes.get(zoneOf(b)) ?? 0) ||
      compareText(a.metadata.name, b.metadata.name),
  );
  return model;
}

function newName(nodes: readonly NodeObject[]): string {
  const names = new Set(nodes.map(({metadata}) => metadata.name));
  for (let number = 1; ; number++) {
    const name = `new-node-${number}`;
    if (!names.has(name)) {
      return name;
    }
  }
}

function likeOf(
  {metadata, status}: NodeObject,
  name: string,
  {cpu, memory}: {cpu?: string; memory?: string},
): object {
  const changed = {...(cpu === undefined ? {} : {cpu}), ...(memory === undefined ? {} : {memory})};
  return {
    metadata: {name, labels: {...metadata.labels, [HOSTNAME]: name}},
    spec: {},
    status: {capacity: {...status?.capacity, ...changed}, allocatable: {...status?.allocatable, ...changed}},
  };
}

/** As `kubectl drain --ignore-daemonsets --delete-emptydir-data --force` does. */
function drain(cluster: SimulatedCluster, node: string, limitSeconds: number): Drained {
  cluster.cordon(node);
  const start = cluster.now;
  const end = start + limitSeconds * 1000;
  let refused = new Map<string, string>();
  for (;;) {
    const left = cluster.index.podsOnNode(node).filter(isDrained);
    if (left.length === 0) {
      return {node, seconds: Math.round((cluster.now - start) / 1000), left: []};
    }
    if (cluster.now >= end) {
      return {
        node,
        left: left.map(({metadata}) => ({
          namespace: metadata.namespace ?? '',
          pod: metadata.name,
          reason: refused.get(keyOf(metadata)) ?? 'it is still terminating',
        })),
      };
    }
    refused = new Map();
    for (const pod of left) {
      const reason = pod.metadata.deletionTimestamp === undefined ? refusalOf(cluster, pod) : undefined;
      if (reason !== undefined) {
        refused.set(keyOf(pod.metadata), reason);
      }
    }
    cluster.advance(DRAIN_PERIOD_SECONDS * 1000);
  }
}

function isDrained(pod: PodObject): boolean {
  const isMirror = pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
  return !isMirror && controllerOf(pod)?.kind !== 'DaemonSet' && !isPodFinished(pod);
}

/** Evicts the pod; the API server's reason when it refuses. */
function refusalOf(cluster: SimulatedCluster, {metadata}: PodObject): string | undefined {
  const {context} = cluster.api;
  const pods = context.registry.byName(PODS);
  try {
    const {status, message} = evict(
      {
        context,
        deletePod: (namespace, name, options) => cluster.api.deleteObject(pods, namespace, name, options),
      },
      metadata.namespace ?? '',
      metadata.name,
      {},
      false,
    );
    return status === 'Success' ? undefined : message;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Quantities as people write them: `2x`, `3500m`, `4`. Throws a RangeError. */
export function parseLoad(text: string): {readonly factor: number} | {readonly milliCpu: number} {
  const factor = /^(\d+(?:\.\d+)?)x$/.exec(text)?.[1];
  if (factor !== undefined) {
    return {factor: Number(factor)};
  }
  try {
    const milliCpu = parseMilli(text);
    if (milliCpu >= 0) {
      return {milliCpu};
    }
  } catch {
    // The message below says what is expected of a load, not of a quantity in general.
  }
  throw new RangeError(`load "${text}": expected a factor such as 2x, or CPU such as 3500m or 4`);
}
