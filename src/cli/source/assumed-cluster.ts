/** A cluster that there is not (yet): empty nodes of one kind, for questions about manifests. */
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {NAMESPACES, NODES} from '../../simulator/objects.ts';
import {SimulatedCluster} from '../../simulator/simulated-cluster.ts';
import {count} from '../output/text.ts';

export interface AssumedCluster {
  readonly nodes: number;
  /** Of each node; quantities. */
  readonly cpu?: string;
  readonly memory?: string;
  /** Over which the nodes are spread; none when absent. */
  readonly zones?: number;
  readonly podsPerNode?: number;
}

/** What the documentation and every answer says of an assumed cluster. */
const ASSUMED = {cpu: '4', memory: '16Gi', podsPerNode: 110} as const;
/** The newest that the planner's model of the scheduler was compared with. */
const SERVER = {major: 1, minor: 36} as const;

/** @param now milliseconds since the epoch: when its nodes came up */
export function assumeCluster(options: AssumedCluster, now: number): ClusterPicture {
  const {nodes, zones = 0, cpu, memory, podsPerNode} = {...ASSUMED, ...options};
  const {api} = new SimulatedCluster({start: now, nodes, zones, cpu, memory, podsPerNode, events: false});
  const inZones = zones === 0 ? '' : ` over ${count(zones, 'zone')}`;
  return {
    origin: `an assumed cluster of ${count(nodes, 'empty node')}${inZones}, each with ${cpu} CPU, ${memory} of memory and room for ${podsPerNode} pods`,
    takenAt: now,
    server: SERVER,
    objects: [...api.list(NAMESPACES), ...api.list(NODES)],
    missing: [],
  };
}
