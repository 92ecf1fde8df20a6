/** The status that a kubelet reports of a pod, as the real one writes it. Pure. */
import type {Condition, ContainerStatus, PodObject, PodStatus} from '../objects.ts';
import {conditionOf} from '../objects.ts';
import {timestamp} from '../timestamp.ts';

export interface ReportedPod {
  readonly state: 'running' | 'waiting' | 'succeeded';
  readonly ready: boolean;
  readonly restarts: number;
  /** Milliseconds since the epoch; of the containers that run now. */
  readonly startedAt: number;
  /** When the containers ended last, if they did. */
  readonly endedAt?: number;
  /** Of containers that wait: `ContainerCreating` or `CrashLoopBackOff`. */
  readonly waitingReason?: string;
  readonly podIP: string;
  readonly hostIP: string;
}

export function reportedStatus(pod: PodObject, report: ReportedPod, now: number): PodStatus {
  const {status} = pod;
  const containersReady = readiness(report.ready);
  const isStarted = report.state !== 'waiting' || report.restarts > 0;
  const conditions: Condition[] = [
    condition('PodReadyToStartContainers', isStarted ? 'True' : 'False'),
    condition('Initialized', 'True'),
    condition('Ready', containersReady.status, containersReady),
    condition('ContainersReady', containersReady.status, containersReady),
  ];
  const types = new Set(conditions.map(({type}) => type));
  return {
    ...status,
    phase: report.state === 'succeeded' ? 'Succeeded' : isStarted ? 'Running' : 'Pending',
    conditions: [...conditions, ...(status?.conditions ?? []).filter(({type}) => !types.has(type))],
    containerStatuses: (pod.spec.containers ?? []).map(({name = '', image = ''}) =>
      containerStatus(name, image, report),
    ),
    hostIP: report.hostIP,
    hostIPs: [{ip: report.hostIP}],
    podIP: report.podIP,
    podIPs: [{ip: report.podIP}],
    startTime: status?.startTime ?? timestamp(now),
  };

  function condition(
    type: string,
    conditionStatus: Condition['status'],
    why?: {reason?: string; message?: string},
  ): Condition {
    const known = conditionOf(status, type);
    const since = known?.status === conditionStatus ? known.lastTransitionTime : undefined;
    return {
      type,
      status: conditionStatus,
      lastProbeTime: null,
      lastTransitionTime: since ?? timestamp(now),
      ...(why?.reason === undefined ? {} : {reason: why.reason, message: why.message ?? ''}),
    };
  }

  function readiness(isReady: boolean) {
    const names = (pod.spec.containers ?? []).map(({name}) => name).join(' ');
    return isReady
      ? {status: 'True' as const}
      : {
          status: 'False' as const,
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${names}]`,
        };
  }
}

function containerStatus(name: string, image: string, report: ReportedPod): ContainerStatus {
  const {state, ready, restarts, startedAt, endedAt, waitingReason} = report;
  const ended =
    endedAt === undefined
      ? undefined
      : {
          terminated: {
            exitCode: state === 'succeeded' ? 0 : 137,
            reason: state === 'succeeded' ? 'Completed' : 'Error',
            finishedAt: timestamp(endedAt),
          },
        };
  const current =
    state === 'running'
      ? {running: {startedAt: timestamp(startedAt)}}
      : state === 'succeeded'
        ? (ended ?? {})
        : {waiting: {reason: waitingReason ?? 'ContainerCreating'}};
  return {
    name,
    image,
    imageID: '',
    ready,
    started: state === 'running',
    restartCount: restarts,
    state: current,
    ...(restarts > 0 && ended !== undefined ? {lastState: ended} : {}),
  };
}
