/** The nodes that a simulation begins with. Pure. */
import type {Taint} from '../cluster/node.ts';

export interface SimulatedNode {
  /** `node-1`, `node-2`, … in order of creation when absent. */
  readonly name?: string;
  /** Value of topology.kubernetes.io/zone. */
  readonly zone?: string;
  /** Quantities, such as `4` or `3500m`, and `16Gi`. */
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
}

export interface NodeDefaults {
  readonly cpu?: string;
  readonly memory?: string;
  readonly podsPerNode?: number;
}

/** Spread evenly over zones named zone-a, zone-b, …; 0 zones leave the label out. */
export function zonedNodes(count: number, zones: number): SimulatedNode[] {
  return Array.from({length: count}, (_, index) =>
    zones === 0 ? {} : {zone: `zone-${String.fromCharCode('a'.charCodeAt(0) + (index % zones))}`},
  );
}

export function nodeObject(name: string, node: SimulatedNode, defaults: NodeDefaults): object {
  const resources = {
    cpu: node.cpu ?? defaults.cpu ?? '4',
    memory: node.memory ?? defaults.memory ?? '16Gi',
    pods: String(node.pods ?? defaults.podsPerNode ?? 110),
    'ephemeral-storage': '100Gi',
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        ...(node.zone === undefined
          ? {}
          : {'topology.kubernetes.io/zone': node.zone, 'topology.kubernetes.io/region': 'simulated'}),
        ...node.labels,
      },
    },
    spec: {
      ...(node.taints === undefined ? {} : {taints: node.taints}),
      ...(node.unschedulable === true ? {unschedulable: true} : {}),
    },
    status: {capacity: resources, allocatable: resources},
  };
}
