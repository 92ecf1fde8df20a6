/** Faults as they strike: counted, told to the trace and to whoever judges the operator's moves. */
import type {ApiObject} from '../../src/simulator/cluster-api.ts';
import type {Random} from '../../src/simulator/engine/random.ts';
import type {PodObject} from '../../src/simulator/objects.ts';
import type {SimulatedCluster} from '../../src/simulator/simulated-cluster.ts';
import type {Fault, FaultPlan} from './fault-plan.ts';
import {NAMESPACE} from './scenario.ts';
import type {Trace} from './trace.ts';

export interface StrikesOptions {
  readonly cluster: SimulatedCluster;
  readonly faults: FaultPlan;
  readonly random: Random;
  readonly trace: Trace;
  /** Something has been changed from outside; of all workloads when none is named. */
  readonly onDisturbance: (workload?: string) => void;
  /** A pause of the operator's may be over before its time; of all workloads when none is named. */
  readonly onPausesEnd: (workload?: string) => void;
  /** Nodes, or the room on them, are others than before. */
  readonly onOtherNodes: () => void;
}

const ENDS_PAUSES: ReadonlySet<Fault> = new Set([
  'clock jump',
  'policy created',
  'policy deleted',
  'excluded or back',
] as const);

/** As whom everything is done that no controller does. */
export const ACTOR = {actor: 'kubectl'};

export class Strikes {
  readonly options: StrikesOptions;

  constructor(options: StrikesOptions) {
    this.options = options;
  }

  count(fault: Fault, subject?: string, workload?: string): void {
    const {faults, trace, onDisturbance, onPausesEnd, onOtherNodes} = this.options;
    faults.count(fault);
    trace.add(`fault: ${fault}${subject === undefined ? '' : ` (${subject})`}`);
    if (ENDS_PAUSES.has(fault)) {
      onPausesEnd(workload);
    }
    if (fault === 'cordon' || fault.endsWith('at eviction')) {
      onOtherNodes();
    } else if (
      !fault.startsWith('operator') &&
      fault !== 'API server restart' &&
      fault !== 'history compacted'
    ) {
      onDisturbance(workload);
    }
  }

  /** People get errors too: an object that is gone, a spec that is not valid. */
  attempt(act: () => unknown): void {
    try {
      act();
    } catch (error) {
      this.options.trace.add(`refused: ${String(error)}`);
    }
  }

  pick<T>(values: readonly T[]): T | undefined {
    return values.length === 0 ? undefined : this.options.random.pick(values);
  }
}

/** Replicas that are not on their way out. */
export function podsOf(cluster: SimulatedCluster, {metadata}: ApiObject): PodObject[] {
  return cluster
    .pods(NAMESPACE)
    .filter(
      (pod) => pod.metadata.labels?.['app'] === metadata.name && pod.metadata.deletionTimestamp === undefined,
    );
}
