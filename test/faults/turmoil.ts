/** What goes on around the operators: processes that die, clocks that jump, nodes that fail, and people who change things. */
import type {ApiObject} from '../../src/simulator/cluster-api.ts';
import type {Random} from '../../src/simulator/engine/random.ts';
import {type DeploymentObject, keyOf, type PodObject} from '../../src/simulator/objects.ts';
import type {SimulatedCluster} from '../../src/simulator/simulated-cluster.ts';
import {
  type Fault,
  type FaultPlan,
  isProcessFault,
  type ProcessFault,
  TIMED_FAULT_NAMES,
  type TimedFault,
} from './fault-plan.ts';
import type {Fleet} from './fleet.ts';
import {antiAffinity, drawBudgetLimit, drawPolicySpec, NAMESPACE, policy} from './scenario.ts';
import type {Trace} from './trace.ts';

export interface TurmoilOptions {
  readonly cluster: SimulatedCluster;
  readonly fleet: Fleet;
  readonly faults: FaultPlan;
  readonly random: Random;
  readonly trace: Trace;
  readonly hasZones: boolean;
  /** Something has been changed from outside; of all workloads when none is named. */
  readonly onDisturbance: (workload?: string) => void;
  /** Nodes have been closed or opened. */
  readonly onOtherNodes: () => void;
}

const MINUTE = 60_000;
const DEPLOYMENTS = 'deployments.apps';
const POLICIES = 'spreadpolicies.spread-operator.io';
const BUDGETS = 'poddisruptionbudgets.policy';
const ACTOR = {actor: 'kubectl'};
/** Nodes that a cluster keeps. */
const LEAST_NODES = 3;
const MOST_REPLICAS = 7;

export class Turmoil {
  readonly #options: TurmoilOptions;
  readonly #silent = new Set<string>();
  readonly #cordoned = new Set<string>();
  #created = 0;

  constructor(options: TurmoilOptions) {
    this.#options = options;
  }

  start(): void {
    for (const fault of TIMED_FAULT_NAMES) {
      this.#scheduleNext(fault);
    }
  }

  /** Nodes are well again; what others have changed stays changed. */
  end(): void {
    for (const name of this.#silent) {
      this.#recover(name);
    }
    for (const name of this.#cordoned) {
      this.#uncordon(name);
    }
  }

  /** A replica was evicted: somebody may just now close the nodes that its replacement was meant for. */
  evicted(_pod: PodObject, deployment: DeploymentObject): void {
    const {cluster, faults, random, trace, onOtherNodes} = this.#options;
    if (!faults.strikes('target cordoned at eviction')) {
      return;
    }
    const homes = new Set(this.#podsOf(deployment).map(({spec}) => spec.nodeName));
    const closed = this.#nodes().filter(
      (node) => !homes.has(node.metadata.name) && !this.#cordoned.has(node.metadata.name),
    );
    if (closed.length === this.#nodes().length) {
      return;
    }
    // No excuse for anything: whatever the scheduler makes of it, the operator is to see and to wait.
    faults.count('target cordoned at eviction');
    trace.add(`fault: target cordoned at eviction: ${closed.map(({metadata}) => metadata.name).join(', ')}`);
    onOtherNodes();
    for (const {metadata} of closed) {
      this.#cordon(metadata.name);
    }
    cluster.clock.after(3000 + random.integer(20_000), () => {
      for (const {metadata} of closed) {
        this.#uncordon(metadata.name);
      }
      onOtherNodes();
    });
  }

