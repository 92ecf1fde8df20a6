/** Looks at every request of every operator, with what that operator knew and with what was so. */
import type {SpreadPolicy} from '../../src/api/types.ts';
import {type DeploymentObject, keyOf, type PodObject} from '../../src/simulator/objects.ts';
import type {SimulatedCluster} from '../../src/simulator/simulated-cluster.ts';
import {breachOf} from './budget-truth.ts';
import {
  budgetsOver,
  deploymentOf,
  exclusionOf,
  type Facts,
  governingPolicy,
  isTerminating,
  namesOf,
  openingsOf,
  policiesOf,
  unavailableAt,
  unhealthyNodes,
  unrestOf,
} from './facts.ts';
import {History, Knowledge} from './history.ts';
import type {Invariants} from './invariants.ts';
import {costOf, Moves, policyByName} from './moves.ts';
import type {Onlooker, SentRequest} from './network.ts';
import {templateChange} from './template-truth.ts';

export interface SupervisorOptions {
  readonly cluster: SimulatedCluster;
  readonly invariants: Invariants;
  readonly leaderElect: boolean;
  /** How long the cluster's controllers take to notice, milliseconds. */
  readonly controllersTake: number;
  /** Whether no clock of an operator has been set. */
  readonly isTimeKnown: () => boolean;
  /** Told of the workload of each eviction that was granted. */
  readonly onEviction: (deployment: DeploymentObject) => void;
}

interface Eviction {
  readonly pod: PodObject;
  readonly deployment: DeploymentObject;
  readonly cost: readonly number[];
  readonly breach: string | undefined;
}

/** A watch may be silent for 150 s before it is given up, milliseconds. */
const OLDEST_NEWS = 152_000;
const UNHEALTHY_SHARE = 0.1;
/** Of the clocks of two machines that nobody has set, milliseconds. */
const LARGEST_SKEW = 1000;
const ALLOWED_WRITES = new Set([
  'create pods/eviction',
  'patch deployments',
  'patch spreadpolicies',
  'patch spreadpolicies/status',
  'create leases',
  'update leases',
  'create events',
  'patch events',
]);

export class Supervisor implements Onlooker {
  readonly moves: Moves;
  readonly history: History;
  /** By verb and resource, without watches and leases. */
  calls = 0;
  readonly #options: SupervisorOptions;
  readonly #knowledge = new Map<string, Knowledge>();
  readonly #evictions = new Map<SentRequest, Eviction>();
  /** Evictions of an operator that knew other nodes than there were. */
  readonly #onOldNodes = new WeakSet<SentRequest>();
  /** What the placement cost when the eviction was sent: it may take effect long after, in another one. */
  readonly #costsWhenSent = new WeakMap<SentRequest, readonly number[]>();
  readonly #templates = new Map<SentRequest, DeploymentObject>();
  readonly #statuses = new Map<SentRequest, SpreadPolicy>();
  /** When something last changed that budgets count. */
  #countedAt = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const {cluster, invariants} = options;
    this.history = new History(cluster);
    this.moves = new Moves(this.history, cluster.clock, invariants, () => this.#latestNow());
    cluster.api.onChange(({resource}) => {
      if (resource === 'nodes') {
        this.moves.otherNodes();
      }
      if (
        resource === 'pods' ||
        resource === 'deployments.apps' ||
        resource === 'poddisruptionbudgets.policy'
      ) {
        if (resource !== 'poddisruptionbudgets.policy') {
          this.moves.judge();
        }
        this.#countedAt = cluster.clock.now();
      }
    });
  }

  told(instance: string, resource: string, revision: number): void {
    this.#knowledgeOf(instance).told(resource, revision);
  }

