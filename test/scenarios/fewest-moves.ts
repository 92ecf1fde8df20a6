/**
 * The fewest moves to the best placement, by an exact solver (HiGHS) and without any of the planner's code: what
 * the operator's evictions are measured with. It knows where replicas may be and how much room there is, and nothing
 * of the order of moves or of the scheduler's taste, so no operator can need fewer.
 */
import highs, {type Highs} from 'highs';

export interface MoveProblem {
  /** What the nodes have for the workloads: allocatable less what other pods use. */
  readonly room: readonly Size[];
  readonly workloads: readonly WorkloadProblem[];
}

export interface Size {
  /** milliCPU. */
  readonly cpu: number;
  /** MiB: with bytes the solver would have to weigh very large numbers against very small ones. */
  readonly memory: number;
  readonly pods: number;
}

/** Lists have an entry for each node. */
export interface WorkloadProblem {
  readonly request: Size;
  readonly counts: readonly number[];
  /** Whether a new replica may come to the node at all. */
  readonly mayReceive: readonly boolean[];
  readonly levels: readonly LevelProblem[];
  /** What the scheduler insists on for each new replica. */
  readonly hardRules: readonly HardRule[];
}

/** Something that is to be even, or avoided. Nodes whose domain is undefined are outside of it. */
export interface LevelProblem {
  /** Which part of the cost it belongs to: 0 counts most. */
  readonly entry: number;
  /**
   * `even`: as even as the room allows. `skew`: the same, as the scheduler counts, for which a full domain is an
   * empty one. `apart`: one replica in each domain at most. `avoid`: no replica in any of the domains.
   */
  readonly kind: 'even' | 'skew' | 'apart' | 'avoid';
  /** Of `even` and `skew`: differences that are tolerated. */
  readonly maxSkew: number;
  readonly domains: readonly (string | undefined)[];
}

export interface HardRule {
  readonly domains: readonly (string | undefined)[];
  /** `alone`: no other replica in the domain. A number: at most so many more than in the emptiest domain. */
  readonly limit: 'alone' | number;
  /** Nodes whose domain counts as the emptiest although it may take no replica. */
  readonly counted: readonly boolean[];
}

/** For each workload the replicas of each node. */
export type Placement = readonly (readonly number[])[];

/** Compared entry by entry. */
export type Cost = readonly number[];

export interface BestPlacement {
  readonly placement: Placement;
  readonly cost: Cost;
  readonly moves: number;
}

// The package's types are those of its CommonJS half; imported, the default export is the function itself.
const loadHighs = highs as unknown as typeof highs.default;

export class FewestMoves {
  readonly #solver: Highs;

  private constructor(solver: Highs) {
    this.#solver = solver;
  }

  static async load(): Promise<FewestMoves> {
    return new FewestMoves(await loadHighs());
  }

  /** The best placement that the rules and the room allow, in as few moves as it takes. */
  toBest(problem: MoveProblem): BestPlacement {
    const model = new Model(problem);
    for (let entry = 0; entry < entriesOf(problem); entry += 1) {
      const best = this.#solve(model, model.costOf(entry));
      model.keep(entry, costOf(problem, best)[entry] ?? 0);
    }
    const placement = this.#solve(model, model.moves);
    const start = problem.workloads.map(({counts}) => counts);
    return {placement, cost: costOf(problem, placement), moves: movesBetween(start, placement)};
  }

  #solve(model: Model, goal: readonly string[]): Placement {
    const text = model.minimize(goal);
    const solution = this.#solver.solve(text, {mip_rel_gap: 0, output_flag: false});
    if (solution.Status !== 'Optimal') {
      throw new Error(`HiGHS says ${solution.Status} of\n${text}`);
    }
    return model.placementIn((name) => Math.round(solution.Columns[name]?.Primal ?? 0));
  }
}

function movesBetween(before: Placement, after: Placement): number {
  return sum(
    before.flatMap((counts, workload) =>
      counts.map((count, node) => Math.max(0, count - (after[workload]?.[node] ?? 0))),
    ),
  );
}

/** The costs of all workloads, added up entry by entry. */
export function costOf(problem: MoveProblem, placement: Placement): Cost {
  return Array.from({length: entriesOf(problem)}, (_, entry) =>
    sum(
      problem.workloads.flatMap((workload, index) =>
        workload.levels
          .filter((level) => level.entry === entry)
          .map((level) => levelCost(problem, workload, level, placement[index] ?? [])),
      ),
    ),
  );
}

export function isLess(a: Cost, b: Cost): boolean {
  const differing = a.findIndex((value, entry) => value !== b[entry]);
  return differing !== -1 && (a[differing] ?? 0) < (b[differing] ?? 0);
}

function entriesOf({workloads}: MoveProblem): number {
  return 1 + Math.max(-1, ...workloads.flatMap(({levels}) => levels.map(({entry}) => entry)));
}

