/** Keeps the placement rule of a policy in a workload's pod template, and takes it out when no policy wants it there. */
import {toTimestamp} from '../api/conditions.ts';
import {FIELD_MANAGER} from '../api/names.ts';
import type {InjectionStatus} from '../api/types.ts';
import type {Clock} from '../clock.ts';
import type {ClusterCache, WorkloadKey} from '../cluster/cluster-cache.ts';
import {summaryOf} from '../cluster/replica-summary.ts';
import {currentReplicaSet, rolloutInProgress, unsettled, type WorkloadReplicas} from '../cluster/replicas.ts';
import type {Workload} from '../cluster/workload.ts';
import {decideInjection, type InjectionDecision} from '../injection/decide.ts';
import {
  aboutReplicas,
  hardnessIn,
  injectedRule,
  isEmptyRule,
  NO_RULE,
  type PlacementRule,
  type RuleDecision,
  ruleText,
  type ServerCapabilities,
  templateWith,
} from '../injection/rule.ts';
import type {Log} from '../log.ts';
import {newcomerOf, refusedEverywhere} from '../planning/newcomer.ts';
import {describeRefusals} from '../scheduling/explain-refusals.ts';
import type {ClusterActions} from './actions.ts';
import {deploymentReference, type Look, topologyOf} from './look.ts';
import {type PolicyIndex, policyKey, type StoredPolicy} from './policy-index.ts';
import {Rollouts} from './rollouts.ts';
import {type WantedRule, wantedRule} from './wanted-rule.ts';
import type {Requeue} from './work-queue.ts';

/** How long a rollout that takes an injected rule out holds up the next one, milliseconds. */
const LONGEST_REVERT = 2 * 60_000;
/** An edit that is undone within this time counts as part of a fight, milliseconds. */
const FIGHT = 60 * 60_000;
/** How soon somebody who waits for another's rollout looks again although nobody woke him, milliseconds. */
const LOOK_AGAIN = 30_000;
/** A replica that the scheduler has not placed for so long, milliseconds, holds nobody up any more. */
const LONGEST_PENDING = 10 * 60_000;

export interface TemplateEditorOptions {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  readonly actions: ClusterActions;
  readonly capabilities: () => ServerCapabilities;
  /** Why nothing may be injected in the whole cluster. */
  readonly circuitOpen: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Asks for another look at a workload. */
  readonly enqueue: (key: WorkloadKey) => void;
}

export type EditOutcome =
  /** The template was changed just now: the world has to catch up before anything else is decided. */
  | {readonly kind: 'edited'; readonly message: string; readonly status: InjectionStatus}
  | {readonly kind: 'gone'}
  /** The server was asked and has changed nothing. The answer took a moment, in which the world may have moved on. */
  | {readonly kind: 'unchanged'}
  | {readonly kind: 'decided'; readonly decision: Exclude<InjectionDecision, {kind: 'apply'}>};

export class TemplateEditor {
  readonly #options: TemplateEditorOptions;
  readonly #rollouts: Rollouts;
  /** By namespace, until when the last removal of a rule holds up the next. */
  readonly #revertUntil = new Map<string, number>();

  constructor(options: TemplateEditorOptions) {
    this.#options = options;
    this.#rollouts = new Rollouts(options.enqueue);
  }

  /** Whether the rollout of an edit of ours is going on. */
  isRollingOut(key: WorkloadKey): boolean {
    return this.#rollouts.isRunning(key);
  }