  sent(request: SentRequest): void {
    const {invariants, leaderElect} = this.#options;
    const {info, instance, method} = request;
    if (info.verb !== 'watch' && info.resource !== 'leases') {
      this.calls += 1;
    }
    if (method === 'GET') {
      return;
    }
    const what = `${info.verb} ${info.resource}${info.subresource === undefined ? '' : `/${info.subresource}`}`;
    invariants.check(
      'Pods and ReplicaSets are only read, but for evictions',
      ALLOWED_WRITES.has(what) ? undefined : `${instance} asks for ${what} of ${info.namespace}/${info.name}`,
    );
    if (leaderElect && info.resource !== 'leases' && info.resource !== 'events') {
      const holder = this.#holder();
      invariants.check(
        'only the leader acts',
        holder === instance || holder === ''
          ? undefined
          : `${instance} asks for ${what} of ${info.namespace}/${info.name}, and ${holder} has the lease`,
      );
    }
    if (what === 'create pods/eviction') {
      this.#evictionSent(request);
    }
    if (what === 'patch deployments') {
      const isForced =
        request.query.get('force') === 'true' || !(request.headers['content-type'] ?? '').includes('apply');
      invariants.check(
        'rules are applied without force',
        isForced ? `${instance} changes Deployment ${info.namespace}/${info.name} by force` : undefined,
      );
    }
  }

  arrives(request: SentRequest): void {
    const {info} = request;
    const facts = this.history;
    const key = `${info.namespace}/${info.name}`;
    if (info.subresource === 'eviction') {
      const pod = facts.get('pods', key) as PodObject | undefined;
      const deployment = pod === undefined ? undefined : deploymentOf(facts, pod);
      if (pod === undefined || deployment === undefined || isTerminating(pod)) {
        return;
      }
      const policy = governingPolicy(facts, deployment);
      const breach =
        this.#options.cluster.clock.now() - this.#countedAt < 2 * this.#options.controllersTake
          ? undefined
          : budgetsOver(facts, pod)
              .map((budget) => breachOf(facts, budget, pod))
              .find((each) => each !== undefined);
      const cost = policy === undefined ? [] : costOf(facts, policy, deployment);
      this.#evictions.set(request, {pod, deployment, cost, breach});
    }
    if (request.method === 'PATCH' && info.resource === 'deployments') {
      const before = facts.get('deployments.apps', key) as DeploymentObject | undefined;
      if (before !== undefined) {
        this.#templates.set(request, before);
      }
    }
    const policy = info.subresource === 'status' ? policyByName(facts, key) : undefined;
    if (policy !== undefined) {
      this.#statuses.set(request, policy);
    }
  }

