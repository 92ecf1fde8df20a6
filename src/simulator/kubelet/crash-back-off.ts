/**
 * How long a container that ended waits for its next start: not at all the first time, then 10 s, doubling up to 5 min,
 * and from the beginning after 10 quiet minutes. Pure.
 * Sources: doBackOff in pkg/kubelet/kuberuntime/kuberuntime_manager.go, client-go util/flowcontrol/backoff.go.
 */
export interface BackOffLimits {
  /** Milliseconds. */
  readonly initial: number;
  readonly max: number;
  /** So long after a start its past is forgotten. */
  readonly reset: number;
}

export interface BackOffEntry {
  /** What the next start has to wait, milliseconds. */
  readonly duration: number;
  /** When the last start was granted. */
  readonly since: number;
}

export interface NextStart {
  /** Milliseconds from the crash. */
  readonly delay: number;
  readonly entry: BackOffEntry;
}

export function nextStart(
  entry: BackOffEntry | undefined,
  crashedAt: number,
  limits: BackOffLimits,
): NextStart {
  if (entry === undefined || crashedAt - entry.since > limits.reset) {
    return {delay: 0, entry: {duration: limits.initial, since: crashedAt}};
  }
  const delay = entry.duration;
  return {
    delay,
    entry: {duration: Math.min(entry.duration * 2, limits.max), since: crashedAt + delay},
  };
}
