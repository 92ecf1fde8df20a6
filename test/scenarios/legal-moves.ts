/**
 * The fewest moves by trying: breadth-first over every order of moves that room and hard rules allow one by one.
 * Slower than the solver, and for small clusters only, but it sees that two full nodes cannot just swap replicas.
 */
import {
  type Cost,
  costOf,
  isLess,
  type MoveProblem,
  type Placement,
  type WorkloadProblem,
} from './fewest-moves.ts';

export interface Reachable {
  readonly cost: Cost;
  readonly moves: number;
}

/** The best placement that can be reached, and how soon; undefined when there are too many placements to try. */
export function bestReachable(problem: MoveProblem, mostPlacements = 30_000): Reachable | undefined {
  let frontier: Placement[] = [problem.workloads.map(({counts}) => counts)];
  let best: Reachable | undefined;
  const seen = new Set(frontier.map(String));
  for (let moves = 0; frontier.length > 0; moves += 1) {
    for (const placement of frontier) {
      const cost = costOf(problem, placement);
      if (best === undefined || isLess(cost, best.cost)) {
        best = {cost, moves};
      }
    }
    const next: Placement[] = [];
    for (const placement of frontier) {
      for (const after of movesFrom(problem, placement)) {
        const key = String(after);
        if (!seen.has(key)) {
          seen.add(key);
          next.push(after);
        }
      }
    }
    if (seen.size > mostPlacements) {
      return undefined;
    }
    frontier = next;
  }
  return best;
}

function* movesFrom(problem: MoveProblem, placement: Placement): Iterable<Placement> {
  for (const [index, workload] of problem.workloads.entries()) {
    const counts = placement[index] ?? [];
    for (const [from, count] of counts.entries()) {
      if (count === 0) {
        continue;
      }
      const without = counts.with(from, count - 1);
      for (const [to, held] of without.entries()) {
        if (to !== from && takes(problem, placement, index, to) && isAllowed(workload, without, to)) {
          yield placement.with(index, without.with(to, held + 1));
        }
      }
    }
  }
}

function takes({room, workloads}: MoveProblem, placement: Placement, index: number, node: number): boolean {
  const workload = workloads[index];
  const free = room[node];
  if (workload === undefined || free === undefined || workload.mayReceive[node] !== true) {
    return false;
  }
  return (['cpu', 'memory', 'pods'] as const).every((resource) => {
    const used = workloads.reduce(
      (sum, {request}, other) => sum + request[resource] * (placement[other]?.[node] ?? 0),
      0,
    );
    return workload.request[resource] === 0 || used + workload.request[resource] <= free[resource];
  });
}

/** @param counts without the replica that is on its way */
function isAllowed({hardRules}: WorkloadProblem, counts: readonly number[], to: number): boolean {
  return hardRules.every(({domains, limit, counted}) => {
    const held = new Map<string, number>();
    const least = new Set<string>();
    for (const [node, domain] of domains.entries()) {
      if (domain !== undefined) {
        held.set(domain, (held.get(domain) ?? 0) + (counts[node] ?? 0));
        if (counted[node] === true) {
          least.add(domain);
        }
      }
    }
    const target = domains[to];
    if (target === undefined) {
      return limit === 'alone';
    }
    const after = (held.get(target) ?? 0) + 1;
    return limit === 'alone'
      ? after === 1
      : after - Math.min(...[...least].map((domain) => held.get(domain) ?? 0)) <= limit;
  });
}
