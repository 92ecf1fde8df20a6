/**
 * Moves of several workloads between nodes with a common CPU capacity, one after another, as a mixed-integer programme
 * (HiGHS) with a layer of variables for each point in time, and without any of the planner's code. A replica may go
 * wherever there is room at that moment, and no move leaves its workload less even than it was.
 */
import highs, {type Highs} from 'highs';

export interface OrderedProblem {
  /** By node, what it has for the workloads, in units of CPU. */
  readonly capacity: readonly number[];
  readonly workloads: readonly {
    /** Of each replica. */
    readonly request: number;
    /** By node, how many replicas it holds. */
    readonly counts: readonly number[];
  }[];
  /** The most moves that are considered. */
  readonly moves: number;
}

export interface OrderedOptimum {
  /** The sum over workloads and nodes of n(n+1)/2. */
  readonly objective: number;
  readonly moves: number;
}

// The package's types are those of its CommonJS half; imported, the default export is the function itself.
const loadHighs = highs as unknown as typeof highs.default;

export class OrderedMoves {
  readonly #solver: Highs;

  private constructor(solver: Highs) {
    this.#solver = solver;
  }

  static async load(): Promise<OrderedMoves> {
    return new OrderedMoves(await loadHighs());
  }

  /** The least objective that the moves can reach, and the fewest moves to it. */
  solve(problem: OrderedProblem): OrderedOptimum {
    const objective = this.#minimum(problem, (programme) => programme.costAtTheEnd());
    const moves = this.#minimum(problem, (programme) => {
      programme.require(`${programme.costAtTheEnd()} <= ${objective}`);
      return programme.moves();
    });
    return {objective, moves};
  }

  #minimum(problem: OrderedProblem, goalOf: (programme: Programme) => string): number {
    const programme = new Programme(problem);
    const text = programme.toString(goalOf(programme));
    const solution = this.#solver.solve(text, {mip_rel_gap: 0, output_flag: false});
    if (solution.Status !== 'Optimal') {
      throw new Error(`HiGHS says ${solution.Status} of\n${text}`);
    }
    return Math.round(solution.ObjectiveValue);
  }
}

class Programme {
  readonly #problem: OrderedProblem;
  readonly #constraints: string[] = [];
  readonly #integers: string[] = [];
  readonly #binaries: string[] = [];
  readonly #moves: string[] = [];
  readonly #cost: string[][] = [];

  constructor(problem: OrderedProblem) {
    this.#problem = problem;
    for (let time = 0; time <= problem.moves; time++) {
      for (const workload of problem.workloads.keys()) {
        this.#addCounts(workload, time);
      }
      for (const [node, capacity] of problem.capacity.entries()) {
        const used = problem.workloads.map(({request}, index) => `${request} ${count(index, node, time)}`);
        this.require(`${used.join(' + ')} <= ${capacity}`);
      }
      if (time > 0) {
        this.#addMoves(time);
      }
    }
  }

  require(constraint: string): void {
    this.#constraints.push(constraint);
  }

  costAtTheEnd(): string {
    return this.#problem.workloads
      .flatMap((_, workload) => this.#costOf(workload, this.#problem.moves))
      .join(' + ');
  }

  moves(): string {
    return this.#moves.join(' + ');
  }

  toString(goal: string): string {
    return [
      'Minimize',
      ` goal: ${goal}`,
      'Subject To',
      ...this.#constraints.map((constraint, index) => ` c${index}: ${constraint}`),
      'General',
      ` ${this.#integers.join(' ')}`,
      'Binary',
      ` ${this.#binaries.join(' ')}`,
      'End',
    ].join('\n');
  }

  #costOf(workload: number, time: number): readonly string[] {
    return this.#cost[time * this.#problem.workloads.length + workload] ?? [];
  }

  #addCounts(workload: number, time: number): void {
    const counts = this.#problem.workloads[workload]?.counts ?? [];
    const total = counts.reduce((sum, value) => sum + value, 0);
    const costs: string[] = [];
    for (const [node, now] of counts.entries()) {
      const here = count(workload, node, time);
      this.#integers.push(here);
      if (time === 0) {
        this.require(`${here} = ${now}`);
      }
      // The first replica costs 1, the second 2, …: in this order.
      const steps = Array.from({length: total}, (_, step) => `y_${workload}_${node}_${time}_${step}`);
      this.#binaries.push(...steps);
      this.require(`${here} ${steps.map((step) => `- ${step}`).join(' ')} = 0`);
      for (const [index, step] of steps.slice(1).entries()) {
        this.require(`${steps[index]} - ${step} >= 0`);
      }
      costs.push(...steps.map((step, index) => `${index + 1} ${step}`));
    }
    this.#cost.push(costs);
    if (time > 0) {
      const before = this.#costOf(workload, time - 1);
      this.require(`${costs.join(' + ')} ${before.map((term) => `- ${term}`).join(' ')} <= 0`);
    }
  }

  #addMoves(time: number): void {
    const {capacity, workloads} = this.#problem;
    const atOnce: string[] = [];
    for (const workload of workloads.keys()) {
      for (const node of capacity.keys()) {
        const others = [...capacity.keys()].filter((other) => other !== node);
        const leaving = others.map((other) => `m_${workload}_${node}_${other}_${time}`);
        const coming = others.map((other) => `m_${workload}_${other}_${node}_${time}`);
        atOnce.push(...leaving);
        const change = [...leaving.map((move) => `+ ${move}`), ...coming.map((move) => `- ${move}`)].join(
          ' ',
        );
        this.require(`${count(workload, node, time)} - ${count(workload, node, time - 1)} ${change} = 0`);
      }
    }
    this.#binaries.push(...atOnce);
    this.#moves.push(...atOnce);
    this.require(`${atOnce.join(' + ')} <= 1`);
  }
}

function count(workload: number, node: number, time: number): string {
  return `n_${workload}_${node}_${time}`;
}
