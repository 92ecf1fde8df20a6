/** Gathers verdicts by what only the whole set of lost nodes does. Pure. */
import type {DepthSummary, LossGroup} from './loss-summary.ts';
import {isHarmless, type LossVerdict} from './loss-verdict.ts';

export type Judge = (lost: readonly string[]) => LossVerdict | undefined;

interface Gathered extends LossVerdict {
  sets: number;
  readonly examples: (readonly string[])[];
}

const EXAMPLES = 5;
const NOTHING: LossVerdict = {servicesDown: [], pending: [], nodesDying: [], settles: true};

export class LossCollector {
  readonly #prove: Judge;
  readonly #simulate: Judge;
  /** Harmful verdicts of the sets that are smaller than those that are judged now, by their nodes. */
  readonly #smaller = new Map<string, LossVerdict>();
  readonly #groups = new Map<string, Gathered>();
  #depth = 0;
  #isKept = false;
  judged = 0;
  simulated = 0;
  #undecided = 0;
  #harmless = 0;
  #inherited = 0;

  constructor(prove: Judge, simulate: Judge) {
    this.#prove = prove;
    this.#simulate = simulate;
  }

  /** @param isKept whether larger sets follow, whose verdicts are held against these */
  begin(depth: number, isKept: boolean): void {
    this.#depth = depth;
    this.#isKept = isKept;
    this.#groups.clear();
    this.judged = 0;
    this.simulated = 0;
    this.#undecided = 0;
    this.#harmless = 0;
    this.#inherited = 0;
  }

  /** Undefined when nothing can be told of it. */
  judge(lost: readonly string[]): LossVerdict | undefined {
    this.judged++;
    const proven = this.#prove(lost);
    const verdict = proven ?? this.#simulate(lost);
    if (verdict === undefined) {
      this.#undecided++;
      return undefined;
    }
    this.simulated += Number(proven === undefined);
    this.#add(lost, verdict);
    return verdict;
  }

  summary(total: number): DepthSummary {
    return {
      depth: this.#depth,
      total,
      judged: this.judged,
      simulated: this.simulated,
      undecided: this.#undecided,
      harmless: this.#harmless,
      inherited: this.#inherited,
      groups: [...this.#groups.values()].sort(worstFirst),
    };
  }

  #add(lost: readonly string[], verdict: LossVerdict): void {
    if (isHarmless(verdict)) {
      this.#harmless++;
      return;
    }
    const own = beyond(verdict, this.#partsOf(lost));
    if (this.#isKept) {
      this.#smaller.set(lost.join(' '), verdict);
    }
    if (isHarmless(own)) {
      this.#inherited++;
      return;
    }
    const key = JSON.stringify(own);
    const group = this.#groups.get(key) ?? {...own, sets: 0, examples: []};
    group.sets++;
    if (group.examples.length < EXAMPLES) {
      group.examples.push(lost);
    }
    this.#groups.set(key, group);
  }

  /** What the sets without one of the nodes do: smaller ones are within these. */
  #partsOf(lost: readonly string[]): LossVerdict[] {
    return lost.flatMap(
      (_, left) => this.#smaller.get(lost.filter((__, index) => index !== left).join(' ')) ?? [],
    );
  }
}

function beyond(verdict: LossVerdict, parts: readonly LossVerdict[]): LossVerdict {
  if (parts.length === 0) {
    return verdict;
  }
  const without = (field: 'servicesDown' | 'pending' | 'nodesDying') => {
    const known = new Set(parts.flatMap((part) => part[field]));
    return verdict[field].filter((name) => !known.has(name));
  };
  return {
    ...NOTHING,
    servicesDown: without('servicesDown'),
    pending: without('pending'),
    nodesDying: without('nodesDying'),
    settles: verdict.settles || parts.some(({settles}) => !settles),
  };
}

function worstFirst(a: LossGroup, b: LossGroup): number {
  return (
    Number(a.settles) - Number(b.settles) ||
    b.nodesDying.length - a.nodesDying.length ||
    b.servicesDown.length - a.servicesDown.length ||
    b.pending.length - a.pending.length ||
    b.sets - a.sets
  );
}
