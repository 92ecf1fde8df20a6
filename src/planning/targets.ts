import type {Problem} from './problem.ts';
import type {Steps} from './steps.ts';

const UNKNOWN = -2;
const NONE = -1;

/** Which nodes a replacement should go to; asked of each node again for each replica that is tried. */
export class Targets {
  readonly #problem: Problem;
  readonly #steps: Steps;
  /** By the number of the node, the cell where a replica that comes there counts. */
  readonly #cells: Int32Array;
  /** By the cell that a replica leaves and the one where it counts then. */
  readonly #right: (boolean | undefined)[][] = [];

  constructor(problem: Problem, steps: Steps, nodes: number) {
    this.#problem = problem;
    this.#steps = steps;
    this.#cells = new Int32Array(nodes).fill(UNKNOWN);
  }

  /** @param hasRoom whether the node is known to have room for a replica, should it hold none */
  areRight(from: number, number: number, hasRoom: boolean): boolean {
    let to = this.#cells[number] ?? NONE;
    if (to === UNKNOWN) {
      to = this.#problem.cellOfNode.target(number, hasRoom) ?? NONE;
      this.#cells[number] = to;
    }
    if (to === NONE) {
      return false;
    }
    const ofCell = (this.#right[from] ??= []);
    return (ofCell[to] ??= this.#steps.isOnShortestWay({from, to}));
  }
}
