/** A cluster, what runs on it and the policies over it, drawn from a seed. */
import type {SpreadPolicySpec} from '../../src/api/types.ts';
import type {Random} from '../../src/simulator/engine/random.ts';
import type {SimulatedNode} from '../../src/simulator/nodes.ts';

export const NAMESPACE = 'shop';
const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

export interface Scenario {
  readonly nodes: readonly SimulatedNode[];
  /** Nodes that take pods while the Deployments come up, so that the replicas lie together. */
  readonly openAtFirst: number;
  readonly deployments: readonly object[];
  readonly budgets: readonly object[];
  readonly policies: readonly object[];
  /** More than one take part in an election; with one there may be none. */
  readonly operators: number;
  readonly leaderElect: boolean;
  /** Seconds. */
  readonly leaseDuration: number;
  /** How long the cluster's controllers take to notice, milliseconds. */
  readonly controllersTake: number;
  /** Milliseconds. */
  readonly faultsLast: number;
  /** Nobody disturbs the workloads, but most moves do not help. */
  readonly isStubborn: boolean;
}

export function drawScenario(random: Random): Scenario {
  const zones = random.pick([0, 0, 2, 3]);
  const cpu = String(random.pick([2, 4, 8]));
  const nodes = Array.from({length: between(random, 3, 12)}, (_, index): SimulatedNode => {
    const zone = zones === 0 ? {} : {zone: `zone-${'abc'[index % zones]}`};
    return {...zone, cpu, pods: 110};
  });
  const names = Array.from({length: between(random, 1, 6)}, (_, index) => `app-${index + 1}`);
  const operators = random.pick([1, 1, 1, 2]);
  return {
    nodes,
    openAtFirst: random.pick([1, 2, 2, 3, nodes.length]),
    deployments: names.map((name) => drawDeployment(random, name, zones > 0)),
    budgets: names.flatMap((name) => drawBudgets(random, name)),
    policies: drawPolicies(random, zones > 0),
    operators,
    leaderElect: operators > 1 || random.fraction() < 0.15,
    leaseDuration: random.pick([15, 45, 60, 60]),
    controllersTake: random.pick([5, 5, 50, 500, 3000]),
    faultsLast: between(random, 4, 16) * 60_000,
    isStubborn: random.fraction() < 0.3,
  };
}

function drawDeployment(random: Random, name: string, hasZones: boolean): object {
  const labels = {app: name, tier: random.pick(['front', 'back'])};
  const other = random.fraction();
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name, namespace: NAMESPACE, labels},
    spec: {
      replicas: between(random, 1, 6),
      selector: {matchLabels: {app: name}},
      minReadySeconds: random.pick([0, 0, 0, 5]),
      ...random.pick([
        {},
        {},
        {strategy: {type: 'Recreate'}},
        {strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}},
        {strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}},
      ]),
      template: {
        metadata: {
          labels,
          annotations: {
            'spread-operator.test/start-milliseconds': String(random.pick([500, 1000, 4000, 20_000])),
            'spread-operator.test/stop-milliseconds': String(random.pick([100, 500, 5000, 20_000])),
          },
        },
        spec: {
          containers: [
            {
              name: 'main',
              image: 'registry.k8s.io/pause:3.10',
              resources: {requests: {cpu: `${random.pick([50, 100, 300, 900])}m`, memory: '64Mi'}},
            },
          ],
          ...(other < 0.15 ? {affinity: {podAntiAffinity: antiAffinity(random, name)}} : {}),
          ...(other > 0.85 ? {topologySpreadConstraints: [constraint(name)]} : {}),
          ...(hasZones && other > 0.3 && other < 0.36 ? {nodeSelector: {[ZONE]: 'zone-a'}} : {}),
        },
      },
    },
  };
}

export function antiAffinity(random: Random, app: string): object {
  const term = {topologyKey: HOSTNAME, labelSelector: {matchLabels: {app}}};
  return random.pick([
    {requiredDuringSchedulingIgnoredDuringExecution: [term]},
    {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: term}]},
  ]);
}

function constraint(app: string): object {
  return {
    topologyKey: HOSTNAME,
    maxSkew: 2,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: {matchLabels: {app}},
  };
}

function drawBudgets(random: Random, app: string): object[] {
  const names = random.pick([
    [],
    [],
    [app],
    [app],
    [app],
    random.fraction() < 0.2 ? [app, `${app}-too`] : [app],
  ]);
  return names.map((name) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {name, namespace: NAMESPACE},
    spec: {
      selector: {matchLabels: {app}},
      ...drawBudgetLimit(random),
      ...random.pick([{}, {}, {unhealthyPodEvictionPolicy: 'AlwaysAllow'}]),
    },
  }));
}

export function drawBudgetLimit(random: Random): {
  minAvailable?: number | string;
  maxUnavailable?: number | string;
} {
  return random.pick([
    {maxUnavailable: 1},
    {maxUnavailable: 1},
    {maxUnavailable: 2},
    {maxUnavailable: '34%'},
    {maxUnavailable: 0},
    {minAvailable: 1},
    {minAvailable: 2},
    {minAvailable: '60%'},
    {minAvailable: '100%'},
  ]);
}

function drawPolicies(random: Random, hasZones: boolean): object[] {
  const isSplit = random.fraction() < 0.3;
  if (!isSplit) {
    return [policy('all', {selector: {}, ...drawPolicySpec(random, hasZones)})];
  }
  return ['front', 'back'].map((tier) =>
    policy(tier, {selector: {matchLabels: {tier}}, ...drawPolicySpec(random, hasZones)}),
  );
}

export function policy(name: string, spec: object): object {
  return {
    apiVersion: 'spread-operator.io/v1alpha1',
    kind: 'SpreadPolicy',
    metadata: {name, namespace: NAMESPACE},
    spec,
  };
}

export function drawPolicySpec(random: Random, hasZones: boolean): object {
  const whenUnsatisfiable = random.pick(['Auto', 'Auto', 'DoNotSchedule', 'ScheduleAnyway'] as const);
  const topologies: SpreadPolicySpec['topologies'][number][] = random.pick([
    [{topologyKey: HOSTNAME, distribution: 'Separate', whenUnsatisfiable}],
    [{topologyKey: HOSTNAME, distribution: 'Separate', whenUnsatisfiable}],
    [{topologyKey: HOSTNAME, distribution: 'Even', maxSkew: 1, whenUnsatisfiable}],
    hasZones
      ? [
          {topologyKey: ZONE, distribution: 'Even', maxSkew: 1, whenUnsatisfiable: 'Auto'},
          {topologyKey: HOSTNAME, distribution: 'Separate', whenUnsatisfiable},
        ]
      : [{topologyKey: HOSTNAME, distribution: 'Separate', whenUnsatisfiable}],
  ]) as SpreadPolicySpec['topologies'][number][];
  return {
    topologies,
    injection: {mode: random.pick(['Apply', 'Apply', 'Disabled', 'Disabled', 'Disabled', 'Suggest'])},
    eviction: {
      mode: random.pick(['Evict', 'Evict', 'Evict', 'Evict', 'Evict', 'Evict', 'DryRun', 'Disabled']),
      maxConcurrentMoves: random.pick([1, 1, 1, 2, 3]),
      minReplicas: random.pick([2, 2, 3]),
      settleSeconds: random.pick([0, 1, 5, 30]),
      moveTimeoutSeconds: random.pick([60, 120, 600]),
    },
    suspend: random.fraction() < 0.05,
  };
}

function between(random: Random, least: number, most: number): number {
  return least + random.integer(most - least + 1);
}
