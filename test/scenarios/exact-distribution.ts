/**
 * The best distribution and the fewest moves to it by an exact solver (HiGHS), as a mixed-integer programme that shares
 * nothing with the planner but the statement of the problem: what the planner's descent is measured with.
 */
import highs, {type Highs} from 'highs';
import type {Cell, Level} from '../../src/planning/distribution.ts';

/** Costs of one level are never higher than this in the small problems of the tests, nor are moves. */
const WEIGHT = 64;

export interface ExactAnswer {
  readonly objective: readonly number[];
  readonly moves: number;
}

// The package's types are those of its CommonJS half; imported, the default export is the function itself.
const loadHighs = highs as unknown as typeof highs.default;

export class ExactSolver {
  readonly #solver: Highs;

  private constructor(solver: Highs) {
    this.#solver = solver;
  }

  static async load(): Promise<ExactSolver> {
    return new ExactSolver(await loadHighs());
  }

  solve(levels: readonly Level[], cells: readonly Cell[]): ExactAnswer {
    if (cells.every(({count}) => count === 0)) {
      return {
        objective: objectiveOf(
          levels,
          cells,
          cells.map(() => 0),
        ),
        moves: 0,
      };
    }
    const text = programme(levels, cells);
    const {Status, Columns} = this.#solver.solve(text, {
      mip_rel_gap: 0,
      mip_abs_gap: 0.5,
      output_flag: false,
    });
    if (Status !== 'Optimal') {
      throw new Error(`HiGHS says ${Status} of\n${text}`);
    }
    const counts = cells.map((_, cell) => Math.round(Columns[`x${cell}`]?.Primal ?? 0));
    return {objective: objectiveOf(levels, cells, counts), moves: movesTo(cells, counts)};
  }
}

/** Straight from the definitions, with every band tried. */
export function objectiveOf(
  levels: readonly Level[],
  cells: readonly Cell[],
  counts: readonly number[],
): number[] {
  const objective: number[] = [];
  for (const [index, level] of levels.entries()) {
    const entry = level.entry ?? index;
    objective[entry] = (objective[entry] ?? 0) + levelCost(level, index, cells, counts);
  }
  return objective;
}

function levelCost(level: Level, index: number, cells: readonly Cell[], counts: readonly number[]): number {
  if (level.kind === 'cost') {
    return cells.reduce((sum, {costs}, cell) => sum + (costs?.[index] ?? 0) * (counts[cell] ?? 0), 0);
  }
  const domains = domainsOf(level, index, cells);
  const held = [...domains.values()].map(({fixed, members}) =>
    members.reduce((sum, cell) => sum + (counts[cell] ?? 0), fixed),
  );
  const room = [...domains.values()].map(({members}) =>
    members.reduce((sum, cell) => sum + (cells[cell]?.room ?? 0), 0),
  );
  const excess = (value: number) => (value > 0 ? (value * (value + 1)) / 2 : 0);
  const {kind = 'even', maxSkew} = level;
  if (kind === 'apart') {
    return held.reduce((sum, count) => sum + excess(count - 1), 0);
  }
  if (kind === 'even' && maxSkew === 1) {
    return held.reduce((sum, count) => sum + (count * (count + 1)) / 2, 0);
  }
  return Math.min(
    ...bands(level, held).map((low) =>
      held.reduce((sum, count, domain) => {
        const least = kind === 'even' ? Math.min(low, room[domain] ?? 0) : low;
        return sum + excess(least - count) + excess(count - low - maxSkew);
      }, 0),
    ),
  );
}

function bands({emptiestIsZero}: Level, held: readonly number[]): number[] {
  const total = held.reduce((sum, count) => sum + count, 0);
  return emptiestIsZero === true ? [0] : Array.from({length: total + 1}, (_, low) => low);
}

interface Domain {
  readonly fixed: number;
  readonly members: number[];
}

function domainsOf(level: Level, index: number, cells: readonly Cell[]): Map<string, Domain> {
  const domains = new Map<string, Domain>();
  for (const [name, fixed] of level.fixed ?? []) {
    domains.set(name, {fixed, members: []});
  }
  for (const [cell, {domains: names}] of cells.entries()) {
    const name = names[index];
    if (name !== undefined) {
      const domain = domains.get(name) ?? {fixed: 0, members: []};
      domains.set(name, domain);
      domain.members.push(cell);
    }
  }
  return domains;
}

