/** What `kubectl get pods` says of a pod: printPod of kubernetes/pkg/printers/internalversion/printers.go. */
import {asObject, type JsonObject, textOf, valueAt} from '../../apiserver/json.ts';
import type {ApiObject} from '../../cluster-api.ts';
import {age, listAt} from './columns.ts';

export interface PodCells {
  readonly ready: string;
  readonly status: string;
  readonly restarts: string;
}

interface Tally {
  reason: string;
  readyContainers: number;
  restarts: number;
  lastRestart: string;
  isInitializing: boolean;
}

export function podCells(pod: ApiObject, now: number): PodCells {
  const phase = textOf(valueAt(pod, 'status', 'phase') ?? '');
  const conditions = listAt(pod, 'status', 'conditions');
  const podReason = textOf(valueAt(pod, 'status', 'reason') ?? '');
  const isGated = conditions.some(
    ({type, reason}) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  const tally: Tally = {
    reason: isGated ? 'SchedulingGated' : podReason || phase,
    readyContainers: 0,
    restarts: 0,
    lastRestart: '',
    isInitializing: false,
  };
  const initContainers = listAt(pod, 'spec', 'initContainers');
  const sidecars = new Set(
    initContainers.filter(({restartPolicy}) => restartPolicy === 'Always').map(({name}) => name),
  );
  countInitContainers(pod, tally, sidecars, initContainers.length);
  if (!tally.isInitializing || hasTrue(conditions, 'Initialized'))
    countContainers(pod, tally, sidecars, conditions);

  const isTerminating = pod.metadata.deletionTimestamp !== undefined;
  if (isTerminating && podReason === 'NodeLost') tally.reason = 'Unknown';
  else if (isTerminating && phase !== 'Succeeded' && phase !== 'Failed') tally.reason = 'Terminating';
  const total = listAt(pod, 'spec', 'containers').length + sidecars.size;
  const ago = tally.restarts !== 0 && tally.lastRestart !== '' ? ` (${age(tally.lastRestart, now)} ago)` : '';
  return {
    ready: `${tally.readyContainers}/${total}`,
    status: tally.reason,
    restarts: `${tally.restarts}${ago}`,
  };
}

function countInitContainers(
  pod: ApiObject,
  tally: Tally,
  sidecars: ReadonlySet<unknown>,
  total: number,
): void {
  for (const [index, container] of listAt(pod, 'status', 'initContainerStatuses').entries()) {
    countRestarts(container, tally);
    const terminated = stateOf(container, 'terminated');
    const waiting = stateOf(container, 'waiting');
    if (terminated?.['exitCode'] === 0) continue;
    if (sidecars.has(container['name']) && container['started'] === true) {
      if (container['ready'] === true) tally.readyContainers++;
      continue;
    }
    if (terminated !== undefined) tally.reason = `Init:${terminationReason(terminated)}`;
    else if (waiting?.['reason'] !== undefined && waiting['reason'] !== 'PodInitializing') {
      tally.reason = `Init:${textOf(waiting['reason'])}`;
    } else tally.reason = `Init:${index}/${total}`;
    tally.isInitializing = true;
    return;
  }
}

function countContainers(
  pod: ApiObject,
  tally: Tally,
  sidecars: ReadonlySet<unknown>,
  conditions: readonly JsonObject[],
): void {
  // Restarts of init containers no longer matter once they are done.
  tally.restarts = 0;
  tally.lastRestart = '';
  for (const container of listAt(pod, 'status', 'initContainerStatuses')) {
    if (sidecars.has(container['name'])) countRestarts(container, tally);
  }
  let hasRunning = false;
  let errorReason = '';
  for (const container of listAt(pod, 'status', 'containerStatuses').toReversed()) {
    countRestarts(container, tally);
    const waiting = stateOf(container, 'waiting');
    const terminated = stateOf(container, 'terminated');
    if (waiting?.['reason'] !== undefined && waiting['reason'] !== '')
      tally.reason = textOf(waiting['reason']);
    else if (terminated !== undefined) {
      tally.reason = terminationReason(terminated);
      if (terminated['exitCode'] !== 0) errorReason = tally.reason;
    } else if (container['ready'] === true && stateOf(container, 'running') !== undefined) {
      hasRunning = true;
      tally.readyContainers++;
    }
  }
  if (tally.reason !== 'Completed') return;
  if (hasRunning && hasTrue(conditions, 'Ready')) tally.reason = 'Running';
  else if (errorReason !== '') tally.reason = errorReason;
  else if (hasRunning) tally.reason = 'NotReady';
}

function countRestarts(container: JsonObject, tally: Tally): void {
  tally.restarts += Number(container['restartCount'] ?? 0);
  const finished = asObject(asObject(container['lastState'])['terminated'])['finishedAt'];
  if (typeof finished === 'string' && finished > tally.lastRestart) tally.lastRestart = finished;
}

function stateOf(container: JsonObject, state: string): JsonObject | undefined {
  const value = asObject(container['state'])[state];
  return value === undefined ? undefined : asObject(value);
}

function terminationReason(terminated: JsonObject): string {
  const {reason, signal, exitCode} = terminated;
  if (typeof reason === 'string' && reason !== '') return reason;
  return typeof signal === 'number' && signal !== 0 ? `Signal:${signal}` : `ExitCode:${String(exitCode)}`;
}

function hasTrue(conditions: readonly JsonObject[], wanted: string): boolean {
  return conditions.some(({type, status}) => type === wanted && status === 'True');
}

export function readinessGates(pod: ApiObject): string {
  const gates = listAt(pod, 'spec', 'readinessGates');
  if (gates.length === 0) return '<none>';
  const conditions = listAt(pod, 'status', 'conditions');
  const met = gates.filter(({conditionType}) => hasTrue(conditions, String(conditionType))).length;
  return `${met}/${gates.length}`;
}
