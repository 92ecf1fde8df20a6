// What a user could see with kubectl, a few times a second: pods by node, the policies' status, their events.
import {setTimeout as sleep} from 'node:timers/promises';

import type {SpreadPolicy, WorkloadStatus} from '../../../src/api/types.ts';
import type {RunningControlPlane} from '../running-control-plane.ts';
import {getDeployment, isLive, isPodReady, type Pod, podsOf} from '../workloads.ts';
import type {Row, Screen} from './screen.ts';

export const namespace = 'shop';

const lookEveryMilliseconds = 200;
/** Events that tell of an act. What the operator waits for, and what it has reached, stands in the status. */
const acts = new Set(['Evicted', 'RuleInjected', 'RuleRemoved']);
const statesWorthALine = new Set(['Waiting', 'Blocked', 'Planned', 'Excluded', 'Spread']);

interface PolicyEvent {
  metadata: {uid: string};
  reason: string;
  note: string;
  eventTime: string;
  regarding: {kind: string; name: string};
}

export class Observer {
  readonly #cluster: RunningControlPlane;
  readonly #screen: Screen;
  readonly #names: string[] = [];
  readonly #seenEvents = new Set<string>();
  readonly #lastMessages = new Map<string, string>();

  constructor(cluster: RunningControlPlane, screen: Screen) {
    this.#cluster = cluster;
    this.#screen = screen;
  }

  addDeployment(name: string): void {
    this.#names.push(name);
  }

  /** Shows what happens until the condition holds, the signal, or the deadline; true when the condition holds. */
  async followUntil(
    isDone: (entries: ReadonlyMap<string, WorkloadStatus>) => boolean,
    signal: AbortSignal,
    deadline = Number.POSITIVE_INFINITY,
  ): Promise<boolean> {
    while (!signal.aborted && Date.now() < deadline) {
      const entries = await this.#look();
      if (isDone(entries)) {
        return true;
      }
      await sleep(lookEveryMilliseconds);
    }
    return false;
  }

  async #look(): Promise<ReadonlyMap<string, WorkloadStatus>> {
    const {admin} = this.#cluster;
    const [nodes, policies, events] = await Promise.all([
      this.#cluster.nodes(),
      admin.list<SpreadPolicy>(`/apis/spread-operator.io/v1alpha1/namespaces/${namespace}/spreadpolicies`),
      admin.list<PolicyEvent>(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`),
    ]);
    const workloads = policies.flatMap(({status}) => status?.workloads ?? []);
    const entries = new Map(workloads.map((entry) => [entry.name, entry]));
    this.#tellActs(events);
    for (const entry of workloads) {
      this.#tellState(entry);
    }
    const rows = await Promise.all(this.#names.map((name) => this.#row(name, nodes, entries.get(name))));
    this.#screen.show(
      nodes.map(({metadata, spec}) => `${metadata.name}${spec.unschedulable === true ? ' (cordoned)' : ''}`),
      rows,
    );
    return entries;
  }

  #tellActs(events: readonly PolicyEvent[]): void {
    const news = events.filter(
      ({metadata, reason, regarding}) =>
        regarding.kind === 'SpreadPolicy' && acts.has(reason) && !this.#seenEvents.has(metadata.uid),
    );
    for (const {metadata, reason, note, regarding} of news.sort((a, b) =>
      a.eventTime.localeCompare(b.eventTime),
    )) {
      this.#seenEvents.add(metadata.uid);
      this.#screen.step(regarding.name, reason, note.replace(/^Deployment \S+: (evicted )?/, ''));
    }
  }

  #tellState({name, state, message, blocked}: WorkloadStatus): void {
    const why = blocked === undefined ? message : `${blocked.reason}: ${blocked.message}`;
    if (statesWorthALine.has(state) && this.#lastMessages.get(name) !== `${state} ${why}`) {
      this.#screen.step(name, state, why);
    }
    this.#lastMessages.set(name, `${state} ${why}`);
  }

  async #row(
    name: string,
    nodes: readonly {metadata: {name: string}}[],
    entry: WorkloadStatus | undefined,
  ): Promise<Row> {
    const [{spec}, pods] = await Promise.all([
      getDeployment(this.#cluster, namespace, name),
      podsOf(this.#cluster, namespace, name),
    ]);
    const ready = pods.filter((pod) => isLive(pod) && isPodReady(pod)).length;
    return {
      name,
      cells: nodes.map(({metadata}) => signs(pods.filter((pod) => pod.spec.nodeName === metadata.name))),
      ready: `${ready} of ${spec.replicas ?? 1}`,
      state: entry?.state ?? 'no policy',
    };
  }
}

function signs(pods: readonly Pod[]): string {
  const order = ['●', '○', '×'];
  return pods
    .map((pod) => (isLive(pod) ? (isPodReady(pod) ? '●' : '○') : '×'))
    .sort((a, b) => order.indexOf(a) - order.indexOf(b))
    .join('');
}
