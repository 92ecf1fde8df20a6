/**
 * Several workloads in one cluster while moves are tried out: where their replicas stand, which moves the scheduler
 * would make of an eviction, and how far each of them is from its best placement. Values in, values out.
 */
import {isTerminating, type Pod} from '../cluster/pod.ts';
import {compareText, type SchedulingSnapshot, withChanges} from '../cluster/snapshot.ts';
import {Prospect} from '../scheduling/prospect.ts';
import {filterNodes} from '../scheduling/scheduler.ts';
import {type AssessRequest, assess, type Problem} from './assess.ts';
import {Distribution, isLess, type Objective} from './distribution.ts';
import {boundIsKnown, judgeEachOther} from './joint-terms.ts';
import {lazy} from './lazy.ts';
import {arrivalOf, compareVictims, type PlannedMove} from './plan.ts';
import {receptionAfter} from './reception.ts';
import {Steps} from './steps.ts';

/** A workload that is planned together with others. */
export interface Member {
  readonly key: string;
  /** For people, as in `Deployment web`; the key where it is left out. */
  readonly title?: string;
  readonly request: Omit<AssessRequest, 'snapshot'>;
  /** Whether it may be moved now; one that may not is where it is. */
  readonly movable: boolean;
}

/**
 * How much looking is allowed: how often a node may be judged for a pod. Counted and not timed, so that the answer is
 * the same on every machine.
 */
class Effort {
  #left = 0;

  grant(judgements: number): void {
    this.#left = judgements;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** How often so many judgements can still be spent. */
  within(judgements: number): number {
    return Math.max(0, Math.floor(this.#left / Math.max(1, judgements)));
  }

  spend(judgements: number): void {
    this.#left -= judgements;
  }
}

/** What preparing the filters for a pod takes, in judgements. */
const PREPARATION = 30;
/** Filters and scores of one move in plan.ts, and what it takes to see where it leads. */
const PASSES_OF_A_MOVE = 3;

/** Where the replicas of all members stand. */
export interface JointState {
  /** The same for every way to the same placement. */
  readonly key: string;
  /** By member. */
  readonly replicas: readonly (readonly Pod[])[];
  readonly snapshot: SchedulingSnapshot;
  readonly gone: readonly Pod[];
  readonly arrived: readonly Pod[];
}

/** An eviction and what it leads to. */
export interface Step {
  readonly member: number;
  readonly pod: Pod;
  readonly from: string;
  /** Where the replacement lands: one of these, and the first is as good a guess as any. */
  readonly to: readonly string[];
  readonly certainty: PlannedMove['certainty'];
  /** Nodes that the filters allow. */
  readonly feasible: number;
  /** Where the move was planned by plan.ts: in its words. */
  readonly planned?: PlannedMove;
}

type Victim = Pick<Step, 'member' | 'pod' | 'from'>;

/** How well a placement serves the members, all of them added up. */
export interface Measure {
  readonly objective: Objective;
  /** No placement that can be reached from here is better than this … */
  readonly optimum: Objective;
  /** … and this one takes at least so many moves. */
  readonly moves: number;
}

/** One member's placement, seen on its own. */
export interface View {
  readonly objective: Objective;
  /** The best that it could reach if all other members made room. */
  readonly optimum: Objective;
  readonly moves: number;
  readonly problem: Problem;
  readonly distribution: Distribution;
  /** The moves that bring it nearer to that best. */
  readonly way: Way;
}

/** Which moves shorten a workload's own way. */
interface Way {
  readonly cellOfNode: Problem['cellOfNode'];
  readonly steps: () => Steps;
}

export class JointModel {
  readonly members: readonly Member[];
  readonly effort = new Effort();
  readonly start: JointState;
  readonly #root: SchedulingSnapshot;
  /** Without any replica that could move away. */
  readonly #cleared: SchedulingSnapshot;
  readonly #nodes: number;
  /** The effort of judging every node once. */
  readonly #pass: number;
  readonly #judgeEachOther: boolean;
  /** Of the policy, in its order; also those that the nodes of some member lack. */
  readonly #topologyKeys: readonly string[];
  #isBounded: boolean;
  readonly #views = new Map<string, View>();
  readonly #ways = new Map<string, Way>();
  readonly #prospects = new WeakMap<JointState, Map<number, Prospect>>();

  /** @param members in the order of their keys */
  constructor(members: readonly Member[], root: SchedulingSnapshot) {
    this.members = members;
    this.#root = root;
    this.#nodes = [...root.nodeInfos()].length;
    this.#pass = this.#nodes + PREPARATION;
    const remove = members.flatMap((member) => movableReplicas(member, member.request.replicas));
    this.#cleared = withChanges(root, {remove});
    this.#judgeEachOther = judgeEachOther(members);
    const keys = members.flatMap(({request}) => request.topologies.map(({topologyKey}) => topologyKey));
    this.#topologyKeys = [...new Set(keys)];
    this.#isBounded = boundIsKnown(members);
    this.start = this.#stateOf(
      members.map(({request}) => request.replicas),
      [],
      [],
    );
  }

  /** Whether the optimum and the moves of every measure so far are true bounds. */
  get isBounded(): boolean {
    return this.#isBounded;
  }

  after(
    state: JointState,
    {member, pod, from}: Pick<Step, 'member' | 'pod' | 'from'>,
    node: string,
  ): JointState {
    const replacement = this.members[member]?.request.replacement;
    if (replacement === undefined) {
      throw new RangeError(`there is no member ${member}`);
    }
    const newcomer = arrivalOf({pod, from, to: [node]}, replacement);
    const isOther = ({uid}: Pod) => uid !== pod.uid;
    const replicas = state.replicas.map((pods, index) =>
      index === member ? [...pods.filter(isOther), newcomer] : pods,
    );
    // A replica that arrived in an earlier step is unknown to the snapshot that all this is laid over.
    const hadArrived = state.arrived.some(({uid}) => uid === pod.uid);
    return this.#stateOf(replicas, hadArrived ? state.gone : [...state.gone, pod], [
      ...state.arrived.filter(isOther),
      newcomer,
    ]);
  }

