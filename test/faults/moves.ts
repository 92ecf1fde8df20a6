/** Every eviction that took place, what it came to, and how few it could have been. */
import type {SpreadPolicy} from '../../src/api/types.ts';
import type {SimulationClock} from '../../src/simulator/engine/simulation-clock.ts';
import {type DeploymentObject, keyOf, type PodObject} from '../../src/simulator/objects.ts';
import {type LiveCluster, problemOf} from '../e2e/live-problem.ts';
import {FewestMoves} from '../scenarios/fewest-moves.ts';
import {
  type Facts,
  governingPolicy,
  isTerminating,
  POLICIES,
  replicasOf,
  unavailableAt,
  unrestOf,
} from './facts.ts';
import type {Invariants} from './invariants.ts';

interface Batch {
  readonly victims: Set<string>;
  /** How many of them had their replacements before the others of the same decision were evicted. */
  readonly replaced: number;
  readonly startedAt: number;
  readonly costBefore: readonly number[];
  readonly replicas: number;
  /** Whether its cost before and after says what the operator can know of it. */
  readonly isComparable: boolean;
  /** Somebody else has changed something meanwhile: what comes of it is not the operator's doing. */
  readonly isDisturbed: boolean;
  /** Moves before it that did not help. */
  readonly failures: number;
}

interface FruitlessMove {
  readonly at: number;
  readonly batch: Batch;
  /** How many did not help, one after the other. */
  readonly failures: number;
  /** From how many the next one that does not help goes on: none where the operator may have forgotten them. */
  readonly counted: number;
}

/** Evictions for one policy while nobody else changed anything. */
interface Episode {
  readonly fewest: number;
  moves: number;
  /** Replacements that the scheduler put where they did not help. */
  fruitless: number;
  /** Moves while another workload of the policy paused: nobody waits for it, and they may be in its way. */
  duringPauses: number;
}

const solver = await FewestMoves.load();
/** As the operators of the fault tests are told, seconds. */
export const FIRST_BACK_OFF = 300;

export class Moves {
  accepted = 0;
  /** Of all episodes. */
  fewest = 0;
  measured = 0;
  readonly #facts: Facts;
  readonly #clock: SimulationClock;
  readonly #invariants: Invariants;
  /** What time it can be for an operator. */
  readonly #latestNow: () => number;
  readonly #underWay = new Map<string, Batch>();
  /** At rest, but what has become of them is not to be judged before settleSeconds. */
  readonly #settling = new Map<string, Batch>();
  readonly #fruitless = new Map<string, FruitlessMove>();
  readonly #episodes = new Map<string, Episode>();

  constructor(facts: Facts, clock: SimulationClock, invariants: Invariants, latestNow: () => number) {
    this.#facts = facts;
    this.#clock = clock;
    this.#invariants = invariants;
    this.#latestNow = latestNow;
  }

  /** Victims of the workload whose replacement is not there yet. */
  underWay(workload: string): number {
    const batch = this.#underWay.get(workload);
    return batch === undefined ? 0 : batch.victims.size - batch.replaced;
  }

  /** Victims of the workload's last decision, unless somebody else had a hand in what became of them. */
  undisturbed(workload: string): ReadonlySet<string> {
    const batch = this.#underWay.get(workload) ?? this.#settling.get(workload);
    return batch === undefined || batch.isDisturbed ? new Set() : batch.victims;
  }

  /** Victims of the workload's last decision, if it did not help and nobody else had a hand in that. */
  fruitless(workload: string): ReadonlySet<string> {
    return this.#fruitless.get(workload)?.batch.victims ?? new Set();
  }