function levelCost(
  problem: MoveProblem,
  workload: WorkloadProblem,
  level: LevelProblem,
  counts: readonly number[],
): number {
  const {kind, maxSkew} = level;
  const domains = [...membersOf(level).values()];
  const held = domains.map((nodes) => sum(nodes.map((node) => counts[node] ?? 0)));
  switch (kind) {
    case 'avoid':
      return sum(held);
    case 'apart':
      return sum(held.map((count) => triangle(count - 1)));
    case 'skew':
    case 'even': {
      if (kind === 'even' && maxSkew === 1) {
        return sum(held.map(triangle));
      }
      const rooms = domains.map((nodes) => roomOf(problem, workload, level, nodes));
      const lows = Array.from({length: sum(counts) + 1}, (_, low) => low);
      return Math.min(
        ...lows.map((low) =>
          sum(
            held.map(
              (count, domain) =>
                triangle(count - low - maxSkew) + triangle(Math.min(low, rooms[domain] ?? 0) - count),
            ),
          ),
        ),
      );
    }
  }
}

function membersOf({domains}: Pick<LevelProblem, 'domains'>): Map<string, number[]> {
  const members = new Map<string, number[]>();
  for (const [node, domain] of domains.entries()) {
    if (domain !== undefined) {
      members.set(domain, [...(members.get(domain) ?? []), node]);
    }
  }
  return members;
}

/** How many replicas a domain could hold while the other workloads stay where they are. */
function roomOf(
  {room, workloads}: MoveProblem,
  workload: WorkloadProblem,
  {kind}: LevelProblem,
  nodes: readonly number[],
): number {
  if (kind === 'skew') {
    return Number.POSITIVE_INFINITY;
  }
  const fits = nodes.map((node) => {
    const copies = (['cpu', 'memory', 'pods'] as const).map((resource) => {
      const others = sum(
        workloads
          .filter((other) => other !== workload)
          .map(({request, counts}) => request[resource] * (counts[node] ?? 0)),
      );
      const free = (room[node]?.[resource] ?? 0) - others;
      return workload.request[resource] === 0
        ? Number.POSITIVE_INFINITY
        : Math.floor(free / workload.request[resource]);
    });
    return workload.mayReceive[node] === true ? Math.max(0, Math.min(...copies)) : 0;
  });
  return sum(fits);
}

/** The mixed-integer programme, in the LP format. */
class Model {
  readonly #problem: MoveProblem;
  readonly #constraints: string[] = [];
  readonly #bounds: string[] = [];
  readonly #integers: string[] = [];
  readonly #binaries: string[] = [];
  readonly #costs: string[][];
  #names = 0;

  constructor(problem: MoveProblem) {
    this.#problem = problem;
    this.#costs = Array.from({length: entriesOf(problem)}, () => []);
    for (const [index, workload] of problem.workloads.entries()) {
      this.#addReplicas(workload, index);
      for (const level of workload.levels) {
        this.#costs[level.entry]?.push(...this.#addLevel(workload, index, level));
      }
      for (const rule of workload.hardRules) {
        this.#addHardRule(workload, index, rule);
      }
    }
    this.#addRoom();
  }

  costOf(entry: number): readonly string[] {
    return this.#costs[entry] ?? [];
  }

