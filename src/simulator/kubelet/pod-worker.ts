/** One pod on its node: starts, becomes ready, crashes, starts again, ends. Knows nothing of other pods. */
import type {SimulationContext} from '../context.ts';
import {conditionOf, PODS, type PodObject, unlessGone, writeStatus} from '../objects.ts';
import {type BackOffEntry, nextStart} from './crash-back-off.ts';
import {type ReportedPod, reportedStatus} from './pod-status.ts';
import {type ProbeTimes, probeTimes} from './probes.ts';

export const KUBELET = 'kubelet';
/** What the scenarios of test/controlplane know too; see its README. */
const NEVER_READY = 'spread-operator.test/never-ready';
const START_MILLISECONDS = 'spread-operator.test/start-milliseconds';
const STOP_MILLISECONDS = 'spread-operator.test/stop-milliseconds';
/** Reason of a Ready condition that somebody set on purpose, and that is left alone. */
const SET_BY_TEST = 'SetByTest';
const DEFAULT_GRACE_SECONDS = 30;

type Stage = 'starting' | 'running' | 'backing off' | 'stopping' | 'ended';

export interface PodAddresses {
  readonly podIP: string;
  readonly hostIP: string;
}

function nothingToCancel(): void {
  // Shared by all that wait for nothing: there are ten thousand of them.
}

export class PodWorker {
  readonly uid: string;
  readonly #context: SimulationContext;
  readonly #addresses: PodAddresses;
  #pod: PodObject;
  #stage: Stage = 'starting';
  #startedAt = 0;
  #endedAt: number | undefined;
  #restarts = 0;
  #backOff: BackOffEntry | undefined;
  /** The start-up or crash back-off, or the end that is under way. */
  #cancelStage = nothingToCancel;
  #cancelReadiness = nothingToCancel;
  #cancelLiveness = nothingToCancel;
  #isStarved = false;
  /** What the readiness probes say. */
  #probesPass = false;
  readonly #probes: ProbeTimes;

  constructor(context: SimulationContext, pod: PodObject, addresses: PodAddresses) {
    this.uid = pod.metadata.uid;
    this.#context = context;
    this.#addresses = addresses;
    this.#pod = pod;
    this.#probes = probeTimes(pod);
    this.#adopt(pod);
  }

  get pod(): PodObject {
    return this.#pod;
  }

  /** Whether its containers run, and so use CPU. */
  get isRunning(): boolean {
    return this.#stage === 'running' || this.#stage === 'stopping';
  }