  served(request: SentRequest, code: number): void {
    const {invariants} = this.#options;
    const before = this.#templates.get(request);
    if (before !== undefined && code < 300) {
      const key = keyOf(before.metadata);
      const after = this.history.get('deployments.apps', key) as DeploymentObject;
      const change = templateChange(before, after);
      invariants.check(
        "others' fields of a template stay as they are",
        change === undefined ? undefined : `Deployment ${key}: ${change}`,
      );
      if (before !== after) {
        this.moves.disturbed(key);
      }
    }
    this.#templates.delete(request);
    const policy = this.#statuses.get(request);
    this.#statuses.delete(request);
    if (policy !== undefined && code < 300) {
      this.#statusWritten(request.instance, policy);
    }
    const eviction = this.#evictions.get(request);
    this.#evictions.delete(request);
    if (eviction === undefined || code >= 300) {
      return;
    }
    const {pod, deployment, cost, breach} = eviction;
    const key = keyOf(deployment.metadata);
    invariants.check('a budget keeps its healthy pods', breach);
    const policies = policiesOf(this.history, deployment);
    const known = policiesOf(this.#knowledgeOf(request.instance), deployment);
    const most = Math.max(1, ...[...policies, ...known].map(({spec}) => spec.eviction.maxConcurrentMoves));
    const under = this.moves.underWay(key) + 1;
    invariants.check(
      'at most maxConcurrentMoves are on their way',
      policies.length > 0 && under > most
        ? `Deployment ${key}: ${under} replicas are on their way with ${pod.metadata.name}, and ${most} may be`
        : undefined,
    );
    const makesRoom = policies.some(({status}) =>
      status?.workloads?.some(({inFlight}) =>
        inFlight?.some((move) => move.pod === pod.metadata.name && 'makesRoomFor' in move),
      ),
    );
    // What it wrote down of the placement before may count a node that has gone: it is better without having helped.
    const isSame = this.#costsWhenSent.get(request)?.join() === cost.join();
    const isComparable = !makesRoom && isSame && !this.#onOldNodes.has(request);
    this.moves.granted(pod, deployment, isComparable, cost);
    this.#options.onEviction(deployment);
  }

  /** The status is all that the next operator knows of what this one has begun. */
  #statusWritten(instance: string, before: SpreadPolicy): void {
    const after = policyByName(this.history, keyOf(before.metadata));
    for (const {name, state, backOff} of after?.status?.workloads ?? []) {
      if (state === 'Spread' && backOff === undefined) {
        this.moves.calledSpread(`${before.metadata.namespace}/${name}`);
      }
    }
    for (const {name, inFlight = []} of before.status?.workloads ?? []) {
      const key = `${before.metadata.namespace}/${name}`;
      const deployment = this.history.get('deployments.apps', key) as DeploymentObject | undefined;
      // An operator that has not heard of an edit of the policy settles as long as the policy said before.
      const known = deployment === undefined ? [] : policiesOf(this.#knowledgeOf(instance), deployment);
      const settleSeconds = Math.min(...[before, ...known].map(({spec}) => spec.eviction.settleSeconds));
      // By its pods: an operator whose news of the Deployment is late sees the availability from before the move.
      const isOver =
        deployment === undefined ||
        unavailableAt(this.history, deployment, this.#latestNow(), settleSeconds) === undefined;
      const isGoverned =
        deployment !== undefined &&
        governingPolicy(this.history, deployment)?.metadata.uid === after?.metadata.uid;
      const moves = isOver ? this.moves.fruitless(key) : this.moves.undisturbed(key);
      const recorded = inFlight.map(({pod}) => pod).filter((pod) => moves.has(pod));
      if (!isGoverned || recorded.length === 0) {
        continue;
      }
      const entry = after?.status?.workloads?.find((each) => each.name === name);
      const still = new Set(entry?.inFlight?.map(({pod}) => pod));
      const lost = recorded.filter((pod) => !still.has(pod));
      const isLost = lost.length > 0 && (!isOver || entry?.backOff === undefined);
      const why = isOver ? 'they did not help, and there is no pause' : 'they have not ended';
      this.#options.invariants.check(
        'a move that the status records stays there until it is judged',
        isLost
          ? `${instance} takes the moves of ${lost.join(', ')} of ${name} from the status of SpreadPolicy ${before.metadata.name}: ${why}`
          : undefined,
      );
    }
  }

  #evictionSent(request: SentRequest): void {
    const {invariants} = this.#options;
    const {info, instance} = request;
    const key = `${info.namespace}/${info.name}`;
    const uid = (request.body as {deleteOptions?: {preconditions?: {uid?: string}}}).deleteOptions
      ?.preconditions?.uid;
    invariants.check(
      'an eviction names the UID of its pod',
      uid === undefined || uid === '' ? `${instance} evicts Pod ${key} whatever its UID` : undefined,
    );
    const facts = this.#knowledgeOf(instance);
    const pod = facts.get('pods', key) as PodObject | undefined;
    const deployment = pod === undefined ? undefined : deploymentOf(facts, pod);
    if (pod === undefined || deployment === undefined) {
      return;
    }
    const workload = keyOf(deployment.metadata);
    const truth = this.history.get('pods', key) as PodObject | undefined;
    const current = truth === undefined ? undefined : deploymentOf(this.history, truth);
    if (truth !== undefined && current !== undefined) {
      const governing = governingPolicy(this.history, current);
      this.#costsWhenSent.set(
        request,
        governing === undefined ? [] : costOf(this.history, governing, current),
      );
      this.moves.asked(truth, current, openingsOf(facts) === openingsOf(this.history));
    }
    if (namesOf(facts.list('nodes')) !== namesOf(this.history.list('nodes'))) {
      this.#onOldNodes.add(request);
    }
    const says = (problem: string | undefined) =>
      problem === undefined ? undefined : `${instance} evicts Pod ${key} although it knows: ${problem}`;
    const policy = governingPolicy(facts, deployment);
    const isAlone = this.moves.underWay(workload) === 0;
    if (isAlone) {
      invariants.check(
        'only a settled workload is moved',
        says(unrestOf(facts, deployment) ?? unavailableAt(facts, deployment, this.#latestNow())),
      );
    }
    invariants.check(
      'what is excluded, suspended or not to be evicted stays',
      says(exclusionOf(facts, pod, deployment) ?? this.#forbidden(policy)),
    );
    const unknown = facts.oldestUnknown();
    const age = unknown === undefined ? 0 : this.#options.cluster.clock.now() - unknown.since;
    invariants.check(
      'nothing is evicted on old news',
      unknown !== undefined && age > OLDEST_NEWS
        ? `${instance} evicts Pod ${key}, and of ${unknown.resource} it has heard nothing for ${age / 1000} s`
        : undefined,
    );
    const unhealthy = unhealthyNodes(facts);
    const tooMany = Math.max(1, Math.ceil(facts.list('nodes').length * UNHEALTHY_SHARE));
    invariants.check(
      'nothing is evicted while nodes are known to be unhealthy',
      says(unhealthy.length < tooMany ? undefined : `${unhealthy.join(', ')} not Ready`),
    );
    this.#checkReplicas(facts, deployment, says);
    const [budget, ...more] = budgetsOver(facts, pod);
    const allowed = budget?.status?.disruptionsAllowed ?? 0;
    const isExhausted = budget !== undefined && (allowed < 1 || more.length > 0);
    invariants.check(
      'a budget that is known to be exhausted is not drawn on',
      says(
        isExhausted
          ? `budget ${budget.metadata.name} allows ${allowed}, ${more.length} more select it`
          : undefined,
      ),
    );
  }

  #forbidden(policy: ReturnType<typeof governingPolicy>): string | undefined {
    if (policy === undefined) {
      return 'no policy selects it';
    }
    if (policy.spec.suspend) {
      return `SpreadPolicy ${policy.metadata.name} is suspended`;
    }
    const {mode} = policy.spec.eviction;
    return mode === 'Evict' ? undefined : `SpreadPolicy ${policy.metadata.name} has eviction.mode ${mode}`;
  }

  #checkReplicas(
    facts: Facts,
    deployment: DeploymentObject,
    says: (problem: string | undefined) => string | undefined,
  ): void {
    const replicas = deployment.spec.replicas ?? 1;
    const least = Math.max(2, governingPolicy(facts, deployment)?.spec.eviction.minReplicas ?? 2);
    const left = replicas - this.moves.underWay(keyOf(deployment.metadata)) - 1;
    this.#options.invariants.check(
      'a workload keeps minReplicas',
      says(
        replicas < least || left < Math.max(1, least - 1)
          ? `${replicas} replicas, minReplicas ${least}, ${left} would stay`
          : undefined,
      ),
    );
  }

  /** What time it can be for an operator: one whose clock was set may take any replica for one that is Ready for long. */
  #latestNow(): number {
    const {cluster, isTimeKnown} = this.#options;
    return isTimeKnown() ? cluster.clock.now() + LARGEST_SKEW : Number.POSITIVE_INFINITY;
  }

  #holder(): string {
    const {api} = this.#options.cluster;
    const lease = api.get('leases.coordination.k8s.io', 'spread-operator-system', 'spread-operator');
    return (lease?.['spec'] as {holderIdentity?: string} | undefined)?.holderIdentity ?? '';
  }

  #knowledgeOf(instance: string): Knowledge {
    let knowledge = this.#knowledge.get(instance);
    if (knowledge === undefined) {
      knowledge = new Knowledge(this.history);
      this.#knowledge.set(instance, knowledge);
    }
    return knowledge;
  }
}
