/**
 * When a pod's probes notice something, from their own settings. Pure.
 * Defaults: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go (period 10 s, 3 failures, 1 success).
 */
import type {PodObject, ProbeSpec} from '../objects.ts';

/** Milliseconds. */
export interface ProbeTimes {
  /** From the start of the containers until the pod can be Ready. */
  readonly readyAfter: number;
  /** From the first probe that fails until the pod is not Ready; undefined without a readiness probe. */
  readonly unreadyAfter?: number;
  readonly readyAgainAfter: number;
  /** From the first probe that fails until the containers are restarted; undefined without a liveness probe. */
  readonly restartAfter?: number;
}

export function probeTimes({spec}: PodObject): ProbeTimes {
  const containers = spec.containers ?? [];
  const readiness = containers.flatMap(({readinessProbe}) => readinessProbe ?? []);
  const liveness = containers.flatMap(({livenessProbe}) => livenessProbe ?? []);
  return {
    readyAfter: Math.max(0, ...readiness.map(({initialDelaySeconds = 0}) => initialDelaySeconds * 1000)),
    readyAgainAfter: Math.max(0, ...readiness.map(periodOf)),
    ...(readiness.length === 0 ? {} : {unreadyAfter: Math.min(...readiness.map(failureTime))}),
    ...(liveness.length === 0 ? {} : {restartAfter: Math.min(...liveness.map(failureTime))}),
  };
}

function periodOf({periodSeconds = 10}: ProbeSpec): number {
  return periodSeconds * 1000;
}

function failureTime(probe: ProbeSpec): number {
  return periodOf(probe) * (probe.failureThreshold ?? 3);
}
