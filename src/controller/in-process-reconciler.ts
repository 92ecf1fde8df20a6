/**
 * The reconciler of workloads without its queues and its API server: for whoever wants to know what the operator decides,
 * and carries the decisions out himself or not at all.
 */
import type {WorkloadStatus} from '../api/types.ts';
import type {Clock} from '../clock.ts';
import type {ClusterCache, WorkloadKey} from '../cluster/cluster-cache.ts';
import type {FinishedMove} from '../eviction/mover.ts';
import {Pace} from '../eviction/pace.ts';
import {capabilitiesOf} from '../injection/rule.ts';
import {type Log, SILENT} from '../log.ts';
import type {ClusterActions} from './actions.ts';
import type {PolicyIndex} from './policy-index.ts';
import {PolicyReports} from './policy-reports.ts';
import {WorkloadReconciler} from './workload-reconciler.ts';

export interface InProcessOptions {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  readonly actions: ClusterActions;
  readonly clock: Clock;
  /** Kubernetes' version. */
  readonly server: {readonly major: number; readonly minor: number};
  /** Asks for another look at a workload. */
  readonly enqueue: (key: WorkloadKey) => void;
  readonly circuitOpen?: () => string | undefined;
  readonly onEntry?: (key: WorkloadKey, entry: WorkloadStatus | undefined) => void;
  readonly onMove?: (result: FinishedMove['result']) => void;
  readonly log?: Log;
}

export interface InProcessReconciler {
  readonly reports: PolicyReports;
  readonly reconciler: WorkloadReconciler;
}

/** As the operator's own flags have it by default. */
const BACK_OFF = {firstSeconds: 300, longestSeconds: 21_600};
const EXCLUDED_NAMESPACES: ReadonlySet<string> = new Set(['kube-system']);
/** Nobody waits for the pace of the cluster. */
const UNHURRIED = {perMinute: 1_000_000, burst: 1_000_000};

export function inProcessReconciler(options: InProcessOptions): InProcessReconciler {
  const {
    cache,
    policies,
    actions,
    clock,
    server,
    enqueue,
    circuitOpen = () => undefined,
    onEntry = () => {},
    onMove = () => {},
    log = SILENT,
  } = options;
  const reports = new PolicyReports({
    cache,
    policies,
    actions,
    circuitOpen,
    clock,
    schedule: () => {},
    onEntry,
  });
  const reconciler = new WorkloadReconciler({
    cache,
    policies,
    reports,
    actions,
    capabilities: () => capabilitiesOf(server),
    circuitOpen,
    onTarget: () => {},
    pace: new Pace(UNHURRIED, clock.now()),
    backOff: BACK_OFF,
    excludedNamespaces: EXCLUDED_NAMESPACES,
    clock,
    log,
    onEviction: () => {},
    onMove,
    enqueue,
  });
  return {reports, reconciler};
}