  get moves(): readonly string[] {
    return this.#problem.workloads.flatMap(({counts}, workload) =>
      counts.map((_, node) => leaving(workload, node)),
    );
  }

  /** An entry of the cost may not become worse any more. */
  keep(entry: number, cost: number): void {
    const terms = this.costOf(entry);
    if (terms.length > 0) {
      // All costs are whole numbers; the half is for the solver's tolerance.
      this.#require(`${terms.join(' + ')} <= ${cost + 0.5}`);
    }
  }

  placementIn(valueOf: (variable: string) => number): Placement {
    return this.#problem.workloads.map(({counts}, workload) =>
      counts.map((_, node) => valueOf(replicas(workload, node))),
    );
  }

  minimize(goal: readonly string[]): string {
    return [
      'Minimize',
      ` goal: ${goal.length === 0 ? `0 ${replicas(0, 0)}` : goal.join(' + ')}`,
      'Subject To',
      ...this.#constraints.map((constraint, index) => ` c${index}: ${constraint}`),
      'Bounds',
      ...this.#bounds.map((bound) => ` ${bound}`),
      'General',
      ` ${this.#integers.join(' ')}`,
      ...(this.#binaries.length === 0 ? [] : ['Binary', ` ${this.#binaries.join(' ')}`]),
      'End',
    ].join('\n');
  }

  #addReplicas({counts, mayReceive}: WorkloadProblem, workload: number): void {
    const total = sum(counts);
    this.#require(`${counts.map((_, node) => replicas(workload, node)).join(' + ')} = ${total}`);
    for (const [node, count] of counts.entries()) {
      this.#integers.push(replicas(workload, node));
      this.#bounds.push(`0 <= ${replicas(workload, node)} <= ${mayReceive[node] === true ? total : count}`);
      this.#require(`${leaving(workload, node)} + ${replicas(workload, node)} >= ${count}`);
    }
  }

  #addRoom(): void {
    const {room, workloads} = this.#problem;
    for (const [node, free] of room.entries()) {
      for (const resource of ['cpu', 'memory', 'pods'] as const) {
        const terms = workloads.flatMap(({request}, workload) =>
          request[resource] > 0 ? [`${request[resource]} ${replicas(workload, node)}`] : [],
        );
        const used = sum(workloads.map(({request, counts}) => request[resource] * (counts[node] ?? 0)));
        if (terms.length > 0) {
          this.#require(`${terms.join(' + ')} <= ${Math.max(free[resource], used)}`);
        }
      }
    }
  }

  /** @returns the terms of its cost */
  #addLevel(workload: WorkloadProblem, index: number, level: LevelProblem): string[] {
    const {kind, maxSkew} = level;
    const total = sum(workload.counts);
    const low = this.#variable('low');
    this.#integers.push(low);
    this.#bounds.push(`0 <= ${low} <= ${total}`);
    return [...membersOf(level).values()].flatMap((nodes) => {
      const counts = nodes.map((node) => replicas(index, node));
      const count = counts.join(' + ');
      switch (kind) {
        case 'avoid':
          return counts;
        case 'apart':
          return this.#triangle(total, (excess) => this.#require(`${count} - ${excess} <= 1`));
        case 'even':
        case 'skew': {
          if (kind === 'even' && maxSkew === 1) {
            return this.#triangle(total, (all) => this.#require(`${count} - ${all} <= 0`));
          }
          const wanted = this.#atMost(low, roomOf(this.#problem, workload, level, nodes), total);
          return [
            ...this.#triangle(total, (excess) =>
              this.#require(`${count} - ${low} - ${excess} <= ${maxSkew}`),
            ),
            ...this.#triangle(total, (lack) =>
              this.#require(`${wanted} - ${counts.join(' - ')} - ${lack} <= 0`),
            ),
          ];
        }
      }
    });
  }

  /** The cost 1 + 2 + … of an amount: its first unit costs 1, the second 2, so the dear ones are used last. */
  #triangle(most: number, limit: (amount: string) => void): string[] {
    if (most === 0) {
      return [];
    }
    const units = Array.from({length: most}, () => this.#variable('unit'));
    this.#bounds.push(...units.map((unit) => `0 <= ${unit} <= 1`));
    limit(units.join(' - '));
    return units.map((unit, position) => `${position + 1} ${unit}`);
  }

  /** A variable that is the lesser of the variable `low` and of `most`. */
  #atMost(low: string, most: number, total: number): string {
    if (most >= total) {
      return low;
    }
    const lesser = this.#variable('lesser');
    const isMost = this.#variable('isMost');
    this.#binaries.push(isMost);
    this.#bounds.push(`0 <= ${lesser} <= ${most}`);
    this.#require(`${lesser} - ${low} <= 0`);
    this.#require(`${lesser} - ${low} + ${total} ${isMost} >= 0`);
    this.#require(`${lesser} - ${total} ${isMost} >= ${most - total}`);
    return lesser;
  }

  #addHardRule(workload: WorkloadProblem, index: number, {domains, limit, counted}: HardRule): void {
    const total = sum(workload.counts);
    const emptiest = this.#variable('emptiest');
    for (const [node, domain] of domains.entries()) {
      // Where the key is missing, anti-affinity has nothing to say, and a spread constraint says no.
      if (domain === undefined && limit !== 'alone') {
        this.#require(`${replicas(index, node)} <= ${workload.counts[node] ?? 0}`);
      }
    }
    for (const nodes of membersOf({domains}).values()) {
      const receives = this.#variable('receives');
      this.#binaries.push(receives);
      for (const node of nodes) {
        this.#require(`${replicas(index, node)} - ${total} ${receives} <= ${workload.counts[node] ?? 0}`);
      }
      const count = nodes.map((node) => replicas(index, node)).join(' + ');
      if (limit === 'alone') {
        this.#require(`${count} + ${total} ${receives} <= ${total + 1}`);
        continue;
      }
      this.#require(`${count} - ${emptiest} + ${total} ${receives} <= ${total + limit}`);
      if (nodes.some((node) => counted[node])) {
        this.#require(`${count} - ${emptiest} >= 0`);
      }
    }
  }

  #require(constraint: string): void {
    this.#constraints.push(constraint);
  }

  #variable(kind: string): string {
    this.#names += 1;
    return `${kind}${this.#names}`;
  }
}

const replicas = (workload: number, node: number) => `replicas_${workload}_${node}`;
const leaving = (workload: number, node: number) => `leaving_${workload}_${node}`;

function triangle(amount: number): number {
  return amount > 0 ? (amount * (amount + 1)) / 2 : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