  /**
   * After a start: a workload that carries our rule and rolls out may do so because of us, so the next one waits. Read
   * from the cluster, because nothing that is only written down afterwards survives every crash.
   */
  resume(key: WorkloadKey, policy: StoredPolicy, replicas: WorkloadReplicas): void {
    const {workload} = replicas;
    const carriesRule = !isEmptyRule(injectedRule(workload, FIELD_MANAGER));
    if (
      carriesRule &&
      !workload.paused &&
      !hangs(replicas, this.#options.clock.now()) &&
      rolloutInProgress(replicas) !== undefined
    ) {
      this.#rollouts.begin(policy.uid, key);
    }
  }

  /** The workload is no longer the operator's business. */
  release(key: WorkloadKey): void {
    this.#rollouts.end(key);
  }

  clear(): void {
    this.#rollouts.clear();
    this.#revertUntil.clear();
  }

  async edit(look: Look, signal: AbortSignal): Promise<EditOutcome> {
    this.#rollouts.move(look.policy.uid, look.key);
    this.#followRollout(look);
    const {rule, recheckAt} = this.#wantedRule(look);
    const decision = this.#decide(look, rule);
    if (decision.kind !== 'apply') {
      // An Auto rule that is about to change needs a look when its reason has lasted, whatever else is going on.
      const times = [recheckAt, decision.recheckAt].filter((time) => time !== undefined);
      return {
        kind: 'decided',
        decision: times.length === 0 ? decision : {...decision, recheckAt: Math.min(...times)},
      };
    }
    return await this.#apply(look, rule, decision, signal);
  }

  /** Takes an injected rule out of a template that no policy selects any more; one workload of a namespace at a time. */
  async revert(key: WorkloadKey, workload: Workload, signal: AbortSignal): Promise<Requeue | undefined> {
    const {cache, policies, actions, circuitOpen, clock, log} = this.#options;
    if (isEmptyRule(injectedRule(workload, FIELD_MANAGER))) {
      if (workload.paused || unsettled(cache.replicasOf(workload)) === undefined) {
        this.#rollouts.end(key);
      }
      return undefined;
    }
    if (cache.namespace(workload.namespace)?.terminating === true) {
      return undefined;
    }
    const now = clock.now();
    const group = `namespace ${workload.namespace}`;
    this.#rollouts.move(group, key);
    const heldUp = (this.#revertUntil.get(workload.namespace) ?? 0) > now;
    if (circuitOpen() !== undefined || (heldUp && this.#rollouts.other(group, key) !== undefined)) {
      return {afterMilliseconds: 1000};
    }
    this.#rollouts.begin(group, key);
    this.#revertUntil.set(workload.namespace, now + LONGEST_REVERT);
    const result = await actions.applyRule(workload, NO_RULE, signal).catch((error: unknown) => {
      this.#rollouts.end(key);
      throw error;
    });
    log.info('Removed the injected rule', {workload: key, result: result.kind});
    if (workload.paused) {
      // It rolls out when it is resumed, perhaps never.
      this.#rollouts.end(key);
    }
    const deleting = policies.of(workload.namespace).find((policy) => policy.deleting);
    if (deleting !== undefined && result.kind === 'applied') {
      this.#announce(
        deleting,
        workload,
        'RuleRemoved',
        'removed the injected placement rule from the pod template',
      );
    }
    return undefined;
  }

  #wantedRule(look: Look): WantedRule {
    if (
      look.policy.object.spec.injection.mode === 'Disabled' &&
      look.memory.injection.refused === undefined
    ) {
      // Nobody reads it, and to work it out may take the room of every node.
      return {rule: {rule: NO_RULE, notes: []}};
    }
    const {cache, capabilities} = this.#options;
    return wantedRule(look, {cache, capabilities: capabilities()});
  }

  #decide(look: Look, desired: RuleDecision): InjectionDecision {
    const {policy, replicas, memory, now} = look;
    const other = this.#rollouts.other(policy.uid, look.key);
    const decision = decideInjection({
      replicas,
      mode: policy.object.spec.injection.mode,
      suspended: policy.object.spec.suspend,
      desired,
      moving: memory.moves.inFlight.length > 0,
      rollingOut: other === undefined ? undefined : (this.#options.cache.workload(other)?.name ?? other),
      circuitOpen: this.#options.circuitOpen(),
      eligibleDomains: (topologyKey) => topologyOf(look, topologyKey)?.domainsWithRoom ?? 0,
      noRoomFor: (rule) => noRoomFor(look, rule),
      memory: memory.injection,
      now,
    });
    return decision.kind === 'wait'
      ? {...decision, recheckAt: decision.recheckAt ?? now + LOOK_AGAIN}
      : decision;
  }

  async #apply(
    look: Look,
    desired: RuleDecision,
    decision: Extract<InjectionDecision, {kind: 'apply'}>,
    signal: AbortSignal,
  ): Promise<EditOutcome> {
    const {actions, log} = this.#options;
    const {key, policy, workload, memory, now} = look;
    // Reserved before the call: the next workload must not begin while this one is being edited.
    this.#rollouts.begin(policy.uid, key);
    const result = await actions.applyRule(workload, decision.rule, signal).catch((error: unknown) => {
      this.#rollouts.end(key);
      throw error;
    });
    if (result.kind === 'gone') {
      this.#rollouts.end(key);
      return {kind: 'gone'};
    }
    if (result.kind === 'conflict') {
      this.#rollouts.end(key);
      const refused = {generation: workload.generation, conflicts: result.conflicts};
      memory.injection = {...memory.injection, refused};
      const again = this.#decide(look, desired);
      // A server that says conflict without naming a field would be asked for ever.
      return again.kind === 'apply' ? {kind: 'gone'} : {kind: 'unchanged'};
    }
    const before = aboutReplicas(injectedRule(workload, FIELD_MANAGER), workload);
    const text = ruleText(decision.rule);
    const changed = result.generation !== workload.generation;
    const {refused: _refused, applied, ...injection} = memory.injection;
    memory.injection = {...injection, applied: {text, generation: result.generation}};
    if (!changed) {
      this.#rollouts.end(key);
      const again = this.#decide(look, desired);
      return again.kind === 'apply' ? {kind: 'gone'} : {kind: 'unchanged'};
    }
    const recently = now - (injection.lastChange ?? Number.NEGATIVE_INFINITY) < FIGHT;
    memory.injection = {
      ...memory.injection,
      lastChange: now,
      flips: injection.flips + (this.#flips(policy, before, aboutReplicas(decision.rule, workload)) ? 1 : 0),
      undone: applied?.text === text ? (recently ? injection.undone + 1 : 1) : 0,
    };
    memory.editedGeneration = result.generation;
    log.info('Edited the pod template', {workload: key, policy: policyKey(policy), change: decision.message});
    const reason = isEmptyRule(decision.rule) ? 'RuleRemoved' : 'RuleInjected';
    this.#announce(policy, workload, reason, decision.message);
    const status: InjectionStatus = {
      ...decision.status,
      lastChangeTime: toTimestamp(now),
      ...(memory.injection.flips === 0 ? {} : {flips: memory.injection.flips}),
    };
    return {kind: 'edited', message: decision.message, status};
  }

  // One that hangs holds the others up for as long as its Deployment gives it to make progress, and no longer: perhaps
  // nobody ever mends it. If it is the edits that something is wrong with, it spreads no faster than that.
  #followRollout({key, memory, replicas, workload, now}: Look): void {
    const seen = workload.generation >= memory.editedGeneration;
    if (
      seen &&
      this.#rollouts.isRunning(key) &&
      (unsettled(replicas) === undefined || workload.paused || hangs(replicas, now))
    ) {
      this.#rollouts.end(key);
    }
  }

