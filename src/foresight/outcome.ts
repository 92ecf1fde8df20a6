/** What foresight answers: what came of a loss, a load or a drain in the simulation. Values only. */
import type {CpuBasis} from './cpu-demand.ts';

export interface WorkloadReference {
  /** Deployment, ReplicaSet, StatefulSet, DaemonSet, …; Pod of a pod without a controller. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Times are seconds after the first act. */
export interface Outcome {
  /** What the CPU demand was taken from. */
  readonly basis: CpuBasis;
  readonly horizonSeconds: number;
  /** Nodes that the acts took away, drained ones left out. */
  readonly lost: readonly string[];
  /** Each death of nodes begins a round; the first one is the loss that was asked about, where there was one. */
  readonly rounds: readonly LossRound[];
  /** Services that had an endpoint and lost the last one, in that order. */
  readonly outages: readonly ServiceOutage[];
  /** Services that a selector gives endpoints to and that had none before anything happened. */
  readonly unservedBefore: readonly string[];
  /** Pods without a node at the end. */
  readonly pending: readonly PendingPod[];
  /** Of every workload that fell below what it had. */
  readonly workloads: readonly WorkloadReadiness[];
  /** Pods on nodes that are down at the end which nothing in the simulation brings back. */
  readonly stranded: readonly StrandedPod[];
  readonly drains: readonly DrainOutcome[];
  /** Nodes whose CPU was saturated before anything happened. */
  readonly saturatedBefore: readonly SaturatedNode[];
  /** Nodes whose CPU is saturated at the end. */
  readonly saturated: readonly SaturatedNode[];
  /** Whether nothing went on at the end: no node died, no Service came or went in the last ten minutes. */
  readonly settles: boolean;
}

export interface LossRound {
  /** From 1. */
  readonly round: number;
  readonly atSeconds: number;
  readonly nodes: readonly {
    readonly node: string;
    /** `lost`: by what was asked; `panicked`: after its CPU was saturated for too long. */
    readonly why: 'lost' | 'panicked';
    /** Of one that panicked, milliCPU. */
    readonly demand?: number;
    readonly capacity?: number;
  }[];
  /** Ready replicas that went with these nodes. */
  readonly replicasLost: readonly ReplicasLost[];
  readonly servicesDown: readonly string[];
  /** Before the next round. */
  readonly moves: readonly ReplicaMove[];
  /** Pods that found no node and had none when the next round began. */
  readonly pending: readonly string[];
}

/** A replica in place of one that was lost or evicted. */
export interface ReplicaMove {
  readonly workload: WorkloadReference;
  readonly pod: string;
  readonly from: string;
  readonly to: string;
}

export interface ReplicasLost {
  readonly workload: WorkloadReference;
  readonly lost: number;
  /** Ready just before. */
  readonly of: number;
}

export interface ServiceOutage {
  /** `namespace/name` */
  readonly service: string;
  readonly fromSeconds: number;
  /** Absent when it is still down at the end. */
  readonly toSeconds?: number;
}

export interface PendingPod {
  readonly namespace: string;
  readonly pod: string;
  readonly workload: WorkloadReference;
  /** The scheduler's words. */
  readonly message: string;
  /** It had no node before anything happened either. */
  readonly wasPending: boolean;
}

export interface WorkloadReadiness {
  readonly workload: WorkloadReference;
  readonly wanted: number;
  readonly readyBefore: number;
  readonly leastReady: number;
  readonly readyAtEnd: number;
}

export interface StrandedPod {
  readonly workload: WorkloadReference;
  readonly pod: string;
  readonly node: string;
}

export interface DrainOutcome {
  readonly node: string;
  /** Absent when it did not come to an end. */
  readonly seconds?: number;
  readonly moves: readonly ReplicaMove[];
  /** Pods that are still there, and what refuses their eviction. */
  readonly left: readonly {readonly namespace: string; readonly pod: string; readonly reason: string}[];
}

export interface SaturatedNode {
  readonly node: string;
  /** milliCPU */
  readonly demand: number;
  readonly capacity: number;
}

/** `Deployment shop/web` */
export function describeWorkload({kind, namespace, name}: WorkloadReference): string {
  return `${kind} ${namespace}/${name}`;
}
