/**
 * Where differences are tolerated, the cost depends on where the band of tolerated counts begins. For a given band it
 * is convex like any other, so the best distribution is found by descending once for each band, and the best of the
 * results is the best of all.
 */
import type {Lows, Placement} from './placement.ts';

/** How much work the bands of one problem may make: descents × (cells + replicas). */
const MOST_WORK = 200_000;
const FEWEST_CHOICES = 16;

export interface LowChoices {
  readonly choices: readonly Lows[];
  /** Whether one of them is certainly the best; otherwise they are those nearest to an even distribution. */
  readonly complete: boolean;
}

export function lowChoices(placement: Placement): LowChoices {
  const {levels, tolerant, cells} = placement.shape;
  const none = levels.map(() => 0);
  if (tolerant.length === 0) {
    return {choices: [none], complete: true};
  }
  const replicas = placement.counts.reduce((sum, count) => sum + count, 0);
  const most = Math.max(FEWEST_CHOICES, Math.floor(MOST_WORK / (cells.length + replicas + 1)));
  const mostEach = Math.max(1, Math.floor(most ** (1 / tolerant.length)));
  let choices: number[][] = [none];
  let complete = true;
  for (const level of tolerant) {
    const all = candidatesOf(placement, level, replicas);
    const lows = all.slice(0, mostEach);
    complete &&= lows.length === all.length;
    choices = choices.flatMap((choice) => lows.map((low) => choice.with(level, low)));
  }
  return {choices, complete};
}

/** Where the band of a level may begin, the likeliest first. */
function candidatesOf(placement: Placement, level: number, replicas: number): number[] {
  const {shape, sums} = placement;
  const {maxSkew = 1, background = []} = shape.levels[level] ?? {};
  let domains = 0;
  let total = 0;
  let fullest = 0;
  for (const [count, times] of [
    ...[...(sums[level] ?? [])].map((held) => [held, 1] as const),
    ...background.map((each) => [each.count, each.domains] as const),
  ]) {
    domains += times;
    total += times * count;
    fullest = Math.max(fullest, count);
  }
  const middle = Math.floor(total / Math.max(1, domains) - maxSkew / 2);
  // A band that begins higher than the fullest domain could be needs no more than one that ends there.
  const highest = Math.max(0, replicas + fullest - maxSkew);
  const all = Array.from({length: highest + 1}, (_, low) => low);
  const reachable = zeroReachable(placement, level);
  const met = reachable === undefined ? [] : all.filter(reachable);
  const lows = met.length > 0 ? met : all;
  return lows.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle) || a - b);
}

// When nothing counts more, some band can be met by every domain, and only such bands can be the best: each domain
// holds at least `low` or what it has room for, and at most `low + maxSkew`.
function zeroReachable(placement: Placement, level: number): ((low: number) => boolean) | undefined {
  const {shape, counts, sums} = placement;
  const {levels, entryOf, domainOf, rooms, cells} = shape;
  const entry = entryOf[level] ?? 0;
  const rule = levels[level];
  const isFree = (other: number) =>
    other === level ||
    (entryOf[other] ?? 0) > entry ||
    (levels[other]?.kind === 'cost' &&
      cells.every(
        ({costs, room}, cell) => (costs?.[other] ?? 0) === 0 || ((counts[cell] ?? 0) === 0 && room === 0),
      ));
  if (
    rule === undefined ||
    rule.kind === 'skew' ||
    rule.fixed !== undefined ||
    ![...levels.keys()].every(isFree) ||
    domainOf[level]?.includes(-1) === true
  ) {
    return undefined;
  }
  const most = Array<number>(sums[level]?.length ?? 0).fill(0);
  let replicas = 0;
  for (const [cell, {room}] of cells.entries()) {
    const domain = domainOf[level]?.[cell] ?? 0;
    const count = counts[cell] ?? 0;
    replicas += count;
    most[domain] = (most[domain] ?? 0) + Math.max(count, room);
  }
  const {background = []} = rule;
  return (low) => {
    if (background.some(({count, room}) => count < Math.min(low, room) || count > low + rule.maxSkew)) {
      return false;
    }
    let least = 0;
    let highest = 0;
    for (const [domain, fits] of most.entries()) {
      least += Math.min(low, rooms[level]?.[domain] ?? 0);
      highest += Math.min(low + rule.maxSkew, fits);
    }
    return least <= replicas && replicas <= highest;
  };
}
