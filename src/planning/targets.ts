import type {NodeTable} from '../cluster/node-table.ts';
import type {Problem} from './problem.ts';
import type {Steps} from './steps.ts';

/** Which nodes a replacement should go to; asked of each node again for each replica that is tried. */
export class Targets {
  readonly #problem: Problem;
  readonly #table: NodeTable;
  readonly #steps: Steps;
  /** By the number of the node; -1 where none should go. */
  readonly #cells: (number | undefined)[] = [];
  /** By the cell that a replica leaves and the one where it counts then. */
  readonly #right: (boolean | undefined)[][] = [];

  constructor(problem: Problem, table: NodeTable, steps: Steps) {
    this.#problem = problem;
    this.#table = table;
    this.#steps = steps;
  }

  areRight(from: number, number: number): boolean {
    const to = (this.#cells[number] ??=
      this.#problem.cellOfNode.target(this.#table.names[number] ?? '') ?? -1);
    if (to < 0) {
      return false;
    }
    const ofCell = (this.#right[from] ??= []);
    return (ofCell[to] ??= this.#steps.isOnShortestWay({from, to}));
  }
}
