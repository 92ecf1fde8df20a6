/** The workloads of one policy that may be in each other's way, and what they could do together. */
import type {WorkloadKey} from '../cluster/cluster-cache.ts';
import {nodeTable} from '../cluster/node-table.ts';
import {isTerminating, type Pod} from '../cluster/pod.ts';
import {compareText, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {MoveDecision} from '../eviction/mover.ts';
import type {Plan, PlannedMove} from '../planning/plan.ts';
import {haveRoomForAll} from '../planning/plenty.ts';
import {
  judgeEachOther,
  keepsTheEnd,
  planTogether,
  type TogetherMove,
  type TogetherPlan,
  type TogetherRequest,
  type TogetherWorkload,
} from '../planning/together.ts';
import type {Look} from './look.ts';
import {policyKey} from './policy-index.ts';
import {titleOf} from './workload-status.ts';

/** Workloads that are planned together, the one that asks included. */
const MOST_TOGETHER = 6;
/** Workloads that are looked at to find those. */
const MOST_LOOKED_AT = 12;
/** Nodes whose pods are looked through for workloads that could make room. */
const NODES_LOOKED_THROUGH = 50;
/** How much is searched: a tenth of a second, or some, and on large clusters enough for a short chain. */
const JUDGEMENTS = 60_000;
const JUDGEMENTS_OF_A_NODE = 60;

/** Up to so many nodes a search that is cut short has still tried hundreds of moves, and not just the first few. */
const NODES_SEARCHED_WELL = 100;

export interface NeighboursOptions {
  /** A look at a workload as it is now; undefined when its moves are not up to this operator and its policy. */
  readonly lookAt: (key: WorkloadKey) => Look | undefined;
  /** What would be decided about a plan. With `isSelf` as if the workload had no move in flight. */
  readonly decide: (look: Look, plan: Plan, isSelf: boolean) => MoveDecision;
  readonly workloadOf: (pod: Pod) => WorkloadKey | undefined;
  /** Replacements of a workload that are on their way. */
  readonly expectedOf: (key: WorkloadKey) => readonly Pod[];
  /** The cluster with all replacements that are on their way, but for those of one workload. */
  readonly snapshotBesides: (key: WorkloadKey) => SchedulingSnapshot;
}

export interface Joint {
  readonly request: TogetherRequest;
  readonly plan: TogetherPlan;
  /** Absent when nothing is to be moved. */
  readonly first?: TogetherMove;
}

/** It is the scheduler's turn, who would see other room than foreseen. */
export interface Unplaced {
  /** The workload whose replacement has no node yet. */
  readonly unplaced: WorkloadKey;
}

export class Neighbours {
  readonly #options: NeighboursOptions;
  /** By policy, from the workloads' last looks; those that nobody has looked at yet may belong to it. */
  readonly #notSpread = new Map<string, Set<WorkloadKey>>();
  readonly #policyOf = new Map<WorkloadKey, string>();

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  saw(policy: string, key: WorkloadKey, isSpread: boolean): void {
    if (isSpread || this.#policyOf.get(key) !== policy) {
      this.forget(key);
    }
    if (!isSpread) {
      this.#policyOf.set(key, policy);
      const keys = this.#notSpread.get(policy);
      if (keys === undefined) {
        this.#notSpread.set(policy, new Set([key]));
      } else {
        keys.add(key);
      }
    }
  }

  forget(key: WorkloadKey): void {
    const policy = this.#policyOf.get(key) ?? '';
    const keys = this.#notSpread.get(policy);
    this.#policyOf.delete(key);
    keys?.delete(key);
    if (keys?.size === 0) {
      this.#notSpread.delete(policy);
    }
  }

  clear(): void {
    this.#notSpread.clear();
    this.#policyOf.clear();
  }

  /**
   * The plan for a workload that could move and the others that are not spread; undefined when nobody is in anybody's
   * way.
   * @param self the workload that decides: this one, or one that is asked to make room for it
   */
  contending(look: Look, {to}: PlannedMove, self: WorkloadKey): Joint | Unplaced | undefined {
    const others = this.#looksAt(this.#notSpreadBeside(look), look, self, isNotSpread);
    if (others.length === 0 && !lacksRoom(look)) {
      return undefined;
    }
    const request = this.#requestOf([look, ...others], self);
    const demands = request.workloads.map(({request: {replicas, replacement}}) => {
      return {replicas: replicas.length, spec: replacement.spec};
    });
    if (
      !lacksRoom(look) &&
      haveRoomForAll(request.snapshot, to, demands) &&
      !judgeEachOther(request.workloads)
    ) {
      return undefined;
    }
    const unplaced = others.find((other) => other.key !== self && hasUnplaced(other))?.key;
    if (unplaced !== undefined) {
      return {unplaced};
    }
    const joint = this.#planFor(request, [look, ...others], self);
    const lacking = [look, ...others].filter(lacksRoom);
    if (lacking.length === 0 && joint.plan.refusals.size === 0) {
      return joint;
    }
    // Not all of them come to their best: then those that are spread, and could make room, have a say, too.
    const holders = [look, ...lacking.filter(({key}) => key !== look.key)].flatMap((each) =>
      this.#holdersAround(each, self, to),
    );
    const keys = [...others.map(({key}) => key), ...holders];
    const looks = [look, ...this.#looksAt(keys, look, self)];
    return looks.length === others.length + 1
      ? joint
      : this.#planFor(this.#requestOf(looks, self), looks, self);
  }

  /**
   * The plan in which a workload without room comes nearer to its best; undefined when there is none, or when its first
   * move cannot be made soon.
   * @param self the workload that decides: the one without room, or one that is asked to make some
   */
  chainFor(look: Look, self: WorkloadKey): Joint | undefined {
    const keys = [...this.#holdersAround(look, self), ...this.#notSpreadBeside(look)];
    const looks = [look, ...this.#looksAt(keys, look, self)];
    if (looks.length === 1) {
      return undefined;
    }
    const joint = this.#planFor(this.#requestOf(looks, self), looks, self);
    const {first, plan, request} = joint;
    if (first === undefined || !plan.improved.has(look.key)) {
      return undefined;
    }
    // Where the scheduler chooses at random between several nodes, each of them must do.
    const isSafe = first.move.to.length === 1 || keepsTheEnd(request, plan, first);
    return isSafe && movesUntilUsed(plan).every((next) => this.#canMove(looks, next, self))
      ? joint
      : undefined;
  }

  #notSpreadBeside({key, policy}: Look): WorkloadKey[] {
    const keys = this.#notSpread.get(policyKey(policy)) ?? [];
    return [...keys].filter((other) => other !== key).sort(compareText);
  }

  /** Workloads with replicas on the nodes without room, and those with replicas where these could go. */
  #holdersAround(look: Look, self: WorkloadKey, contested: readonly string[] = []): WorkloadKey[] {
    const found = new Map([[look.key, look]]);
    for (const next of found.values()) {
      for (const key of this.#holdersOn(next, contested)) {
        if (found.size < MOST_TOGETHER && !found.has(key)) {
          const [holder] = this.#looksAt([key], look, self);
          if (holder !== undefined) {
            found.set(key, holder);
          }
        }
      }
    }
    return [...found.keys()].slice(1);
  }

  #holdersOn({assessment, request}: Look, contested: readonly string[]): WorkloadKey[] {
    const pods = new Map<WorkloadKey, number>();
    const full = assessment.noRoom.filter(({resolvable}) => resolvable).map(({node}) => node);
    for (const node of [...contested, ...full].slice(0, NODES_LOOKED_THROUGH)) {
      for (const pod of request.snapshot.nodeInfo(node)?.pods ?? []) {
        const key = this.#options.workloadOf(pod);
        if (key !== undefined) {
          pods.set(key, (pods.get(key) ?? 0) + 1);
        }
      }
    }
    return [...pods].sort(([a, one], [b, other]) => other - one || compareText(a, b)).map(([key]) => key);
  }

  /** Looks at the first few of them that have the same policy and nothing that keeps them from moving soon. */
  #looksAt(
    keys: readonly WorkloadKey[],
    {key: asking, policy}: Look,
    self: WorkloadKey,
    belongs: (look: Look) => boolean = () => true,
  ): Look[] {
    const looks: Look[] = [];
    for (const key of [...new Set(keys)].slice(0, MOST_LOOKED_AT)) {
      if (looks.length >= MOST_TOGETHER - 1) {
        break;
      }
      const look = key === asking ? undefined : this.#options.lookAt(key);
      if (look?.policy.uid === policy.uid && belongs(look) && this.isAble(look, undefined, self)) {
        looks.push(look);
      }
    }
    return looks;
  }

  #canMove(looks: readonly Look[], {workload, move}: TogetherMove, self: WorkloadKey): boolean {
    const look = looks.find(({key}) => key === workload);
    return look !== undefined && this.isAble(look, move, self);
  }

  /** Whether the workload makes this move now or, when it has settled, soon; without a move, whether it might. */
  isAble(look: Look, move: PlannedMove | undefined, self: WorkloadKey): boolean {
    const moves = move === undefined ? [] : [move];
    const {kind} = this.#options.decide(look, {assessment: look.assessment, moves}, look.key === self);
    return (
      kind === 'evict' ||
      kind === 'settling' ||
      kind === 'moving' ||
      (kind === 'spread' && move === undefined)
    );
  }

  #requestOf(looks: readonly Look[], self: WorkloadKey): TogetherRequest {
    const workloads = looks.map((look) => this.#memberOf(look, self));
    const snapshot = this.#options.snapshotBesides(self);
    const nodes = [...snapshot.nodeInfos()].length;
    // The proof of the bound is of no use here.
    return {workloads, snapshot, limits: {search: JUDGEMENTS + JUDGEMENTS_OF_A_NODE * nodes, proof: 0}};
  }

  /** With a replica that is on its way where it is expected. */
  #memberOf(look: Look, self: WorkloadKey): TogetherWorkload {
    const {key, request, replicas, memory} = look;
    const {snapshot: _, ...own} = request;
    const title = titleOf(key);
    if (key === self || memory.moves.inFlight.length === 0) {
      return {key, title, request: own, movable: true};
    }
    const placed = placedReplicas(look);
    const missing = replicas.workload.replicas - placed.length;
    const expected = missing > 0 ? this.#options.expectedOf(key) : [];
    // After a restart nobody knows what is expected; what is not known is not moved.
    return expected.length === missing
      ? {key, title, request: {...own, replicas: [...placed, ...expected]}, movable: true}
      : {key, title, request: own, movable: false};
  }

  /** Planned again without those whose turn it would be and who cannot move: nobody waits for them. */
  #planFor(request: TogetherRequest, looks: readonly Look[], self: WorkloadKey): Joint {
    let {workloads} = request;
    for (;;) {
      const tried = {...request, workloads};
      const plan = planTogether(tried);
      const [first] = plan.moves;
      if (first === undefined) {
        return {request: tried, plan};
      }
      if (this.#canMove(looks, first, self)) {
        return {request: tried, plan, first};
      }
      workloads = workloads.map((member) =>
        member.key === first.workload ? {...member, movable: false} : member,
      );
    }
  }
}