  /**
   * Before the API server grants an eviction.
   * @param knowsNodes whether the operator knows the nodes as they are: how few moves it takes hangs on them
   */
  asked(pod: PodObject, deployment: DeploymentObject, knowsNodes: boolean): void {
    this.judge();
    const key = keyOf(deployment.metadata);
    const fruitless = this.#fruitless.get(key);
    if (fruitless !== undefined && !this.#isSameDecision(pod, deployment, fruitless)) {
      const seconds = (this.#clock.now() - fruitless.at) / 1000;
      const least = FIRST_BACK_OFF * 2 ** (fruitless.failures - 1);
      // The operator looks at what came of a move before it is seen here to be at rest, or a while after.
      const isEarly = seconds < least * 0.9;
      this.#invariants.check(
        'after a move that did not help there is a pause',
        isEarly
          ? `Deployment ${key}: a replica is evicted ${seconds.toFixed(0)} s after a move of ${[...fruitless.batch.victims].join(', ')} that did not help, ${fruitless.failures} in a row; expected at least ${least} s`
          : undefined,
      );
    }
    const policy = governingPolicy(this.#facts, deployment);
    if (policy !== undefined && !knowsNodes) {
      this.#episodes.delete(policy.metadata.name);
    } else if (policy !== undefined && !this.#episodes.has(policy.metadata.name)) {
      const fewest = this.fewestFor(policy);
      if (fewest !== undefined) {
        this.#episodes.set(policy.metadata.name, {fewest, moves: 0, fruitless: 0, duringPauses: 0});
        this.fewest += fewest;
      }
    }
  }

  /** The API server has granted it; `before` is from before. */
  granted(
    pod: PodObject,
    deployment: DeploymentObject,
    isComparable: boolean,
    costBefore: readonly number[],
  ): void {
    const key = keyOf(deployment.metadata);
    this.accepted += 1;
    const governing = governingPolicy(this.#facts, deployment);
    const policy = governing?.metadata.name ?? '';
    const episode = this.#episodes.get(policy);
    const fruitless = this.#fruitless.get(key);
    const isContinued = fruitless !== undefined && this.#isSameDecision(pod, deployment, fruitless);
    const batch = this.#underWay.get(key) ??
      (isContinued ? {...fruitless.batch, replaced: fruitless.batch.victims.size} : undefined) ?? {
        victims: new Set<string>(),
        replaced: 0,
        startedAt: this.#clock.now(),
        costBefore,
        replicas: deployment.spec.replicas ?? 1,
        isComparable: true,
        isDisturbed: false,
        failures: fruitless?.counted ?? 0,
      };
    batch.victims.add(pod.metadata.name);
    this.#underWay.set(key, {...batch, isComparable: batch.isComparable && isComparable});
    this.#settling.delete(key);
    this.#fruitless.delete(key);
    if (episode === undefined) {
      return;
    }
    episode.moves += 1;
    this.measured += 1;
    const others = governing?.status?.workloads?.filter(({name}) => name !== deployment.metadata.name) ?? [];
    if (others.some(({backOff}) => Date.parse(backOff?.until ?? '') > this.#clock.now())) {
      episode.duringPauses += 1;
    }
    const most = episode.fewest + episode.fruitless + episode.duringPauses;
    this.#invariants.check(
      'no more moves than the fewest and one for each disturbance',
      episode.moves > most
        ? `SpreadPolicy ${policy}: move ${episode.moves} (${pod.metadata.name} of ${key}); ${episode.fewest} would have done, ${episode.fruitless} ended where the scheduler put them, and ${episode.duringPauses} were made while another workload paused`
        : undefined,
    );
  }

  /** To be called when something has changed, and before each eviction: availability comes with the time alone. */
  judge(): void {
    for (const [key, batch] of this.#underWay) {
      const deployment = this.#facts.get('deployments.apps', key) as DeploymentObject | undefined;
      if (deployment === undefined) {
        this.#underWay.delete(key);
        continue;
      }
      const pods = replicasOf(this.#facts, deployment);
      const isThere = pods.some(({metadata}) => batch.victims.has(metadata.name));
      // By its pods: the Deployment's own status follows them after a while, and news of it can be late.
      if (isThere || unavailableAt(this.#facts, deployment, this.#latestNow()) !== undefined) {
        continue;
      }
      this.#underWay.delete(key);
      this.#settling.set(key, batch);
      const policy = governingPolicy(this.#facts, deployment);
      const isJudged = batch.isComparable && !batch.isDisturbed;
      if (policy === undefined || !isJudged || (deployment.spec.replicas ?? 1) !== batch.replicas) {
        continue;
      }
      if (!isLess(costOf(this.#facts, policy, deployment), batch.costBefore)) {
        const failures = batch.failures + 1;
        this.#fruitless.set(key, {at: this.#clock.now(), batch, failures, counted: failures});
        const episode = this.#episodes.get(policy.metadata.name);
        if (episode !== undefined) {
          episode.fruitless += batch.victims.size - batch.replaced;
        }
      }
    }
  }

  /** Somebody else has changed something about the workload, or about all of them. */
  disturbed(workload?: string): void {
    this.#episodes.clear();
    for (const [key, fruitless] of this.#fruitless) {
      if (workload !== undefined && workload !== key) {
        continue;
      }
      // A pause that has begun goes on, whatever others do; how long the next would be hangs on what they did.
      if (this.#isPausing(key)) {
        this.#fruitless.set(key, {...fruitless, failures: 1, counted: 0});
      } else {
        this.#fruitless.delete(key);
      }
    }
    for (const batches of [this.#underWay, this.#settling]) {
      for (const [key, batch] of batches) {
        if (workload === undefined || workload === key) {
          batches.set(key, {...batch, isDisturbed: true});
        }
      }
    }
  }

  /** What the operator has noted of pauses is worth nothing any more; of all workloads when none is named. */
  pausesEnd(workload?: string): void {
    if (workload === undefined) {
      this.#fruitless.clear();
    } else {
      this.#fruitless.delete(workload);
    }
  }

  /** The status calls the workload spread, and names no pause: on the nodes that the operator knows, it is. */
  calledSpread(workload: string): void {
    const fruitless = this.#fruitless.get(workload);
    if (fruitless !== undefined && this.#clock.now() - fruitless.at >= FIRST_BACK_OFF * 900) {
      this.#fruitless.set(workload, {...fruitless, failures: 1, counted: 0});
    }
  }

  /** How few moves it takes hangs on the nodes; that a move has not helped stays so. */
  otherNodes(): void {
    this.#episodes.clear();
    for (const [key, fruitless] of this.#fruitless) {
      // What is spread on these nodes when its pause is over begins anew: the next failure is the first again.
      if (!this.#isPausing(key)) {
        const isOver = this.#clock.now() - fruitless.at >= FIRST_BACK_OFF * 900;
        this.#fruitless.set(key, {...fruitless, failures: 1, counted: isOver ? 0 : 1});
      }
    }
  }

  /**
   * Whether the status has recorded both together. The evictions of one decision are sent one after the other, and what
   * became of it is judged when all of it is at rest; where an answer is late, the first replacement can be there
   * before the second eviction is sent.
   */
  #isSameDecision({metadata}: PodObject, deployment: DeploymentObject, {batch}: FruitlessMove): boolean {
    const policy = governingPolicy(this.#facts, deployment);
    const entry = policy?.status?.workloads?.find(({name}) => name === deployment.metadata.name);
    const recorded = (entry?.inFlight ?? []).map(({pod}) => pod);
    return recorded.includes(metadata.name) && recorded.some((pod) => batch.victims.has(pod));
  }

  /** Whether the operator has said that it waits: it waits for the replacement to settle before it judges. */
  #isPausing(workload: string): boolean {
    const deployment = this.#facts.get('deployments.apps', workload);
    const policy = deployment === undefined ? undefined : governingPolicy(this.#facts, deployment);
    const entry = policy?.status?.workloads?.find(({name}) => name === deployment?.metadata.name);
    return Date.parse(entry?.backOff?.until ?? '') > this.#clock.now();
  }

  /** Undefined while something of the policy is not at rest: what is on its way has no place yet. */
  fewestFor(policy: SpreadPolicy): number | undefined {
    const facts = this.#facts;
    const deployments = (facts.list('deployments.apps') as DeploymentObject[]).filter(
      (deployment) => governingPolicy(facts, deployment)?.metadata.uid === policy.metadata.uid,
    );
    if (
      (facts.list('deployments.apps') as DeploymentObject[]).some(
        (each) => unrestOf(facts, each) !== undefined,
      )
    ) {
      return undefined;
    }
    const cluster = {
      nodes: facts.list('nodes'),
      pods: facts.list('pods').filter((pod) => !isTerminating(pod)),
      topologies: policy.spec.topologies,
      separateFrom: [],
      deployments,
    } as unknown as LiveCluster;
    return solver.toBest(problemOf(cluster)).moves;
  }
}

/** For each topology of the policy, in its order: how uneven the replicas lie, as the design counts. */
export function costOf(facts: Facts, policy: SpreadPolicy, deployment: DeploymentObject): number[] {
  const pods = replicasOf(facts, deployment).filter((pod) => !isTerminating(pod));
  return policy.spec.topologies.map(({topologyKey}) => {
    const counts = new Map<string, number>();
    for (const {spec} of pods) {
      const domain = facts.get('nodes', spec.nodeName ?? '')?.metadata.labels?.[topologyKey] ?? '';
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
    }
    return [...counts.values()].reduce((sum, count) => sum + (count * (count + 1)) / 2, 0);
  });
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index >= 0 && (a[index] ?? 0) < (b[index] ?? 0);
}

export function policyByName(facts: Facts, key: string): SpreadPolicy | undefined {
  return facts.get(POLICIES, key) as unknown as SpreadPolicy | undefined;
}
