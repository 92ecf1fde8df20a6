/** What people and other operators do meanwhile. */
import type {ApiObject} from '../../src/simulator/cluster-api.ts';
import {type DeploymentObject, keyOf} from '../../src/simulator/objects.ts';
import type {Disturbance} from './fault-plan.ts';
import {antiAffinity, drawBudgetLimit, drawPolicySpec, NAMESPACE, policy} from './scenario.ts';
import {ACTOR, podsOf, type Strikes} from './strikes.ts';

const DEPLOYMENTS = 'deployments.apps';
const POLICIES = 'spreadpolicies.spread-operator.io';
const BUDGETS = 'poddisruptionbudgets.policy';
const MOST_REPLICAS = 7;

export class Disturbances {
  readonly #strikes: Strikes;
  readonly #hasZones: boolean;
  #created = 0;

  constructor(strikes: Strikes, hasZones: boolean) {
    this.#strikes = strikes;
    this.#hasZones = hasZones;
  }

  strike(fault: Disturbance): void {
    const {cluster, random} = this.#strikes.options;
    const deployment = this.#strikes.pick(cluster.api.list(DEPLOYMENTS, NAMESPACE)) as
      | DeploymentObject
      | undefined;
    const workload = deployment === undefined ? undefined : keyOf(deployment.metadata);
    switch (fault) {
      case 'pod deleted':
      case 'pod crashed':
        this.#strikePod(fault, deployment);
        return;
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
          this.#strikes.count(fault, deployment.metadata.name, workload);
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

  #strikePod(fault: 'pod deleted' | 'pod crashed', deployment: DeploymentObject | undefined): void {
    const {cluster} = this.#strikes.options;
    const pod = deployment === undefined ? undefined : this.#strikes.pick(podsOf(cluster, deployment));
    if (deployment === undefined || pod?.spec.nodeName === undefined) {
      return;
    }
    const {name} = pod.metadata;
    const workload = keyOf(deployment.metadata);
    if (fault === 'pod deleted') {
      this.#strikes.count(fault, name, workload);
      this.#strikes.attempt(() => cluster.api.delete('pods', NAMESPACE, name, ACTOR));
    } else if (cluster.isUp(pod.spec.nodeName)) {
      this.#strikes.count(fault, name, workload);
      this.#strikes.attempt(() => cluster.crashPod(NAMESPACE, name));
    }
  }

  #strikePolicy(fault: 'policy edited' | 'policy deleted' | 'policy created'): void {
    const {cluster, random} = this.#strikes.options;
    const {api} = cluster;
    if (fault === 'policy created') {
      this.#created += 1;
      const name = `late-${this.#created}`;
      const selector = random.pick([{}, {matchLabels: {tier: 'front'}}, {matchLabels: {tier: 'back'}}]);
      this.#strikes.count(fault, name);
      this.#strikes.attempt(() =>
        api.create(POLICIES, policy(name, {selector, ...drawPolicySpec(random, this.#hasZones)}), 'kubectl'),
      );
      return;
    }
    const found = this.#strikes.pick(api.list(POLICIES, NAMESPACE));
    if (found === undefined) {
      return;
    }
    this.#strikes.count(fault, found.metadata.name);
    if (fault === 'policy deleted') {
      this.#strikes.attempt(() => api.delete(POLICIES, NAMESPACE, found.metadata.name, ACTOR));
      return;
    }
    const {selector} = found['spec'] as {selector: object};
    this.#change(POLICIES, found, (object) => ({
      ...object,
      spec: {selector, ...drawPolicySpec(random, this.#hasZones)},
    }));
  }

  #editBudget(): void {
    const {cluster, random} = this.#strikes.options;
    const budget = this.#strikes.pick(cluster.api.list(BUDGETS, NAMESPACE));
    if (budget === undefined) {
      return;
    }
    this.#strikes.count('budget edited', budget.metadata.name);
    const {selector} = budget['spec'] as {selector: object};
    this.#change(BUDGETS, budget, (object) => ({...object, spec: {selector, ...drawBudgetLimit(random)}}));
  }

  #edit(
    fault: Disturbance,
    workload: string | undefined,
    change: (spec: DeploymentObject['spec']) => object,
  ): void {
    const deployment = this.#strikes.options.cluster.api
      .list(DEPLOYMENTS, NAMESPACE)
      .find(({metadata}) => keyOf(metadata) === workload) as DeploymentObject | undefined;
    if (deployment === undefined) {
      return;
    }
    this.#strikes.count(fault, deployment.metadata.name, workload);
    this.#change(DEPLOYMENTS, deployment, (object) => ({
      ...object,
      spec: change((object as DeploymentObject).spec),
    }));
  }

  #change(resource: string, {metadata}: ApiObject, change: (object: ApiObject) => ApiObject): void {
    this.#strikes.attempt(() =>
      this.#strikes.options.cluster.api.update(resource, NAMESPACE, metadata.name, change, ACTOR),
    );
  }
}