  /** The API's newest version of the pod. */
  observe(pod: PodObject): void {
    this.#pod = pod;
    if (this.#stage === 'ended') {
      return;
    }
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#stop();
    } else if (this.#stage === 'running') {
      this.#repairReadiness();
    }
  }

  /** What the API says after a time in which nobody listened; `thaw` or `restart` follows. */
  refresh(pod: PodObject): void {
    this.#pod = pod;
  }

  /** The node has fallen silent: what was under way does not go on, and nothing is reported. */
  freeze(): void {
    this.#cancelAll();
  }

  /** The node answers again after a break in which its containers went on running. */
  thaw(): void {
    if (this.#pod.metadata.deletionTimestamp !== undefined) {
      this.#stage = this.#stage === 'ended' ? 'ended' : 'running';
      this.#stop();
    } else if (this.#stage === 'running') {
      this.#probesPass = !this.#isStarved;
      this.#repairReadiness();
    } else if (this.#stage !== 'ended') {
      this.#start(this.#startMilliseconds());
    }
  }

  /** The node was restarted: all containers are gone and start again. */
  restart(): void {
    if (this.#stage === 'ended') {
      return;
    }
    this.#cancelAll();
    this.#isStarved = false;
    if (this.#pod.metadata.deletionTimestamp !== undefined) {
      this.#remove();
      return;
    }
    if (this.#startedAt > 0) {
      this.#restarts++;
      this.#endedAt = this.#context.clock.now();
    }
    // The kubelet's back-off is in its memory, and gone with it.
    this.#backOff = undefined;
    this.#stage = 'starting';
    this.#probesPass = false;
    this.#report();
    this.#start(this.#startMilliseconds());
  }

  /** The containers end by themselves. */
  crash(): void {
    if (this.#stage !== 'running') {
      return;
    }
    const {clock, events, parameters} = this.#context;
    this.#cancelAll();
    const {delay, entry} = nextStart(this.#backOff, clock.now(), {
      initial: parameters.crashBackOffInitialSeconds * 1000,
      max: parameters.crashBackOffMaxSeconds * 1000,
      reset: parameters.crashBackOffResetSeconds * 1000,
    });
    this.#backOff = entry;
    this.#restarts++;
    this.#endedAt = clock.now();
    this.#isStarved = false;
    this.#probesPass = false;
    this.#stage = delay === 0 ? 'starting' : 'backing off';
    this.#report();
    if (delay > 0) {
      const message = `Back-off ${delay / 1000}s restarting failed container in pod ${this.#pod.metadata.name}`;
      events.record(this.#pod, 'Warning', 'BackOff', message, KUBELET);
    }
    this.#start(delay + parameters.podStartMilliseconds);
  }

  /** Whether the pod gets far less CPU than it could use; its probes notice after a while. */
  setStarved(isStarved: boolean): void {
    if (isStarved === this.#isStarved || this.#stage !== 'running') {
      return;
    }
    this.#isStarved = isStarved;
    const {clock} = this.#context;
    const {unreadyAfter, readyAgainAfter, restartAfter} = this.#probes;
    this.#cancelReadiness();
    this.#cancelLiveness();
    if (!isStarved) {
      this.#cancelReadiness = clock.after(readyAgainAfter, () => this.#setProbes(true));
      return;
    }
    if (unreadyAfter !== undefined) {
      this.#cancelReadiness = clock.after(unreadyAfter, () => this.#setProbes(false));
    }
    if (restartAfter !== undefined) {
      this.#cancelLiveness = clock.after(restartAfter, () => {
        this.#say('Unhealthy', 'Liveness probe failed: context deadline exceeded (starved of CPU)');
        this.crash();
      });
    }
  }

  // A pod that was put in as running already, by a snapshot, goes on.
  #adopt(pod: PodObject): void {
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
      this.#stage = 'ended';
    } else if (pod.status?.phase === 'Running') {
      this.#stage = 'running';
      this.#startedAt = Date.parse(pod.status.startTime ?? pod.metadata.creationTimestamp);
      this.#restarts = Math.max(0, ...(pod.status.containerStatuses ?? []).map((each) => each.restartCount));
      this.#probesPass = true;
      this.observe(pod);
    } else if (pod.metadata.deletionTimestamp !== undefined) {
      this.#stop();
    } else {
      this.#start(this.#startMilliseconds());
    }
  }

  #start(milliseconds: number): void {
    this.#cancelStage = this.#context.clock.after(milliseconds, () => this.#run());
  }

  #startMilliseconds(): number {
    return this.#override(START_MILLISECONDS) ?? this.#context.parameters.podStartMilliseconds;
  }

  #override(annotation: string): number | undefined {
    const value = Number(this.#pod.metadata.annotations?.[annotation] ?? Number.NaN);
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  }

  #run(): void {
    this.#cancelStage = nothingToCancel;
    this.#stage = 'running';
    this.#startedAt = this.#context.clock.now();
    const {readyAfter} = this.#probes;
    this.#probesPass = readyAfter === 0;
    this.#report();
    if (readyAfter > 0) {
      this.#cancelReadiness = this.#context.clock.after(readyAfter, () => this.#setProbes(true));
    }
  }

  #setProbes(pass: boolean): void {
    this.#cancelReadiness = nothingToCancel;
    this.#probesPass = pass;
    if (!pass) {
      this.#say('Unhealthy', 'Readiness probe failed: context deadline exceeded (starved of CPU)');
    }
    this.#repairReadiness();
  }

  #isReady(): boolean {
    const {annotations, labels} = this.#pod.metadata;
    const isNeverReady = annotations?.[NEVER_READY] === 'true' || labels?.[NEVER_READY] === 'true';
    return this.#stage === 'running' && this.#probesPass && !isNeverReady;
  }

  #repairReadiness(): void {
    const ready = conditionOf(this.#pod.status, 'Ready');
    if (ready?.reason !== SET_BY_TEST && (ready?.status === 'True') !== this.#isReady()) {
      this.#report();
    }
  }

  #stop(): void {
    if (this.#stage === 'stopping') {
      return;
    }
    const {metadata} = this.#pod;
    const {clock, parameters} = this.#context;
    const runs = this.#stage === 'running';
    this.#cancelAll();
    this.#stage = 'stopping';
    const grace = (metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000;
    const own = this.#override(STOP_MILLISECONDS) ?? parameters.podStopMilliseconds;
    if (runs) {
      this.#say('Killing', `Stopping container ${this.#pod.spec.containers?.[0]?.name ?? ''}`, 'Normal');
    }
    this.#cancelStage = clock.after(Math.min(own, grace), () => this.#remove());
  }

  /** Terminated: the last report, and the pod may go from the API. */
  #remove(): void {
    const {api, clock} = this.#context;
    const {namespace, name, finalizers} = this.#pod.metadata;
    this.#stage = 'ended';
    if ((finalizers ?? []).length > 0) {
      // It stays until somebody takes the finalizer away, and must not look as if it ran.
      this.#endedAt = clock.now();
      this.#report();
    }
    unlessGone(() =>
      api.delete(PODS, namespace, name, {uid: this.uid, gracePeriodSeconds: 0, actor: KUBELET}),
    );
  }

  #report(): void {
    const {api, clock} = this.#context;
    const report: ReportedPod = {
      state: this.#stage === 'ended' ? 'succeeded' : this.#stage === 'running' ? 'running' : 'waiting',
      ready: this.#isReady(),
      restarts: this.#restarts,
      startedAt: this.#startedAt,
      ...(this.#endedAt === undefined ? {} : {endedAt: this.#endedAt}),
      ...(this.#stage === 'backing off' ? {waitingReason: 'CrashLoopBackOff'} : {}),
      ...this.#addresses,
    };
    writeStatus(api, PODS, this.#pod, KUBELET, (pod) =>
      reportedStatus(pod as PodObject, report, clock.now()),
    );
  }

  #say(reason: string, message: string, type: 'Normal' | 'Warning' = 'Warning'): void {
    this.#context.events.record(this.#pod, type, reason, message, KUBELET);
  }

  #cancelAll(): void {
    this.#cancelStage();
    this.#cancelReadiness();
    this.#cancelLiveness();
  }
}
