import type {WorkloadStatus} from '../api/types.ts';
import type {WorkloadKey} from '../cluster/cluster-cache.ts';

/** How soon a search that has found nothing is made again, doubling each time, milliseconds. */
const FIRST_PAUSE = 30_000;
const LONGEST_PAUSE = 300_000;
/** The same once another workload of the policy lies differently, or can move again: the more search, the later. */
const PAUSE_AFTER_NEWS = 5000;
const PAUSE_AFTER_NEWS_EACH = 500;

interface Search {
  readonly policy: string;
  /** Milliseconds since the epoch, as `until`. */
  readonly searchedAt: number;
  readonly until: number;
  readonly pause: number;
}

/** Searches for room that have found nothing: they are dear, and what they depend on seldom changes at once. */
export class FruitlessSearches {
  readonly #searches = new Map<WorkloadKey, Search>();

  /** Until when it need not be searched again, milliseconds since the epoch; undefined when it may be. */
  pausedUntil(key: WorkloadKey, now: number): number | undefined {
    const until = this.#searches.get(key)?.until;
    return until !== undefined && until > now ? until : undefined;
  }

  /** Returns until when the search is not made again. */
  add(key: WorkloadKey, policy: string, now: number): number {
    const before = this.#searches.get(key)?.pause;
    const pause = before === undefined ? FIRST_PAUSE : Math.min(2 * before, LONGEST_PAUSE);
    const until = now + pause;
    this.#searches.set(key, {policy, searchedAt: now, until, pause});
    return until;
  }

  delete(key: WorkloadKey): void {
    this.#searches.delete(key);
  }

  clear(): void {
    this.#searches.clear();
  }

  /**
   * What was looked for in vain while another workload of the policy rolled out may be there now. Returns whose search
   * may be made sooner.
   */
  noteNews(
    policy: string,
    about: WorkloadKey,
    before: WorkloadStatus | undefined,
    after: WorkloadStatus | undefined,
  ): WorkloadKey[] {
    if (this.#searches.size === 0 || !isNews(before, after)) {
      return [];
    }
    const pause = Math.max(PAUSE_AFTER_NEWS, this.#searches.size * PAUSE_AFTER_NEWS_EACH);
    const sooner: WorkloadKey[] = [];
    for (const [key, search] of this.#searches) {
      const until = search.searchedAt + pause;
      if (key !== about && search.policy === policy && until < search.until) {
        this.#searches.set(key, {...search, until});
        sooner.push(key);
      }
    }
    return sooner;
  }
}

/** Whether replicas lie differently, or what the workload is about is another thing. */
function isNews(before: WorkloadStatus | undefined, after: WorkloadStatus | undefined): boolean {
  return (
    before !== after &&
    (before?.state !== after?.state ||
      before?.replicas !== after?.replicas ||
      before?.blocked?.reason !== after?.blocked?.reason ||
      JSON.stringify(before?.topologies) !== JSON.stringify(after?.topologies))
  );
}
