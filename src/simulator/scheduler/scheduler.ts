/**
 * kube-scheduler: takes the pods one after the other and binds each to the best node that takes it.
 * Source: pkg/scheduler/schedule_one.go of Kubernetes 1.36. Left out: preemption (and nominatedNodeName), extenders,
 * permit plugins, dynamic resources.
 */
import {compareText, type NodeInfo} from '../../cluster/snapshot.ts';
import {explainRefusals} from '../../scheduling/explain-refusals.ts';
import type {PodToSchedule, Refusal, ScorePlugin} from '../../scheduling/framework.ts';
import {nodesToFind} from '../../scheduling/sampling.ts';
import {bestNodes, nodeFilter, scoreTotals} from '../../scheduling/scheduler.ts';
import type {ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {conditionOf, isPodFinished, PODS, type PodObject, withCondition, writeStatus} from '../objects.ts';
import {timestamp} from '../timestamp.ts';
import {eventsOf} from './cluster-events.ts';
import {preemptionMessage} from './preemption-message.ts';
import {SchedulerCache} from './scheduler-cache.ts';
import {type QueuedPod, SchedulingQueue} from './scheduling-queue.ts';

const DEFAULT_SCHEDULER = 'default-scheduler';

export class Scheduler {
  readonly cache: SchedulerCache;
  readonly #context: SimulationContext;
  readonly #queue: SchedulingQueue;
  readonly #scores: readonly ScorePlugin[];
  /** Where no node tells its images, ImageLocality scores all nodes 0, and asking all nodes about it takes its time. */
  readonly #scoresWithoutImages: readonly ScorePlugin[];
  #isBusy = false;
  #isFlushPlanned = false;
  /** Where the search begins, so that all nodes get their turn when not all are looked at. */
  #nextStart = 0;

  constructor(context: SimulationContext, scores: readonly ScorePlugin[]) {
    this.#context = context;
    this.#scores = scores;
    this.#scoresWithoutImages = scores.filter(({name}) => name !== 'ImageLocality');
    this.cache = new SchedulerCache(context.api);
    this.#queue = new SchedulingQueue(context.clock, context.parameters);
  }

  observe(change: ObjectChange): void {
    this.cache.apply(change);
    if (change.resource === PODS) {
      this.#observePod(change.type, change.object as PodObject);
    }
    for (const event of eventsOf(change)) {
      this.#queue.moveFor(event);
    }
    this.#work();
  }

  #observePod(type: ObjectChange['type'], {metadata, spec, status}: PodObject): void {
    const isWaiting =
      type !== 'DELETED' &&
      spec.nodeName === undefined &&
      metadata.deletionTimestamp === undefined &&
      (spec.schedulerName ?? DEFAULT_SCHEDULER) === DEFAULT_SCHEDULER &&
      ((spec as {schedulingGates?: readonly unknown[]}).schedulingGates ?? []).length === 0 &&
      status?.phase !== 'Failed' &&
      status?.phase !== 'Succeeded';
    if (isWaiting) {
      const {uid, namespace = '', name} = metadata;
      this.#queue.add({uid, namespace, name, priority: spec.priority ?? 0});
    } else {
      this.#queue.remove(metadata.uid);
    }
  }

  #work(): void {
    if (this.#isBusy || !this.#queue.hasNext) {
      return;
    }
    this.#isBusy = true;
    const {clock, parameters} = this.#context;
    clock.after(parameters.schedulingMilliseconds, () => {
      this.#isBusy = false;
      const queued = this.#queue.pop();
      if (queued !== undefined) {
        this.#scheduleOne(queued);
      }
      this.#work();
    });
  }

  #scheduleOne(queued: QueuedPod): void {
    const pod = this.cache.toSchedule(queued);
    const object = this.#context.api.get(PODS, queued.namespace, queued.name) as PodObject | undefined;
    if (pod === undefined || object?.metadata.uid !== queued.uid || isPodFinished(object)) {
      this.#queue.remove(queued.uid);
      return;
    }
    const {feasible, refusals} = this.#findNodes(pod);
    if (feasible.length === 0) {
      this.#refuse(queued, object, refusals);
      return;
    }
    const scorers = this.cache.knowsImages ? this.#scores : this.#scoresWithoutImages;
    const best = bestNodes(scoreTotals(pod, this.cache.state, feasible, scorers))
      .map(({node}) => node)
      .sort(compareText);
    this.#bind(queued, object, this.#context.random.pick(best));
  }

  /** findNodesThatFitPod: in a large cluster it stops when it has found enough. */
  #findNodes(pod: PodToSchedule): {feasible: NodeInfo[]; refusals: Refusal[]} {
    const infos = [...this.cache.state.nodeInfos()];
    const wanted = nodesToFind(infos.length);
    const filter = nodeFilter(pod, this.cache.state);
    const feasible: NodeInfo[] = [];
    const refusals: Refusal[] = [];
    let seen = 0;
    while (seen < infos.length && feasible.length < wanted) {
      const info = infos[(this.#nextStart + seen) % infos.length] as NodeInfo;
      const refusal = filter(info);
      if (refusal === undefined) {
        feasible.push(info);
      } else {
        refusals.push(refusal);
      }
      seen++;
    }
    this.#nextStart = infos.length === 0 ? 0 : (this.#nextStart + seen) % infos.length;
    return {feasible, refusals};
  }

  #bind(queued: QueuedPod, pod: PodObject, node: string): void {
    const {api, events} = this.#context;
    try {
      api.bind(queued.namespace, queued.name, node);
    } catch {
      // Deleted or bound by somebody else in the meantime; a later change takes it out of the queue.
      this.#queue.addFailed(queued, () => this.#work());
      return;
    }
    events.record(
      pod,
      'Normal',
      'Scheduled',
      `Successfully assigned ${queued.namespace}/${queued.name} to ${node}`,
      DEFAULT_SCHEDULER,
    );
  }

  #refuse(queued: QueuedPod, pod: PodObject, refusals: readonly Refusal[]): void {
    const {api, clock, events} = this.#context;
    const message =
      refusals.length === 0
        ? 'no nodes available to schedule pods'
        : `${explainRefusals(refusals)} ${preemptionMessage(refusals)}`;
    this.#queue.addUnschedulable(queued, new Set(refusals.map(({plugin}) => plugin)));
    this.#flushLater();
    events.record(pod, 'Warning', 'FailedScheduling', message, DEFAULT_SCHEDULER);
    const known = conditionOf(pod.status, 'PodScheduled');
    if (known?.status === 'False' && known.message === message) {
      return;
    }
    writeStatus(api, PODS, pod, DEFAULT_SCHEDULER, (current) => {
      const {status} = current as PodObject;
      return {
        ...status,
        conditions: withCondition(status?.conditions, {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message,
          lastTransitionTime: timestamp(clock.now()),
        }),
      };
    });
  }

  #flushLater(): void {
    if (this.#isFlushPlanned) {
      return;
    }
    const {clock} = this.#context;
    const next = this.#queue.flush();
    if (next === undefined) {
      return;
    }
    this.#isFlushPlanned = true;
    clock.after(next - clock.now(), () => {
      this.#isFlushPlanned = false;
      this.#queue.flush();
      this.#flushLater();
      this.#work();
    });
  }
}
