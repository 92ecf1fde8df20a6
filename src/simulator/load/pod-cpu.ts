/** What a pod's spec and annotations say about its CPU. Pure. */

import {requestsOrLimits} from '../../cluster/pod-spec.ts';
import {parseMilli, parseWhole} from '../../cluster/quantity.ts';
import type {PodObject} from '../objects.ts';

/** On pods: milliCPU that it uses while it runs, whatever its Services get. */
export const BASE_CPU = 'simulator.spread-operator.io/base-cpu';
/** On Services: milliCPU that its traffic costs in all, shared evenly by its ready endpoints. */
export const SERVICE_LOAD = 'simulator.spread-operator.io/load-cpu';
/** KWOK's name for the same as BASE_CPU, per container; a template of the scenarios may carry it. */
const KWOK_USAGE = 'kwok.x-k8s.io/usage-cpu';
const KWOK_MEMORY = 'kwok.x-k8s.io/usage-memory';

export interface PodCpuSpec {
  readonly qosClass: 'Guaranteed' | 'Burstable' | 'BestEffort';
  /** milliCPU */
  readonly request: number;
  /** milliCPU; infinite when a container has none. */
  readonly limit: number;
  /** milliCPU */
  readonly base: number;
}

export function podCpuSpec({metadata, spec, status}: PodObject): PodCpuSpec {
  const containers = spec.containers ?? [];
  let request = 0;
  let limit = 0;
  for (const {resources} of containers) {
    request += parseMilli(requestsOrLimits(resources)['cpu'] ?? 0);
    limit +=
      resources?.limits?.['cpu'] === undefined
        ? Number.POSITIVE_INFINITY
        : parseMilli(resources.limits['cpu']);
  }
  const annotations = metadata.annotations ?? {};
  const own = annotations[BASE_CPU];
  const kwok = annotations[KWOK_USAGE];
  return {
    qosClass:
      (status?.['qosClass'] as PodCpuSpec['qosClass'] | undefined) ??
      (request > 0 ? 'Burstable' : 'BestEffort'),
    request,
    limit: containers.length === 0 ? Number.POSITIVE_INFINITY : limit,
    base: own === undefined ? milliOf(kwok) * containers.length : milliOf(own),
  };
}

/** Bytes that the pod is said to use: what it is annotated with, or half of what it requests (an assumption). */
export function podMemory({metadata, spec}: PodObject): number {
  const annotated = metadata.annotations?.[KWOK_MEMORY];
  if (annotated !== undefined) {
    return parseWhole(annotated) * (spec.containers?.length ?? 1);
  }
  const requested = (spec.containers ?? []).reduce(
    (sum, {resources}) => sum + parseWhole(requestsOrLimits(resources)['memory'] ?? 0),
    0,
  );
  return Math.round(requested / 2);
}

/** milliCPU of an annotation such as `1500m` or `2`; 0 of what is absent or no quantity. */
export function milliOf(annotation: string | undefined): number {
  if (annotation === undefined) {
    return 0;
  }
  try {
    return Math.max(0, parseMilli(annotation));
  } catch {
    // Somebody's typing error must not stop the whole cluster.
    return 0;
  }
}