  view(state: JointState, member: number): View {
    // Who does not look at the others' pods sees the same wherever these are.
    const key = `${member} ${this.#judgeEachOther ? state.key : placementKey(state.replicas[member] ?? [])}`;
    const known = this.#views.get(key);
    if (known !== undefined) {
      return known;
    }
    const view = this.#look(state, member);
    this.#views.set(key, view);
    return view;
  }

  measure(state: JointState): Measure {
    const views = this.members.map((_, member) => this.view(state, member));
    return {
      objective: this.#sumOf(views, ({objective}) => objective),
      optimum: this.#sumOf(views, ({optimum}) => optimum),
      moves: views.reduce((sum, {moves}) => sum + moves, 0),
    };
  }

  /**
   * The evictions whose outcome is foreseen: wherever the scheduler may put the replacement, the workload itself is
   * one move nearer to its best, or as well off as it was. Those that bring it nearer come first. What is better but not
   * nearer would be paid for with one move more in the end.
   *
   * @param inRoomThatIs nearer to the best that is possible with the others where they are, instead of to the best that
   * it could reach if they made room
   */
  foreseen(state: JointState, inRoomThatIs = false): Step[] {
    const improving: Step[] = [];
    const neutral: Step[] = [];
    for (const victim of this.#victims(state)) {
      const {step, verdict} = this.#foreseenOf(state, victim, inRoomThatIs) ?? {};
      if (step !== undefined) {
        (verdict === 'better' ? improving : neutral).push(step);
      }
    }
    return [...improving, ...neutral];
  }

  /** What the scheduler would make of a replacement while all replicas are there: the same whichever of them goes. */
  #prospectOf(state: JointState, member: number): Prospect {
    const known = this.#prospects.get(state) ?? new Map<number, Prospect>();
    this.#prospects.set(state, known);
    const prospect =
      known.get(member) ?? Prospect.of(this.#memberAt(member).request.replacement, state.snapshot);
    known.set(member, prospect);
    return prospect;
  }

  /** Whether a step is foreseen to end as it does here, too. */
  foresees(state: JointState, step: Step): boolean {
    const isThere = state.replicas[step.member]?.some(
      ({uid, nodeName}) => uid === step.pod.uid && nodeName === step.from,
    );
    return isThere === true && this.#foreseenOf(state, step, false)?.step.to.join() === step.to.join();
  }

