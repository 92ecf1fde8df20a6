import type {KubernetesObject} from './admin.ts';

export interface NodeSpec {
  /** `node-1`, `node-2`, … in order of creation when absent. */
  name?: string;
  /** Value of topology.kubernetes.io/zone. No zone labels when absent. */
  zone?: string;
  /** Quantities, such as `4` or `3500m`, and `16Gi`. */
  cpu?: string;
  memory?: string;
  pods?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  taints?: {key: string; value?: string; effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'}[];
  unschedulable?: boolean;
}

export interface NodeDefaults {
  cpu: string;
  memory: string;
  pods: number;
}

export interface Node extends KubernetesObject {
  spec: {
    unschedulable?: boolean;
    taints?: {key: string; value?: string; effect: string}[];
  };
  status: {
    capacity?: Record<string, string>;
    allocatable?: Record<string, string>;
    conditions?: {type: string; status: string; reason?: string}[];
  };
}

/** KWOK looks after nodes without this label; see failNode. */
export const failedNodeLabel = 'spread-operator.test/failed';

/** Spreads `count` nodes evenly over zones named zone-a, zone-b, …; 0 zones leave the label out. */
export function nodeSpecs(count: number, zones: number): NodeSpec[] {
  return Array.from({length: count}, (_, index) =>
    zones === 0 ? {} : {zone: `zone-${String.fromCharCode('a'.charCodeAt(0) + (index % zones))}`},
  );
}

export function nodeManifest(name: string, spec: NodeSpec, defaults: NodeDefaults): object {
  const resources = {
    cpu: spec.cpu ?? defaults.cpu,
    memory: spec.memory ?? defaults.memory,
    pods: String(spec.pods ?? defaults.pods),
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
        ...(spec.zone === undefined
          ? {}
          : {'topology.kubernetes.io/zone': spec.zone, 'topology.kubernetes.io/region': 'test'}),
        ...spec.labels,
      },
      annotations: spec.annotations ?? {},
    },
    spec: {
      ...(spec.taints === undefined ? {} : {taints: spec.taints}),
      ...(spec.unschedulable === true ? {unschedulable: true} : {}),
    },
    status: {capacity: resources, allocatable: resources},
  };
}

export function isReady(node: Node): boolean {
  return node.status.conditions?.some(({type, status}) => type === 'Ready' && status === 'True') ?? false;
}

/** A node that just became Ready still carries this taint for a moment, and the scheduler avoids it. */
export function hasNotReadyTaint(node: Node): boolean {
  return (
    node.spec.taints?.some(({key}) =>
      ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].includes(key),
    ) ?? false
  );
}

/** node-2 before node-10. */
export function compareNames(left: string, right: string): number {
  return left.localeCompare(right, 'en', {numeric: true});
}