  #scheduleNext(fault: TimedFault): void {
    const {cluster, faults, random} = this.#options;
    const rate = faults.rate(fault);
    if (rate === 0) {
      return;
    }
    const wait = Math.round((-Math.log(1 - random.fraction()) / rate) * MINUTE);
    cluster.clock.after(wait, () => {
      if (faults.isOn) {
        this.#strike(fault);
        this.#scheduleNext(fault);
      }
    });
  }

  #strike(fault: TimedFault): void {
    if (isProcessFault(fault)) {
      this.#strikeProcess(fault);
    } else {
      this.#strikeCluster(fault);
    }
  }

  #strikeProcess(fault: ProcessFault): void {
    const {fleet, cluster, random} = this.#options;
    switch (fault) {
      case 'operator crash':
        this.#count(fault, fleet.crash());
        return;
      case 'operator crash at a request':
        fleet.crashAtRequest();
        return;
      case 'operator paused':
        this.#count(fault, fleet.pause(random.integer(150_000)));
        return;
      case 'clock jump':
        this.#count(fault, fleet.jump((random.fraction() - 0.5) * random.pick([2000, 60_000, 1_200_000])));
        return;
      case 'API server restart':
        this.#count(fault);
        fleet.restartApiServer(random.integer(25_000));
        return;
      case 'history compacted':
        this.#count(fault);
        cluster.api.context.store.compact();
    }
  }

  #strikeCluster(fault: Exclude<TimedFault, ProcessFault>): void {
    const {cluster, random} = this.#options;
    const {api, clock} = cluster;
    const node = this.#pick(
      this.#nodes().filter(({metadata}) => cluster.isUp(metadata.name) && !this.#silent.has(metadata.name)),
    );
    const deployment = this.#pick(api.list(DEPLOYMENTS, NAMESPACE)) as DeploymentObject | undefined;
    const workload = deployment === undefined ? undefined : keyOf(deployment.metadata);
    switch (fault) {
      case 'node silent':
        if (node !== undefined && this.#silent.size < 2) {
          const {name} = node.metadata;
          this.#count(fault, name);
          cluster.failNode(name);
          this.#silent.add(name);
          clock.after(20_000 + random.integer(400_000), () => this.#recover(name));
        }
        return;
      case 'node panic':
        if (node !== undefined) {
          this.#count(fault, node.metadata.name);
          cluster.panicNode(node.metadata.name);
        }
        return;
      case 'cordon':
        if (node !== undefined) {
          const {name} = node.metadata;
          this.#count(fault, name);
          this.#cordon(name);
          clock.after(random.integer(300_000), () => this.#uncordon(name));
        }
        return;
      case 'node added':
        this.#count(fault, cluster.addNodes([this.#likeOthers()])[0]);
        return;
      case 'node removed':
        if (node !== undefined && this.#nodes().length > LEAST_NODES) {
          this.#count(fault, node.metadata.name);
          api.delete('nodes', undefined, node.metadata.name, ACTOR);
        }
        return;
      case 'pod deleted':
      case 'pod crashed': {
        const pod = deployment === undefined ? undefined : this.#pick(this.#podsOf(deployment));
        if (pod?.spec.nodeName === undefined) {
          return;
        }
        if (fault === 'pod deleted') {
          this.#count(fault, pod.metadata.name, workload);
          this.#try(() => api.delete('pods', NAMESPACE, pod.metadata.name, ACTOR));
        } else if (cluster.isUp(pod.spec.nodeName)) {
          this.#count(fault, pod.metadata.name, workload);
          this.#try(() => cluster.crashPod(NAMESPACE, pod.metadata.name));
        }
        return;
      }
      case 'scaled':
        this.#edit(fault, workload, (spec) => ({...spec, replicas: random.integer(MOST_REPLICAS + 1)}));
        return;
      case 'rolled out':
        this.#edit(fault, workload, (spec) => ({
          ...spec,
          template: {
            ...spec.template,
            metadata: {
              ...spec.template.metadata,
              annotations: {...spec.template.metadata?.annotations, restarted: String(random.integer(1000))},
            },
          },
        }));
        return;
      case 'affinity by others':
        this.#edit(fault, workload, (spec) => ({
          ...spec,
          template: {
            ...spec.template,
            spec: {
              ...spec.template.spec,
              affinity: {podAntiAffinity: antiAffinity(random, deployment?.metadata.name ?? '')},
            },
          },
        }));
        return;
      case 'excluded or back':
        if (deployment !== undefined) {
          const key = 'spread-operator.io/exclude';
          const {[key]: excluded, ...annotations} = {...deployment.metadata.annotations};
          this.#count(fault, deployment.metadata.name, workload);
          this.#change(DEPLOYMENTS, deployment, (object) => ({
            ...object,
            metadata: {
              ...object.metadata,
              annotations: excluded === 'true' ? annotations : {...annotations, [key]: 'true'},
            },
          }));
        }
        return;
      case 'budget edited':
        this.#editBudget();
        return;
      case 'policy edited':
      case 'policy deleted':
      case 'policy created':
        this.#strikePolicy(fault);
        return;
    }
  }

  #strikePolicy(fault: 'policy edited' | 'policy deleted' | 'policy created'): void {
    const {cluster, random, hasZones} = this.#options;
    const {api} = cluster;
    if (fault === 'policy created') {
      this.#created += 1;
      const name = `late-${this.#created}`;
      const selector = random.pick([{}, {matchLabels: {tier: 'front'}}, {matchLabels: {tier: 'back'}}]);
      this.#count(fault, name);
      this.#try(() =>
        api.create(POLICIES, policy(name, {selector, ...drawPolicySpec(random, hasZones)}), 'kubectl'),
      );
      return;
    }
    const found = this.#pick(api.list(POLICIES, NAMESPACE));
    if (found === undefined) {
      return;
    }
    this.#count(fault, found.metadata.name);
    if (fault === 'policy deleted') {
      this.#try(() => api.delete(POLICIES, NAMESPACE, found.metadata.name, ACTOR));
      return;
    }
    const {selector} = found['spec'] as {selector: object};
    this.#change(POLICIES, found, (object) => ({
      ...object,
      spec: {selector, ...drawPolicySpec(random, hasZones)},
    }));
  }

  #editBudget(): void {
    const {cluster, random} = this.#options;
    const budget = this.#pick(cluster.api.list(BUDGETS, NAMESPACE));
    if (budget === undefined) {
      return;
    }
    this.#count('budget edited', budget.metadata.name);
    const {selector} = budget['spec'] as {selector: object};
    this.#change(BUDGETS, budget, (object) => ({...object, spec: {selector, ...drawBudgetLimit(random)}}));
  }

  #edit(
    fault: Fault,
    workload: string | undefined,
    change: (spec: DeploymentObject['spec']) => object,
  ): void {
    const deployment = this.#options.cluster.api
      .list(DEPLOYMENTS, NAMESPACE)
      .find(({metadata}) => keyOf(metadata) === workload) as DeploymentObject | undefined;
    if (deployment === undefined) {
      return;
    }
    this.#count(fault, deployment.metadata.name, workload);
    this.#change(DEPLOYMENTS, deployment, (object) => ({
      ...object,
      spec: change((object as DeploymentObject).spec),
    }));
  }

  #change(resource: string, {metadata}: ApiObject, change: (object: ApiObject) => ApiObject): void {
    this.#try(() => this.#options.cluster.api.update(resource, NAMESPACE, metadata.name, change, ACTOR));
  }

  /** People get errors too: an object that is gone, a spec that is not valid. */
  #try(act: () => unknown): void {
    try {
      act();
    } catch (error) {
      this.#options.trace.add(`refused: ${String(error)}`);
    }
  }

  #count(fault: Fault, subject?: string, workload?: string): void {
    const {faults, trace, onDisturbance, onOtherNodes} = this.#options;
    faults.count(fault);
    trace.add(`fault: ${fault}${subject === undefined ? '' : ` (${subject})`}`);
    if (fault === 'cordon') {
      onOtherNodes();
    } else if (
      !fault.startsWith('operator') &&
      fault !== 'API server restart' &&
      fault !== 'history compacted'
    ) {
      onDisturbance(workload);
    }
  }

  #recover(name: string): void {
    const {cluster, onDisturbance, trace} = this.#options;
    if (this.#silent.delete(name) && cluster.api.get('nodes', undefined, name) !== undefined) {
      trace.add(`${name} answers again`);
      cluster.recoverNode(name);
      onDisturbance();
    }
  }

  #cordon(name: string): void {
    this.#cordoned.add(name);
    this.#try(() => this.#options.cluster.cordon(name));
  }

  #uncordon(name: string): void {
    if (this.#cordoned.delete(name)) {
      this.#try(() => this.#options.cluster.cordon(name, false));
      this.#options.onOtherNodes();
    }
  }

  #likeOthers(): {zone?: string; cpu?: string} {
    const other = this.#pick(this.#nodes());
    const zone = other?.metadata.labels?.['topology.kubernetes.io/zone'];
    const cpu = (other as {status?: {capacity?: {cpu?: string}}} | undefined)?.status?.capacity?.cpu;
    return {...(zone === undefined ? {} : {zone}), ...(cpu === undefined ? {} : {cpu})};
  }

  #nodes(): readonly ApiObject[] {
    return this.#options.cluster.api.list('nodes');
  }

  #podsOf({metadata}: ApiObject): PodObject[] {
    return this.#options.cluster
      .pods(NAMESPACE)
      .filter(
        (pod) =>
          pod.metadata.labels?.['app'] === metadata.name && pod.metadata.deletionTimestamp === undefined,
      );
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values.length === 0 ? undefined : this.#options.random.pick(values);
  }
}