/** Whether the plan is one to wait for others for: as good as any, or the best of many that were tried. */
export function isSearchedWell({request, plan}: Joint): boolean {
  return plan.isComplete || nodeTable(request.snapshot).size <= NODES_SEARCHED_WELL;
}

/** What has to follow the first move before it is of use: others that make room for the same workload, and its own. */
function movesUntilUsed({moves: [first, ...later]}: TogetherPlan): TogetherMove[] {
  const beneficiary = first?.move.makesRoomFor?.workload;
  if (beneficiary === undefined) {
    return [];
  }
  const use = later.findIndex(({workload}) => workload === beneficiary);
  return later
    .slice(0, use + 1)
    .filter(({workload, move}) => [workload, move.makesRoomFor?.workload].includes(beneficiary));
}

/** Whether its own moves alone do not bring it to its best. */
function lacksRoom({assessment}: Look): boolean {
  return assessment.lacksRoom;
}

function isNotSpread({assessment}: Look): boolean {
  return assessment.movesNeeded > 0 || assessment.movesWanted > 0;
}

function hasUnplaced(look: Look): boolean {
  const {memory, replicas} = look;
  return memory.moves.inFlight.length > 0 && placedReplicas(look).length < replicas.workload.replicas;
}

/** Those that are on a node and stay. */
function placedReplicas({memory, replicas}: Look): Pod[] {
  const leaving = new Set(memory.moves.inFlight.map(({podUID}) => podUID));
  return replicas.pods.filter(
    (pod) => pod.nodeName !== undefined && !isTerminating(pod) && !leaving.has(pod.uid),
  );
}
