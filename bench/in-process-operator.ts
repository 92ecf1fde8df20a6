/** The operator's look at a workload without its queues and its API server, so that one look can be timed. */
import {systemClock} from '../src/clock.ts';
import type {WorkloadKey} from '../src/cluster/cluster-cache.ts';
import type {Pod} from '../src/cluster/pod.ts';
import {inProcessReconciler} from '../src/controller/in-process-reconciler.ts';
import {Triggers} from '../src/controller/triggers.ts';
import type {WorkloadReconciler} from '../src/controller/workload-reconciler.ts';
import {RecordedActions} from '../test/scenarios/recorded-actions.ts';
import type {FilledCluster} from './cluster/fill.ts';

export class InProcessOperator {
  readonly actions = new RecordedActions();
  readonly #cluster: FilledCluster;
  readonly #triggers: Triggers;
  readonly #reconciler: WorkloadReconciler;
  readonly #due = new Set<WorkloadKey>();
  readonly #signal = new AbortController().signal;

  constructor(cluster: FilledCluster) {
    const {cache, policies} = cluster;
    const clock = systemClock;
    this.#cluster = cluster;
    this.#reconciler = inProcessReconciler({
      cache,
      policies,
      actions: this.actions,
      clock,
      server: {major: 1, minor: 36},
      enqueue: (key) => this.#due.add(key),
    }).reconciler;
    this.#triggers = new Triggers({
      cache,
      policies,
      // The looks at those who wait for room are made every 5 s at most, and not measured as part of one event.
      clock: {...clock, after: () => () => {}},
      lookAtWorkload: (key) => this.#due.add(key),
      lookAtPolicy: () => {},
      policyGone: () => {},
      onNodesChanged: () => {},
      waitingForRoom: () => [],
    });
  }

  async look(key: WorkloadKey): Promise<void> {
    await this.#reconciler.reconcile(key, this.#signal);
  }

  /** What the watch of pods does with an event, and the looks that follow from it. */
  async podChanged(before: Pod | undefined, after: Pod | undefined): Promise<void> {
    const {cache} = this.#cluster;
    if (after !== undefined) {
      cache.setPod(after, before);
    } else if (before !== undefined) {
      cache.deletePod(before);
    }
    this.#triggers.podChanged(before, after);
    for (const key of this.#due) {
      this.#due.delete(key);
      await this.look(key);
    }
  }
}
