/**
 * Every number that the simulated cluster runs on, with where it comes from. `docs/simulator.md` shows the same table.
 * What begins with "Assumption" is ours: nobody measured it, and a result that hangs on it should be tried with others.
 */

export interface Parameter {
  readonly value: number;
  /** The upstream default that it is, or "Assumption: …" with the reason for the value. */
  readonly source: string;
}

export const PARAMETERS = {
  // Control plane
  controllerMilliseconds: {
    value: 5,
    source:
      'Assumption: from a change until the controllers that watch it act; a few ms on a healthy cluster',
  },
  schedulingMilliseconds: {
    value: 5,
    source: 'Assumption: one scheduling cycle; the scheduler places pods one after the other',
  },
  podInitialBackoffSeconds: {value: 1, source: 'KubeSchedulerConfiguration podInitialBackoffSeconds'},
  podMaxBackoffSeconds: {value: 10, source: 'KubeSchedulerConfiguration podMaxBackoffSeconds'},
  unschedulableFlushSeconds: {
    value: 300,
    source: 'DefaultPodMaxInUnschedulablePodsDuration in pkg/scheduler/backend/queue/scheduling_queue.go',
  },
  eventTtlSeconds: {value: 3600, source: 'kube-apiserver --event-ttl'},
  // Node life cycle
  nodeMonitorPeriodSeconds: {value: 5, source: 'kube-controller-manager --node-monitor-period'},
  nodeMonitorGracePeriodSeconds: {value: 50, source: 'kube-controller-manager --node-monitor-grace-period'},
  nodeStartupGracePeriodSeconds: {value: 60, source: 'kube-controller-manager --node-startup-grace-period'},
  nodeLeaseRenewSeconds: {
    value: 10,
    source: 'kubelet: a quarter of nodeLeaseDurationSeconds (40), pkg/kubelet/kubelet.go',
  },
  nodeEvictionRate: {value: 0.1, source: 'kube-controller-manager --node-eviction-rate, nodes per second'},
  secondaryNodeEvictionRate: {
    value: 0.01,
    source: 'kube-controller-manager --secondary-node-eviction-rate, nodes per second',
  },
  unhealthyZoneThreshold: {value: 0.55, source: 'kube-controller-manager --unhealthy-zone-threshold'},
  largeClusterSizeThreshold: {value: 50, source: 'kube-controller-manager --large-cluster-size-threshold'},
  podGarbageCollectionSeconds: {value: 20, source: 'gcCheckPeriod in pkg/controller/podgc/gc_controller.go'},
  podQuarantineSeconds: {value: 40, source: 'quarantineTime in pkg/controller/podgc/gc_controller.go'},
  // Kubelets
  nodeStartMilliseconds: {
    value: 0,
    source: 'Assumption: from the creation of a Node until it is Ready; its machine is up already',
  },
  podStartMilliseconds: {
    value: 1000,
    source:
      'Assumption: from the binding until the containers run, images being there (as in test/controlplane)',
  },
  podStopMilliseconds: {
    value: 500,
    source:
      'Assumption: from SIGTERM until the containers end, never beyond the grace period (as in test/controlplane)',
  },
  crashBackOffInitialSeconds: {value: 10, source: 'kubelet: initialCrashLoopBackOff, pkg/kubelet/kubelet.go'},
  crashBackOffMaxSeconds: {value: 300, source: 'kubelet: MaxCrashLoopBackOff, pkg/kubelet/kubelet.go'},
  crashBackOffResetSeconds: {
    value: 600,
    source: 'client-go util/flowcontrol/backoff.go: an entry expires after twice the maximum',
  },
  // CPU
  systemMilliCpu: {
    value: 100,
    source: 'Assumption: what kubelet, kernel and runtime use of each node, before any pod gets its share',
  },
  starvedShare: {
    value: 0.5,
    source:
      'Assumption: a pod that gets less than this share of what it could use fails its probes (default timeout 1 s)',
  },
  saturatedShare: {
    value: 0.98,
    source: 'Assumption: a node is saturated from this share of its CPU on',
  },
  panicAfterSeconds: {
    value: 120,
    source:
      'Assumption: a node that stays saturated for so long panics, as the Moonlight nodes did; 0 = never',
  },
  nodeRestartSeconds: {
    value: 600,
    source:
      'Assumption: from the panic until the node is back; GKE node auto-repair acts after about 10 minutes of NotReady',
  },
} as const satisfies Readonly<Record<string, Parameter>>;

export type SimulationParameters = Readonly<Record<keyof typeof PARAMETERS, number>>;

export const DEFAULT_PARAMETERS: SimulationParameters = Object.fromEntries(
  Object.entries(PARAMETERS).map(([name, {value}]) => [name, value]),
) as SimulationParameters;

/** The defaults with some changed. Throws a RangeError that names what cannot be. */
export function withParameters(changes: Partial<SimulationParameters> = {}): SimulationParameters {
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(PARAMETERS, name)) {
      throw new RangeError(`Parameter ${name}: expected one of ${Object.keys(PARAMETERS).join(', ')}`);
    }
    if (!Number.isFinite(value) || value < 0) {
      throw new RangeError(`Parameter ${name}: expected a number from 0 up, found ${value}`);
    }
  }
  return {...DEFAULT_PARAMETERS, ...changes};
}
