/**
 * Collects the entries of the workloads and writes them as the status of their policy: at once where something waits
 * for it, otherwise after a moment, so that a burst of changes is one write, and only when something has changed.
 */
import type {SpreadPolicyStatus, WorkloadStatus} from '../api/types.ts';
import type {Clock} from '../clock.ts';
import type {ClusterCache, WorkloadKey} from '../cluster/cluster-cache.ts';
import type {ClusterActions, StoredStatus} from './actions.ts';
import {deploymentReference} from './look.ts';
import {type PolicyIndex, policyKey, type StoredPolicy, selects} from './policy-index.ts';
import {policyStatus} from './policy-status.ts';

export interface PolicyReportsOptions {
  readonly cache: ClusterCache;
  readonly policies: PolicyIndex;
  readonly actions: Pick<ClusterActions, 'writeStatus' | 'event'>;
  readonly circuitOpen: () => string | undefined;
  readonly clock: Clock;
  /** Asks for a write soon. */
  readonly schedule: (policy: string) => void;
  readonly onEntry: (key: WorkloadKey, entry: WorkloadStatus | undefined) => void;
}

interface Written {
  /** Of the policy. */
  readonly uid: string;
  readonly status: SpreadPolicyStatus;
  readonly text: string;
  readonly stored: StoredStatus | undefined;
}

export class PolicyReports {
  readonly #options: PolicyReportsOptions;
  readonly #entries = new Map<string, Map<WorkloadKey, WorkloadStatus>>();
  readonly #policyOf = new Map<WorkloadKey, string>();
  readonly #written = new Map<string, Written>();
  /** One write at a time for each policy: the last one wins, so it must be the newest. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(options: PolicyReportsOptions) {
    this.#options = options;
  }

  set(policy: string, key: WorkloadKey, entry: WorkloadStatus): void {
    const before = this.#policyOf.get(key);
    if (before !== undefined && before !== policy) {
      this.remove(key);
    }
    this.#policyOf.set(key, policy);
    const entries = this.#entries.get(policy) ?? new Map<WorkloadKey, WorkloadStatus>();
    entries.set(key, entry);
    this.#entries.set(policy, entries);
    this.#options.onEntry(key, entry);
    this.#options.schedule(policy);
  }

  remove(key: WorkloadKey): void {
    const policy = this.#policyOf.get(key);
    if (policy === undefined) {
      return;
    }
    this.#policyOf.delete(key);
    this.#entries.get(policy)?.delete(key);
    this.#options.onEntry(key, undefined);
    this.#options.schedule(policy);
  }

  /** Something about the policy may have changed. */
  touch(policy: string): void {
    this.#options.schedule(policy);
  }

  forgetPolicy(policy: string): void {
    this.#entries.delete(policy);
    this.#written.delete(policy);
  }

  /** Resolves when the status of now has been written, or is what was written last. */
  async flush(policy: string, signal: AbortSignal): Promise<void> {
    const previous = this.#writing.get(policy) ?? Promise.resolve();
    const write = previous.catch(() => {}).then(() => this.#write(policy, signal));
    this.#writing.set(policy, write);
    try {
      await write;
    } finally {
      if (this.#writing.get(policy) === write) {
        this.#writing.delete(policy);
      }
    }
  }

  async #write(key: string, signal: AbortSignal): Promise<void> {
    const {policies, actions, clock, circuitOpen} = this.#options;
    const [namespace = '', name = ''] = key.split('/');
    const policy = policies.get(namespace, name);
    if (policy === undefined) {
      return;
    }
    const before = this.#lastStatus(key, policy);
    const entries = [...(this.#entries.get(key)?.entries() ?? [])];
    const status = policyStatus({
      policy: {...policy, object: {...policy.object, status: before}},
      entries: entries.map(([, entry]) => entry),
      conflicts: this.#conflictsOf(policy),
      circuitOpen: circuitOpen(),
      now: clock.now(),
    });
    const text = JSON.stringify(status);
    const last = this.#written.get(key);
    if (text === last?.text && !isOverwritten(policy, last)) {
      return;
    }
    try {
      const stored = await actions.writeStatus(policy, status, signal);
      this.#written.set(key, {uid: policy.uid, status, text, stored});
    } catch (error) {
      this.#mayHaveWritten(key);
      throw error;
    }
    this.#announce(policy, before, status);
  }

  // Without an answer, what stands there may be what was to be written: even what was written last is written again.
  #mayHaveWritten(key: string): void {
    const last = this.#written.get(key);
    if (last !== undefined) {
      this.#written.set(key, {...last, text: ''});
    }
  }

  #lastStatus(key: string, policy: StoredPolicy): SpreadPolicyStatus {
    const written = this.#written.get(key);
    return written?.uid === policy.uid ? written.status : (policy.object.status ?? {});
  }

