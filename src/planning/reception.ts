import type {Pod} from '../cluster/pod.ts';
import type {NodeInfo, SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule, Refusal} from '../scheduling/framework.ts';
import {Prospect} from '../scheduling/prospect.ts';

/** With so little time to shut down, seconds, a pod can be gone before the scheduler looks. The kubelet gives two at least. */
const SHORT_GRACE = 2;

/** What awaits the replacement of an evicted replica. */
export interface Reception {
  /** As the scheduler may find the cluster when it places the replacement; of two, either may come to pass. */
  readonly occasions: readonly [Prospect, ...Prospect[]];
  /** Every node that takes the replacement, whether the replica is still there or has gone. */
  readonly possible: readonly NodeInfo[];
  /** The numbers of these, in the table of the snapshot. */
  readonly numbers: Int32Array;
  /** Why other nodes take none even when the replica has gone. */
  readonly refusals: () => readonly Refusal[];
  /** How many nodes were judged to know it. */
  readonly judged: number;
}

/**
 * An evicted replica shuts down first, and until it is gone it keeps its room, its ports and its part in affinity. The
 * scheduler does not wait for that: the ReplicaSet controller creates the replacement as soon as the deletion has begun,
 * and it is placed within milliseconds, while a container takes seconds to stop. Only a replacement that no node takes
 * meanwhile is tried again when the replica has gone.
 *
 * Where the two moments lead to different nodes, the first one counts alone. A scheduler that is later than a container
 * takes to stop would choose otherwise; but that it must be right at both moments would rule out most moves from full
 * nodes, as the room that comes free there makes the replica's own node the best one, and a lost race costs one eviction,
 * after which the workload backs off. Where the pod is given next to no time, either may be first, so both count; where it
 * is given none, it is gone at once.
 */
export function receptionOf(
  replacement: PodToSchedule,
  snapshot: SchedulingSnapshot,
  victim: Pod,
): Reception {
  return receptionAfter(Prospect.of(replacement, snapshot), victim);
}

/** @param now with the replica where it is: what is the same for all replicas that may be evicted is in it already */
export function receptionAfter(now: Prospect, victim: Pod): Reception {
  const grace = victim.terminationGracePeriodSeconds ?? Number.POSITIVE_INFINITY;
  const gone = now.with({remove: [victim]});
  const refusals = () => gone.refusals;
  if (grace === 0) {
    const {numbers, judged} = gone;
    return {
      occasions: [gone],
      numbers,
      refusals,
      judged,
      get possible() {
        return gone.feasible;
      },
    };
  }
  const terminating = {...victim, deletionTimestamp: victim.deletionTimestamp ?? victim.createdAt};
  const ending = now.with({remove: [victim], add: [terminating]});
  const occasions: [Prospect, ...Prospect[]] =
    ending.numbers.length === 0 ? [gone] : grace <= SHORT_GRACE ? [ending, gone] : [ending];
  // Where the replica was drawn to itself, its replacement may fit only while it is there.
  const others = ending.numbers.filter((number) => !gone.takes(number));
  return {
    occasions,
    numbers: others.length === 0 ? gone.numbers : Int32Array.of(...gone.numbers, ...others),
    refusals,
    judged: gone.judged + ending.judged,
    get possible() {
      return others.length === 0
        ? gone.feasible
        : [...gone.feasible, ...Array.from(others, (number) => ending.infoOf(number))];
    },
  };
}