function movesTo(cells: readonly Cell[], counts: readonly number[]): number {
  return cells.reduce((sum, {count}, cell) => sum + Math.max(0, count - (counts[cell] ?? 0)), 0);
}

function programme(levels: readonly Level[], cells: readonly Cell[]): string {
  // A variable may stand in the objective once only.
  const prices = new Map(cells.map((_, cell) => [`gone${cell}`, 1]));
  const constraints: string[] = [];
  const bounds: string[] = [];
  const binaries: string[] = [];
  const replicas = cells.reduce((sum, {count}) => sum + count, 0);
  const entries = Math.max(...levels.map(({entry}, index) => entry ?? index)) + 1;
  constraints.push(`${cells.map((_, cell) => `x${cell}`).join(' + ')} = ${replicas}`);
  for (const [cell, {count, room}] of cells.entries()) {
    bounds.push(`0 <= x${cell} <= ${Math.max(count, room)}`);
    constraints.push(`gone${cell} + x${cell} >= ${count}`);
  }
  for (const [index, level] of levels.entries()) {
    const weight = WEIGHT ** (entries - (level.entry ?? index));
    const pay = (cost: number, variable: string) => {
      if (cost > 0) {
        prices.set(variable, (prices.get(variable) ?? 0) + cost * weight);
      }
    };
    if (level.kind === 'cost') {
      for (const [cell, {costs}] of cells.entries()) {
        pay(costs?.[index] ?? 0, `x${cell}`);
      }
      continue;
    }
    const domains = [...domainsOf(level, index, cells).values()];
    const most = replicas + Math.max(0, ...domains.map(({fixed}) => fixed));
    // Variables of rising price, between 0 and 1: the cheap ones are taken first, so they need not be integers.
    const priced = (name: string, highest: number, priceOf: (step: number) => number): string => {
      const steps = Array.from({length: Math.max(1, highest)}, (_, step) => `${name}s${step}`);
      for (const [step, variable] of steps.entries()) {
        bounds.push(`0 <= ${variable} <= 1`);
        pay(priceOf(step + 1), variable);
      }
      return steps.join(' + ');
    };
    const {kind = 'even', maxSkew} = level;
    const lows = bands(level, [most]).map((low) => ({low, chosen: `l${index}low${low}`}));
    const tolerant = kind === 'skew' || (kind === 'even' && maxSkew > 1);
    if (tolerant) {
      binaries.push(...lows.map(({chosen}) => chosen));
      constraints.push(`${lows.map(({chosen}) => chosen).join(' + ')} = 1`);
    }
    for (const [id, {fixed, members}] of domains.entries()) {
      const name = `l${index}d${id}`;
      const held = members.map((cell) => `x${cell}`);
      const fits = members.reduce(
        (sum, cell) => sum + Math.max(cells[cell]?.count ?? 0, cells[cell]?.room ?? 0),
        0,
      );
      const highest = Math.min(most, fixed + fits);
      if (!tolerant) {
        const steps = priced(name, highest, (step) => (kind === 'apart' ? step - 1 : step));
        constraints.push(`${[steps, ...held].join(' - ')} = ${fixed}`);
        continue;
      }
      const room = members.reduce((sum, cell) => sum + (cells[cell]?.room ?? 0), 0);
      const least = (low: number) => (kind === 'even' ? Math.min(low, room) : low);
      const below = priced(`${name}below`, most, (step) => step);
      const above = priced(`${name}above`, highest, (step) => step);
      const chosenLeast = lows.map(({low, chosen}) => ` - ${least(low)} ${chosen}`).join('');
      const chosenMost = lows.map(({low, chosen}) => ` - ${low + maxSkew} ${chosen}`).join('');
      constraints.push(`${[...held, below].join(' + ')}${chosenLeast} >= ${-fixed}`);
      constraints.push(`${[above, ...held].join(' - ')}${chosenMost.replaceAll(' - ', ' + ')} >= ${fixed}`);
    }
  }
  return [
    'Minimize',
    ` cost: ${[...prices].map(([variable, price]) => `${price} ${variable}`).join(' + ')}`,
    'Subject To',
    ...constraints.map((constraint, index) => ` c${index}: ${constraint}`),
    'Bounds',
    ...bounds.map((bound) => ` ${bound}`),
    'General',
    ` ${cells.map((_, cell) => `x${cell}`).join(' ')}`,
    ...(binaries.length === 0 ? [] : ['Binary', ` ${binaries.join(' ')}`]),
    'End',
  ].join('\n');
}