  #foreseenOf(
    state: JointState,
    {member, pod, from}: Victim,
    inRoomThatIs: boolean,
  ): {readonly step: Step; readonly verdict: 'better' | 'neutral'} | undefined {
    const reception = receptionAfter(this.#prospectOf(state, member), pod);
    this.effort.spend(2 * this.#pass);
    const best = [...new Set(reception.occasions.flatMap((occasion) => occasion.targets))];
    const verdicts = new Set(best.map((node) => this.#verdict(state, member, from, node)));
    const [verdict] = verdicts;
    // Of the best-scored nodes the scheduler takes any: what is right on one of them only is not foreseen.
    if (verdicts.size !== 1 || verdict === undefined || verdict === 'worse') {
      return undefined;
    }
    const isNearer = (node: string) =>
      (!inRoomThatIs && isOnWay(this.view(state, member).way, from, node)) ||
      isOnWay(this.#wayInRoomThatIs(state, member), from, node);
    if (verdict === 'better' && !best.every(isNearer)) {
      return undefined;
    }
    const {possible} = reception;
    const isCertain = possible.every(
      ({node: {name}}) =>
        this.#verdict(state, member, from, name) === verdict && (verdict === 'neutral' || isNearer(name)),
    );
    const certainty = isCertain ? 'certain' : 'likely';
    return {verdict, step: {member, pod, from, to: best, certainty, feasible: possible.length}};
  }

  /** Whether the workload that a step moves has one move less to go after it, with the others where they are. */
  bringsNearer(state: JointState, {member, from, to}: Step): boolean {
    return to.every((node) => isOnWay(this.#wayInRoomThatIs(state, member), from, node));
  }

  /** Whether a step leaves the workload that it moves as well off as it was, and no better. */
  isNeutral(state: JointState, {member, from, to}: Step): boolean {
    return to.every((node) => this.#verdict(state, member, from, node) === 'neutral');
  }

  /** Every move to a node that takes the replica, wherever the scheduler would put it: what `foreseen` is measured against. */
  possible(state: JointState): Step[] {
    const steps: Step[] = [];
    for (const {member, pod, from} of this.#victims(state)) {
      const replacement = this.members[member]?.request.replacement;
      if (replacement === undefined) {
        continue;
      }
      const {feasible} = filterNodes(replacement, withChanges(state.snapshot, {remove: [pod]}));
      this.effort.spend(this.#pass);
      for (const {node} of feasible) {
        if (this.#verdict(state, member, from, node.name) !== 'worse') {
          steps.push({member, pod, from, to: [node.name], certainty: 'certain', feasible: feasible.length});
        }
      }
    }
    return steps;
  }

  /** Whether a step leaves some member worse off than it was. */
  harms(before: JointState, after: JointState, moved: number): boolean {
    return this.members.some(
      (_, member) =>
        (this.#judgeEachOther || member === moved) &&
        isLess(this.view(before, member).objective, this.view(after, member).objective),
    );
  }

  /** How many moves plan.ts may work out with the effort that is left. */
  movesWithin(): number {
    return this.effort.within(PASSES_OF_A_MOVE * this.#pass);
  }

  spendMove(): void {
    this.effort.spend(PASSES_OF_A_MOVE * this.#pass);
  }

  #verdict(state: JointState, member: number, from: string, to: string): 'better' | 'neutral' | 'worse' {
    const {problem, distribution} = this.view(state, member);
    const source = problem.cellOfNode.get(from);
    const target = problem.cellOfNode.get(to);
    if (source === undefined || target === undefined || from === to) {
      return 'worse';
    }
    if (source === target) {
      return 'neutral';
    }
    if (!distribution.takesOne(target)) {
      return 'worse';
    }
    const change = distribution.changeOf({from: source, to: target});
    const none = change.map(() => 0);
    return isLess(change, none) ? 'better' : isLess(none, change) ? 'worse' : 'neutral';
  }

  // Replicas of one template on one node differ only in who goes first: the first speaks for all.
  *#victims(state: JointState): Iterable<Victim> {
    for (const [index, member] of this.members.entries()) {
      const byNode = Map.groupBy(
        movableReplicas(member, state.replicas[index] ?? []),
        ({nodeName}) => nodeName ?? '',
      );
      for (const [from, pods] of [...byNode].sort(([a], [b]) => compareText(a, b))) {
        const [pod] = pods.sort(compareVictims);
        if (pod !== undefined && !this.effort.isSpent) {
          yield {member: index, pod, from};
        }
      }
    }
  }

  #look(state: JointState, index: number): View {
    const member = this.#memberAt(index);
    const replicas = state.replicas[index] ?? [];
    const alone = this.#problemIn(member, replicas, this.#cleared);
    const here = this.#judgeEachOther ? this.#problemIn(member, replicas, state.snapshot) : alone;
    const distribution = new Distribution(here.levels, here.cells);
    const cleared = new Distribution(alone.levels, alone.cells);
    const goal = cleared.optimum();
    this.#isBounded &&= goal.exact;
    const seen = {
      objective: distribution.objective(),
      problem: here,
      distribution,
      way: {cellOfNode: alone.cellOfNode, steps: lazy(() => new Steps(cleared, goal))},
    };
    return member.movable
      ? {...seen, optimum: goal.objective, moves: goal.atLeast}
      : {...seen, optimum: cleared.objective(), moves: 0};
  }

  #wayInRoomThatIs(state: JointState, index: number): Way {
    const key = `${index} ${state.key}`;
    const known = this.#ways.get(key);
    if (known !== undefined) {
      return known;
    }
    const {levels, cells, cellOfNode} = this.#problemIn(
      this.#memberAt(index),
      state.replicas[index] ?? [],
      state.snapshot,
    );
    const way = {cellOfNode, steps: lazy(() => new Steps(new Distribution(levels, cells)))};
    this.#ways.set(key, way);
    return way;
  }

  #memberAt(index: number): Member {
    const member = this.members[index];
    if (member === undefined) {
      throw new RangeError(`there is no member ${index}`);
    }
    return member;
  }

  #problemIn({request}: Member, replicas: readonly Pod[], snapshot: SchedulingSnapshot): Problem {
    this.effort.spend(3 * this.#pass);
    return assess({...request, replicas, snapshot}).problem;
  }

  /**
   * Added up entry by entry: hard rules, each topology of the policy, soft rules. A workload whose nodes lack a topology
   * has no entry for it, and its others must not slip into that place.
   */
  #sumOf(views: readonly View[], of: (view: View) => Objective): Objective {
    const sum = Array.from({length: this.#topologyKeys.length + 2}, () => 0);
    for (const view of views) {
      const {topologyKeys} = view.problem;
      for (const [entry, cost] of of(view).entries()) {
        const place =
          entry === 0
            ? 0
            : entry > topologyKeys.length
              ? sum.length - 1
              : this.#topologyKeys.indexOf(topologyKeys[entry - 1] ?? '') + 1;
        sum[place] = (sum[place] ?? 0) + cost;
      }
    }
    return sum;
  }

  #stateOf(replicas: readonly (readonly Pod[])[], gone: readonly Pod[], arrived: readonly Pod[]): JointState {
    return {
      key: replicas.map(placementKey).join('|'),
      replicas,
      gone,
      arrived,
      snapshot: gone.length === 0 ? this.#root : withChanges(this.#root, {remove: gone, add: arrived}),
    };
  }
}

function isOnWay({cellOfNode, steps}: Way, from: string, to: string): boolean {
  const source = cellOfNode.get(from);
  const target = cellOfNode.get(to);
  return source !== undefined && target !== undefined && steps().isOnShortestWay({from: source, to: target});
}

function movableReplicas({movable}: Member, replicas: readonly Pod[]): Pod[] {
  return movable
    ? replicas.filter(
        (pod) => pod.nodeName !== undefined && !isTerminating(pod) && pod.doNotDisrupt === undefined,
      )
    : [];
}

function placementKey(replicas: readonly Pod[]): string {
  const counts = new Map<string, number>();
  for (const {nodeName} of replicas) {
    counts.set(nodeName ?? '', (counts.get(nodeName ?? '') ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => compareText(a, b))
    .map(([node, count]) => `${node}:${count}`)
    .join(',');
}
