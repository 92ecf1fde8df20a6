/**
 * client-go's tools/leaderelection: of several replicas of the operator, one acts.
 *
 * Safety does not depend on the clocks of different machines agreeing, only on their running equally fast: a lease is
 * taken from another holder when *we* have seen no renewal for its duration, and the holder stops acting at its renew
 * deadline, which is earlier. All spans are timers, so that a clock that is set does no harm. A process that has stood
 * still finds all its timers due, and the one that ends its lease need not be the first: so whoever acts asks
 * `assertLeading` as well, which reads the clock. Set forward, that costs an election.
 */
import {randomUUID} from 'node:crypto';
import {hostname} from 'node:os';
import type {Clock} from '../clock.ts';
import {describeError, isConflict, isForbidden, isNotFound} from '../kube/api-error.ts';
import type {Requests} from '../kube/client.ts';
import {electionRecord, LeaseLock, type ObservedRecord} from '../kube/lease.ts';
import type {Log} from '../log.ts';

export interface LeaderElectorOptions {
  readonly client: Requests;
  readonly namespace: string;
  readonly name: string;
  /** Unique for each process: see {@link electionIdentity}. */
  readonly identity: string;
  readonly leaseDurationSeconds?: number;
  readonly renewDeadlineSeconds?: number;
  readonly retryPeriodSeconds?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

export interface LeaderCallbacks {
  /** Acts until the signal; when it returns (or throws) by itself, leadership is given up too. */
  onStartedLeading(signal: AbortSignal): Promise<void>;
  /** Called once at the end, also when this process never led. */
  onStoppedLeading?(): void;
  onNewLeader?(identity: string): void;
}

// client-go: replicas that wait for the same lease must not ask in the same moment.
const JITTER_FACTOR = 1.2;

/** `<host>_<uuid>`: a restarted pod of the same name is another candidate. */
export function electionIdentity(): string {
  return `${hostname()}_${randomUUID()}`;
}

export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #lock: LeaseLock;
  readonly #leaseDurationSeconds: number;
  readonly #renewDeadline: number;
  readonly #retryPeriod: number;
  readonly #random: () => number;
  #observed: ObservedRecord | undefined;
  #observedIsValid = false;
  #cancelExpiry = () => {};
  /** From before the call that renewed it last, milliseconds since the epoch; undefined while not leading. */
  #renewedAt: number | undefined;
  #lose = () => {};
  #reportedLeader = '';
  #lastProblem = '';

  constructor(options: LeaderElectorOptions) {
    const {leaseDurationSeconds = 15, renewDeadlineSeconds = 10, retryPeriodSeconds = 2} = options;
    if (leaseDurationSeconds <= renewDeadlineSeconds) {
      throw new RangeError(
        `leader election: the lease (${leaseDurationSeconds} s) must last longer than the renew deadline (${renewDeadlineSeconds} s), or two replicas could act at once`,
      );
    }
    if (renewDeadlineSeconds <= retryPeriodSeconds * JITTER_FACTOR) {
      throw new RangeError(
        `leader election: the renew deadline (${renewDeadlineSeconds} s) must be more than ${JITTER_FACTOR} × the retry period (${retryPeriodSeconds} s)`,
      );
    }
    this.#options = options;
    this.#leaseDurationSeconds = leaseDurationSeconds;
    this.#renewDeadline = renewDeadlineSeconds * 1000;
    this.#retryPeriod = retryPeriodSeconds * 1000;
    this.#random = options.random ?? Math.random;
    const {client, namespace, name} = options;
    // Half the deadline, so that one lost answer leaves time for another try.
    this.#lock = new LeaseLock({client, namespace, name, timeoutMilliseconds: this.#renewDeadline / 2});
  }

  isLeader(): boolean {
    return this.#observed?.record.holderIdentity === this.#options.identity && this.#observedIsValid;
  }

