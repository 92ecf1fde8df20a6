/**
 * How a node's CPU is shared among those that want it, as the kernel's fair scheduler does by cgroup weights. Pure.
 *
 * Sources: docs.kernel.org/admin-guide/cgroup-v2.html (cpu.weight, cpu.max); the kubelet's cgroup tree and its
 * MilliCPUToShares in pkg/kubelet/cm/{helpers_linux,qos_container_manager_linux,pod_container_manager_linux}.go.
 */

export interface CpuConsumer {
  readonly weight: number;
  /** milliCPU that it could use now: its demand, but no more than its limit. */
  readonly wants: number;
}

/** Those with the least need in proportion to their weight are served in full; the others share the rest by weight. */
export function shareByWeight(capacity: number, consumers: readonly CpuConsumer[]): number[] {
  const shares = consumers.map(() => 0);
  const byNeed = [...consumers.keys()].sort((a, b) => needOf(consumers[a]) - needOf(consumers[b]) || a - b);
  let left = Math.max(0, capacity);
  let weights = consumers.reduce((total, {weight}) => total + weight, 0);
  for (const index of byNeed) {
    const {weight, wants} = consumers[index] as CpuConsumer;
    const share = Math.min(wants, weights === 0 ? 0 : (left * weight) / weights);
    shares[index] = share;
    left = Math.max(0, left - share);
    weights -= weight;
  }
  return shares;
}

function needOf(consumer: CpuConsumer | undefined): number {
  const {wants = 0, weight = 0} = consumer ?? {};
  return wants === 0 ? 0 : wants / weight;
}

/** A pod as its cgroup sees it. */
export interface PodCpu {
  readonly qosClass: 'Guaranteed' | 'Burstable' | 'BestEffort';
  /** milliCPU */
  readonly request: number;
  /** milliCPU that it could use now, its limit (cpu.max) applied. */
  readonly wants: number;
}

/** MilliCPUToShares: a request of nothing still weighs a little. */
function cpuShares(milliCPU: number): number {
  return Math.max(2, Math.floor((milliCPU * 1024) / 1000));
}

/**
 * What each pod gets of the node's CPU, in milliCPU. Guaranteed pods stand side by side with two groups: burstable
 * pods, which together weigh what they request, and best-effort pods, which together weigh next to nothing.
 */
export function shareNodeCpu(capacity: number, pods: readonly PodCpu[]): number[] {
  const members = (qosClass: PodCpu['qosClass']) =>
    [...pods.keys()].filter((index) => pods[index]?.qosClass === qosClass);
  const [guaranteed, burstable, bestEffort] = [
    members('Guaranteed'),
    members('Burstable'),
    members('BestEffort'),
  ];
  const at = (index: number) => pods[index] as PodCpu;
  const total = (indices: readonly number[], field: 'request' | 'wants') =>
    indices.reduce((sum, index) => sum + at(index)[field], 0);

  const top = shareByWeight(capacity, [
    ...guaranteed.map((index) => ({weight: cpuShares(at(index).request), wants: at(index).wants})),
    {weight: cpuShares(total(burstable, 'request')), wants: total(burstable, 'wants')},
    {weight: 2, wants: total(bestEffort, 'wants')},
  ]);
  const shares = pods.map(() => 0);
  for (const [position, index] of guaranteed.entries()) {
    shares[index] = top[position] ?? 0;
  }
  for (const [offset, group] of [burstable, bestEffort].entries()) {
    const within = shareByWeight(
      top[guaranteed.length + offset] ?? 0,
      group.map((index) => ({weight: cpuShares(at(index).request), wants: at(index).wants})),
    );
    for (const [position, index] of group.entries()) {
      shares[index] = within[position] ?? 0;
    }
  }
  return shares;
}