  #conflictsOf(policy: StoredPolicy): {workload: string; policy: string}[] {
    const {cache, policies} = this.#options;
    const conflicts: {workload: string; policy: string}[] = [];
    if (policies.of(policy.namespace).length < 2 || policy.deleting) {
      return conflicts;
    }
    for (const workload of cache.workloadsOf(policy.namespace)) {
      const governing = selects(policy, workload) ? policies.governing(workload) : undefined;
      if (governing !== undefined && governing.uid !== policy.uid) {
        conflicts.push({workload: workload.name, policy: policyKey(governing)});
      }
    }
    return conflicts;
  }

  // One event for each reason that is new, when it is written: what passes within a moment is not worth one.
  #announce(policy: StoredPolicy, before: SpreadPolicyStatus, after: SpreadPolicyStatus): void {
    const {actions, cache} = this.#options;
    const known = new Map((before.workloads ?? []).map((entry) => [entry.name, entry]));
    for (const entry of after.workloads ?? []) {
      const {blocked, state, name} = entry;
      const previous = known.get(name);
      const workload = cache.workload(`${policy.namespace}/${name}`);
      const related = workload === undefined ? {} : {related: deploymentReference(workload)};
      if (blocked !== undefined && blocked.reason !== previous?.blocked?.reason && state !== 'Waiting') {
        const type = blocked.reason === 'Excluded' || blocked.reason === 'Suspended' ? 'Normal' : 'Warning';
        const note = `Deployment ${name}: ${blocked.message}`;
        actions.event({policy, ...related, type, reason: blocked.reason, action: 'Wait', note});
      }
      if (state === 'Planned' && previous?.state !== 'Planned') {
        actions.event({
          policy,
          ...related,
          type: 'Normal',
          reason: 'Planned',
          action: 'Plan',
          note: `Deployment ${name}: ${entry.message}`,
        });
      }
    }
    const stalled = after.conditions?.find(({type}) => type === 'Stalled');
    const stalledBefore = before.conditions?.find(({type}) => type === 'Stalled');
    if (stalled !== undefined && stalled.message !== stalledBefore?.message) {
      actions.event({
        policy,
        type: 'Warning',
        reason: stalled.reason,
        action: 'Validate',
        note: stalled.message,
      });
    }
  }
}

/**
 * Whether somebody else has written the status since: a person, or the last request of a process that has ended. The
 * status is the only memory, so what stands there must be what is known here.
 */
function isOverwritten({resourceVersion, object}: StoredPolicy, {stored}: Written): boolean {
  return (
    stored !== undefined &&
    isNewer(resourceVersion, stored.resourceVersion) &&
    JSON.stringify(object.status) !== JSON.stringify(stored.status)
  );
}

// Numbers that grow, by KEP-5504. Not of those that are not: then what the caches have may be from before the write.
function isNewer(resourceVersion: string, than: string): boolean {
  const [one, other] = [Number(resourceVersion), Number(than)];
  return Number.isSafeInteger(one) && Number.isSafeInteger(other) && one > other;
}