  /** Throws when the lease may have passed to somebody else, and ends leading then. To be called right before an act. */
  assertLeading(): void {
    const {clock} = this.#options;
    if (this.#renewedAt !== undefined && clock.now() - this.#renewedAt < this.#renewDeadline) return;
    this.#lose();
    throw new Error(
      `Lease ${this.#lock.describe()}: not renewed for ${this.#renewDeadline / 1000} s; nothing is written any more`,
    );
  }

  /** Empty while no holder was seen. */
  leader(): string {
    return this.#observed?.record.holderIdentity ?? '';
  }

  /** How often the lease has passed to another holder: while it stays the same, nobody else has led. */
  transitions(): number | undefined {
    return this.#observed?.record.leaseTransitions;
  }

  /**
   * Waits for the lease, leads, and resolves when leadership has ended: by the signal, by loss, or because
   * onStartedLeading came to its end. Unlike client-go's it may be run again after a loss.
   */
  async run(callbacks: LeaderCallbacks, signal: AbortSignal): Promise<void> {
    try {
      if (await this.#acquire(callbacks, signal)) await this.#lead(callbacks, signal);
    } finally {
      this.#cancelExpiry();
      this.#observedIsValid = false;
      this.#renewedAt = undefined;
      callbacks.onStoppedLeading?.();
    }
  }

  async #acquire(callbacks: LeaderCallbacks, signal: AbortSignal): Promise<boolean> {
    const {clock, log} = this.#options;
    log.info('Waiting for the leader lease', {lease: this.#lock.describe()});
    while (!signal.aborted) {
      const started = clock.now();
      const acquired = await this.#tryAcquireOrRenew(signal);
      this.#reportTransition(callbacks);
      if (acquired) {
        this.#renewedAt = started;
        log.info('Leading', {lease: this.#lock.describe(), identity: this.#options.identity});
        return true;
      }
      const pause = this.#retryPeriod * (1 + this.#random() * JITTER_FACTOR);
      await clock.sleep(pause, signal).catch(() => {});
    }
    return false;
  }

  async #lead(callbacks: LeaderCallbacks, signal: AbortSignal): Promise<void> {
    const {log} = this.#options;
    const leading = new AbortController();
    const work = callbacks.onStartedLeading(leading.signal).finally(() => leading.abort());
    // Its error is rethrown below; until then it must not count as unhandled.
    work.catch(() => {});
    try {
      await this.#renew(leading, signal);
      // Whoever acts must have stopped before the lease is given away; it expires anyway if that takes too long.
      const finished = await this.#settles(work);
      if (finished && this.isLeader()) await this.#release();
      if (!finished)
        log.warn('Work did not stop in time; the lease is left to expire', {lease: this.#lock.describe()});
      if (finished) await work;
    } finally {
      log.info('Stopped leading', {lease: this.#lock.describe()});
    }
  }

  async #settles(work: Promise<void>): Promise<boolean> {
    const outcome = Promise.withResolvers<boolean>();
    const cancel = this.#options.clock.after(this.#renewDeadline, () => outcome.resolve(false));
    work.then(
      () => outcome.resolve(true),
      () => outcome.resolve(true),
    );
    return outcome.promise.finally(cancel);
  }

  /** Returns when leadership is over; `leading` is aborted by then. */
  async #renew(leading: AbortController, signal: AbortSignal): Promise<void> {
    const {clock, log} = this.#options;
    const stop = () => leading.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, {once: true});

    const lose = () => {
      log.error('The lease could not be renewed in time; another replica may take over', {
        lease: this.#lock.describe(),
      });
      this.#observedIsValid = false;
      leading.abort(new Error('the leader lease was lost'));
    };
    this.#lose = lose;
    // A timer of its own, so that not even a call that hangs can make us act beyond the deadline.
    let cancelDeadline = clock.after(this.#renewDeadline, lose);
    try {
      while (!leading.signal.aborted) {
        await clock.sleep(this.#retryPeriod, leading.signal).catch(() => {});
        if (leading.signal.aborted) break;
        const started = clock.now();
        const renewed = await this.#tryAcquireOrRenew(leading.signal);
        if (leading.signal.aborted) break;
        if (renewed) {
          this.#renewedAt = started;
          // Counted from before the call: the server may have written at any moment since.
          const elapsed = Math.min(this.#renewDeadline, Math.max(0, clock.now() - started));
          cancelDeadline();
          cancelDeadline = clock.after(this.#renewDeadline - elapsed, lose);
        } else if (this.leader() !== this.#options.identity) {
          lose();
        }
      }
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', stop);
    }
  }

  /** One step of client-go's tryAcquireOrRenew: true when the lease is ours, freshly written. */
  async #tryAcquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const {identity} = this.#options;
    try {
      const mine = this.#observed?.record;
      if (this.isLeader() && mine !== undefined) {
        // 1. As the leader, update in the hope that nobody else wrote.
        try {
          this.#observe(await this.#lock.update(this.#record(mine, mine.leaseTransitions), signal));
          this.#solved();
          return true;
        } catch (error) {
          if (!isConflict(error) && !isNotFound(error)) throw error;
        }
      }
      // 2. Read it, or create it.
      let read: ObservedRecord;
      try {
        read = await this.#lock.get(signal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        this.#observe(await this.#lock.create(this.#record(undefined, 0), signal));
        this.#solved();
        return true;
      }
      // 3. A change restarts the time that the holder has.
      if (read.resourceVersion !== this.#observed?.resourceVersion) this.#observe(read);
      this.#solved();
      const holder = read.record.holderIdentity;
      if (holder !== '' && holder !== identity && this.#observedIsValid) return false;
      // 4. Released, expired, or ours: write. Someone who is faster makes this a conflict.
      const known = holder === identity ? read.record : undefined;
      const transitions = read.record.leaseTransitions + (holder === identity ? 0 : 1);
      this.#observe(await this.#lock.update(this.#record(known, transitions), signal));
      return true;
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
      return false;
    }
  }

  #record(previous: {acquireTime: string} | undefined, leaseTransitions: number) {
    return electionRecord({
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: this.#leaseDurationSeconds,
      leaseTransitions,
      acquireTime: previous?.acquireTime,
      now: this.#options.clock.now(),
    });
  }

  #observe(observed: ObservedRecord): void {
    this.#observed = observed;
    this.#observedIsValid = true;
    this.#cancelExpiry();
    this.#cancelExpiry = this.#options.clock.after(observed.record.leaseDurationSeconds * 1000, () => {
      this.#observedIsValid = false;
    });
  }

  async #release(): Promise<void> {
    const {clock, identity, log} = this.#options;
    try {
      // Read again: a renewal that was cut off may have been written all the same.
      const {record} = await this.#lock.get();
      if (record.holderIdentity !== identity) return;
      // As client-go: no holder, and a duration of 1 s for clients that look at nothing else.
      const released = {
        holderIdentity: '',
        leaseDurationSeconds: 1,
        leaseTransitions: record.leaseTransitions,
      };
      this.#observe(await this.#lock.update(electionRecord({...released, now: clock.now()})));
      log.info('Released the leader lease', {lease: this.#lock.describe()});
    } catch (error) {
      log.warn('The leader lease could not be released; it expires by itself', {
        lease: this.#lock.describe(),
        error: describeError(error),
      });
    }
  }

  #reportTransition(callbacks: LeaderCallbacks): void {
    const leader = this.leader();
    if (leader === this.#reportedLeader) return;
    this.#reportedLeader = leader;
    if (leader !== '') callbacks.onNewLeader?.(leader);
  }

  #failed(error: unknown): void {
    const {log, namespace, name} = this.#options;
    // Losing the race for the lease is how it is meant to go.
    if (isConflict(error)) return;
    let problem = `Lease ${namespace}/${name} cannot be read or written`;
    if (isNotFound(error)) {
      problem = `Lease ${namespace}/${name} cannot be created: namespace ${namespace} does not exist; create it, or choose another one for the lease. Trying again until then`;
    } else if (isForbidden(error)) {
      problem = `Lease ${namespace}/${name}: not allowed; grant the verbs get, create and update on resource "leases" of API group "coordination.k8s.io" in namespace ${namespace} to this service account. Trying again until then`;
    }
    if (problem === this.#lastProblem) return;
    this.#lastProblem = problem;
    log.warn(problem, {error: describeError(error)});
  }

  #solved(): void {
    this.#lastProblem = '';
  }
}
