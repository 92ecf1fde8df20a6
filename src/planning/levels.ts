/**
 * What a distribution of replicas costs: levels, each with a convex function of the replicas in each of its domains.
 * Convexity is what makes steepest descent exact (docs/how-it-plans.md), so a level of a new kind must be convex, too.
 */

export interface Level {
  /** Differences up to this many replicas between two domains are tolerated: 1, or the policy's maxSkew. */
  readonly maxSkew: number;
  /**
   * `even` (the default): a topology of the policy. `skew`: a constraint as the scheduler counts it, where a domain
   * without room counts for the emptiest, too. `apart`: two in a domain are one too many. `cost`: each replica costs
   * what its cell says.
   */
  readonly kind?: 'even' | 'skew' | 'apart' | 'cost';
  /** The entry of the objective that the level is added to. Absent: each level is an entry of its own, in order. */
  readonly entry?: number;
  /** What counts in a domain beside the replicas of the cells, and is never moved. */
  readonly fixed?: ReadonlyMap<string, number>;
  /** Domains that nothing enters or leaves, where their cost depends on the band: how many hold so many replicas. */
  readonly background?: readonly BackgroundDomains[];
  /** For `skew`: fewer domains than minDomains, so the emptiest counts as empty. */
  readonly emptiestIsZero?: boolean;
  /** How many replicas each domain has room for, where the cells do not tell. */
  readonly rooms?: ReadonlyMap<string, number>;
}

export interface BackgroundDomains {
  readonly domains: number;
  readonly count: number;
  readonly room: number;
}

/** Whether the cost depends on where the band of tolerated counts begins. */
export function isTolerant({kind = 'even', maxSkew, emptiestIsZero}: Level): boolean {
  return kind === 'even' ? maxSkew > 1 : kind === 'skew' && emptiestIsZero !== true;
}

/**
 * Convex in `count`. Where differences are tolerated, counts from `low` to `low + maxSkew` cost nothing; a domain that
 * has room for fewer than `low` is not expected to hold more than that.
 */
export function domainCost(
  {kind = 'even', maxSkew}: Level,
  count: number,
  low: number,
  room: number,
): number {
  switch (kind) {
    case 'even':
      return maxSkew === 1
        ? (count * (count + 1)) / 2
        : triangle(Math.min(low, room) - count) + triangle(count - low - maxSkew);
    case 'skew':
      return triangle(low - count) + triangle(count - low - maxSkew);
    case 'apart':
      return triangle(count - 1);
    case 'cost':
      return 0;
  }
}

function triangle(excess: number): number {
  return excess > 0 ? (excess * (excess + 1)) / 2 : 0;
}