  #flips({object}: StoredPolicy, before: PlacementRule, after: PlacementRule): boolean {
    return object.spec.topologies.some(({topologyKey, whenUnsatisfiable}) => {
      const was = hardnessIn(before, topologyKey);
      const is = hardnessIn(after, topologyKey);
      return whenUnsatisfiable === 'Auto' && was !== undefined && is !== undefined && was !== is;
    });
  }

  #announce(policy: StoredPolicy, workload: Workload, reason: string, message: string): void {
    this.#options.actions.event({
      policy,
      related: deploymentReference(workload),
      type: 'Normal',
      reason,
      action: 'EditTemplate',
      note: `Deployment ${workload.name}: ${message}`,
    });
  }
}

function noRoomFor(
  {workload, request: {replacement, snapshot}}: Look,
  rule: PlacementRule,
): string | undefined {
  const refusals = refusedEverywhere(newcomerOf(replacement, templateWith(workload, rule)), snapshot);
  return refusals === undefined ? undefined : describeRefusals(refusals);
}

/** Whether a rollout makes no progress: by the word of its Deployment, or, as its deadline may be never, by a replica. */
function hangs(replicas: WorkloadReplicas, now: number): boolean {
  const {workload, pods} = replicas;
  const current = currentReplicaSet(replicas);
  if (current === undefined) {
    // What the status says is about the template before.
    return false;
  }
  return (
    workload.progressDeadlineExceeded !== undefined ||
    summaryOf(pods).waiting.some(
      ({controller, unschedulable}) =>
        controller?.uid === current.uid && now - (unschedulable?.since ?? now) >= LONGEST_PENDING,
    )
  );
}
